//! Lists of conversations: every condition, every order, one group of a DM.

use hexmtp_domain::GroupId;
use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_ports::store::{
    ConversationFilter, ConversationOrder, ConversationRecord, ForkStatus, MembershipState, RowChange, Store,
};

use super::samples::{at, consent, conversation, group, inbox};
use super::{Stores, put};

fn all() -> ConversationFilter {
    ConversationFilter::default()
}

fn put_all(records: impl IntoIterator<Item = ConversationRecord>) -> Vec<RowChange> {
    records.into_iter().map(|record| RowChange::PutConversation(Box::new(record))).collect()
}

/// Lists, ids and count agree on what the filter finds.
async fn expect(store: &dyn Store, filter: &ConversationFilter, expected: &[u8]) {
    let expected: Vec<GroupId> = expected.iter().copied().map(group).collect();
    let found = store.conversations(filter).await.unwrap();
    assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), expected, "{filter:?}");
    assert_eq!(store.conversation_ids(filter).await.unwrap(), expected, "{filter:?}");
    let items = store.conversation_list(filter).await.unwrap();
    let listed: Vec<_> = items.into_iter().map(|item| item.conversation).collect();
    assert_eq!(listed, found, "{filter:?}");
    let without_limit = ConversationFilter { limit: None, ..filter.clone() };
    let count = store.conversation_ids(&without_limit).await.unwrap().len();
    assert_eq!(store.count_conversations(filter).await.unwrap(), count as u64, "{filter:?}");
}

fn active(n: u8, created: i64, last: Option<i64>) -> ConversationRecord {
    ConversationRecord { created_at: at(created), last_message_at: last.map(at), ..conversation(n) }
}

/// Each order breaks ties by id, and a limit cuts the list after ordering (R-STO-300).
pub async fn conversations_come_in_each_order(stores: Stores) {
    let store = stores.open().await;
    let records = [
        active(6, 5, None),
        active(2, 5, Some(1)),
        active(4, 5, Some(9)),
        active(1, i64::MAX, Some(i64::MIN)),
        active(3, i64::MIN, Some(i64::MAX)),
        active(5, -1, Some(9)),
    ];
    put(&store, put_all(records)).await;
    let orders = [
        (ConversationOrder::LastActivity, [3, 4, 5, 6, 2, 1]),
        (ConversationOrder::CreatedDescending, [1, 2, 4, 6, 5, 3]),
        (ConversationOrder::CreatedAscending, [3, 5, 2, 4, 6, 1]),
    ];
    for (order, expected) in orders {
        for limit in [None, Some(0), Some(1), Some(4), Some(6), Some(usize::MAX)] {
            let filter = ConversationFilter { order, limit, ..all() };
            expect(&*store, &filter, &expected[..limit.unwrap_or(6).min(6)]).await;
        }
    }
}

/// One, several, and none for all.
pub async fn conversations_are_filtered_by_membership(stores: Stores) {
    use MembershipState::{Allowed, Pending, Removed, Restored};
    let store = stores.open().await;
    let states = [(1, Allowed), (2, Pending), (3, Removed), (4, Restored), (5, Pending)];
    put(&store, put_all(states.map(|(n, membership)| ConversationRecord { membership, ..conversation(n) })))
        .await;
    let cases = [
        (vec![Allowed], vec![1]),
        (vec![Pending], vec![5, 2]),
        (vec![Removed], vec![3]),
        (vec![Restored], vec![4]),
        (vec![Restored, Allowed, Restored], vec![4, 1]),
        (vec![], vec![5, 4, 3, 2, 1]),
    ];
    for (membership, expected) in cases {
        expect(&*store, &ConversationFilter { membership, ..all() }, &expected).await;
    }
}

/// The last message counts, else the creation; the earlier bound is inside, the later one is not.
pub async fn conversations_are_filtered_by_activity(stores: Stores) {
    let store = stores.open().await;
    let records = [active(1, 10, None), active(2, 0, Some(20)), active(3, 99, Some(30)), active(4, 40, None)];
    put(&store, put_all(records)).await;
    let between = |after: Option<i64>, before: Option<i64>| ConversationFilter {
        active_after: after.map(at),
        active_before: before.map(at),
        ..all()
    };
    let cases = [
        (between(Some(20), None), vec![4, 3, 2]),
        (between(Some(21), None), vec![4, 3]),
        (between(None, Some(20)), vec![1]),
        (between(None, Some(21)), vec![2, 1]),
        (between(Some(10), Some(40)), vec![3, 2, 1]),
        (between(Some(20), Some(20)), vec![]),
        (between(Some(i64::MIN), Some(i64::MAX)), vec![4, 3, 2, 1]),
        (between(Some(i64::MAX), None), vec![]),
        (ConversationFilter { created_after: Some(at(40)), ..between(None, Some(35)) }, vec![3]),
    ];
    for (filter, expected) in cases {
        expect(&*store, &filter, &expected).await;
    }
}

/// Either way.
pub async fn conversations_are_filtered_by_their_commit_log(stores: Stores) {
    let store = stores.open().await;
    let record = |n: u8| ConversationRecord {
        fork: ForkStatus { publishes_commit_log: n.is_multiple_of(2), ..ForkStatus::default() },
        ..conversation(n)
    };
    put(&store, put_all((1..=4).map(record))).await;
    for (publishes_commit_log, expected) in
        [(Some(true), vec![4, 2]), (Some(false), vec![3, 1]), (None, vec![4, 3, 2, 1])]
    {
        expect(&*store, &ConversationFilter { publishes_commit_log, ..all() }, &expected).await;
    }
    put(&store, put_all([conversation(4)])).await;
    expect(&*store, &ConversationFilter { publishes_commit_log: Some(true), ..all() }, &[2]).await;
}

fn dm(n: u8, pair: (u8, u8), last: i64) -> ConversationRecord {
    ConversationRecord {
        kind: ConversationKind::Dm,
        dm_pair: Some((inbox(pair.0), inbox(pair.1))),
        ..active(n, n.into(), Some(last))
    }
}

/// The most recently active one, ties by id; conversations that are no DM are not touched (R-STO-301).
pub async fn one_group_of_a_dm_stands_for_all(stores: Stores) {
    let store = stores.open().await;
    let records = [
        dm(1, (1, 2), 50),
        dm(2, (1, 2), 70),
        dm(3, (1, 2), 70),
        dm(4, (1, 3), 60),
        dm(5, (2, 3), i64::MIN),
        conversation(6),
        conversation(7),
    ];
    put(&store, put_all(records)).await;
    let one = || ConversationFilter { one_group_per_dm: true, ..all() };
    expect(&*store, &one(), &[2, 4, 7, 6, 5]).await;
    expect(&*store, &all(), &[2, 3, 4, 1, 7, 6, 5]).await;
    expect(&*store, &ConversationFilter { limit: Some(2), ..one() }, &[2, 4]).await;
    let ascending = ConversationFilter { order: ConversationOrder::CreatedAscending, ..one() };
    expect(&*store, &ascending, &[2, 4, 5, 6, 7]).await;
    // Another group takes its place when it becomes the most recent one, or the first one goes.
    put(&store, put_all([dm(1, (1, 2), 80)])).await;
    expect(&*store, &one(), &[1, 4, 7, 6, 5]).await;
    put(&store, vec![RowChange::DeleteConversation(group(1)), RowChange::DeleteConversation(group(2))]).await;
    expect(&*store, &one(), &[3, 4, 7, 6, 5]).await;
}

/// A pair is not found by its second group when the first one does not match.
pub async fn conditions_are_asked_of_the_group_that_stands_for_the_dm(stores: Stores) {
    let store = stores.open().await;
    let denied = ConsentEntity::Conversation(group(2));
    let mut rows = put_all([
        ConversationRecord { membership: MembershipState::Pending, ..dm(1, (1, 2), 50) },
        ConversationRecord { membership: MembershipState::Removed, ..dm(2, (1, 2), 70) },
        dm(3, (1, 3), 60),
    ]);
    rows.push(RowChange::PutConsent(consent(denied, ConsentState::Denied, 1)));
    put(&store, rows).await;
    let one = || ConversationFilter { one_group_per_dm: true, ..all() };
    let cases = [
        (ConversationFilter { membership: vec![MembershipState::Pending], ..one() }, vec![]),
        (ConversationFilter { membership: vec![MembershipState::Removed], ..one() }, vec![2]),
        (ConversationFilter { consent: vec![ConsentState::Unknown], ..one() }, vec![3]),
        (ConversationFilter { consent: vec![ConsentState::Denied], ..one() }, vec![2]),
        (ConversationFilter { active_before: Some(at(65)), ..one() }, vec![3]),
        (ConversationFilter { created_before: Some(at(2)), ..one() }, vec![]),
        (ConversationFilter { kinds: vec![ConversationKind::Group], ..one() }, vec![]),
        (ConversationFilter { membership: vec![MembershipState::Pending], ..all() }, vec![1]),
    ];
    for (filter, expected) in cases {
        expect(&*store, &filter, &expected).await;
    }
}

/// Each condition takes something away, all together leave one.
pub async fn conditions_on_conversations_are_combined(stores: Stores) {
    let store = stores.open().await;
    let wanted = |n: u8| ConversationRecord {
        membership: MembershipState::Pending,
        fork: ForkStatus { publishes_commit_log: true, ..ForkStatus::default() },
        created_at: at(20),
        ..dm(n, (n, n), 50)
    };
    let records = [
        wanted(1),
        ConversationRecord { kind: ConversationKind::Sync, ..wanted(2) },
        ConversationRecord { membership: MembershipState::Allowed, ..wanted(3) },
        ConversationRecord { created_at: at(9), ..wanted(4) },
        ConversationRecord { created_at: at(30), ..wanted(5) },
        ConversationRecord { last_message_at: Some(at(39)), ..wanted(6) },
        ConversationRecord { last_message_at: Some(at(60)), ..wanted(7) },
        ConversationRecord { fork: ForkStatus::default(), ..wanted(8) },
        wanted(9),
        ConversationRecord { last_message_at: Some(at(55)), ..wanted(10) },
    ];
    let mut rows = put_all(records);
    let allowed = (1..=8).chain([10]).map(|n| ConsentEntity::Conversation(group(n)));
    rows.extend(allowed.map(|entity| RowChange::PutConsent(consent(entity, ConsentState::Allowed, 1))));
    put(&store, rows).await;
    let filter = ConversationFilter {
        kinds: vec![ConversationKind::Dm, ConversationKind::Group],
        consent: vec![ConsentState::Allowed, ConsentState::Denied],
        membership: vec![MembershipState::Pending, MembershipState::Restored],
        created_after: Some(at(10)),
        created_before: Some(at(30)),
        active_after: Some(at(40)),
        active_before: Some(at(60)),
        publishes_commit_log: Some(true),
        one_group_per_dm: true,
        order: ConversationOrder::CreatedAscending,
        limit: None,
    };
    expect(&*store, &filter, &[1, 10]).await;
    expect(&*store, &ConversationFilter { limit: Some(1), ..filter.clone() }, &[1]).await;
    let recent = ConversationFilter { order: ConversationOrder::LastActivity, limit: Some(1), ..filter };
    expect(&*store, &recent, &[10]).await;
}
