//! Conversations.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::{EpochAuthenticator, GroupId};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, ConversationRecord, MembershipState, Revision, RowChange, Scope,
    StoreError,
};

use super::samples::{at, consent, conversation, full_conversation, group, inbox, message, message_id};
use super::{Stores, put};

fn put_all(records: impl IntoIterator<Item = ConversationRecord>) -> Vec<RowChange> {
    records.into_iter().map(|record| RowChange::PutConversation(Box::new(record))).collect()
}

fn ids(records: &[ConversationRecord]) -> Vec<GroupId> {
    records.iter().map(|record| record.id).collect()
}

fn groups(numbers: &[u8]) -> Vec<GroupId> {
    numbers.iter().copied().map(group).collect()
}

/// With nothing and with everything, and replaced by one another as a whole.
pub async fn conversations_come_back_whole(stores: Stores) {
    let store = stores.open().await;
    let pending = ConversationRecord { membership: MembershipState::Pending, ..conversation(1) };
    for record in [conversation(1), full_conversation(1), pending, full_conversation(1), conversation(1)] {
        put(&store, put_all([record.clone()])).await;
        assert_eq!(store.conversation(group(1)).await.unwrap(), Some(record.clone()));
        assert_eq!(store.conversations(&ConversationFilter::default()).await.unwrap(), [record]);
    }
    use ConversationKind::{Dm, Group, Oneshot, Sync};
    for kind in [Group, Dm, Sync, Oneshot] {
        let authenticator = EpochAuthenticator::new([0xab; 32]);
        let record = ConversationRecord { kind, authenticator, ..conversation(2) };
        put(&store, put_all([record.clone()])).await;
        assert_eq!(store.conversation(group(2)).await.unwrap(), Some(record));
    }
    assert_eq!(store.conversation(group(3)).await.unwrap(), None);
}

/// Who is about to leave comes and goes with the rest of its conversation, and with the message that says so.
pub async fn pending_removals_come_and_go_with_their_conversation(stores: Stores) {
    let store = stores.open().await;
    let record = |leavers: &[u8]| ConversationRecord {
        pending_removals: leavers.iter().copied().map(inbox).collect(),
        ..conversation(1)
    };
    for leavers in [&[][..], &[3], &[3, 1, 2], &[2], &[]] {
        put(&store, put_all([record(leavers), conversation(2)])).await;
        assert_eq!(store.conversation(group(1)).await.unwrap(), Some(record(leavers)));
        assert_eq!(stores.open().await.conversation(group(1)).await.unwrap(), Some(record(leavers)));
        assert_eq!(store.conversation(group(2)).await.unwrap(), Some(conversation(2)));
    }
    // A commit that conflicts leaves neither the message nor the mark.
    let mut changes = ChangeSet::expecting(Scope::Group(group(1)), Revision(9));
    changes.rows = vec![RowChange::InsertMessage(message(7, group(1), 1))];
    changes.rows.extend(put_all([record(&[5])]));
    assert!(matches!(store.commit(changes).await, Err(StoreError::Conflict { .. })));
    assert_eq!(store.conversation(group(1)).await.unwrap(), Some(record(&[])));
    assert_eq!(store.message(message_id(7)).await.unwrap(), None);
}

/// The last message counts, else the creation (R-STO-007).
pub async fn conversations_are_ordered_by_activity_then_id(stores: Stores) {
    let store = stores.open().await;
    let record = |n, created: i64, last: Option<i64>| ConversationRecord {
        created_at: at(created),
        last_message_at: last.map(at),
        ..conversation(n)
    };
    let records = [
        record(5, 100, None),
        record(4, 1, Some(100)),
        record(3, 500, Some(2)),
        record(2, -9, None),
        record(1, 0, Some(101)),
    ];
    put(&store, put_all(records)).await;
    let list = |limit| ConversationFilter { limit, ..ConversationFilter::default() };
    let order = [1, 4, 5, 3, 2];
    assert_eq!(ids(&store.conversations(&list(None)).await.unwrap()), groups(&order));
    for limit in [0, 1, 3, 5, 6, usize::MAX] {
        let found = store.conversations(&list(Some(limit))).await.unwrap();
        assert_eq!(ids(&found), groups(&order[..limit.min(5)]), "{limit}");
    }
}

/// By kind and by time of creation, alone and together.
pub async fn conversations_are_filtered(stores: Stores) {
    let store = stores.open().await;
    let record = |n, kind, created| ConversationRecord { kind, created_at: at(created), ..conversation(n) };
    let records = [
        record(1, ConversationKind::Group, 10),
        record(2, ConversationKind::Dm, 20),
        record(3, ConversationKind::Sync, 30),
        record(4, ConversationKind::Group, 40),
    ];
    put(&store, put_all(records)).await;
    let all = ConversationFilter::default;
    let kinds = |kinds: &[ConversationKind]| ConversationFilter { kinds: kinds.to_vec(), ..all() };
    let cases = [
        (kinds(&[ConversationKind::Group]), vec![4, 1]),
        (kinds(&[ConversationKind::Sync, ConversationKind::Dm]), vec![3, 2]),
        (kinds(&[ConversationKind::Oneshot]), vec![]),
        (ConversationFilter { created_after: Some(at(20)), ..all() }, vec![4, 3, 2]),
        (ConversationFilter { created_before: Some(at(20)), ..all() }, vec![1]),
        (
            ConversationFilter { created_after: Some(at(11)), created_before: Some(at(31)), ..all() },
            vec![3, 2],
        ),
        (
            ConversationFilter {
                created_before: Some(at(40)),
                limit: Some(1),
                ..kinds(&[ConversationKind::Group, ConversationKind::Dm])
            },
            vec![2],
        ),
    ];
    for (filter, expected) in cases {
        assert_eq!(ids(&store.conversations(&filter).await.unwrap()), groups(&expected), "{filter:?}");
    }
}

/// What nothing is stored for is unknown; consent for an inbox with the same bytes does not count.
pub async fn conversations_are_filtered_by_consent(stores: Stores) {
    let store = stores.open().await;
    let mut rows = put_all([1, 2, 3, 4].map(conversation));
    let states = [(1, ConsentState::Allowed), (2, ConsentState::Denied), (3, ConsentState::Unknown)];
    let of_group =
        |(n, state)| RowChange::PutConsent(consent(ConsentEntity::Conversation(group(n)), state, 1));
    rows.extend(states.map(of_group));
    let of_inbox = ConsentEntity::Inbox(inbox(4));
    rows.push(RowChange::PutConsent(consent(of_inbox, ConsentState::Allowed, 1)));
    put(&store, rows).await;
    use ConsentState::{Allowed, Denied, Unknown};
    let cases = [
        (vec![Allowed], vec![1]),
        (vec![Denied], vec![2]),
        (vec![Unknown], vec![4, 3]),
        (vec![Allowed, Denied], vec![2, 1]),
        (vec![Unknown, Denied], vec![4, 3, 2]),
        (vec![], vec![4, 3, 2, 1]),
    ];
    for (states, expected) in cases {
        let filter = ConversationFilter { consent: states, ..ConversationFilter::default() };
        assert_eq!(ids(&store.conversations(&filter).await.unwrap()), groups(&expected), "{filter:?}");
    }
}

/// The most recently active one first; neither half of a pair is enough.
pub async fn groups_of_a_dm_are_found_by_their_pair(stores: Stores) {
    let store = stores.open().await;
    let record = |n, pair: (u8, u8), last: Option<i64>| ConversationRecord {
        kind: ConversationKind::Dm,
        dm_pair: Some((inbox(pair.0), inbox(pair.1))),
        last_message_at: last.map(at),
        ..conversation(n)
    };
    let records = [
        record(1, (1, 2), None),
        record(2, (1, 2), Some(50)),
        record(3, (1, 3), Some(90)),
        record(4, (1, 2), Some(50)),
        record(5, (3, 2), Some(90)),
        conversation(6),
    ];
    put(&store, put_all(records)).await;
    let of_pair = |a, b| store.dm_groups((inbox(a), inbox(b)));
    assert_eq!(ids(&of_pair(1, 2).await.unwrap()), groups(&[2, 4, 1]));
    assert_eq!(ids(&of_pair(1, 3).await.unwrap()), groups(&[3]));
    assert!(of_pair(2, 1).await.unwrap().is_empty());
}
