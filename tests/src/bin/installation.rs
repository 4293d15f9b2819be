//! A process that works with an installation: it sends, renames, adds, syncs and streams, and says what was
//! acknowledged. Tests start several of it on one database, or kill it. Its orders are its only argument, as JSON.

#![allow(clippy::expect_used, clippy::panic, reason = "its failure is seen by the test that started it")]

use std::collections::BTreeSet;
use std::io::Write as _;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures_util::StreamExt;
use hexmtp::domain::group::ConversationKind;
use hexmtp::error::ChangeError;
use hexmtp::ports::store::{ConversationFilter, FeedPosition, MessageFilter};
use hexmtp::{Client, Conversation, GroupOptions};
use hexmtp_domain::InboxId;
use hexmtp_tests::installation::{Dice, Orders, Said, open, ports};
use hexmtp_tests::recorded::Recorded;

/// How often it looks whether something has come about.
const LOOK: Duration = Duration::from_millis(20);

/// Says something in one write, so that a death leaves whole lines, but perhaps the last.
fn say(said: &Said) {
    let mut line = serde_json::to_vec(said).expect("it can be written");
    line.push(b'\n');
    let mut output = std::io::stdout().lock();
    // Who started it may have gone, and so may it then.
    if output.write_all(&line).and_then(|()| output.flush()).is_err() {
        std::process::exit(0);
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let orders = std::env::args().nth(1).expect("orders");
    let orders: Orders = serde_json::from_str(&orders).expect("orders as JSON");
    let store = orders.backend.open().await.expect("a store");
    let mut ports = ports(store, &orders.node);
    let witness = |hash: hexmtp_domain::PayloadHash| say(&Said::Published { hash: hash.to_string() });
    ports.delivery = Arc::new(Recorded::telling(ports.delivery, Box::new(witness)));
    let client = open(ports, orders.outbox_lease).await;
    let streamed = follow(&client);
    say(&Said::Ready);
    Worker::new(&client, &orders).work(orders.operations).await;
    say(&Said::Done);
    // The others finish as well; then nothing more happens, and it says how things stand.
    let word = || std::io::stdin().read_line(&mut String::new());
    tokio::task::spawn_blocking(word).await.expect("no panic").expect("the word to end");
    finish(&client, &streamed).await;
    // SQLCipher clears up when a process ends, and must not do so under a thread of the database.
    client.close().await.expect("closed");
    say(&Said::End);
}

type Streamed = Arc<Mutex<Vec<String>>>;

/// Collects what a stream tells of, from the beginning of the store on.
fn follow(client: &Client) -> Streamed {
    let streamed = Streamed::default();
    let mut messages = client.stream_messages_from(FeedPosition(0));
    let seen = Arc::clone(&streamed);
    tokio::spawn(async move {
        while let Some(item) = messages.next().await {
            let id = item.expect("the store works").message.id.to_string();
            seen.lock().expect("whole").push(id);
        }
    });
    streamed
}

/// Says what was streamed once that is everything, and where the groups stand.
async fn finish(client: &Client, streamed: &Streamed) {
    client.sync_all().await.expect("a last sync");
    let groups = client.conversations(ConversationFilter::default()).await.expect("a list");
    let mut stored = BTreeSet::new();
    for group in &groups {
        let messages = group.messages(MessageFilter::default()).await.expect("messages");
        stored.extend(messages.into_iter().map(|message| message.id.to_string()));
    }
    while streamed.lock().expect("whole").len() < stored.len() {
        tokio::time::sleep(LOOK).await;
    }
    for id in streamed.lock().expect("whole").iter() {
        say(&Said::Streamed { id: id.clone() });
    }
    for group in &groups {
        let record = group.record().await.expect("a record");
        say(&Said::State {
            group: record.id.to_string(),
            epoch: record.epoch.0,
            authenticator: record.authenticator.to_string(),
        });
    }
}

/// Does one thing after the other.
struct Worker<'a> {
    client: &'a Client,
    name: &'a str,
    others: Vec<InboxId>,
    dice: Dice,
}

impl<'a> Worker<'a> {
    fn new(client: &'a Client, orders: &'a Orders) -> Self {
        let others = orders.others.iter().map(|inbox| inbox.parse().expect("an inbox")).collect();
        Self { client, name: &orders.name, others, dice: Dice::new(orders.seed) }
    }

    async fn work(&self, operations: Option<usize>) {
        for number in 0..operations.unwrap_or(usize::MAX) {
            let result = self.operation(number, operations.is_none()).await;
            if let Err(error) = result {
                assert!(may_fail(&error), "operation {number} of {}: {error:?}", self.name);
                say(&Said::Failed { code: error.code().to_owned() });
            }
        }
    }

    /// Something by chance. Who works without end also makes groups of its own.
    async fn operation(&self, number: usize, makes_groups: bool) -> Result<(), ChangeError> {
        let Some(group) = self.any_group().await? else {
            self.client.sync_all().await?;
            tokio::time::sleep(LOOK).await;
            return Ok(());
        };
        match self.dice.below(100) {
            0..80 => self.send(&group, &format!("{} {number}", self.name)).await,
            80..86 => group.update_name(&format!("{} {number}", self.name)).await,
            86..90 => match self.others.get(self.dice.below(self.others.len().max(1))) {
                Some(other) => group.add_members(&[*other]).await,
                None => Ok(()),
            },
            90..93 if makes_groups => {
                let members: Vec<InboxId> = self.others.iter().take(1).copied().collect();
                self.client.create_group(GroupOptions::default(), &members).await.map(drop)
            }
            90..95 => group.sync().await.map(drop),
            _ => self.client.sync_all().await.map(drop),
        }
    }

    async fn send(&self, group: &Conversation, text: &str) -> Result<(), ChangeError> {
        let id = group.send_text(text).await?;
        say(&Said::Sent { id: id.to_string(), text: text.to_owned() });
        Ok(())
    }

    /// One of the first few groups, so that not everything is said only once.
    async fn any_group(&self) -> Result<Option<Conversation>, ChangeError> {
        let filter = ConversationFilter {
            kinds: vec![ConversationKind::Group],
            limit: Some(4),
            ..ConversationFilter::default()
        };
        let groups = self.client.conversations(filter).await?;
        if groups.is_empty() {
            return Ok(None);
        }
        Ok(groups.get(self.dice.below(groups.len())).cloned())
    }
}

/// Whether something may go wrong once: what a later attempt mends, and what another process was faster with.
fn may_fail(error: &ChangeError) -> bool {
    error.retry().is_worth_it()
}
