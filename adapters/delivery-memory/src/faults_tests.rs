use std::sync::Arc;

use futures_util::{FutureExt, StreamExt};
use hexmtp_domain::identity::{InstallationKey, LocalWallet, UnsignedUpdate};
use hexmtp_domain::{Timestamp, Topic, VectorClock};
use hexmtp_platform_test::VirtualClock;
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::{DeliveryError, DeliveryService, Envelope, GroupEnvelope};
use hexmtp_ports::identity_log::{IdentityLog, IdentityLogError};

use super::*;

const GROUP: GroupId = GroupId::new([7; 16]);
const START: i64 = 1_000_000;

fn network() -> MemoryNetwork {
    MemoryNetwork::new(Arc::new(VirtualClock::starting_at(Timestamp::from_nanos(START))))
}

/// A private message of [`GROUP`] with one byte of ciphertext.
fn message(content_type: u8, tag: u8) -> OutboundGroupMessage {
    let head = [&[0, 1, 0, 2, 16][..], GROUP.as_bytes(), &[0; 8], &[content_type]].concat();
    let data = [&head[..], &[0, 0, 1, tag]].concat();
    OutboundGroupMessage { group_id: GROUP, data, sender_hmac: Vec::new(), should_push: false }
}

fn publish(network: &MemoryNetwork, tag: u8) -> Result<(), DeliveryError> {
    network.publish_group_messages(vec![message(1, tag)]).now_or_never().expect("nothing to wait for")
}

fn log(network: &MemoryNetwork) -> Vec<GroupEnvelope> {
    let page = network.query_group_messages(GROUP, &VectorClock::new(), 100).now_or_never().unwrap();
    page.unwrap().items
}

fn is_unavailable<T>(outcome: &Result<T, DeliveryError>) -> bool {
    matches!(outcome, Err(error @ DeliveryError::Unavailable(_)) if error.retry() == Retry::SOON)
}

#[test]
fn a_call_fails_as_often_as_asked_and_changes_nothing() {
    let network = network();
    network.faults().fail_next(Call::PublishGroupMessages, 2);
    assert!(is_unavailable(&publish(&network, 1)));
    assert!(log(&network).is_empty(), "other calls are not touched");
    assert!(is_unavailable(&publish(&network, 1)));
    publish(&network, 1).unwrap();
    assert_eq!(log(&network).len(), 1);
}

/// R-NET-009
#[test]
fn a_lost_answer_leaves_the_write_and_sending_again_does_not_double_it() {
    let network = network();
    network.faults().lose_answer_next(Call::PublishGroupMessages);
    assert!(is_unavailable(&publish(&network, 1)));
    let stored = log(&network);
    assert_eq!(stored.len(), 1);
    publish(&network, 1).unwrap();
    assert_eq!(log(&network), stored);
}

/// R-NET-024
#[test]
fn an_identity_update_whose_answer_was_lost_can_be_sent_again() {
    let network = network();
    let (inbox, update) = registration();
    network.faults().lose_answer_next(Call::PublishIdentityUpdate);
    let outcome = network.publish(&update).now_or_never().unwrap();
    assert!(matches!(outcome, Err(IdentityLogError::Unavailable(_))), "{outcome:?}");
    network.publish(&update).now_or_never().unwrap().unwrap();
    assert_eq!(updates(&network, inbox), 1);
}

#[test]
fn a_subscription_whose_answer_was_lost_is_none() {
    let network = network();
    network.faults().lose_answer_next(Call::Subscribe);
    let topics = vec![(Topic::Group(GROUP), VectorClock::new())];
    assert!(network.subscribe(topics).now_or_never().unwrap().is_err());
    assert_eq!(network.lock().subscribers.count(), 0);
}

#[test]
fn a_dropped_subscription_leaves_nothing_behind() {
    let network = network();
    let topics = vec![(Topic::Group(GROUP), VectorClock::new())];
    let stream = network.subscribe(topics).now_or_never().unwrap().unwrap();
    assert_eq!(network.lock().subscribers.count(), 1);
    drop(stream);
    assert_eq!(network.lock().subscribers.count(), 0);
}

#[test]
fn offline_no_call_arrives_and_subscriptions_break() {
    let network = network();
    let topics = || vec![(Topic::Group(GROUP), VectorClock::new())];
    let mut stream = network.subscribe(topics()).now_or_never().unwrap().unwrap();
    publish(&network, 1).unwrap();
    network.faults().set_offline(true);
    assert!(is_unavailable(&stream.next().now_or_never().unwrap().unwrap()));
    assert!(stream.next().now_or_never().unwrap().is_none());
    assert!(is_unavailable(&publish(&network, 2)));
    assert!(is_unavailable(&network.subscribe(topics()).now_or_never().unwrap().map(drop)));
    network.faults().set_offline(false);
    publish(&network, 2).unwrap();
    assert_eq!(log(&network).len(), 2);
}

#[test]
fn ended_subscriptions_say_so_and_new_ones_work() {
    let network = network();
    let topics = || vec![(Topic::Group(GROUP), VectorClock::new())];
    let mut stream = network.subscribe(topics()).now_or_never().unwrap().unwrap();
    network.faults().end_subscriptions();
    let end = stream.next().now_or_never().unwrap();
    assert!(matches!(end, Some(Err(DeliveryError::SubscriptionEnded))), "{end:?}");
    let mut stream = network.subscribe(topics()).now_or_never().unwrap().unwrap();
    publish(&network, 1).unwrap();
    assert!(matches!(stream.next().now_or_never(), Some(Some(Ok(Envelope::Group(_))))));
}

/// R-NET-156
#[test]
fn a_reader_who_leaves_too_much_unread_loses_the_subscription() {
    let clock = VirtualClock::starting_at(Timestamp::from_nanos(START));
    let network = MemoryNetwork::with_unread_limit(Arc::new(clock), 3);
    let topics = vec![(Topic::Group(GROUP), VectorClock::new())];
    let mut stream = network.subscribe(topics).now_or_never().unwrap().unwrap();
    for tag in 0..3 {
        publish(&network, tag).unwrap();
    }
    assert!(matches!(stream.next().now_or_never(), Some(Some(Ok(_)))), "three are not too many");
    publish(&network, 3).unwrap();
    assert!(matches!(stream.next().now_or_never(), Some(Some(Ok(_)))), "what was read does not count");
    for tag in 4..6 {
        publish(&network, tag).unwrap();
    }
    let end = stream.next().now_or_never().unwrap();
    assert!(matches!(end, Some(Err(DeliveryError::SubscriptionEnded))), "{end:?}");
    assert!(stream.next().now_or_never().unwrap().is_none());
}

#[test]
fn a_held_call_waits_without_effect_while_others_pass_it() {
    let network = network();
    network.faults().hold(Call::PublishGroupMessages);
    network.faults().hold(Call::Subscribe);
    let mut held = network.publish_group_messages(vec![message(1, 1)]);
    assert!((&mut held).now_or_never().is_none());
    network.faults().inject_group_envelope(GROUP, message(1, 2).data);
    network.faults().release(Call::Subscribe);
    assert!((&mut held).now_or_never().is_none());
    network.faults().release(Call::PublishGroupMessages);
    held.now_or_never().unwrap().unwrap();
    let tags: Vec<Option<u8>> = log(&network).iter().map(|it| it.data.last().copied()).collect();
    assert_eq!(tags, [Some(2), Some(1)]);
}

#[tokio::test]
async fn a_released_call_is_woken() {
    let network = network();
    network.faults().hold(Call::PublishGroupMessages);
    let sender = network.clone();
    let sending = tokio::spawn(async move { sender.publish_group_messages(vec![message(1, 1)]).await });
    while network.calls().of(Call::PublishGroupMessages) == 0 {
        tokio::task::yield_now().await;
    }
    network.faults().release(Call::PublishGroupMessages);
    sending.await.unwrap().unwrap();
    assert_eq!(log(&network).len(), 1);
}

#[test]
fn injected_envelopes_are_not_looked_at() {
    let network = network();
    let faults = network.faults();
    let commit = faults.inject_group_envelope(GROUP, message(3, 1).data);
    let garbage = faults.inject_group_envelope(GROUP, vec![0xff]);
    faults.inject_group_envelope(GROUP, vec![0xff]);
    assert_eq!(commit.originator, Originator::COMMITS);
    assert_eq!(garbage.originator, Originator::APPLICATION_MESSAGES);
    assert_eq!(log(&network).len(), 3);

    let installation = InstallationId::new([1; 32]);
    faults.replace_key_package_raw(installation, Some(vec![1]));
    let fetch = || network.fetch_key_packages(&[installation]).now_or_never().unwrap().unwrap();
    assert_eq!(fetch(), [Some(vec![1])]);
    faults.replace_key_package_raw(installation, None);
    assert_eq!(fetch(), [None]);

    let payload = WelcomePayload::Pointer {
        data: Vec::new(),
        hpke_public_key: Vec::new(),
        algorithm: hexmtp_domain::welcome::WrapperAlgorithm::Symmetric,
    };
    faults.inject_welcome(installation, payload.clone());
    let page = network.query_welcomes(installation, SequenceId(0), 10).now_or_never().unwrap().unwrap();
    assert_eq!(page.items.into_iter().map(|it| it.payload).collect::<Vec<_>>(), [payload]);
}

fn registration() -> (InboxId, Vec<u8>) {
    let wallet = LocalWallet::from_private_key([1; 32]).unwrap();
    let installation = InstallationKey::from_seed([2; 32]);
    let unsigned = UnsignedUpdate::create_inbox(&wallet.identifier(), 0, installation.id(), 1);
    let text = unsigned.signature_text();
    let signatures = [wallet.sign_text(&text).unwrap(), installation.sign_identity_text(&text)];
    (unsigned.inbox_id, unsigned.sign(&signatures).unwrap().encode())
}

fn updates(network: &MemoryNetwork, inbox: InboxId) -> usize {
    let logs = network.updates_after(&[(inbox, SequenceId(0))]).now_or_never().unwrap().unwrap();
    logs.iter().map(Vec::len).sum()
}

#[test]
fn an_inbox_with_an_update_that_does_not_apply_takes_no_more() {
    let network = network();
    let (inbox, update) = registration();
    network.faults().inject_identity_update(inbox, &update);
    network.faults().inject_identity_update(inbox, &update);
    assert_eq!(updates(&network, inbox), 2);
    let (_, mut other) = registration();
    other.push(0xff);
    assert!(network.publish(&other).now_or_never().unwrap().is_err());
    let wallet = LocalWallet::from_private_key([1; 32]).unwrap();
    let recovery = wallet.identifier();
    let unsigned = UnsignedUpdate::change_recovery(inbox, recovery.clone(), &recovery, 2);
    let signature = wallet.sign_text(&unsigned.signature_text()).unwrap();
    let change = unsigned.sign(&[signature]).unwrap().encode();
    let outcome = network.publish(&change).now_or_never().unwrap();
    assert!(matches!(outcome, Err(IdentityLogError::Rejected { .. })), "{outcome:?}");
    let found = network.inbox_ids(&[recovery]).now_or_never().unwrap().unwrap();
    assert_eq!(found, [Some(inbox)], "what applied before still counts");
}

/// R-NET-007: on the v3 API commits and messages share one counter, so the highest number of a clock counts.
#[test]
fn the_highest_number_of_a_clock_counts_whoever_gave_it() {
    let network = network();
    let messages = vec![message(1, 1), message(3, 2), message(1, 3)];
    network.publish_group_messages(messages).now_or_never().unwrap().unwrap();
    let clock = [Cursor::new(Originator::COMMITS, SequenceId(2))].into_iter().collect();
    let page = network.query_group_messages(GROUP, &clock, 10).now_or_never().unwrap().unwrap();
    let ids: Vec<u64> = page.items.iter().map(|it| it.cursor.sequence_id.0).collect();
    assert_eq!(ids, [3]);
    let topics = vec![(Topic::Group(GROUP), VectorClock::new()), (Topic::Group(GROUP), clock)];
    let mut stream = network.subscribe(topics).now_or_never().unwrap().unwrap();
    let first = stream.next().now_or_never().unwrap();
    assert!(
        matches!(first, Some(Ok(Envelope::Group(it))) if it.cursor.sequence_id.0 == 1),
        "the earlier place"
    );
}

/// R-NET-005
#[test]
fn times_grow_even_when_the_clock_stands_still() {
    struct Stopped;
    impl hexmtp_ports::platform::Clock for Stopped {
        fn now(&self) -> Timestamp {
            Timestamp::from_nanos(START)
        }
    }
    let network = MemoryNetwork::new(Arc::new(Stopped));
    (0..3).for_each(|tag| publish(&network, tag).unwrap());
    let times: Vec<i64> = log(&network).iter().map(|it| it.server_time.as_nanos()).collect();
    assert_eq!(times, [START, START + 1, START + 2]);
}

#[test]
fn calls_are_counted_even_when_they_fail() {
    let network = network();
    publish(&network, 1).unwrap();
    let before = network.calls();
    network.faults().fail_next(Call::PublishGroupMessages, 1);
    assert!(publish(&network, 2).is_err());
    log(&network);
    let calls = network.calls().since(&before);
    assert_eq!((calls.of(Call::PublishGroupMessages), calls.of(Call::QueryGroupMessages)), (1, 1));
    assert_eq!((calls.of(Call::Subscribe), calls.total()), (0, 2));
    assert_eq!(before.total(), 1);
}
