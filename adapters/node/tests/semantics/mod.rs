//! What a node does, whatever database it has. Each case gets a node of its own.
//!
//! `semantics!(start)` makes a test of each case; `start()` gives a [`peer::Running`] node. The list is here and
//! nowhere else, so that no database can pass a part of it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]
#![allow(dead_code, reason = "each test program uses another part")]

pub(crate) mod commit_log;
pub(crate) mod identity;
pub(crate) mod key_packages;
pub(crate) mod messages;
pub(crate) mod peer;
pub(crate) mod subscriptions;
pub(crate) mod welcomes;

/// Makes a test of each case of a module.
macro_rules! cases {
    ($start:expr, $($module:ident: [$($case:ident),* $(,)?],)*) => {
        $($(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                let node = $start().await;
                $crate::semantics::$module::$case(&node).await;
                node.stop().await;
            }
        )*)*
    };
}
pub(crate) use cases;

/// Makes a test of each case.
macro_rules! semantics {
    ($start:expr) => {
        $crate::semantics::cases! {
            $start,
            messages: [
                a_message_can_be_read_at_once_as_it_was_sent,
                numbers_start_at_one_and_follow_the_order_of_sending,
                pages_follow_one_another_and_say_where_to_go_on,
                pages_descend_unless_told_otherwise,
                a_payload_is_stored_once_per_group,
                a_batch_is_stored_whole_or_not_at_all,
                what_is_no_private_message_is_refused,
                the_newest_messages_come_in_the_order_asked,
                large_messages_make_short_pages_that_go_on,
                many_writers_at_once_leave_no_gap,
            ],
            welcomes: [
                welcomes_and_pointers_come_back_as_they_were_sent,
                a_welcome_is_stored_once_per_destination,
                welcomes_without_content_are_refused,
            ],
            key_packages: [
                the_last_key_package_counts_and_each_question_gets_an_answer,
                key_packages_that_nobody_could_use_are_refused,
            ],
            identity: [
                an_update_can_be_read_at_once,
                what_does_not_apply_is_refused_and_not_stored,
                the_same_update_again_succeeds_and_changes_nothing,
                of_two_updates_on_one_state_one_applies,
                identifiers_lead_to_their_latest_inbox,
                a_full_log_says_so,
                contract_wallets_are_refused_without_a_verifier,
            ],
            commit_log: [
                entries_come_back_in_order,
                only_signed_entries_and_small_batches_are_taken,
            ],
            subscriptions: [
                headers_come_before_any_message,
                the_log_comes_first_and_then_what_is_sent,
                nothing_is_missing_or_twice_while_others_send,
                only_what_was_asked_for_comes,
                welcomes_are_subscribed_too,
                a_thousand_subscriptions_get_a_message_each,
                a_subscription_to_many_groups_gets_all_of_them,
            ],
        }
    };
}
pub(crate) use semantics;
