//! What every `IdentityLog` does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use hexmtp_domain::identity::{Identifier, LocalWallet, MAX_UPDATES, UnsignedUpdate};
use hexmtp_domain::{InboxId, SequenceId, Timestamp};
use hexmtp_ports::identity_log::{IdentityLogError, LoggedUpdate};

use super::network::{Network, Person};

/// Runs all cases: `identity_log_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`Network`].
#[macro_export]
macro_rules! identity_log_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            identity_log,
            [
                an_update_can_be_read_at_once_with_number_and_time,
                updates_are_read_from_a_number_on,
                each_inbox_asked_for_gets_its_answer_in_order,
                what_does_not_apply_is_refused_and_not_stored,
                the_same_bytes_again_succeed_and_change_nothing,
                identifiers_lead_to_their_inbox_until_revoked,
                the_latest_association_counts,
                a_full_log_says_so,
            ]
        );
    };
}

async fn log_of(network: &Network, inbox: InboxId, after: SequenceId) -> Vec<LoggedUpdate> {
    let mut logs = network.identity_log.updates_after(&[(inbox, after)]).await.unwrap();
    assert_eq!(logs.len(), 1);
    logs.pop().unwrap()
}

async fn registered(network: &Network) -> Person {
    let person = network.new_person();
    network.identity_log.publish(&person.registration()).await.unwrap();
    person
}

async fn inbox_of(network: &Network, identifier: &Identifier) -> Option<InboxId> {
    let answers = network.identity_log.inbox_ids(std::slice::from_ref(identifier)).await.unwrap();
    assert_eq!(answers.len(), 1);
    answers[0]
}

/// The text that is signed shows whole seconds: updates of one second would share their signatures.
const fn nanos(second: u64) -> u64 {
    second * 1_000_000_000
}

fn add_wallet(person: &Person, wallet: &LocalWallet, second: u64) -> Vec<u8> {
    let sponsor = person.identifier().into();
    let unsigned =
        UnsignedUpdate::add_member(person.inbox(), wallet.identifier().into(), sponsor, nanos(second));
    person.sign(unsigned, &[wallet])
}

fn revoke(person: &Person, wallet: &LocalWallet, second: u64) -> Vec<u8> {
    let members = [wallet.identifier().into()];
    person.sign(UnsignedUpdate::revoke(person.inbox(), members, &person.identifier(), nanos(second)), &[])
}

/// R-NET-020
pub async fn an_update_can_be_read_at_once_with_number_and_time(network: Network) {
    let person = network.new_person();
    let update = person.registration();
    network.identity_log.publish(&update).await.unwrap();
    let log = log_of(&network, person.inbox(), SequenceId(0)).await;
    assert_eq!(log.len(), 1);
    assert_eq!(log[0].update, update);
    assert!(log[0].sequence_id >= SequenceId(1), "zero means that nothing was read");
    assert!(log[0].server_time > Timestamp::ZERO);
}

/// R-NET-021
pub async fn updates_are_read_from_a_number_on(network: Network) {
    let person = registered(&network).await;
    let (second, third) =
        (add_wallet(&person, &network.new_wallet(), 2), add_wallet(&person, &network.new_wallet(), 3));
    network.identity_log.publish(&second).await.unwrap();
    // Numbers may jump: others write as well.
    registered(&network).await;
    network.identity_log.publish(&third).await.unwrap();
    let log = log_of(&network, person.inbox(), SequenceId(0)).await;
    assert_eq!(log.len(), 3);
    assert!(log.is_sorted_by(|a, b| a.sequence_id < b.sequence_id));
    assert_eq!(log_of(&network, person.inbox(), log[0].sequence_id).await, log[1..]);
    assert_eq!(log_of(&network, person.inbox(), log[1].sequence_id).await, log[2..]);
    assert!(log_of(&network, person.inbox(), log[2].sequence_id).await.is_empty());
    assert_eq!(log[2].update, third);
}

/// R-NET-022
pub async fn each_inbox_asked_for_gets_its_answer_in_order(network: Network) {
    let (one, unknown, two) = (registered(&network).await, network.new_person(), registered(&network).await);
    let zero = SequenceId(0);
    let asked = [(two.inbox(), zero), (unknown.inbox(), zero), (one.inbox(), zero), (two.inbox(), zero)];
    let logs = network.identity_log.updates_after(&asked).await.unwrap();
    let updates: Vec<Vec<Vec<u8>>> =
        logs.into_iter().map(|log| log.into_iter().map(|logged| logged.update).collect()).collect();
    let (first, second) = (vec![one.registration()], vec![two.registration()]);
    assert_eq!(updates, [second.clone(), vec![], first, second]);
    let identifiers = [two.identifier(), unknown.identifier(), one.identifier(), two.identifier()];
    let inboxes = network.identity_log.inbox_ids(&identifiers).await.unwrap();
    assert_eq!(inboxes, [Some(two.inbox()), None, Some(one.inbox()), Some(two.inbox())]);
    assert!(network.identity_log.updates_after(&[]).await.unwrap().is_empty());
    assert!(network.identity_log.inbox_ids(&[]).await.unwrap().is_empty());
}

/// R-NET-023
pub async fn what_does_not_apply_is_refused_and_not_stored(network: Network) {
    let (person, stranger) = (registered(&network).await, network.new_person());
    let again = UnsignedUpdate::create_inbox(&person.identifier(), 0, person.installation.id(), nanos(9));
    let intruder: Vec<u8> = {
        let (new, sponsor) = (stranger.installation.id().into(), stranger.identifier().into());
        stranger.sign(UnsignedUpdate::add_member(person.inbox(), new, sponsor, nanos(2)), &[])
    };
    let usurper = {
        let members = [person.identifier().into()];
        stranger.sign(UnsignedUpdate::revoke(person.inbox(), members, &stranger.identifier(), nanos(2)), &[])
    };
    let unborn = add_wallet(&stranger, &network.new_wallet(), 2);
    let mut altered = add_wallet(&person, &network.new_wallet(), 2);
    if let Some(last) = altered.last_mut() {
        *last ^= 1;
    }
    let bad = [person.sign(again, &[]), intruder, usurper, unborn, altered, vec![0xff; 40], Vec::new()];
    for (number, update) in bad.iter().enumerate() {
        let outcome = network.identity_log.publish(update).await;
        assert!(matches!(outcome, Err(IdentityLogError::Rejected { .. })), "{number}: {outcome:?}");
    }
    assert_eq!(log_of(&network, person.inbox(), SequenceId(0)).await.len(), 1);
    assert!(log_of(&network, stranger.inbox(), SequenceId(0)).await.is_empty());
    assert_eq!(inbox_of(&network, &stranger.identifier()).await, None);
}

/// R-NET-024
pub async fn the_same_bytes_again_succeed_and_change_nothing(network: Network) {
    let person = registered(&network).await;
    let wallet = network.new_wallet();
    let (added, revoked) = (add_wallet(&person, &wallet, 2), revoke(&person, &wallet, 3));
    network.identity_log.publish(&added).await.unwrap();
    network.identity_log.publish(&revoked).await.unwrap();
    let log = log_of(&network, person.inbox(), SequenceId(0)).await;
    for update in [&person.registration(), &added, &revoked] {
        network.identity_log.publish(update).await.unwrap();
    }
    assert_eq!(log_of(&network, person.inbox(), SequenceId(0)).await, log);
    assert_eq!(
        inbox_of(&network, &wallet.identifier()).await,
        None,
        "an old update does not come back to life"
    );
}

/// R-NET-025
pub async fn identifiers_lead_to_their_inbox_until_revoked(network: Network) {
    let (person, wallet) = (registered(&network).await, network.new_wallet());
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, None);
    network.identity_log.publish(&add_wallet(&person, &wallet, 2)).await.unwrap();
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, Some(person.inbox()));
    network.identity_log.publish(&revoke(&person, &wallet, 3)).await.unwrap();
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, None);
    assert_eq!(inbox_of(&network, &person.identifier()).await, Some(person.inbox()));
    network.identity_log.publish(&add_wallet(&person, &wallet, 4)).await.unwrap();
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, Some(person.inbox()));
}

/// R-NET-025
pub async fn the_latest_association_counts(network: Network) {
    let (one, two, wallet) = (registered(&network).await, registered(&network).await, network.new_wallet());
    network.identity_log.publish(&add_wallet(&one, &wallet, 2)).await.unwrap();
    network.identity_log.publish(&add_wallet(&two, &wallet, 2)).await.unwrap();
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, Some(two.inbox()));
    network.identity_log.publish(&revoke(&two, &wallet, 3)).await.unwrap();
    assert_eq!(inbox_of(&network, &wallet.identifier()).await, Some(one.inbox()));
}

/// R-NET-026
pub async fn a_full_log_says_so(network: Network) {
    let person = registered(&network).await;
    let change = |second: u64| {
        let recovery = person.identifier();
        person.sign(
            UnsignedUpdate::change_recovery(person.inbox(), recovery.clone(), &recovery, nanos(second)),
            &[],
        )
    };
    for second in (2_u64..).take(MAX_UPDATES - 1) {
        network.identity_log.publish(&change(second)).await.unwrap();
    }
    let outcome = network.identity_log.publish(&change(1_000)).await;
    assert!(matches!(outcome, Err(IdentityLogError::Full)), "{outcome:?}");
    network.identity_log.publish(&person.registration()).await.unwrap();
    assert_eq!(log_of(&network, person.inbox(), SequenceId(0)).await.len(), MAX_UPDATES);
}
