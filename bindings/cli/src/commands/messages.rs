//! `send`, `messages`, `sync` and `stream`.

use std::io::Read;

use futures_util::StreamExt;
use hexmtp::ports::store::{Direction, MessageFilter};
use hexmtp::{Conversation, Message, MessageStream, SyncSummary};

use crate::arguments::{GlobalOptions, MessagesArguments, SendArguments, StreamArguments};
use crate::error::CliError;
use crate::outgoing;
use crate::output::{Output, Show};
use crate::select::{self, WithStranger};
use crate::session::Session;
use crate::show::{MessageView, Sent, Synced, message_view, title};

/// A text as it was typed; `-` stands for the standard input. A text of nothing is a mistake.
pub(crate) fn typed_text(argument: &str) -> Result<String, CliError> {
    let text = if argument == "-" {
        let mut text = String::new();
        std::io::stdin()
            .lock()
            .read_to_string(&mut text)
            .map_err(CliError::file("the text cannot be read from standard input"))?;
        text.strip_suffix('\n').map(|text| text.strip_suffix('\r').unwrap_or(text).to_owned()).unwrap_or(text)
    } else {
        argument.to_owned()
    };
    if text.trim().is_empty() {
        Err(CliError::Usage("there is nothing to send".to_owned()))
    } else {
        Ok(text)
    }
}

/// Brings everything up to date, unless the person wants to see what is stored.
pub(crate) async fn offline_or_synced(session: &Session, offline: bool) -> Result<(), CliError> {
    if !offline {
        session.sync_all().await?;
    }
    Ok(())
}

/// Sends a text.
pub(crate) async fn send(
    options: &GlobalOptions,
    output: Output,
    arguments: &SendArguments,
) -> Result<(), CliError> {
    let text = typed_text(&arguments.text)?;
    let session = Session::open(options).await?;
    let name = &arguments.conversation;
    let conversation = select::conversation(&session, name, WithStranger::Open, false).await?;
    let message_id = outgoing::send(&conversation, &text).await?;
    let title = title(&conversation, &session.people).await?;
    session.close().await?;
    output.show(&Sent { message_id, conversation: conversation.id(), title })
}

/// Shows the newest messages of a conversation.
pub(crate) async fn messages(
    options: &GlobalOptions,
    output: Output,
    arguments: &MessagesArguments,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    offline_or_synced(&session, arguments.offline).await?;
    let name = &arguments.conversation;
    let conversation = select::conversation(&session, name, WithStranger::Fail, true).await?;
    let mut views = Vec::new();
    for message in newest(&conversation, arguments.limit).await? {
        views.push(message_view(&message, &session.people).await?);
    }
    session.close().await?;
    output.show_list(&views, |list, style| {
        list.iter().map(|message| message.text(style)).collect::<Vec<_>>().join("\n")
    })
}

/// The newest messages, oldest first.
pub(crate) async fn newest(conversation: &Conversation, limit: usize) -> Result<Vec<Message>, CliError> {
    let filter =
        MessageFilter { limit: Some(limit), direction: Direction::Descending, ..MessageFilter::default() };
    let mut messages = conversation.messages(filter).await?;
    messages.reverse();
    Ok(messages)
}

/// Fetches everything.
pub(crate) async fn sync(options: &GlobalOptions, output: Output) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    let summary: SyncSummary = session.sync_all().await?;
    session.close().await?;
    output.show(&Synced(summary))?;
    match summary.failed {
        0 => Ok(()),
        failed => Err(CliError::PartlySynced(failed)),
    }
}

/// Prints messages as they come.
pub(crate) async fn stream(
    options: &GlobalOptions,
    output: Output,
    arguments: &StreamArguments,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    let only = match &arguments.conversation {
        Some(name) => Some(select::conversation(&session, name, WithStranger::Fail, false).await?),
        None => None,
    };
    let stream = session.client.stream_messages().await?;
    let limit = arguments.count.unwrap_or(usize::MAX);
    tokio::select! {
        result = print(&session, output, only.as_ref(), stream, limit) => result?,
        result = tokio::signal::ctrl_c() => result?,
    }
    session.close().await
}

async fn print(
    session: &Session,
    output: Output,
    only: Option<&Conversation>,
    mut stream: MessageStream,
    limit: usize,
) -> Result<(), CliError> {
    let mut printed = 0;
    while printed < limit {
        let Some(streamed) = stream.next().await else { return Ok(()) };
        let message = streamed?.message;
        let view = match only {
            Some(only) if !session.is_same(only, message.group_id).await? => continue,
            Some(_) => message_view(&message, &session.people).await?,
            None => with_conversation(session, &message).await?,
        };
        output.show(&view)?;
        printed += 1;
    }
    Ok(())
}

/// A message with the name of its conversation.
async fn with_conversation(session: &Session, message: &Message) -> Result<MessageView, CliError> {
    let conversation = session.client.conversation(message.group_id).await?;
    let view = message_view(message, &session.people).await?;
    Ok(view.of(title(&conversation, &session.people).await?))
}
