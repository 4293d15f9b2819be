//! What every [`Store`] does.
//!
//! A case gets [`Stores`]: one database that can be opened any number of times, at the same time or one after the
//! other, as several processes or a restart would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

mod calls;
mod concurrency;
mod conversation_filters;
mod conversation_list;
mod conversations;
mod deleted_conversations;
mod deletions;
mod feed;
mod forks;
mod identity;
mod identity_cache;
mod intents;
mod leases;
mod lifecycle;
mod maintenance;
mod message_filters;
mod messages;
mod model;
mod progress;
mod records;
mod release;
pub mod samples;
pub mod samples_work;
mod tasks;
mod unit_of_work;

use std::sync::Arc;

use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::store::{ChangeSet, FeedPosition, RowChange, Store};

pub use concurrency::*;
pub use conversation_filters::*;
pub use conversation_list::*;
pub use conversations::*;
pub use deleted_conversations::*;
pub use deletions::*;
pub use feed::*;
pub use forks::*;
pub use identity::*;
pub use identity_cache::*;
pub use intents::*;
pub use leases::*;
pub use lifecycle::*;
pub use maintenance::*;
pub use message_filters::*;
pub use messages::*;
pub use model::random_histories_agree;
pub use progress::*;
pub use records::*;
pub use release::*;
pub use tasks::*;
pub use unit_of_work::*;

/// One database, opened as often as a case likes.
pub struct Stores {
    open: Box<dyn Fn() -> BoxFuture<'static, Arc<dyn Store>> + Send + Sync>,
}

impl Stores {
    /// A database that `open` opens; what it needs (a folder) goes with the function.
    pub fn new(open: impl Fn() -> BoxFuture<'static, Arc<dyn Store>> + Send + Sync + 'static) -> Self {
        Self { open: Box::new(open) }
    }

    /// Opens the database once more.
    pub async fn open(&self) -> Arc<dyn Store> {
        (self.open)().await
    }
}

/// Commits rows without an expectation.
pub(crate) async fn put(store: &Arc<dyn Store>, rows: Vec<RowChange>) -> FeedPosition {
    store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.expect("rows are committed")
}

/// Runs all cases: `store_suite!(test, make)`, where `#[test]` runs a case and `make()` gives [`Stores`].
#[macro_export]
macro_rules! store_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            store,
            [
                a_new_store_is_empty,
                a_scope_that_does_not_exist_has_revision_zero,
                scopes_come_in_the_order_asked,
                each_commit_moves_the_expected_scopes_by_one,
                mls_rows_are_put_replaced_and_deleted,
                the_last_change_of_an_mls_row_counts,
                mls_rows_of_scopes_do_not_mix,
                a_conflict_changes_nothing,
                a_conflict_names_its_scope,
                one_stale_scope_of_several_fails_them_all,
                a_scope_cannot_be_created_twice,
                an_mls_row_of_an_unexpected_scope_is_refused,
                a_large_mls_value_comes_back,
                an_empty_change_set_only_moves_revisions,
                of_concurrent_commits_on_one_revision_one_wins,
                concurrent_commits_on_different_scopes_all_win,
                another_session_sees_a_commit_at_once,
                a_reader_never_sees_half_a_commit,
                identities_come_back_and_are_replaced,
                key_packages_come_back_are_replaced_and_deleted,
                key_packages_are_found_by_either_public_key,
                identity_updates_are_appended_once,
                identity_updates_come_after_a_sequence_id_and_ascending,
                the_latest_identity_updates_come_in_the_order_asked,
                a_cursor_never_moves_back,
                cursors_of_topics_and_originators_are_apart,
                newer_preferences_win,
                association_states_are_cached_by_number,
                inboxes_of_identifiers_are_cached,
                cursors_come_in_the_order_asked,
                a_watermark_never_moves_back,
                iced_envelopes_wait_until_they_are_thawed,
                iced_envelopes_are_found_by_what_they_depend_on,
                the_cutover_is_put_and_replaced,
                conversations_come_back_whole,
                pending_removals_come_and_go_with_their_conversation,
                conversations_are_ordered_by_activity_then_id,
                conversations_are_filtered,
                conversations_are_filtered_by_consent,
                groups_of_a_dm_are_found_by_their_pair,
                conversations_come_in_each_order,
                conversations_are_filtered_by_membership,
                conversations_are_filtered_by_activity,
                conversations_are_filtered_by_their_commit_log,
                one_group_of_a_dm_stands_for_all,
                conditions_are_asked_of_the_group_that_stands_for_the_dm,
                conditions_on_conversations_are_combined,
                a_list_shows_consent_and_the_last_message,
                the_last_message_is_the_last_by_the_order_of_sending,
                only_what_somebody_sent_is_a_last_message,
                each_group_of_a_dm_has_its_own_last_message,
                a_list_of_many_conversations_has_all_last_messages,
                a_deleted_conversation_leaves_nothing,
                what_is_not_the_conversations_outlasts_it,
                a_deleted_conversation_can_come_again,
                deleting_an_unknown_conversation_touches_nothing,
                mls_rows_go_with_the_conversation,
                messages_come_back_whole,
                a_message_is_stored_once,
                a_message_of_ten_megabytes_comes_back,
                many_messages_of_one_commit_keep_their_order,
                messages_are_ordered_by_time_place_and_storing,
                messages_are_filtered_and_counted,
                delivery_is_settled,
                an_unknown_message_cannot_be_settled,
                messages_are_filtered_by_content_type,
                senders_can_be_kept_out,
                messages_are_found_by_what_they_refer_to,
                disappearing_messages_can_be_left_out,
                messages_are_filtered_by_when_they_were_stored,
                messages_come_in_the_order_of_storing,
                conditions_on_messages_are_combined,
                conditions_may_name_thousands,
                messages_come_by_id_in_the_order_asked,
                messages_are_taken_back,
                a_message_can_be_taken_back_before_it_comes,
                a_message_is_removed_from_this_device,
                messages_disappear_in_order,
                intents_come_back_whole,
                intents_move_on,
                an_intent_is_inserted_once,
                open_intents_keep_their_order_and_leave_settled_ones_out,
                a_lease_is_held_by_one,
                a_stranger_cannot_give_a_lease_back,
                leases_of_different_names_are_apart,
                leases_of_one_change_set_are_taken_in_order,
                a_held_lease_undoes_the_whole_change_set,
                a_conflict_is_told_before_a_lease,
                of_concurrent_takers_one_gets_the_lease,
                a_task_is_stored_once,
                tasks_come_when_they_are_due,
                tasks_are_put_off,
                sync_progress_is_put_and_replaced,
                newer_consent_wins,
                consent_for_a_conversation_and_an_inbox_are_apart,
                all_consent_comes_in_order,
                the_commit_log_keeps_its_order,
                refused_envelopes_come_back_oldest_first,
                deferred_welcomes_wait_in_order_until_forgotten,
                the_remote_commit_log_keeps_the_first_of_each_number,
                readding_is_put_and_replaced,
                the_feed_tells_what_changed_in_order,
                the_feed_tells_every_kind_of_change,
                the_feed_is_resumed_without_gap_or_duplicate,
                a_commit_that_feeds_nothing_gives_the_last_position,
                a_wake_up_follows_a_commit,
                a_commit_before_the_first_poll_wakes,
                every_reader_is_woken,
                a_commit_of_another_session_wakes,
                wake_ups_end_when_the_store_is_closed,
                commits_are_there_after_reopening,
                the_feed_goes_on_after_reopening,
                a_closed_store_answers_closed,
                an_open_store_answers_every_call,
                closing_one_session_leaves_the_other_open,
                a_released_store_answers_released,
                a_reconnected_store_goes_on,
                reconnecting_wakes_the_readers,
                a_released_session_does_not_disturb_others,
                a_store_is_closed_while_it_is_released,
                a_trimmed_feed_begins_later,
                old_refusals_and_settled_intents_are_trimmed,
                statistics_count_what_is_stored,
                a_wiped_store_is_empty,
                compacting_loses_nothing,
                random_histories_agree,
            ]
        );
    };
}
