//! What the network holds of a group, and what no member can be blamed for not to have taken.

use std::collections::BTreeMap;

use hexmtp::ports::delivery::DeliveryService;
use hexmtp::ports::store::{RejectedRecord, Store};
use hexmtp_delivery_grpc::GrpcNetwork;
use hexmtp_domain::{Cursor, GroupId, Topic, VectorClock};
use openmls::prelude::{MlsMessageIn, tls_codec::DeserializeBytes};

pub(crate) struct GroupLog(BTreeMap<Cursor, Vec<u8>>);

impl GroupLog {
    pub(crate) async fn read(network: &GrpcNetwork, group: GroupId) -> Self {
        let page = network.query_group_messages(group, &VectorClock::new(), 100_000).await.expect("the log");
        assert!(!page.has_more);
        Self(page.items.into_iter().map(|envelope| (envelope.cursor, envelope.data)).collect())
    }

    pub(crate) fn places(&self) -> impl Iterator<Item = Cursor> {
        self.0.keys().copied()
    }

    /// Whether the same bytes are at an earlier place. Who dies while a payload is on its way cannot know whether it
    /// will arrive, and the next one sends it again: the network takes both.
    pub(crate) fn is_copy(&self, place: Cursor) -> bool {
        let earlier = |other: &Cursor| other.sequence_id < place.sequence_id;
        self.0.iter().any(|(other, data)| earlier(other) && *data == self.0[&place])
    }

    fn epoch(&self, place: Cursor) -> u64 {
        let message = MlsMessageIn::tls_deserialize_exact_bytes(&self.0[&place]).expect("an MLS message");
        message.try_into_protocol_message().expect("of a group").epoch().as_u64()
    }
}

/// Fails for everything that was refused, but for copies, and for what was encrypted before this member was let in and
/// came to stand behind that in the log: nobody can read that with keys of a later epoch (RFC 9420, 8.7).
pub(crate) async fn assert_nothing_else_was_refused(
    network: &GrpcNetwork,
    store: &dyn Store,
    refused: &[RejectedRecord],
) {
    for record in refused {
        let group = match record.topic {
            Topic::Group(group) => Some(group),
            _ => None,
        };
        let group = group.expect("of a group's log");
        let log = GroupLog::read(network, group).await;
        let commits = store.commit_log(group).await.expect("a log");
        let joined = commits.first().map_or(0, |line| line.epoch.0);
        let is_older = record.code == "mls.wrong_epoch" && log.epoch(record.cursor) < joined;
        assert!(is_older || log.is_copy(record.cursor), "joined at epoch {joined}: {record:?}");
    }
}
