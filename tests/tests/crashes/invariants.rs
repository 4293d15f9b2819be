//! What must be true of a store whenever its process dies.

use std::collections::{BTreeMap, BTreeSet};

use hexmtp::ports::mls::MlsEngine;
use hexmtp::ports::store::{
    CommitOutcome, ConversationFilter, ConversationRecord, IntentRecord, MembershipState, MessageFilter,
    MessageRecord, Scope, Store,
};
use hexmtp_delivery_grpc::GrpcNetwork;
use hexmtp_domain::intent::IntentState;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{Cursor, MessageId, SequenceId, Topic, VectorClock};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_tests::group_log::GroupLog;

/// Fails unless epochs, messages, cursors and intents agree with one another and with the network, and everything that
/// was acknowledged is there.
pub(crate) async fn examine(
    store: &dyn Store,
    network: &GrpcNetwork,
    acknowledged: &BTreeMap<String, String>,
) {
    let conversations = store.conversations(&ConversationFilter::default()).await.expect("a list");
    let mut published: BTreeSet<String> = BTreeSet::new();
    for conversation in &conversations {
        let filter = MessageFilter { groups: vec![conversation.id], ..MessageFilter::default() };
        let messages = store.messages(&filter).await.expect("messages");
        let open = store.open_intents(conversation.id).await.expect("intents");
        assert_one_epoch(store, conversation).await;
        assert_intents_and_messages_agree(&messages, &open);
        assert_cursor_accounts_for_messages(store, network, conversation, &messages).await;
        let own = messages.iter().filter(|it| it.delivery == DeliveryStatus::Published);
        published.extend(own.map(|it| it.id.to_string()));
    }
    for (id, text) in acknowledged {
        assert!(published.contains(id), "the acknowledged message {text:?} is not stored as published");
    }
}

/// What MLS holds, the conversation's row and the commit log tell of one epoch.
async fn assert_one_epoch(store: &dyn Store, conversation: &ConversationRecord) {
    let identity = store.identity().await.expect("an answer").expect("an identity");
    let key = identity.key.here().expect("the key is in the store");
    let loaded = store.load(&[Scope::Group(conversation.id)]).await.expect("a scope");
    let rows = loaded.into_iter().next().expect("one scope").rows;
    if conversation.membership == MembershipState::Removed {
        assert!(rows.is_empty(), "keys of a group that was left");
        return;
    }
    let session = OpenMlsEngine::new().open_group(key, conversation.id, rows).expect("a whole group");
    let state = session.state().expect("a state");
    assert_eq!((state.epoch, state.authenticator), (conversation.epoch, conversation.authenticator));
    let log = store.commit_log(conversation.id).await.expect("a log");
    let applied = log.iter().rev().find(|line| line.outcome == CommitOutcome::Applied).expect("a line");
    assert_eq!((applied.epoch, applied.authenticator), (conversation.epoch, conversation.authenticator));
}

/// A message waits exactly as long as there is an intent to send it.
fn assert_intents_and_messages_agree(messages: &[MessageRecord], open: &[IntentRecord]) {
    let waiting: BTreeSet<MessageId> =
        messages.iter().filter(|it| it.delivery == DeliveryStatus::Unpublished).map(|it| it.id).collect();
    let intended: BTreeSet<MessageId> = open.iter().filter_map(|intent| intent.message_id).collect();
    assert_eq!(waiting, intended);
    assert!(messages.iter().all(|it| it.delivery != DeliveryStatus::Failed), "a message was given up");
    for intent in open {
        let needs_payload = matches!(intent.state, IntentState::Published | IntentState::Committed);
        assert_eq!(intent.payload.is_some(), needs_payload, "{:?}", intent.state);
    }
}

/// Of the log's messages up to the cursor that can be read, and of none behind it, each is stored once.
async fn assert_cursor_accounts_for_messages(
    store: &dyn Store,
    network: &GrpcNetwork,
    conversation: &ConversationRecord,
    messages: &[MessageRecord],
) {
    let clock = store.cursor(Topic::Group(conversation.id)).await.expect("a cursor");
    let stored: Vec<Cursor> =
        messages.iter().filter(|it| it.kind == MessageKind::Application).filter_map(|it| it.cursor).collect();
    let unique: BTreeSet<Cursor> = stored.iter().copied().collect();
    assert_eq!(unique.len(), stored.len(), "two messages at one place");
    let log = GroupLog::read(network, store, conversation.id).await;
    let read = |place: &Cursor| place.sequence_id <= highest(&clock);
    let expected: BTreeSet<Cursor> = log.readable().filter(read).collect();
    assert_eq!(unique, expected, "cursor {clock:?}");
}

/// How far a log of the v3 API was read: commits and messages have one numbering (PROTOCOL.md 7.1).
fn highest(clock: &VectorClock) -> SequenceId {
    clock.highest()
}
