//! What the network's log holds of a group, and what in it members can read at all.

#![allow(clippy::expect_used, reason = "a log that cannot be read fails the test that asked for it")]

use std::collections::BTreeMap;

use hexmtp_delivery_grpc::GrpcNetwork;
use hexmtp_domain::{Cursor, Epoch, GroupId, Originator, SequenceId, Topic, VectorClock};
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::store::{CommitOutcome, RejectedRecord, Store};

/// Application messages of so many past epochs can still be read (PROTOCOL.md 2.1).
const PAST_EPOCHS: u64 = 3;

/// A group's log, as one member stands in it.
pub struct GroupLog {
    messages: BTreeMap<Cursor, Vec<u8>>,
    /// The epochs that the member went through, by the place in the log from which they hold.
    epochs: BTreeMap<SequenceId, Epoch>,
}

impl GroupLog {
    /// Reads the log, and what the member's store knows of its commits.
    ///
    /// # Panics
    /// When either cannot be read.
    pub async fn read(network: &GrpcNetwork, store: &dyn Store, group: GroupId) -> Self {
        let page = network.query_group_messages(group, &VectorClock::new(), 100_000).await.expect("the log");
        assert!(!page.has_more);
        let commits = store.commit_log(group).await.expect("a log of commits");
        let applied = commits.iter().filter(|line| line.outcome == CommitOutcome::Applied);
        Self {
            messages: page
                .items
                .into_iter()
                .filter(|envelope| envelope.cursor.originator == Originator::APPLICATION_MESSAGES)
                .map(|envelope| (envelope.cursor, envelope.data))
                .collect(),
            epochs: applied.map(|line| (line.sequence_id, line.epoch)).collect(),
        }
    }

    /// The places of application messages behind the one at which the member came in, for as far as it can read them.
    pub fn readable(&self) -> impl Iterator<Item = Cursor> {
        let joined = self.epochs.keys().next().copied().unwrap_or_default();
        let behind = self.messages.keys().copied().filter(move |place| place.sequence_id > joined);
        behind.filter(|place| self.is_readable(*place))
    }

    /// Whether the member has the keys for the application message at this place: it was in the group when that was
    /// encrypted, and not too many commits came before it in the log. A sender is told so by the log, and sends anew.
    #[must_use]
    pub fn is_readable(&self, place: Cursor) -> bool {
        let Some(data) = self.messages.get(&place) else { return false };
        let (made, joined) = (epoch_of(data), self.epochs.values().next().copied().unwrap_or_default());
        let present = self.epochs.range(..=place.sequence_id).next_back().map(|(_, epoch)| *epoch);
        made >= joined && made.0 + PAST_EPOCHS >= present.unwrap_or_default().0
    }
}

/// The epoch in the header of a private message of a group with an id of 16 bytes (RFC 9420, 6.3): it comes after version
/// and wire format of two bytes each, and the id behind its length.
fn epoch_of(message: &[u8]) -> Epoch {
    let epoch = message.get(21..29).and_then(|bytes| bytes.try_into().ok());
    Epoch(u64::from_be_bytes(epoch.expect("a private message")))
}

/// Fails when a member refused an application message that it can read, or anything else.
///
/// # Panics
/// Then.
pub async fn assert_only_unreadable_was_refused(
    network: &GrpcNetwork,
    store: &dyn Store,
    refused: &[RejectedRecord],
) {
    for record in refused {
        let group = match record.topic {
            Topic::Group(group) => Some(group),
            _ => None,
        };
        let log = GroupLog::read(network, store, group.expect("of a group's log")).await;
        let is_message = log.messages.contains_key(&record.cursor);
        assert!(is_message && !log.is_readable(record.cursor), "{record:?} {:?}", log.epochs);
    }
}
