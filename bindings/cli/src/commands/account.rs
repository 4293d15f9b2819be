//! `info` and `can-message`.

use hexmtp::domain::identity::Identifier;
use hexmtp::ports::store::ConversationFilter;

use crate::arguments::{CanMessageArguments, GlobalOptions};
use crate::error::CliError;
use crate::output::{Output, Show};
use crate::session::Session;
use crate::show::{Account, Reach};

/// Shows the account of the profile.
pub(crate) async fn info(options: &GlobalOptions, output: Output) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    let conversations = session.client.conversations(ConversationFilter::default()).await?.len();
    let account = Account { conversations: Some(conversations), ..account(&session) };
    session.close().await?;
    output.show(&account)
}

/// What there is to tell about an account.
pub(crate) fn account(session: &Session) -> Account {
    Account {
        news: None,
        profile: session.folder.name().to_owned(),
        address: session.address(),
        inbox_id: session.client.inbox_id(),
        installation_id: session.client.installation_id(),
        url: session.url.clone(),
        key_store: session.record.key_store.name(),
        folder: session.folder.path().to_owned(),
        conversations: None,
    }
}

/// Tells which addresses belong to an inbox.
pub(crate) async fn can_message(
    options: &GlobalOptions,
    output: Output,
    arguments: &CanMessageArguments,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    let identifiers: Vec<Identifier> = arguments.addresses.iter().copied().map(Identifier::from).collect();
    let answers = session.client.can_message(&identifiers).await?;
    session.close().await?;
    let reach: Vec<Reach> = arguments
        .addresses
        .iter()
        .zip(answers)
        .map(|(address, can_message)| Reach { address: *address, can_message })
        .collect();
    output.show_list(&reach, |list, style| {
        list.iter().map(|reach| reach.text(style)).collect::<Vec<_>>().join("\n")
    })
}
