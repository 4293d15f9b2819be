//! Consent, the commit log, refused envelopes and deferred welcomes.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, Topic};
use hexmtp_ports::delivery::WelcomePayload;
use hexmtp_ports::store::{
    CommitLogRecord, CommitOutcome, DeferredWelcome, FeedEvent, FeedPosition, RowChange,
};

use super::samples::{LARGEST, at, commit_line, consent, deferred, group, inbox, installation, rejected};
use super::{Stores, put};

/// PROTOCOL.md 7.4. Of two equally old ones the stored one stays (R-STO-011).
pub async fn newer_consent_wins(stores: Stores) {
    let store = stores.open().await;
    let entity = ConsentEntity::Conversation(group(1));
    let record = |state, time| consent(entity, state, time);
    assert_eq!(store.consent(&entity).await.unwrap(), None);
    let steps = [
        (record(ConsentState::Denied, -5), record(ConsentState::Denied, -5)),
        (record(ConsentState::Allowed, 10), record(ConsentState::Allowed, 10)),
        (record(ConsentState::Denied, 9), record(ConsentState::Allowed, 10)),
        (record(ConsentState::Denied, 10), record(ConsentState::Allowed, 10)),
        (record(ConsentState::Unknown, 11), record(ConsentState::Unknown, 11)),
    ];
    let mut told = 0;
    for (given, kept) in steps {
        told += u64::from(given == kept);
        assert_eq!(put(&store, vec![RowChange::PutConsent(given)]).await, FeedPosition(told));
        assert_eq!(store.consent(&entity).await.unwrap(), Some(kept));
    }
    let told = store.changes_after(FeedPosition(0), 9).await.unwrap();
    assert_eq!(told.len(), 3);
    assert!(told.iter().all(|entry| entry.event == FeedEvent::ConsentChanged(entity)), "{told:?}");
}

/// Also where their identifiers start alike.
pub async fn consent_for_a_conversation_and_an_inbox_are_apart(stores: Stores) {
    let store = stores.open().await;
    let of_group = consent(ConsentEntity::Conversation(group(1)), ConsentState::Allowed, 1);
    let of_inbox = consent(ConsentEntity::Inbox(inbox(1)), ConsentState::Denied, 1);
    put(&store, [of_group.clone(), of_inbox.clone()].map(RowChange::PutConsent).to_vec()).await;
    assert_eq!(store.consent(&of_group.entity).await.unwrap(), Some(of_group));
    assert_eq!(store.consent(&of_inbox.entity).await.unwrap(), Some(of_inbox));
    assert_eq!(store.consent(&ConsentEntity::Inbox(inbox(2))).await.unwrap(), None);
}

/// Conversations before inboxes, each by id, one record each (R-STO-312).
pub async fn all_consent_comes_in_order(stores: Stores) {
    let store = stores.open().await;
    assert!(store.consents().await.unwrap().is_empty());
    let entities = [
        ConsentEntity::Conversation(group(0)),
        ConsentEntity::Conversation(group(7)),
        ConsentEntity::Conversation(group(200)),
        ConsentEntity::Inbox(inbox(0)),
        ConsentEntity::Inbox(inbox(6)),
        ConsentEntity::Inbox(inbox(255)),
    ];
    let states = [ConsentState::Unknown, ConsentState::Allowed, ConsentState::Denied];
    let records = || entities.into_iter().zip(states.into_iter().cycle());
    let rows = |time| {
        records()
            .collect::<Vec<_>>()
            .into_iter()
            .rev()
            .map(move |(entity, state)| consent(entity, state, time))
    };
    put(&store, rows(i64::MIN).map(RowChange::PutConsent).collect()).await;
    put(&store, rows(i64::MAX).map(RowChange::PutConsent).collect()).await;
    let expected: Vec<_> = records().map(|(entity, state)| consent(entity, state, i64::MAX)).collect();
    assert_eq!(store.consents().await.unwrap(), expected);
}

/// Per group, in the order of storing.
pub async fn the_commit_log_keeps_its_order(stores: Stores) {
    let store = stores.open().await;
    let line = |group_id: GroupId, number, outcome| CommitLogRecord {
        last_authenticator: Some(EpochAuthenticator::new([9; 32])),
        outcome,
        epoch: Epoch(LARGEST),
        committer: Some(installation(3)),
        ..commit_line(group_id, number)
    };
    let lines = [
        commit_line(group(1), 0),
        line(group(1), 9, CommitOutcome::WrongEpoch),
        line(group(1), LARGEST, CommitOutcome::Undecryptable),
        line(group(1), 8, CommitOutcome::Invalid),
        line(group(1), 9, CommitOutcome::Applied),
    ];
    for line in lines.iter().cloned() {
        put(&store, vec![RowChange::AppendCommitLog(line)]).await;
        put(&store, vec![RowChange::AppendCommitLog(commit_line(group(2), 1))]).await;
    }
    assert_eq!(store.commit_log(group(1)).await.unwrap(), lines);
    assert_eq!(store.commit_log(group(2)).await.unwrap().len(), 5);
    assert!(store.commit_log(group(3)).await.unwrap().is_empty());
}

/// At most as many as asked for.
pub async fn refused_envelopes_come_back_oldest_first(stores: Stores) {
    let store = stores.open().await;
    let records = [
        rejected(Topic::Group(group(1)), 9),
        rejected(Topic::Welcome(installation(1)), 3),
        rejected(Topic::Identity(inbox(1)), LARGEST),
    ];
    put(&store, records.iter().cloned().map(RowChange::RecordRejected).collect()).await;
    assert_eq!(store.rejected(usize::MAX).await.unwrap(), records);
    assert_eq!(store.rejected(2).await.unwrap(), records[..2]);
    assert!(store.rejected(0).await.unwrap().is_empty());
}

/// PROTOCOL.md 5.3. By originator, then number; the first one of a place stays; either kind of payload.
pub async fn deferred_welcomes_wait_in_order_until_forgotten(stores: Stores) {
    let store = stores.open().await;
    let mut welcome = deferred(11, 2);
    welcome.envelope.payload = WelcomePayload::Welcome {
        data: Vec::new(),
        hpke_public_key: Vec::new(),
        algorithm: WrapperAlgorithm::Symmetric,
        metadata: Vec::new(),
    };
    let mut late = deferred(11, 3);
    late.since = at(99);
    let given = [deferred(12, 1), deferred(11, 3), late, welcome.clone(), deferred(11, LARGEST)];
    put(&store, given.map(RowChange::DeferWelcome).to_vec()).await;
    put(&store, vec![RowChange::DeferWelcome(DeferredWelcome { since: at(98), ..welcome.clone() })]).await;
    let expected = [welcome, deferred(11, 3), deferred(11, LARGEST), deferred(12, 1)];
    assert_eq!(store.deferred_welcomes().await.unwrap(), expected);
    let forget = |number| RowChange::ForgetDeferredWelcome(deferred(11, number).envelope.cursor);
    put(&store, vec![forget(3), forget(77), forget(LARGEST)]).await;
    assert_eq!(store.deferred_welcomes().await.unwrap(), [expected[0].clone(), expected[3].clone()]);
}
