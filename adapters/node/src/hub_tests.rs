use std::collections::BTreeMap;

use futures_util::FutureExt;
use hexmtp_domain::GroupId;
use hexmtp_proto::xmtp::mls::api::v1::group_message;

use super::*;

const GROUP: Topic = Topic::Group(GroupId::new([1; 16]));
const OTHER: Topic = Topic::Group(GroupId::new([2; 16]));

fn hub(messages: usize, bytes: usize) -> Hub {
    Hub::new(Limits { messages, bytes }, Arc::new(Metrics::default()))
}

fn entry(topic: Topic, id: u64, bytes: usize) -> Arc<Envelope> {
    let message = group_message::V1 { id, data: vec![0; bytes], ..Default::default() };
    Arc::new(Envelope::of_group(topic, message))
}

fn announce(hub: &Hub, entries: &[(Topic, u64)]) {
    hub.announce(&entries.iter().map(|(topic, id)| entry(*topic, *id, 10)).collect::<Vec<_>>());
}

fn waiting(subscription: &Subscription) -> Vec<u64> {
    std::iter::from_fn(|| subscription.try_next()).map(|it| it.unwrap().id).collect()
}

#[test]
fn while_it_reads_a_subscriber_only_learns_that_there_is_more() {
    let hub = hub(10, 1_000);
    let subscription = hub.subscribe();
    subscription.add([GROUP, OTHER]);
    announce(&hub, &[(GROUP, 5), (GROUP, 6)]);
    assert!(waiting(&subscription).is_empty());
    // It has read up to 5 and did not see 6.
    assert_eq!(subscription.settle([(GROUP, 5), (OTHER, 0)]), [(GROUP, 5)]);
    announce(&hub, &[(GROUP, 7), (OTHER, 8)]);
    assert_eq!(waiting(&subscription), [8]);
    assert_eq!(subscription.settle([(GROUP, 6)]), [(GROUP, 6)]);
    assert!(subscription.settle([(GROUP, 7)]).is_empty());
    announce(&hub, &[(GROUP, 9)]);
    assert_eq!(waiting(&subscription), [9]);
}

#[test]
fn what_was_read_before_it_was_announced_does_not_come_again() {
    let hub = hub(10, 1_000);
    let subscription = hub.subscribe();
    subscription.add([GROUP]);
    assert!(subscription.settle([(GROUP, 6)]).is_empty());
    announce(&hub, &[(GROUP, 5), (GROUP, 6), (GROUP, 7)]);
    announce(&hub, &[(GROUP, 7)]);
    assert_eq!(waiting(&subscription), [7]);
}

#[test]
fn who_does_not_read_is_dropped_by_count_and_by_bytes() {
    for (hub, fits) in [(hub(3, 1_000), 3), (hub(100, 25), 2)] {
        let subscription = hub.subscribe();
        subscription.add([GROUP]);
        subscription.settle([(GROUP, 0)]);
        for id in 1..=fits {
            announce(&hub, &[(GROUP, id)]);
        }
        let reader = hub.subscribe();
        reader.add([GROUP]);
        reader.settle([(GROUP, 0)]);
        assert!(matches!(subscription.try_next(), Some(Ok(first)) if first.id == 1));
        announce(&hub, &[(GROUP, fits + 1), (GROUP, fits + 2)]);
        assert_eq!(subscription.try_next().unwrap().unwrap_err(), End::TooSlow);
        assert_eq!(subscription.next().now_or_never().unwrap().unwrap_err(), End::TooSlow);
        assert_eq!(waiting(&reader), [fits + 1, fits + 2], "others go on");
        assert!(hub.0.metrics.text().contains("hexmtp_node_dropped_subscriptions_total 1"));
    }
}

#[test]
fn one_entry_is_taken_however_large_it_is() {
    let hub = hub(10, 5);
    let subscription = hub.subscribe();
    subscription.add([GROUP]);
    subscription.settle([(GROUP, 0)]);
    hub.announce(&[entry(GROUP, 1, 5_000)]);
    assert_eq!(waiting(&subscription), [1]);
}

#[test]
fn topics_can_be_given_up_and_taken_again() {
    let hub = hub(10, 1_000);
    let subscription = hub.subscribe();
    subscription.add([GROUP, OTHER]);
    subscription.settle([(GROUP, 0), (OTHER, 0)]);
    announce(&hub, &[(GROUP, 1), (OTHER, 2)]);
    subscription.remove(&[GROUP]);
    announce(&hub, &[(GROUP, 3), (OTHER, 4)]);
    assert_eq!(waiting(&subscription), [2, 4]);
    assert_eq!((subscription.topics(), subscription.has(&GROUP)), (1, false));
    subscription.add([GROUP]);
    announce(&hub, &[(GROUP, 5)]);
    assert_eq!(subscription.settle([(GROUP, 0)]), [(GROUP, 0)]);
}

#[test]
fn a_topic_is_read_again_from_a_number_only_when_it_is_beyond_it() {
    let hub = hub(10, 1_000);
    let subscription = hub.subscribe();
    subscription.add([GROUP, OTHER]);
    subscription.settle([(GROUP, 7)]);
    let beyond = |from| subscription.beyond(&BTreeMap::from([(GROUP, from)]));
    assert_eq!(beyond(6), [GROUP]);
    assert!(beyond(7).is_empty());
    assert!(beyond(8).is_empty());
    assert_eq!(subscription.beyond(&BTreeMap::from([(OTHER, 9)])), [OTHER], "it is still being read");
}

#[test]
fn a_closed_hub_ends_all_subscriptions_and_those_to_come() {
    let hub = hub(10, 1_000);
    let subscription = hub.subscribe();
    subscription.add([GROUP]);
    subscription.settle([(GROUP, 0)]);
    let mut next = Box::pin(subscription.next());
    assert!(next.as_mut().now_or_never().is_none());
    hub.close();
    assert_eq!(next.now_or_never().unwrap().unwrap_err(), End::Shutdown);
    assert_eq!(hub.subscribe().try_next().unwrap().unwrap_err(), End::Shutdown);
}

#[test]
fn nothing_remains_of_a_dropped_subscription() {
    let hub = hub(10, 1_000);
    let (first, second) = (hub.subscribe(), hub.subscribe());
    first.add([GROUP, OTHER]);
    second.add([GROUP]);
    drop(first);
    assert_eq!(hub.lock().by_topic.keys().collect::<Vec<_>>(), [&GROUP]);
    drop(second);
    let state = hub.lock();
    assert!(state.subscribers.is_empty() && state.by_topic.is_empty());
    drop(state);
    assert!(hub.0.metrics.text().contains("hexmtp_node_subscriptions 0"));
}
