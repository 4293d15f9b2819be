//! `dm` and `group`.

use hexmtp::ports::store::ConversationFilter;
use hexmtp::{Conversation, GroupOptions, GroupPermissions};

use crate::arguments::{
    DmArguments, GlobalOptions, GroupCommand, GroupCreateArguments, ListArguments, MemberArguments,
    MembersArguments, RenameArguments,
};
use crate::commands::messages::{offline_or_synced, typed_text};
use crate::error::CliError;
use crate::outgoing;
use crate::output::{Output, Show};
use crate::person;
use crate::select::{self, WithStranger};
use crate::session::Session;
use crate::show::{ConversationView, MemberView, conversation_table, conversation_view};

/// Opens the direct conversation with somebody.
pub(crate) async fn dm(
    options: &GlobalOptions,
    output: Output,
    arguments: &DmArguments,
) -> Result<(), CliError> {
    let text = arguments.text.as_deref().map(typed_text).transpose()?;
    let session = Session::open(options).await?;
    session.client.sync_welcomes().await?;
    let conversation = select::direct(&session.client, arguments.peer).await?;
    let message = match &text {
        Some(text) => Some(outgoing::send(&conversation, text).await?),
        None => None,
    };
    let view = ConversationView { message, ..conversation_view(&conversation, &session.people).await? };
    session.close().await?;
    output.show(&view)
}

/// The commands about groups.
pub(crate) async fn group(
    options: &GlobalOptions,
    output: Output,
    command: &GroupCommand,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    match command {
        GroupCommand::Create(arguments) => create(&session, output, arguments).await?,
        GroupCommand::Add(arguments) => {
            let inboxes = person::inboxes(&session.client, &arguments.people).await?;
            let conversation = named(&session, &arguments.conversation).await?;
            conversation.add_members(&inboxes).await?;
            show(&session, output, &conversation).await?;
        }
        GroupCommand::Remove(arguments) => remove(&session, output, arguments).await?,
        GroupCommand::Rename(RenameArguments { conversation, name }) => {
            let conversation = named(&session, conversation).await?;
            conversation.update_name(name).await?;
            show(&session, output, &conversation).await?;
        }
        GroupCommand::Leave(arguments) => {
            let conversation = named(&session, &arguments.conversation).await?;
            conversation.leave().await?;
            show(&session, output, &conversation).await?;
        }
        GroupCommand::Members(arguments) => members(&session, output, arguments).await?,
        GroupCommand::List(arguments) => list(&session, output, arguments).await?,
    }
    session.close().await
}

async fn create(session: &Session, output: Output, arguments: &GroupCreateArguments) -> Result<(), CliError> {
    let members = person::inboxes(&session.client, &arguments.members).await?;
    let permissions =
        if arguments.admins_only { GroupPermissions::AdminsOnly } else { GroupPermissions::AllMembers };
    let options = GroupOptions {
        name: arguments.name.clone(),
        description: arguments.description.clone(),
        permissions,
        ..GroupOptions::default()
    };
    let conversation = session.client.create_group(options, &members).await?;
    show(session, output, &conversation).await
}

async fn remove(session: &Session, output: Output, arguments: &MemberArguments) -> Result<(), CliError> {
    let inboxes = person::inboxes(&session.client, &arguments.people).await?;
    let conversation = named(session, &arguments.conversation).await?;
    conversation.remove_members(&inboxes).await?;
    show(session, output, &conversation).await
}

async fn members(session: &Session, output: Output, arguments: &MembersArguments) -> Result<(), CliError> {
    offline_or_synced(session, arguments.offline).await?;
    let text = &arguments.conversation;
    let conversation = select::conversation(session, text, WithStranger::Fail, true).await?;
    let members = MemberView::all(&conversation, &session.people).await?;
    output.show_list(&members, |list, style| {
        list.iter().map(|member| member.text(style)).collect::<Vec<_>>().join("\n")
    })
}

async fn list(session: &Session, output: Output, arguments: &ListArguments) -> Result<(), CliError> {
    offline_or_synced(session, arguments.offline).await?;
    let mut views = Vec::new();
    for conversation in session.client.conversations(ConversationFilter::default()).await? {
        views.push(conversation_view(&conversation, &session.people).await?);
    }
    output.show_list(&views, conversation_table)
}

/// A conversation to be changed.
async fn named(session: &Session, text: &str) -> Result<Conversation, CliError> {
    select::conversation(session, text, WithStranger::Fail, false).await
}

async fn show(session: &Session, output: Output, conversation: &Conversation) -> Result<(), CliError> {
    output.show(&conversation_view(conversation, &session.people).await?)
}
