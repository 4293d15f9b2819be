//! Every call of the port but those that open and close, for what they all answer in common.

use std::sync::Arc;

use hexmtp_domain::consent::ConsentEntity;
use hexmtp_domain::intent::IntentId;
use hexmtp_domain::{SequenceId, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConversationFilter, FeedPosition, LeaseName, MessageFilter, Revision, RowChange, Scope, Store,
    StoreError, TaskId, Trim, Watermark,
};

use super::samples::{at, group, inbox, message, message_id, place};

/// The name of a call, and how it failed.
type Answer = (&'static str, Option<StoreError>);

/// The answers to calls given by name and result.
macro_rules! answers {
    ($store:ident, [$($name:ident($($argument:expr),*)),* $(,)?]) => {
        vec![$((stringify!($name), $store.$name($($argument),*).await.err())),*]
    };
}

async fn units_and_feed(store: &Arc<dyn Store>) -> Vec<Answer> {
    let rows = vec![RowChange::InsertMessage(message(1, group(1), 1))];
    let something = ChangeSet { rows, ..ChangeSet::expecting(Scope::Installation, Revision(0)) };
    answers!(
        store,
        [
            load(&[]),
            load(&[Scope::Installation]),
            commit(ChangeSet::default()),
            commit(something),
            position(),
            changes_after(FeedPosition(0), 1),
            changes_after(FeedPosition(u64::MAX), 0),
        ]
    )
}

async fn queries(store: &Arc<dyn Store>) -> Vec<Answer> {
    let topic = Topic::Group(group(1));
    let conversations = ConversationFilter::default();
    let messages = MessageFilter::default();
    let lists = answers!(
        store,
        [
            conversation(group(1)),
            conversations(&conversations),
            conversation_ids(&conversations),
            conversation_list(&conversations),
            count_conversations(&conversations),
            dm_groups((inbox(1), inbox(2))),
            message(message_id(1)),
            messages_by_id(&[]),
            messages(&messages),
            count_messages(&messages),
            deletions_of(&[]),
            expired_messages(at(0), 0),
            next_expiry(),
        ]
    );
    let others = answers!(
        store,
        [
            identity(),
            preferences(),
            key_packages(),
            key_package_for(&[]),
            identity_updates(inbox(1), SequenceId(u64::MAX)),
            latest_identity_updates(&[]),
            association_states(&[]),
            inboxes_of(&[]),
            cursor(topic),
            cursors(&[]),
            watermark(Watermark::CommitLogRead(group(1))),
            deferred_welcomes(),
            iced(topic),
            iced_behind(topic, place(1)),
            cutover(),
            intent(IntentId([0; 16])),
            open_intents(group(1)),
            groups_with_open_intents(),
            lease(LeaseName::Outbox(group(1))),
            task(TaskId([0; 32])),
            due_tasks(at(0), 0),
            next_due(),
            sync_progress(message_id(1)),
            pending_sync_messages(),
            consent(&ConsentEntity::Inbox(inbox(1))),
            consents(),
            rejected(0),
            commit_log(group(1)),
            remote_commit_log(group(1), SequenceId(0), 0),
            readds(group(1)),
        ]
    );
    lists.into_iter().chain(others).collect()
}

async fn maintenance(store: &Arc<dyn Store>) -> Vec<Answer> {
    let trim = Trim { feed_up_to: Some(FeedPosition(1)), ..Trim::default() };
    answers!(store, [statistics(), trim(&Trim::default()), trim(&trim), wipe(), compact()])
}

/// How each call fails that neither opens, closes, releases nor reconnects; `None` for one that succeeds. Afterwards
/// an open store is wiped.
pub(crate) async fn outcomes(store: &Arc<dyn Store>) -> Vec<Answer> {
    let mut outcomes = units_and_feed(store).await;
    outcomes.extend(queries(store).await);
    outcomes.extend(maintenance(store).await);
    outcomes
}
