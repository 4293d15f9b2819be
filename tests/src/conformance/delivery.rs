//! What every [`DeliveryService`](hexmtp_ports::delivery::DeliveryService) does with logs and key packages.
//! Subscriptions: `subscription`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{
    Cursor, GroupId, InstallationId, Originator, SequenceId, VectorClock, WelcomeDestination,
};
use hexmtp_ports::delivery::{
    DeliveryError, GroupEnvelope, OutboundGroupMessage, OutboundWelcome, WelcomeEnvelope, WelcomePayload,
};

use super::network::{ContentType, Network, message, private_message};

/// Runs all cases: `delivery_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`Network`].
#[macro_export]
macro_rules! delivery_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            delivery,
            [
                a_message_can_be_read_at_once_as_it_was_sent,
                numbers_start_above_zero_and_times_grow,
                commits_are_numbered_apart,
                both_commits_of_an_epoch_stay_in_the_log,
                a_clock_excludes_what_it_covers,
                pages_follow_one_another,
                a_payload_is_stored_once,
                groups_do_not_mix,
                a_malformed_message_is_refused_with_all_that_came_with_it,
                the_newest_message_of_each_group_comes_in_the_order_asked,
                a_welcome_can_be_read_at_once_as_it_was_sent,
                welcomes_come_in_pages_and_by_destination,
                a_welcome_is_stored_once,
                welcomes_without_content_are_refused,
                the_last_key_package_counts_and_each_question_gets_an_answer,
                a_malformed_key_package_is_refused,
            ]
        );
    };
}

/// Reads a group to its end.
pub(super) async fn read(network: &Network, group: GroupId, after: &VectorClock) -> Vec<GroupEnvelope> {
    let page = network.delivery.query_group_messages(group, after, 1_000).await.unwrap();
    assert!(!page.has_more);
    page.items
}

/// Publishes one message.
pub(super) async fn publish(network: &Network, message: OutboundGroupMessage) {
    network.delivery.publish_group_messages(vec![message]).await.unwrap();
}

/// A plain welcome with some content.
pub(super) fn welcome(destination: WelcomeDestination, text: &str) -> OutboundWelcome {
    let payload = WelcomePayload::Welcome {
        data: text.as_bytes().to_vec(),
        hpke_public_key: vec![3; 32],
        algorithm: WrapperAlgorithm::Curve25519,
        metadata: vec![4; 5],
    };
    OutboundWelcome { destination, payload }
}

async fn read_welcomes(network: &Network, destination: WelcomeDestination) -> Vec<WelcomeEnvelope> {
    let page = network.delivery.query_welcomes(destination, SequenceId(0), 1_000).await.unwrap();
    assert!(!page.has_more);
    page.items
}

fn is_rejected<T>(outcome: &Result<T, DeliveryError>) -> bool {
    matches!(outcome, Err(DeliveryError::Rejected { .. }))
}

/// R-NET-004
pub async fn a_message_can_be_read_at_once_as_it_was_sent(network: Network) {
    let group = network.new_group();
    let loud = message(group, "loud");
    let silent =
        OutboundGroupMessage { sender_hmac: Vec::new(), should_push: false, ..message(group, "silent") };
    for sent in [loud, silent] {
        publish(&network, sent.clone()).await;
        let last = read(&network, group, &VectorClock::new()).await.pop().unwrap();
        assert_eq!(last.group_id, group);
        let GroupEnvelope { data, sender_hmac, should_push, .. } = last;
        assert_eq!(OutboundGroupMessage { group_id: group, data, sender_hmac, should_push }, sent);
    }
}

/// R-NET-005
pub async fn numbers_start_above_zero_and_times_grow(network: Network) {
    let (group, other) = (network.new_group(), network.new_group());
    for number in 0..5 {
        publish(&network, message(group, &format!("{number}"))).await;
        publish(&network, message(other, &format!("{number}"))).await;
    }
    let log = read(&network, group, &VectorClock::new()).await;
    assert_eq!(log.len(), 5);
    assert!(log[0].cursor.sequence_id >= SequenceId(1), "zero means that nothing was read");
    assert!(log.is_sorted_by(|a, b| a.cursor.sequence_id < b.cursor.sequence_id));
    assert!(log.is_sorted_by(|a, b| a.server_time < b.server_time), "receivers sort by time");
}

/// R-NET-001
pub async fn commits_are_numbered_apart(network: Network) {
    let group = network.new_group();
    for content_type in [ContentType::Application, ContentType::Commit, ContentType::Application] {
        let data = private_message(group, 1, content_type, &network.draw::<8>());
        publish(&network, OutboundGroupMessage { data, ..message(group, "") }).await;
    }
    let log = read(&network, group, &VectorClock::new()).await;
    let commits: Vec<bool> = log.iter().map(|it| it.cursor.originator == Originator::COMMITS).collect();
    assert_eq!(commits, [false, true, false]);
}

/// R-NET-006
pub async fn both_commits_of_an_epoch_stay_in_the_log(network: Network) {
    let group = network.new_group();
    let commits: Vec<OutboundGroupMessage> = [(7, "one"), (7, "two"), (3, "late")]
        .map(|(epoch, text)| private_message(group, epoch, ContentType::Commit, text.as_bytes()))
        .map(|data| OutboundGroupMessage { data, ..message(group, "") })
        .to_vec();
    network.delivery.publish_group_messages(commits.clone()).await.unwrap();
    let log = read(&network, group, &VectorClock::new()).await;
    let data =
        |messages: &[OutboundGroupMessage]| messages.iter().map(|it| it.data.clone()).collect::<Vec<_>>();
    assert_eq!(log.into_iter().map(|it| it.data).collect::<Vec<_>>(), data(&commits));
}

/// R-NET-007
pub async fn a_clock_excludes_what_it_covers(network: Network) {
    let group = network.new_group();
    for number in 0..4_u8 {
        let content_type = if number % 2 == 0 { ContentType::Commit } else { ContentType::Application };
        let data = private_message(group, 1, content_type, &[number]);
        publish(&network, OutboundGroupMessage { data, ..message(group, "") }).await;
    }
    let log = read(&network, group, &VectorClock::new()).await;
    for count in 0..=log.len() {
        let clock = log[..count].iter().map(|it| it.cursor).collect();
        assert_eq!(read(&network, group, &clock).await, log[count..], "after {count}");
    }
}

/// R-NET-008
pub async fn pages_follow_one_another(network: Network) {
    let group = network.new_group();
    let messages = (0..7).map(|number| message(group, &format!("{number}"))).collect();
    network.delivery.publish_group_messages(messages).await.unwrap();
    let log = read(&network, group, &VectorClock::new()).await;
    assert_eq!(log.len(), 7);
    for limit in [1, 3, 6, 7, 8] {
        let (mut clock, mut collected) = (VectorClock::new(), Vec::new());
        loop {
            let page = network.delivery.query_group_messages(group, &clock, limit).await.unwrap();
            assert!(page.items.len() <= limit);
            assert!(!page.has_more || page.items.len() == limit, "a page that is not full is the last");
            page.items.iter().for_each(|it| clock.advance(it.cursor));
            collected.extend(page.items);
            assert!(page.has_more || collected.len() == log.len(), "limit {limit}");
            if !page.has_more {
                break;
            }
        }
        assert_eq!(collected, log, "limit {limit}");
    }
}

/// R-NET-009
pub async fn a_payload_is_stored_once(network: Network) {
    let group = network.new_group();
    let (one, two) = (message(group, "one"), message(group, "two"));
    network.delivery.publish_group_messages(vec![one.clone(), one.clone(), two]).await.unwrap();
    let log = read(&network, group, &VectorClock::new()).await;
    assert_eq!(log.len(), 2);
    publish(&network, one).await;
    assert_eq!(read(&network, group, &VectorClock::new()).await, log);
}

/// R-NET-010
pub async fn groups_do_not_mix(network: Network) {
    let (one, two, unknown) = (network.new_group(), network.new_group(), network.new_group());
    network.delivery.publish_group_messages(vec![message(one, "a"), message(two, "b")]).await.unwrap();
    for (group, count) in [(one, 1), (two, 1), (unknown, 0)] {
        let log = read(&network, group, &VectorClock::new()).await;
        assert_eq!(log.len(), count);
        assert!(log.iter().all(|it| it.group_id == group));
    }
}

/// R-NET-002
pub async fn a_malformed_message_is_refused_with_all_that_came_with_it(network: Network) {
    let (group, other) = (network.new_group(), network.new_group());
    let good = message(group, "good");
    let stranger = OutboundGroupMessage { group_id: group, ..message(other, "for another group") };
    let cut = OutboundGroupMessage { data: good.data[..good.data.len() - 1].to_vec(), ..good.clone() };
    let empty = OutboundGroupMessage { data: Vec::new(), ..good.clone() };
    let public = OutboundGroupMessage { data: [&[0, 1, 0, 1], &good.data[4..]].concat(), ..good.clone() };
    for bad in [stranger, cut, empty, public] {
        let outcome = network.delivery.publish_group_messages(vec![good.clone(), bad]).await;
        assert!(is_rejected(&outcome), "{outcome:?}");
    }
    assert!(read(&network, group, &VectorClock::new()).await.is_empty());
    assert!(read(&network, other, &VectorClock::new()).await.is_empty());
}

/// R-NET-011
pub async fn the_newest_message_of_each_group_comes_in_the_order_asked(network: Network) {
    let (one, unknown, two) = (network.new_group(), network.new_group(), network.new_group());
    let messages = vec![message(one, "a"), message(two, "b"), message(two, "c")];
    network.delivery.publish_group_messages(messages).await.unwrap();
    let newest = network.delivery.newest_group_messages(&[two, unknown, one, two]).await.unwrap();
    let mut expected: Vec<Option<Cursor>> = Vec::new();
    for group in [two, unknown, one, two] {
        let last = read(&network, group, &VectorClock::new()).await.pop();
        expected.push(last.as_ref().map(|it| it.cursor));
        if let Some(last) = last {
            assert!(newest.iter().flatten().any(|it| it.server_time == last.server_time));
        }
    }
    assert_eq!(newest.iter().map(|it| it.map(|it| it.cursor)).collect::<Vec<_>>(), expected);
    assert!(network.delivery.newest_group_messages(&[]).await.unwrap().is_empty());
}

/// R-NET-012
pub async fn a_welcome_can_be_read_at_once_as_it_was_sent(network: Network) {
    let destination = network.new_destination();
    let (data, hpke_public_key) = (vec![1; 9], vec![2; 1216]);
    let payloads = [
        welcome(destination, "curve").payload,
        WelcomePayload::Welcome {
            data: vec![7; 3],
            hpke_public_key: hpke_public_key.clone(),
            algorithm: WrapperAlgorithm::XWing,
            metadata: Vec::new(),
        },
        // The pointee of a pointer: at a random destination, for no key.
        WelcomePayload::Welcome {
            data: vec![8; 3],
            hpke_public_key: Vec::new(),
            algorithm: WrapperAlgorithm::Symmetric,
            metadata: vec![9; 4],
        },
        WelcomePayload::Pointer { data, hpke_public_key, algorithm: WrapperAlgorithm::XWing },
    ];
    let sent = payloads.clone().map(|payload| OutboundWelcome { destination, payload });
    network.delivery.publish_welcomes(sent.to_vec()).await.unwrap();
    let log = read_welcomes(&network, destination).await;
    assert!(log[0].cursor.sequence_id >= SequenceId(1), "zero means that nothing was read");
    assert!(log.is_sorted_by(|a, b| a.cursor.sequence_id < b.cursor.sequence_id));
    assert!(log.is_sorted_by(|a, b| a.server_time < b.server_time));
    assert!(log.iter().all(|it| it.destination == destination));
    assert_eq!(log.into_iter().map(|it| it.payload).collect::<Vec<_>>(), payloads);
}

/// R-NET-008
pub async fn welcomes_come_in_pages_and_by_destination(network: Network) {
    let (destination, other) = (network.new_destination(), network.new_destination());
    for text in ["a", "b", "c"] {
        network
            .delivery
            .publish_welcomes(vec![welcome(destination, text), welcome(other, text)])
            .await
            .unwrap();
    }
    let log = read_welcomes(&network, destination).await;
    assert_eq!(log.len(), 3);
    let first = network.delivery.query_welcomes(destination, SequenceId(0), 2).await.unwrap();
    assert_eq!((first.items.as_slice(), first.has_more), (&log[..2], true));
    let rest = network.delivery.query_welcomes(destination, log[1].cursor.sequence_id, 2).await.unwrap();
    assert_eq!((rest.items.as_slice(), rest.has_more), (&log[2..], false));
    assert!(read_welcomes(&network, network.new_destination()).await.is_empty());
}

/// R-NET-009
pub async fn a_welcome_is_stored_once(network: Network) {
    let (destination, other) = (network.new_destination(), network.new_destination());
    let welcomes = vec![welcome(destination, "a"), welcome(destination, "a"), welcome(other, "a")];
    network.delivery.publish_welcomes(welcomes.clone()).await.unwrap();
    network.delivery.publish_welcomes(welcomes).await.unwrap();
    assert_eq!(read_welcomes(&network, destination).await.len(), 1);
    assert_eq!(read_welcomes(&network, other).await.len(), 1);
}

/// R-NET-013
pub async fn welcomes_without_content_are_refused(network: Network) {
    let destination = network.new_destination();
    let payload = |data: &[u8], key: &[u8], algorithm| WelcomePayload::Welcome {
        data: data.to_vec(),
        hpke_public_key: key.to_vec(),
        algorithm,
        metadata: vec![1],
    };
    let pointer = |data: &[u8], key: &[u8], algorithm| WelcomePayload::Pointer {
        data: data.to_vec(),
        hpke_public_key: key.to_vec(),
        algorithm,
    };
    for bad in [
        payload(&[], &[1], WrapperAlgorithm::Curve25519),
        payload(&[], &[], WrapperAlgorithm::Symmetric),
        payload(&[1], &[], WrapperAlgorithm::Curve25519),
        payload(&[1], &[], WrapperAlgorithm::XWing),
        pointer(&[], &[1], WrapperAlgorithm::XWing),
        pointer(&[1], &[], WrapperAlgorithm::XWing),
        pointer(&[1], &[1], WrapperAlgorithm::Curve25519),
        pointer(&[1], &[], WrapperAlgorithm::Symmetric),
    ] {
        let welcomes =
            vec![welcome(destination, "good"), OutboundWelcome { destination, payload: bad.clone() }];
        let outcome = network.delivery.publish_welcomes(welcomes).await;
        assert!(is_rejected(&outcome), "{bad:?}: {outcome:?}");
    }
    assert!(read_welcomes(&network, destination).await.is_empty());
}

/// Key packages that an official client uploaded, with their installations.
pub fn captured_key_packages() -> Vec<(InstallationId, Vec<u8>)> {
    let captures: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/nightly_key_packages.json")).unwrap();
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    let captures = captures.as_array().unwrap().iter();
    captures
        .map(|it| {
            (
                text(&it["installation_id"]).parse().unwrap(),
                hex::decode(text(&it["key_package_tls"])).unwrap(),
            )
        })
        .collect()
}

/// R-NET-003
pub async fn the_last_key_package_counts_and_each_question_gets_an_answer(network: Network) {
    let captured = captured_key_packages();
    for (_, package) in &captured {
        network.delivery.upload_key_package(package.clone()).await.unwrap();
    }
    let mut asked: Vec<InstallationId> = captured.iter().rev().map(|(owner, _)| *owner).collect();
    asked.insert(1, network.new_destination());
    let answers = network.delivery.fetch_key_packages(&asked).await.unwrap();
    assert_eq!(answers.len(), asked.len());
    for (owner, answer) in asked.iter().zip(answers) {
        let last = captured.iter().rfind(|(other, _)| other == owner);
        assert_eq!(answer.as_ref(), last.map(|(_, package)| package));
    }
    assert!(network.delivery.fetch_key_packages(&[]).await.unwrap().is_empty());
}

/// R-NET-003
pub async fn a_malformed_key_package_is_refused(network: Network) {
    let (owner, package) = captured_key_packages().remove(0);
    network.delivery.upload_key_package(package.clone()).await.unwrap();
    for bad in [&[][..], &[0xff; 64], &package[..20]] {
        let outcome = network.delivery.upload_key_package(bad.to_vec()).await;
        assert!(is_rejected(&outcome), "{outcome:?}");
    }
    assert_eq!(network.delivery.fetch_key_packages(&[owner]).await.unwrap(), [Some(package)]);
}
