//! Every query, with random arguments.

use std::sync::Arc;

use hexmtp_domain::SequenceId;
use hexmtp_ports::store::{
    ConversationFilter, ConversationOrder, Direction, FeedPosition, MessageFilter, MessageOrder, Store,
    StoreError, StoreStatistics,
};

use super::super::samples::key_package;
use super::dice::Dice;
use super::things::{
    CONSENTS, DELIVERIES, KINDS, MEMBERSHIPS, MESSAGE_KINDS, SCOPES, any_entity, any_group, any_identifier,
    any_inbox, any_intent_id, any_lease_name, any_message_id, any_pair, any_place, any_task_id, any_topic,
    any_type_name, any_watermark, scope,
};

/// Questions with their answers, as text that can be compared and shown. The dice roll alike whatever the answers.
pub(crate) struct Interview<'a> {
    store: &'a Arc<dyn Store>,
    /// The position at which the history began: positions are told from there.
    start: u64,
    /// One question of so many is asked.
    one_in: u8,
    dice: Dice,
    answers: Vec<(String, String)>,
}

/// Asks a question, or does not; its arguments are rolled before.
macro_rules! ask {
    ($self:ident, $name:ident($($argument:expr),* $(,)?)) => {
        if $self.dice.one_in($self.one_in) {
            let question = format!("{}{:?}", stringify!($name), ($(&$argument,)*));
            let answer = $self.store.$name($($argument),*).await;
            $self.answers.push((question, format!("{answer:?}")));
        }
    };
}

fn any_conversation_filter(dice: &mut Dice) -> ConversationFilter {
    ConversationFilter {
        kinds: if dice.one_in(4) { dice.some(2, |dice| dice.pick(&KINDS)) } else { Vec::new() },
        consent: if dice.one_in(4) { dice.some(2, |dice| dice.pick(&CONSENTS)) } else { Vec::new() },
        membership: if dice.one_in(4) { dice.some(3, |dice| dice.pick(&MEMBERSHIPS)) } else { Vec::new() },
        created_after: dice.one_in(6).then(|| dice.time()),
        created_before: dice.one_in(6).then(|| dice.time()),
        active_after: dice.one_in(6).then(|| dice.time()),
        active_before: dice.one_in(6).then(|| dice.time()),
        publishes_commit_log: dice.one_in(4).then(|| dice.one_in(2)),
        one_group_per_dm: dice.one_in(2),
        order: dice.pick(&[
            ConversationOrder::LastActivity,
            ConversationOrder::CreatedDescending,
            ConversationOrder::CreatedAscending,
        ]),
        limit: dice.maybe(|dice| dice.below(6).into()),
    }
}

fn any_message_filter(dice: &mut Dice) -> MessageFilter {
    MessageFilter {
        groups: if dice.one_in(2) { dice.some(3, any_group) } else { Vec::new() },
        sent_after: dice.one_in(8).then(|| dice.time()),
        sent_before: dice.one_in(8).then(|| dice.time()),
        inserted_after: dice.one_in(8).then(|| dice.time()),
        inserted_before: dice.one_in(8).then(|| dice.time()),
        kind: dice.one_in(6).then(|| dice.pick(&MESSAGE_KINDS)),
        delivery: dice.one_in(6).then(|| dice.pick(&DELIVERIES)),
        content_types: if dice.one_in(6) { dice.some(2, any_type_name) } else { Vec::new() },
        except_content_types: if dice.one_in(6) { dice.some(2, any_type_name) } else { Vec::new() },
        except_senders: if dice.one_in(6) { dice.some(2, any_inbox) } else { Vec::new() },
        references: if dice.one_in(8) { dice.some(6, any_message_id) } else { Vec::new() },
        except_disappearing: dice.one_in(6),
        order: dice.pick(&[MessageOrder::Sent, MessageOrder::Inserted]),
        direction: dice.pick(&[Direction::Ascending, Direction::Descending]),
        limit: dice.maybe(|dice| dice.below(9).into()),
    }
}

impl Interview<'_> {
    async fn about_the_feed_and_scopes(&mut self) {
        let scopes = self.dice.some(4, |dice| scope(dice.below(SCOPES)));
        ask!(self, load(&scopes));
        let position = self.store.position().await.unwrap().0 - self.start;
        self.answers.push(("position".to_owned(), position.to_string()));
        let back = self.dice.number(40);
        let (after, limit) = (position.saturating_sub(back) + self.start, self.dice.below(50).into());
        let told = match self.store.changes_after(FeedPosition(after), limit).await {
            Ok(entries) => {
                let relative = |position: FeedPosition| position.0 - self.start;
                let entries = entries.iter().map(|entry| (relative(entry.position), entry.event));
                format!("{:?}", entries.collect::<Vec<_>>())
            }
            Err(StoreError::PositionGone { oldest }) => format!("gone up to {}", oldest.0 - self.start),
            Err(error) => format!("{error:?}"),
        };
        self.answers.push((format!("changes after {position} - {back}, {limit} of them"), told));
        let statistics = self.store.statistics().await.unwrap();
        let statistics = StoreStatistics { bytes: 0, free_bytes: 0, ..statistics };
        self.answers.push(("statistics".to_owned(), format!("{statistics:?}")));
    }

    async fn about_identities(&mut self) {
        ask!(self, identity());
        ask!(self, preferences());
        ask!(self, key_packages());
        let n = self.dice.below(5);
        ask!(self, key_package_for(&[n, 1]));
        ask!(self, key_package_for(&key_package(n).wrapper_key.0));
        let (inbox, after) = (any_inbox(&mut self.dice), SequenceId(self.dice.number(6)));
        ask!(self, identity_updates(inbox, after));
        let inboxes = self.dice.some(4, any_inbox);
        ask!(self, latest_identity_updates(&inboxes));
        let wanted = self.dice.some(4, |dice| (any_inbox(dice), SequenceId(dice.number(6))));
        ask!(self, association_states(&wanted));
        let identifiers = self.dice.some(4, any_identifier);
        ask!(self, inboxes_of(&identifiers));
    }

    async fn about_conversations(&mut self) {
        let id = any_group(&mut self.dice);
        ask!(self, conversation(id));
        for _ in 0..3 {
            let filter = any_conversation_filter(&mut self.dice);
            ask!(self, conversations(&filter));
            ask!(self, conversation_ids(&filter));
            ask!(self, conversation_list(&filter));
            ask!(self, count_conversations(&filter));
        }
        let pair = any_pair(&mut self.dice);
        ask!(self, dm_groups(pair));
        let entity = any_entity(&mut self.dice);
        ask!(self, consent(&entity));
        ask!(self, consents());
    }

    async fn about_messages(&mut self) {
        for _ in 0..4 {
            let filter = any_message_filter(&mut self.dice);
            ask!(self, messages(&filter));
            ask!(self, count_messages(&filter));
        }
        let ids = self.dice.some(6, any_message_id);
        ask!(self, messages_by_id(&ids));
        ask!(self, deletions_of(&ids));
        let id = any_message_id(&mut self.dice);
        ask!(self, message(id));
        ask!(self, sync_progress(id));
        ask!(self, pending_sync_messages());
        let (now, limit) = (self.dice.time(), self.dice.below(6).into());
        ask!(self, expired_messages(now, limit));
        ask!(self, next_expiry());
    }

    async fn about_work(&mut self) {
        let (id, group) = (any_intent_id(&mut self.dice), any_group(&mut self.dice));
        ask!(self, intent(id));
        ask!(self, open_intents(group));
        ask!(self, groups_with_open_intents());
        let name = any_lease_name(&mut self.dice);
        ask!(self, lease(name));
        for _ in 0..3 {
            let task = any_task_id(&mut self.dice);
            ask!(self, task(task));
        }
        let (now, limit) = (self.dice.time(), self.dice.below(6).into());
        ask!(self, due_tasks(now, limit));
        ask!(self, next_due());
    }

    async fn about_logs(&mut self) {
        let topics = self.dice.some(3, any_topic);
        ask!(self, cursors(&topics));
        let (topic, place) = (any_topic(&mut self.dice), any_place(&mut self.dice));
        ask!(self, cursor(topic));
        ask!(self, iced(topic));
        ask!(self, iced_behind(topic, place));
        for _ in 0..3 {
            let mark = any_watermark(&mut self.dice);
            ask!(self, watermark(mark));
        }
        ask!(self, deferred_welcomes());
        ask!(self, cutover());
        let group = any_group(&mut self.dice);
        ask!(self, commit_log(group));
        ask!(self, readds(group));
        let (after, limit) = (SequenceId(self.dice.number(6)), self.dice.below(6).into());
        ask!(self, remote_commit_log(group, after, limit));
        ask!(self, rejected(limit));
    }
}

/// The answers to the questions of a seed. The position, the feed and the statistics are always asked for.
pub(crate) async fn answers(
    store: &Arc<dyn Store>,
    start: u64,
    seed: u64,
    one_in: u8,
) -> Vec<(String, String)> {
    let mut interview = Interview { store, start, one_in, dice: Dice::new(seed), answers: Vec::new() };
    interview.about_the_feed_and_scopes().await;
    interview.about_identities().await;
    interview.about_conversations().await;
    interview.about_messages().await;
    interview.about_work().await;
    interview.about_logs().await;
    interview.answers
}
