//! What every [`CommitLog`](hexmtp_ports::commit_log::CommitLog) does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use hexmtp_domain::{GroupId, SequenceId};
use hexmtp_ports::commit_log::{LoggedCommit, OutboundCommitLogEntry};

use super::network::Network;

/// Runs all cases: `commit_log_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`Network`].
#[macro_export]
macro_rules! commit_log_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            commit_log,
            [
                an_entry_can_be_read_at_once_as_it_was_sent,
                entries_are_numbered_from_one_on_in_the_order_of_publication,
                entries_are_read_from_a_number_on_in_pages,
                each_group_asked_for_gets_its_answer_in_order,
                any_number_of_entries_and_groups_is_served,
                entries_that_nobody_can_verify_are_kept_as_well,
            ]
        );
    };
}

/// An entry about a commit, in its protobuf encoding, with a key and a signature of the right length.
fn entry(network: &Network, group_id: GroupId, commit: u8) -> OutboundCommitLogEntry {
    let entry = [&[0x0a, 16][..], group_id.as_bytes(), &[0x10, commit, 0x20, 1]].concat();
    OutboundCommitLogEntry {
        group_id,
        entry,
        public_key: network.draw::<32>().to_vec(),
        signature: network.draw::<64>().to_vec(),
    }
}

fn as_sent(group_id: GroupId, logged: LoggedCommit) -> OutboundCommitLogEntry {
    let LoggedCommit { entry, public_key, signature, .. } = logged;
    OutboundCommitLogEntry { group_id, entry, public_key, signature }
}

async fn read(network: &Network, group: GroupId, after: SequenceId) -> Vec<LoggedCommit> {
    let mut pages = network.commit_log.query(&[(group, after)], 1_000).await.unwrap();
    assert_eq!(pages.len(), 1);
    let page = pages.pop().unwrap();
    assert!(!page.has_more);
    page.items
}

/// R-NET-150
pub async fn an_entry_can_be_read_at_once_as_it_was_sent(network: Network) {
    let group = network.new_group();
    let sent = entry(&network, group, 1);
    network.commit_log.publish(vec![sent.clone()]).await.unwrap();
    let log = read(&network, group, SequenceId(0)).await;
    let received: Vec<_> = log.into_iter().map(|it| as_sent(group, it)).collect();
    assert_eq!(received, [sent]);
}

/// R-NET-151
pub async fn entries_are_numbered_from_one_on_in_the_order_of_publication(network: Network) {
    let (group, other) = (network.new_group(), network.new_group());
    let sent: Vec<_> = (1..=12).map(|commit| entry(&network, group, commit)).collect();
    let between: Vec<_> = (1..=12).map(|commit| entry(&network, other, commit)).collect();
    for part in [&sent[..1], &between[..5], &sent[1..9], &between[5..], &sent[9..]] {
        network.commit_log.publish(part.to_vec()).await.unwrap();
    }
    for (group, sent) in [(group, sent), (other, between)] {
        let log = read(&network, group, SequenceId(0)).await;
        assert!(log[0].sequence_id >= SequenceId(1), "zero means that nothing was read");
        assert!(log.is_sorted_by(|a, b| a.sequence_id < b.sequence_id));
        let received: Vec<_> = log.into_iter().map(|it| as_sent(group, it)).collect();
        assert_eq!(received, sent);
    }
}

/// R-NET-152
pub async fn entries_are_read_from_a_number_on_in_pages(network: Network) {
    let group = network.new_group();
    let sent = (1..=7).map(|commit| entry(&network, group, commit)).collect();
    network.commit_log.publish(sent).await.unwrap();
    let log = read(&network, group, SequenceId(0)).await;
    for (place, logged) in log.iter().enumerate() {
        assert_eq!(read(&network, group, logged.sequence_id).await, log[place + 1..]);
    }
    for limit in [1, 3, 6, 7, 8] {
        let (mut after, mut collected) = (SequenceId(0), Vec::new());
        loop {
            let page = network.commit_log.query(&[(group, after)], limit).await.unwrap().remove(0);
            assert!(page.items.len() <= limit);
            collected.extend(page.items);
            after = collected.last().map_or(after, |last: &LoggedCommit| last.sequence_id);
            if !page.has_more {
                break;
            }
            assert!(collected.len().is_multiple_of(limit), "a page that is not full is the last");
        }
        assert_eq!(collected, log, "limit {limit}");
    }
}

/// R-NET-153
pub async fn each_group_asked_for_gets_its_answer_in_order(network: Network) {
    let (one, unknown, two) = (network.new_group(), network.new_group(), network.new_group());
    let sent = [(one, 1), (two, 1), (two, 2)].map(|(group, commit)| entry(&network, group, commit));
    network.commit_log.publish(sent.to_vec()).await.unwrap();
    let zero = SequenceId(0);
    let second = read(&network, two, zero).await;
    let asked = [(two, zero), (unknown, zero), (one, zero), (two, second[0].sequence_id)];
    let pages = network.commit_log.query(&asked, 10).await.unwrap();
    let items: Vec<_> = pages.into_iter().map(|page| page.items).collect();
    let expected = [second.clone(), Vec::new(), read(&network, one, zero).await, second[1..].to_vec()];
    assert_eq!(items, expected);
    assert!(network.commit_log.query(&[], 10).await.unwrap().is_empty());
    network.commit_log.publish(Vec::new()).await.unwrap();
}

/// R-NET-154
pub async fn any_number_of_entries_and_groups_is_served(network: Network) {
    let groups: Vec<GroupId> = (0..45).map(|_| network.new_group()).collect();
    let sent: Vec<_> = (1..=3)
        .flat_map(|commit| groups.iter().map(move |group| (*group, commit)))
        .map(|(group, commit)| entry(&network, group, commit))
        .collect();
    network.commit_log.publish(sent.clone()).await.unwrap();
    let asked: Vec<_> = groups.iter().map(|group| (*group, SequenceId(0))).collect();
    let pages = network.commit_log.query(&asked, 2).await.unwrap();
    assert_eq!(pages.len(), groups.len());
    for (group, page) in groups.iter().zip(pages) {
        assert!(page.has_more);
        let received: Vec<_> = page.items.into_iter().map(|it| as_sent(*group, it)).collect();
        let expected: Vec<_> = sent.iter().filter(|it| it.group_id == *group).take(2).cloned().collect();
        assert_eq!(received, expected);
    }
}

/// R-NET-155
pub async fn entries_that_nobody_can_verify_are_kept_as_well(network: Network) {
    let (group, other) = (network.new_group(), network.new_group());
    let stranger = OutboundCommitLogEntry { group_id: group, ..entry(&network, other, 1) };
    network.commit_log.publish(vec![stranger.clone()]).await.unwrap();
    let log = read(&network, group, SequenceId(0)).await;
    assert_eq!(log.into_iter().map(|it| as_sent(group, it)).collect::<Vec<_>>(), [stranger]);
}
