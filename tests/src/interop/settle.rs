//! Waiting until both sides have read everything.

use std::future::Future;
use std::time::Duration;

use hexmtp::Conversation;
use tokio::time::{Instant, sleep};

use super::official::OfficialConversation;

/// How long something may take that happens by itself.
const LIMIT: Duration = Duration::from_secs(120);

/// How long to leave the processor to the others between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks again and again until there is something to see.
///
/// # Panics
/// When there is nothing for minutes.
pub async fn until<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let since = Instant::now();
    loop {
        if let Some(seen) = look().await {
            return seen;
        }
        assert!(since.elapsed() < LIMIT, "waited in vain until {what}");
        sleep(PAUSE).await;
    }
}

/// Has everybody read the group's log until all are in one epoch and a further round changes nothing: reading can
/// lead to commits, such as those that follow a new installation.
///
/// # Panics
/// When they do not meet, or somebody cannot read.
pub async fn settle(ours: &[&Conversation], theirs: &[&OfficialConversation]) {
    let mut before = Vec::new();
    let since = Instant::now();
    loop {
        let epochs = round(ours, theirs).await;
        let together = epochs.windows(2).all(|pair| pair[0] == pair[1]);
        if together && epochs == before {
            return;
        }
        if since.elapsed() > LIMIT {
            panic!("the epochs do not meet: {epochs:?}, ours first; {}", what_we_know(ours).await);
        }
        before = epochs;
        sleep(PAUSE).await;
    }
}

/// Everybody reads; gives everybody's epoch.
async fn round(ours: &[&Conversation], theirs: &[&OfficialConversation]) -> Vec<u64> {
    for conversation in theirs {
        conversation.sync().await;
    }
    for conversation in ours {
        conversation.sync().await.expect("our sync");
    }
    let mut epochs = Vec::new();
    for conversation in ours {
        epochs.push(conversation.record().await.expect("our record").epoch.0);
    }
    for conversation in theirs {
        epochs.push(conversation.state().await.epoch);
    }
    epochs
}

/// Why we may be behind.
async fn what_we_know(ours: &[&Conversation]) -> String {
    let mut known = String::new();
    for conversation in ours {
        let record = conversation.record().await.expect("our record");
        let log = conversation.commit_log().await.expect("our log");
        let last = log.iter().rev().take(4).collect::<Vec<_>>();
        known +=
            &format!("paused {:?}, needs readd {:?}, {last:#?}; ", record.paused_for, record.needs_readd);
    }
    known
}
