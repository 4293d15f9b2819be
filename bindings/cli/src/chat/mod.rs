//! `hexmtp chat`: what others write appears while one types.

mod command;
mod input;
mod talk;

use hexmtp::ports::store::FeedPosition;

use crate::arguments::{ChatArguments, GlobalOptions};
use crate::chat::talk::Talk;
use crate::commands::newest;
use crate::error::CliError;
use crate::output::Output;
use crate::select::{self, WithStranger};
use crate::session::Session;
use crate::show::title;

/// What stands before the line that is typed, and is to be sent.
const PROMPT: &str = "you> ";

/// Talks until the person leaves or the input ends.
pub(crate) async fn chat(
    options: &GlobalOptions,
    output: Output,
    arguments: &ChatArguments,
) -> Result<(), CliError> {
    let session = Session::open(options).await?;
    // Without the network one can still read, and write what is sent later.
    let synced = session.sync_all().await;
    let wanted = &arguments.conversation;
    let conversation = match &synced {
        Ok(_) => select::conversation(&session, wanted, WithStranger::Open, false).await?,
        Err(error) => {
            tracing::info!(code = error.code(), "nothing could be fetched");
            match select::conversation(&session, wanted, WithStranger::Fail, true).await {
                Err(CliError::NoConversation(_)) => {
                    return Err(synced.err().unwrap_or(CliError::Unexpected("the network failed")));
                }
                found => found?,
            }
        }
    };
    let name = title(&conversation, &session.people).await?;
    let position: FeedPosition = session.store.position().await?;
    let earlier = newest(&conversation, arguments.limit).await?;
    let (lines, screen) = input::start(PROMPT, !output.is_json())?;
    let mut talk = Talk::new(session, conversation, output, screen);
    talk.begin(&name, &earlier, synced.err()).await?;
    talk.run(position, lines).await?;
    talk.end().await
}
