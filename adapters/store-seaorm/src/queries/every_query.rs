//! Every query of the port, asked in every way that a statement depends on, for the tests that look at the plans of the
//! database.

#![allow(unreachable_pub, reason = "a test of another crate includes this file, too")]

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::identity::{EthereumAddress, Identifier, PasskeyKey};
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_domain::{Cursor, GroupId, InboxId, MessageId, Originator, SequenceId, Timestamp, Topic};
use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::store::{
    ContentTypeName, ConversationFilter, ConversationOrder, Direction, FeedPosition, LeaseName,
    MembershipState, MessageFilter, MessageOrder, Scope, Store, StoreError, TaskId, Watermark,
};

/// What may be read for a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reads {
    /// What it looks for, found by more than whose it is.
    Found,
    /// All rows of the installation, or the first ones in an order that an index has.
    InOrder,
}

/// A query to be asked.
pub struct Asked<'a> {
    /// The method of the port.
    pub name: &'static str,
    /// What may be read for it.
    pub reads: Reads,
    /// The call.
    pub call: BoxFuture<'a, Result<(), StoreError>>,
}

const GROUP: GroupId = GroupId::new([1; 16]);
const OTHER: GroupId = GroupId::new([2; 16]);
const INBOX: InboxId = InboxId::new([3; 32]);
const MESSAGE: MessageId = MessageId::new([4; 32]);
const TASK: TaskId = TaskId([5; 32]);
const AT: Timestamp = Timestamp::from_nanos(6);

macro_rules! ask {
    ($store:ident, $reads:ident: $($name:ident($($argument:expr),*);)*) => {
        vec![$(Asked {
            name: stringify!($name),
            reads: Reads::$reads,
            call: Box::pin(async move { $store.$name($($argument),*).await.map(drop) }),
        }),*]
    };
}

/// All of them.
pub fn every_query(store: &dyn Store) -> Vec<Asked<'_>> {
    let mut asked = found(store);
    asked.extend(in_order(store));
    for (filter, reads) in message_filters() {
        let counted = filter.clone();
        let call = Box::pin(async move { store.messages(&filter).await.map(drop) });
        asked.push(Asked { name: "messages", reads, call });
        let call = Box::pin(async move { store.count_messages(&counted).await.map(drop) });
        asked.push(Asked { name: "count_messages", reads, call });
    }
    for filter in conversation_filters() {
        let (ids, list, counted) = (filter.clone(), filter.clone(), filter.clone());
        let calls: [(&str, BoxFuture<'_, Result<(), StoreError>>); 4] = [
            ("conversations", Box::pin(async move { store.conversations(&filter).await.map(drop) })),
            ("conversation_ids", Box::pin(async move { store.conversation_ids(&ids).await.map(drop) })),
            ("conversation_list", Box::pin(async move { store.conversation_list(&list).await.map(drop) })),
            (
                "count_conversations",
                Box::pin(async move { store.count_conversations(&counted).await.map(drop) }),
            ),
        ];
        asked.extend(calls.into_iter().map(|(name, call)| Asked { name, reads: Reads::InOrder, call }));
    }
    asked
}

fn found(store: &dyn Store) -> Vec<Asked<'_>> {
    let topic = Topic::Group(GROUP);
    let place = Cursor::new(Originator(0), SequenceId(1));
    ask! {
        store, Found:
        load(&[Scope::Group(GROUP), Scope::Installation]);
        position();
        changes_after(FeedPosition(0), 10);
        key_package_for(&[1]);
        identity_updates(INBOX, SequenceId(0));
        latest_identity_updates(&[INBOX, InboxId::new([9; 32])]);
        association_states(&[(INBOX, SequenceId(3)), (InboxId::new([9; 32]), SequenceId(3))]);
        inboxes_of(&[
            Identifier::from(EthereumAddress::new([1; 20])),
            Identifier::from(PasskeyKey::new(vec![2], None)),
        ]);
        cursor(topic);
        cursors(&[topic, Topic::Identity(INBOX)]);
        watermark(Watermark::CommitLogRead(GROUP));
        iced(topic);
        iced_behind(topic, place);
        conversation(GROUP);
        dm_groups((INBOX, InboxId::new([9; 32])));
        message(MESSAGE);
        messages_by_id(&[MESSAGE, MessageId::new([9; 32])]);
        deletions_of(&[MESSAGE, MessageId::new([9; 32])]);
        expired_messages(AT, 10);
        intent(IntentId([1; 16]));
        open_intents(GROUP);
        groups_with_open_intents();
        lease(LeaseName::Outbox(GROUP));
        task(TASK);
        due_tasks(AT, 10);
        sync_progress(MESSAGE);
        pending_sync_messages();
        consent(&ConsentEntity::Inbox(INBOX));
        commit_log(GROUP);
        remote_commit_log(GROUP, SequenceId(0), 10);
        readds(GROUP);
    }
}

fn in_order(store: &dyn Store) -> Vec<Asked<'_>> {
    ask! {
        store, InOrder:
        identity();
        preferences();
        cutover();
        next_expiry();
        key_packages();
        deferred_welcomes();
        next_due();
        consents();
        rejected(10);
    }
}

fn message_filters() -> Vec<(MessageFilter, Reads)> {
    let all = MessageFilter { limit: Some(50), ..MessageFilter::default() };
    let of_group = MessageFilter { groups: vec![GROUP], ..all.clone() };
    let newest_first = MessageFilter { direction: Direction::Descending, ..of_group.clone() };
    let inserted = MessageFilter { order: MessageOrder::Inserted, ..newest_first.clone() };
    let text = ContentTypeName { authority_id: "xmtp.org".to_owned(), type_id: "text".to_owned() };
    let narrow = MessageFilter {
        sent_after: Some(AT),
        sent_before: Some(Timestamp::from_nanos(90)),
        kind: Some(MessageKind::Application),
        delivery: Some(DeliveryStatus::Published),
        content_types: vec![text.clone()],
        except_content_types: vec![text],
        except_senders: vec![INBOX],
        except_disappearing: true,
        ..newest_first.clone()
    };
    let between = MessageFilter { inserted_after: Some(AT), inserted_before: Some(AT), ..inserted.clone() };
    let unpublished = MessageFilter { delivery: Some(DeliveryStatus::Unpublished), ..of_group.clone() };
    let failed = MessageFilter { delivery: Some(DeliveryStatus::Failed), ..all.clone() };
    let referring = MessageFilter { references: vec![MESSAGE, MessageId::new([9; 32])], ..all.clone() };
    let referring_here = MessageFilter { groups: vec![GROUP], ..referring.clone() };
    let several = MessageFilter { groups: vec![GROUP, OTHER], ..narrow.clone() };
    let all_inserted = MessageFilter { order: MessageOrder::Inserted, ..all.clone() };
    let mut filters: Vec<_> = [
        of_group,
        newest_first,
        inserted,
        narrow,
        between,
        several,
        unpublished,
        failed,
        referring,
        referring_here,
    ]
    .map(|filter| (filter, Reads::Found))
    .into();
    filters.extend([all, all_inserted].map(|filter| (filter, Reads::InOrder)));
    filters
}

fn conversation_filters() -> Vec<ConversationFilter> {
    let all = ConversationFilter { limit: Some(50), ..ConversationFilter::default() };
    let oldest = ConversationFilter { order: ConversationOrder::CreatedAscending, ..all.clone() };
    let newest = ConversationFilter { order: ConversationOrder::CreatedDescending, ..all.clone() };
    let narrow = ConversationFilter {
        kinds: vec![ConversationKind::Group, ConversationKind::Dm],
        consent: vec![ConsentState::Allowed, ConsentState::Unknown],
        membership: vec![MembershipState::Allowed],
        created_after: Some(AT),
        created_before: Some(AT),
        active_after: Some(AT),
        active_before: Some(AT),
        publishes_commit_log: Some(true),
        one_group_per_dm: true,
        ..all.clone()
    };
    let allowed = ConversationFilter { consent: vec![ConsentState::Allowed], ..all.clone() };
    vec![all, oldest, newest, narrow, allowed]
}
