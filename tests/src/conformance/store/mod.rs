//! What every [`Store`] does.
//!
//! A case gets [`Stores`]: one database that can be opened any number of times, at the same time or one after the
//! other, as several processes or a restart would.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

mod concurrency;
mod conversations;
mod feed;
mod identity;
mod intents;
mod lifecycle;
mod messages;
mod model;
mod records;
pub mod samples;
mod unit_of_work;

use std::sync::Arc;

use hexmtp_ports::bounds::BoxFuture;
use hexmtp_ports::store::{ChangeSet, FeedPosition, RowChange, Store};

pub use concurrency::*;
pub use conversations::*;
pub use feed::*;
pub use identity::*;
pub use intents::*;
pub use lifecycle::*;
pub use messages::*;
pub use model::random_histories_agree;
pub use records::*;
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
                conversations_come_back_whole,
                pending_removals_come_and_go_with_their_conversation,
                conversations_are_ordered_by_activity_then_id,
                conversations_are_filtered,
                conversations_are_filtered_by_consent,
                groups_of_a_dm_are_found_by_their_pair,
                messages_come_back_whole,
                a_message_is_stored_once,
                a_message_of_ten_megabytes_comes_back,
                many_messages_of_one_commit_keep_their_order,
                messages_are_ordered_by_time_place_and_storing,
                messages_are_filtered_and_counted,
                delivery_is_settled,
                an_unknown_message_cannot_be_settled,
                intents_come_back_whole,
                intents_move_on,
                an_intent_is_inserted_once,
                open_intents_keep_their_order_and_leave_settled_ones_out,
                newer_consent_wins,
                consent_for_a_conversation_and_an_inbox_are_apart,
                the_commit_log_keeps_its_order,
                refused_envelopes_come_back_oldest_first,
                deferred_welcomes_wait_in_order_until_forgotten,
                the_feed_tells_what_changed_in_order,
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
                closing_one_session_leaves_the_other_open,
                random_histories_agree,
            ]
        );
    };
}
