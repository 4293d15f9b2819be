//! The two directions of a chat.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp::domain::MessageId;
use hexmtp::ports::store::FeedPosition;
use hexmtp::{Conversation, Message};
use tokio::sync::watch;

use crate::chat::command::{HELP, Line};
use crate::chat::input::{Lines, Screen};
use crate::commands::newest;
use crate::error::CliError;
use crate::outgoing::{Outgoing, Sending};
use crate::output::{Output, Show};
use crate::person::{self, Person};
use crate::session::Session;
use crate::show::{MemberView, MessageView, conversation_view, message_view};
use crate::style::Style;

/// How often what could not be sent is tried again.
const RETRY_EVERY: Duration = Duration::from_secs(3);

/// How many messages are looked through at the end for those that were not shown.
const LAST: usize = 200;

/// A chat in one conversation.
pub(super) struct Talk {
    session: Session,
    conversation: Conversation,
    output: Output,
    style: Style,
    screen: Screen,
    /// Messages that are on the screen, or need not be.
    shown: Mutex<BTreeSet<MessageId>>,
    /// How many messages wait for the network.
    waiting: watch::Sender<usize>,
}

impl Talk {
    pub(super) fn new(session: Session, conversation: Conversation, output: Output, screen: Screen) -> Self {
        Self {
            session,
            conversation,
            output,
            style: Style::for_stdout(),
            screen,
            shown: Mutex::default(),
            waiting: watch::Sender::new(0),
        }
    }

    /// What was said before, and what one can do.
    pub(super) async fn begin(
        &self,
        name: &str,
        earlier: &[Message],
        failed: Option<CliError>,
    ) -> Result<(), CliError> {
        for message in earlier {
            self.show_message(message).await?;
        }
        if let Some(error) = failed {
            self.complain(&error)?;
            self.note("not connected; what you write is sent later")?;
        }
        self.note(&format!("talking with {name}; /help lists commands, Ctrl-D leaves"))
    }

    /// Talks until the lines end. What could not be sent at once is tried again meanwhile.
    pub(super) async fn run(&mut self, position: FeedPosition, lines: Lines) -> Result<(), CliError> {
        let result = {
            let talk: &Self = self;
            tokio::select! {
                result = talk.outgoing(lines) => result,
                error = talk.incoming(position) => Err(error),
                never = talk.retries() => match never {},
            }
        };
        self.screen.leave_terminal();
        result
    }

    /// Publishes what waits, shows what has not been shown yet, and lets go of the profile.
    pub(super) async fn end(self) -> Result<(), CliError> {
        if *self.waiting.borrow() > 0 {
            self.conversation.sync().await.map_err(CliError::NotSentYet)?;
        }
        for message in newest(&self.conversation, LAST).await? {
            if !self.is_shown(message.id) && self.screen.echoes() {
                self.show_message(&message).await?;
            }
        }
        self.session.close().await
    }

    /// What others write, and the other devices of this person. Ends only with an error.
    async fn incoming(&self, position: FeedPosition) -> CliError {
        let mut stream = self.session.client.stream_messages_from(position);
        loop {
            let message = match stream.next().await {
                Some(Ok(streamed)) => streamed.message,
                Some(Err(error)) => return error.into(),
                None => return CliError::Unexpected("the database was closed"),
            };
            if let Err(error) = self.arrived(&message).await {
                return error;
            }
        }
    }

    async fn arrived(&self, message: &Message) -> Result<(), CliError> {
        let is_here = self.session.is_same(&self.conversation, message.group_id).await?;
        if is_here && !self.is_shown(message.id) {
            self.show_message(message).await?;
        }
        Ok(())
    }

    /// What is typed. A command that fails is told, and the chat goes on.
    async fn outgoing(&self, mut lines: Lines) -> Result<(), CliError> {
        while let Some(line) = lines.recv().await {
            let line = line.map_err(CliError::file("the input cannot be read"))?;
            if line == Line::Quit {
                return Ok(());
            }
            match self.obey(line).await {
                Ok(()) => {}
                // A program that feeds the chat has to learn that something was not done.
                Err(error) if self.screen.echoes() => return Err(error),
                Err(error) => self.complain(&error)?,
            }
        }
        Ok(())
    }

    async fn obey(&self, line: Line) -> Result<(), CliError> {
        match line {
            Line::Nothing | Line::Quit => Ok(()),
            Line::Text(text) => self.send(&text).await,
            Line::Members => self.members().await,
            Line::Add(people) => {
                let inboxes = self.inboxes(&people).await?;
                self.conversation.add_members(&inboxes).await?;
                self.changed().await
            }
            Line::Remove(people) => {
                let inboxes = self.inboxes(&people).await?;
                self.conversation.remove_members(&inboxes).await?;
                self.changed().await
            }
            Line::Rename(name) => {
                self.conversation.update_name(&name).await?;
                self.changed().await
            }
            Line::Help if self.output.is_json() => Ok(()),
            Line::Help => self.screen.show(HELP),
            Line::Mistake(why) => Err(CliError::Usage(why)),
        }
    }

    async fn inboxes(&self, people: &[Person]) -> Result<Vec<hexmtp::domain::InboxId>, CliError> {
        person::inboxes(&self.session.client, people).await
    }

    /// Sends a text. Its id is known before, so that its own echo is not shown to the person who typed it.
    async fn send(&self, typed: &str) -> Result<(), CliError> {
        let outgoing = Outgoing::new(&self.conversation, typed)?;
        if !self.screen.echoes() {
            self.lock().insert(outgoing.id());
        }
        match outgoing.send(&self.conversation).await? {
            Sending::Sent => Ok(()),
            Sending::Waits(error) => {
                self.waiting.send_modify(|waiting| *waiting += 1);
                self.note(&format!("not sent yet, tried again until it is ({})", error.code()))
            }
        }
    }

    /// Sends what waits, as soon as the network is there again.
    async fn retries(&self) -> std::convert::Infallible {
        let mut waiting = self.waiting.subscribe();
        loop {
            // The other side lives as long as the chat.
            let _ = waiting.wait_for(|count| *count > 0).await;
            tokio::time::sleep(RETRY_EVERY).await;
            if self.conversation.sync().await.is_ok() {
                let sent = self.waiting.send_replace(0);
                let what = if sent == 1 { "the message was" } else { "the messages were" };
                // A screen that is gone ends the chat elsewhere.
                let _ = self.note(&format!("connected again, {what} sent"));
            }
        }
    }

    async fn members(&self) -> Result<(), CliError> {
        for member in MemberView::all(&self.conversation, &self.session.people).await? {
            self.screen.show(&self.output.rendered(&member))?;
        }
        Ok(())
    }

    /// The change itself arrives as a message of the conversation.
    async fn changed(&self) -> Result<(), CliError> {
        if self.output.is_json() {
            let view = conversation_view(&self.conversation, &self.session.people).await?;
            self.screen.show(&self.output.rendered(&view))?;
        }
        Ok(())
    }

    async fn show_message(&self, message: &Message) -> Result<(), CliError> {
        let view: MessageView = message_view(message, &self.session.people).await?;
        self.lock().insert(message.id);
        let text = if self.output.is_json() { view.json().to_string() } else { view.chat_line(self.style) };
        self.screen.show(&text)
    }

    /// Tells of an error that does not end the chat: above the line that is being typed, or on standard error.
    fn complain(&self, error: &CliError) -> Result<(), CliError> {
        if matches!(self.screen, Screen::Terminal(_)) {
            return self.screen.show(&error.rendered(false));
        }
        error.report(self.output.is_json());
        Ok(())
    }

    /// Tells the person something that is no message.
    fn note(&self, text: &str) -> Result<(), CliError> {
        if self.output.is_json() || self.screen.echoes() {
            tracing::info!("{text}");
            return Ok(());
        }
        self.screen.show(&self.style.faint(&format!("-- {text}")))
    }

    fn is_shown(&self, id: MessageId) -> bool {
        self.lock().contains(&id)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<MessageId>> {
        self.shown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
