//! Group messages.

use std::collections::BTreeSet;

use hexmtp_proto::xmtp::mls::api::v1::SortDirection::{Ascending, Descending, Unspecified};
use hexmtp_proto::xmtp::mls::api::v1::{GetNewestGroupMessageRequest, SendGroupMessagesRequest};
use tonic::Code;

use super::peer::{APPLICATION, COMMIT, Running, code, fresh, message_input, now, private_message, text, v1};

/// R-NET-100
pub(crate) async fn a_message_can_be_read_at_once_as_it_was_sent(node: &Running) {
    let (peer, other) = (node.peer().await, node.peer().await);
    let group = fresh();
    let sent = [private_message(group, APPLICATION, b"hello"), private_message(group, COMMIT, b"change")];
    let before = now().as_unsigned_nanos();
    for (place, message) in sent.iter().enumerate() {
        peer.send(std::slice::from_ref(message)).await.unwrap();
        assert_eq!(other.read(group).await.len(), place + 1, "the next query has it");
    }
    let found = other.read(group).await;
    for (message, data) in found.iter().zip(&sent) {
        assert_eq!(message.data, *data);
        assert_eq!(message.group_id, group);
        assert_eq!(message.sender_hmac, [7; 32]);
        assert!(message.should_push);
        assert!(message.created_ns >= before);
    }
    assert!(found[0].created_ns < found[1].created_ns);
    assert_eq!([found[0].is_commit, found[1].is_commit], [false, true]);
}

/// R-NET-101
pub(crate) async fn numbers_start_at_one_and_follow_the_order_of_sending(node: &Running) {
    let peer = node.peer().await;
    let (first, second) = (fresh(), fresh());
    peer.send(&[text(first, "1"), text(second, "2"), text(first, "3")]).await.unwrap();
    peer.send(&[text(second, "4")]).await.unwrap();
    let ids = |messages: Vec<hexmtp_proto::xmtp::mls::api::v1::group_message::V1>| {
        messages.into_iter().map(|it| it.id).collect::<Vec<_>>()
    };
    assert_eq!(ids(peer.read(first).await), [1, 3]);
    assert_eq!(ids(peer.read(second).await), [2, 4]);
}

/// R-NET-102
pub(crate) async fn pages_follow_one_another_and_say_where_to_go_on(node: &Running) {
    let peer = node.peer().await;
    let (group, other) = (fresh(), fresh());
    for batch in 0..25 {
        let messages: Vec<_> = (0..10).map(|it| text(group, &format!("{batch}.{it}"))).collect();
        peer.send(&messages).await.unwrap();
        peer.send(&[text(other, &format!("{batch}"))]).await.unwrap();
    }
    let mut read = Vec::new();
    let mut cursor = 0;
    for expected in [100, 100, 50] {
        let page = peer.query(group, Some((Ascending, 100, cursor))).await;
        let paging = page.paging_info.unwrap();
        assert_eq!(page.messages.len(), expected);
        assert_eq!((paging.direction(), paging.limit), (Ascending, 100));
        let ids: Vec<u64> = page.messages.into_iter().map(|it| v1(it).id).collect();
        assert!(ids.is_sorted() && ids.iter().all(|id| *id > cursor));
        cursor = paging.id_cursor;
        assert_eq!(cursor, if expected == 100 { ids[99] } else { 0 }, "a cursor only behind a full page");
        read.extend(ids);
    }
    assert_eq!(read.iter().collect::<BTreeSet<_>>().len(), 250);

    // No more than a hundred, whatever is asked for; nothing said means a hundred.
    for limit in [0, 101, u32::MAX] {
        let page = peer.query(group, Some((Ascending, limit, 0))).await;
        assert_eq!((page.messages.len(), page.paging_info.unwrap().id_cursor), (100, read[99]), "{limit}");
    }
    let page = peer.query(group, Some((Ascending, 3, read[0]))).await;
    assert_eq!(page.messages.into_iter().map(|it| v1(it).id).collect::<Vec<_>>(), read[1..4]);
    let page = peer.query(group, Some((Ascending, 100, read[249]))).await;
    assert_eq!((page.messages.len(), page.paging_info.unwrap().id_cursor), (0, 0));
    let page = peer.query(fresh(), None).await;
    assert_eq!((page.messages.len(), page.paging_info.unwrap().id_cursor), (0, 0));
}

/// R-NET-103
pub(crate) async fn pages_descend_unless_told_otherwise(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let messages: Vec<_> = (0..120).map(|it| text(group, &it.to_string())).collect();
    peer.send(&messages).await.unwrap();
    let newest_first: Vec<u64> = peer.read(group).await.into_iter().rev().map(|it| it.id).collect();
    for direction in [Descending, Unspecified] {
        let page = peer.query(group, Some((direction, 100, 0))).await;
        let paging = page.paging_info.unwrap();
        assert_eq!(page.messages.into_iter().map(|it| v1(it).id).collect::<Vec<_>>(), newest_first[..100]);
        assert_eq!((paging.direction(), paging.id_cursor), (Descending, newest_first[99]));
        let page = peer.query(group, Some((direction, 100, paging.id_cursor))).await;
        assert_eq!(page.messages.into_iter().map(|it| v1(it).id).collect::<Vec<_>>(), newest_first[100..]);
        assert_eq!(page.paging_info.unwrap().id_cursor, 0);
    }
    let page = peer.query(group, None).await;
    assert_eq!(v1(page.messages[0].clone()).id, newest_first[0]);
}

/// R-NET-104
pub(crate) async fn a_payload_is_stored_once_per_group(node: &Running) {
    let peer = node.peer().await;
    let (group, other) = (fresh(), fresh());
    let message = text(group, "once");
    peer.send(&[message.clone(), message.clone()]).await.unwrap();
    peer.send(std::slice::from_ref(&message)).await.unwrap();
    peer.send(&[text(group, "another"), message.clone(), text(other, "once")]).await.unwrap();
    let found: Vec<_> = peer.read(group).await.into_iter().map(|it| it.data).collect();
    assert_eq!(found, [message, text(group, "another")]);
    assert_eq!(peer.read(other).await.len(), 1);
}

/// R-NET-105
pub(crate) async fn a_batch_is_stored_whole_or_not_at_all(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let outcome = peer.send(&[text(group, "good"), b"bad".to_vec(), text(group, "good too")]).await;
    assert_eq!(code(outcome), Code::InvalidArgument);
    assert!(peer.read(group).await.is_empty());
    peer.send(&[]).await.unwrap();
    let too_many: Vec<_> = (0..1_001).map(|it| text(group, &it.to_string())).collect();
    assert_eq!(code(peer.send(&too_many).await), Code::InvalidArgument);
    assert!(peer.read(group).await.is_empty());
    peer.send(&too_many[..1_000]).await.unwrap();
    let found: Vec<_> = peer.read(group).await.into_iter().map(|it| it.data).collect();
    assert_eq!(found, too_many[..1_000]);
}

/// R-NET-106
pub(crate) async fn what_is_no_private_message_is_refused(node: &Running) {
    let peer = node.peer().await;
    let group: [u8; 16] = fresh();
    let whole = text(group, "whole");
    let mut public = whole.clone();
    public[3] = 1;
    for bad in [Vec::new(), whole[..whole.len() - 1].to_vec(), [whole.clone(), vec![0]].concat(), public] {
        assert_eq!(code(peer.send(std::slice::from_ref(&bad)).await), Code::InvalidArgument, "{bad:?}");
    }
    let mut mls = peer.mls.clone();
    let nothing = SendGroupMessagesRequest { messages: vec![Default::default()] };
    assert_eq!(code(mls.send_group_messages(nothing).await), Code::InvalidArgument);
    let mut long_tag = message_input(&whole);
    let Some(hexmtp_proto::xmtp::mls::api::v1::group_message_input::Version::V1(input)) =
        &mut long_tag.version
    else {
        panic!("made so above")
    };
    input.sender_hmac = vec![0; 65];
    let long_tag = SendGroupMessagesRequest { messages: vec![long_tag] };
    assert_eq!(code(mls.send_group_messages(long_tag).await), Code::InvalidArgument);
    let short_id = hexmtp_proto::xmtp::mls::api::v1::QueryGroupMessagesRequest {
        group_id: vec![1; 15],
        paging_info: None,
    };
    assert_eq!(code(mls.query_group_messages(short_id).await), Code::InvalidArgument);
    assert!(peer.read(group).await.is_empty());
}

/// R-NET-107
pub(crate) async fn the_newest_messages_come_in_the_order_asked(node: &Running) {
    let peer = node.peer().await;
    let groups: Vec<[u8; 16]> = (0..600).map(|_| fresh()).collect();
    let empty: [u8; 16] = fresh();
    for round in ["old", "new"] {
        let messages = groups.iter().map(|group| private_message(*group, COMMIT, round.as_bytes()));
        peer.send(&messages.collect::<Vec<_>>()).await.unwrap();
    }
    let mut asked: Vec<[u8; 16]> = groups.iter().rev().copied().collect();
    asked.insert(1, empty);
    asked.push(groups[5]);
    for include_content in [true, false] {
        let group_ids = asked.iter().map(|group| group.to_vec()).collect();
        let request = GetNewestGroupMessageRequest { group_ids, include_content };
        let answers =
            peer.mls.clone().get_newest_group_message(request).await.unwrap().into_inner().responses;
        assert_eq!(answers.len(), asked.len());
        for (group, answer) in asked.iter().zip(answers) {
            if *group == empty {
                assert_eq!(answer.group_message, None);
                continue;
            }
            let newest = v1(answer.group_message.unwrap());
            let place = u64::try_from(groups.iter().position(|it| it == group).unwrap()).unwrap();
            assert_eq!((newest.id, newest.group_id), (601 + place, group.to_vec()));
            assert!(newest.is_commit && newest.created_ns > 0);
            let content = private_message(*group, COMMIT, b"new");
            assert_eq!(newest.data, if include_content { content } else { Vec::new() });
        }
    }
}

/// R-NET-108
pub(crate) async fn large_messages_make_short_pages_that_go_on(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let large = |place: u8| private_message(group, APPLICATION, &vec![place; 6 * 1024 * 1024]);
    for place in 0..8 {
        peer.send(&[large(place)]).await.unwrap();
    }
    // Eight of them are 48 MiB; what a client takes at once is 25.
    let found = peer.read(group).await;
    let places: Vec<u8> = found.iter().map(|it| *it.data.last().unwrap()).collect();
    assert_eq!(places, [0, 1, 2, 3, 4, 5, 6, 7]);
    let page = peer.query(group, Some((Ascending, 100, 0))).await;
    assert_eq!((page.messages.len(), page.paging_info.unwrap().id_cursor), (3, 3));
    // The newest of many groups with content may be more than a client takes; then it is told to ask for less.
    let groups: Vec<[u8; 16]> = (0..5).map(|_| fresh()).collect();
    for group in &groups {
        peer.send(&[private_message(*group, APPLICATION, &vec![9; 6 * 1024 * 1024])]).await.unwrap();
    }
    let newest = async |count: usize, include_content| {
        let group_ids = groups[..count].iter().map(|group| group.to_vec()).collect();
        let request = GetNewestGroupMessageRequest { group_ids, include_content };
        peer.mls.clone().get_newest_group_message(request).await
    };
    assert_eq!(code(newest(5, true).await), Code::ResourceExhausted);
    assert_eq!(newest(3, true).await.unwrap().into_inner().responses.len(), 3);
    assert_eq!(newest(5, false).await.unwrap().into_inner().responses.len(), 5);
    // The largest that is taken comes back, one larger is not taken.
    let limit = 25 * 1024 * 1024 - 4 * 1024;
    let frame = private_message(group, APPLICATION, &[0; 0x4000]).len() - 0x4000;
    peer.send(&[private_message(group, APPLICATION, &vec![1; limit - frame])]).await.unwrap();
    let too_large = private_message(group, APPLICATION, &vec![2; limit - frame + 1]);
    assert_eq!(code(peer.send(&[too_large]).await), Code::InvalidArgument);
    let page = peer.query(group, Some((Ascending, 100, 13))).await;
    assert_eq!(page.messages.len(), 1);
    assert_eq!(v1(page.messages[0].clone()).data.len(), limit);
}

/// R-NET-109
pub(crate) async fn many_writers_at_once_leave_no_gap(node: &Running) {
    let groups: Vec<[u8; 16]> = (0..4).map(|_| fresh()).collect();
    let mut writers = Vec::new();
    for writer in 0..8 {
        let (peer, groups) = (node.peer().await, groups.clone());
        writers.push(tokio::spawn(async move {
            for place in 0..25 {
                let group = groups[(writer + place) % groups.len()];
                let before = peer.read(group).await;
                let message = text(group, &format!("{writer}.{place}"));
                peer.send(std::slice::from_ref(&message)).await.unwrap();
                // What was there before is still there, in its place, and what was sent is behind it.
                let after = peer.read(group).await;
                assert_eq!(after[..before.len()], before);
                assert!(after[before.len()..].iter().any(|it| it.data == message));
            }
        }));
    }
    for writer in writers {
        writer.await.unwrap();
    }
    let peer = node.peer().await;
    let mut all = Vec::new();
    for group in groups {
        all.extend(peer.read(group).await);
    }
    all.sort_by_key(|it| it.id);
    assert_eq!(all.iter().map(|it| it.id).collect::<Vec<_>>(), (1..=200).collect::<Vec<_>>());
    assert!(all.windows(2).all(|pair| pair[0].created_ns < pair[1].created_ns), "times grow with numbers");
}
