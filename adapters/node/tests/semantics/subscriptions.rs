//! Subscriptions.

use hexmtp_proto::xmtp::mls::api::v1 as wire;
use tokio::time::timeout;
use tonic::metadata::MetadataMap;
use tonic::{Code, Streaming};

use super::peer::{PATIENCE, Peer, Running, code, fresh, text, v1};
use super::welcomes;

pub(crate) type Messages = Streaming<wire::GroupMessage>;

pub(crate) async fn subscribe(peer: &Peer, filters: &[([u8; 16], u64)]) -> (MetadataMap, Messages) {
    let filter = |(group, id_cursor): &([u8; 16], u64)| wire::subscribe_group_messages_request::Filter {
        group_id: group.to_vec(),
        id_cursor: *id_cursor,
    };
    let request = wire::SubscribeGroupMessagesRequest { filters: filters.iter().map(filter).collect() };
    let answer = timeout(PATIENCE, peer.mls.clone().subscribe_group_messages(request)).await;
    let answer = answer.expect("the headers come").unwrap();
    (answer.metadata().clone(), answer.into_inner())
}

pub(crate) async fn next(messages: &mut Messages) -> wire::group_message::V1 {
    let next = timeout(PATIENCE, messages.message()).await.expect("a message comes");
    v1(next.unwrap().expect("the stream goes on"))
}

async fn take(messages: &mut Messages, count: usize) -> Vec<wire::group_message::V1> {
    let mut taken = Vec::new();
    while taken.len() < count {
        taken.push(next(messages).await);
    }
    taken
}

/// R-NET-124
pub(crate) async fn headers_come_before_any_message(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let (headers, mut messages) = subscribe(&peer, &[(group, 0)]).await;
    assert_eq!(headers.get("subscribed").unwrap(), "true");
    // Whoever has the headers has subscribed: what is sent from now on comes.
    peer.send(&[text(group, "first")]).await.unwrap();
    assert_eq!(next(&mut messages).await.data, text(group, "first"));
}

/// R-NET-125
pub(crate) async fn the_log_comes_first_and_then_what_is_sent(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let old: Vec<_> = (0..250).map(|it| text(group, &format!("old {it}"))).collect();
    peer.send(&old).await.unwrap();
    let stored = peer.read(group).await;
    let (_, mut all) = subscribe(&peer, &[(group, 0)]).await;
    let (_, mut rest) = subscribe(&peer, &[(group, stored[199].id)]).await;
    let (_, mut later) = subscribe(&peer, &[(group, stored[249].id)]).await;
    let (_, mut much_later) = subscribe(&peer, &[(group, stored[249].id + 1)]).await;
    assert_eq!(take(&mut all, 250).await, stored);
    assert_eq!(take(&mut rest, 50).await, stored[200..]);
    for text_of in ["new 1", "new 2"] {
        peer.send(&[text(group, text_of)]).await.unwrap();
    }
    for (messages, first) in [(&mut all, 250), (&mut rest, 250), (&mut later, 250), (&mut much_later, 251)] {
        let live = peer.read(group).await.split_off(first);
        assert_eq!(take(messages, live.len()).await, live);
    }
}

/// R-NET-126
pub(crate) async fn nothing_is_missing_or_twice_while_others_send(node: &Running) {
    let group: [u8; 16] = fresh();
    let mut senders = Vec::new();
    for sender in 0..4 {
        let peer = node.peer().await;
        senders.push(tokio::spawn(async move {
            for place in 0..75 {
                peer.send(&[text(group, &format!("{sender}.{place}"))]).await.unwrap();
            }
        }));
    }
    // Readers come while it goes on: each finds another part in the log and another part live.
    let mut readers = Vec::new();
    for _ in 0..12 {
        let peer = node.peer().await;
        let (_, mut messages) = subscribe(&peer, &[(group, 0)]).await;
        readers.push(tokio::spawn(async move { take(&mut messages, 300).await }));
        tokio::task::yield_now().await;
    }
    for sender in senders {
        sender.await.unwrap();
    }
    let stored = node.peer().await.read(group).await;
    assert_eq!(stored.len(), 300);
    for reader in readers {
        assert_eq!(reader.await.unwrap(), stored);
    }
}

/// R-NET-127
pub(crate) async fn only_what_was_asked_for_comes(node: &Running) {
    let peer = node.peer().await;
    let (group, other): ([u8; 16], [u8; 16]) = (fresh(), fresh());
    peer.send(&[text(group, "1"), text(other, "2"), text(group, "3")]).await.unwrap();
    // Named twice, a topic starts at the earlier place.
    let (_, mut messages) = subscribe(&peer, &[(group, 3), (group, 1)]).await;
    assert_eq!(next(&mut messages).await.id, 3);
    peer.send(&[text(other, "4"), text(group, "5")]).await.unwrap();
    assert_eq!(next(&mut messages).await.id, 5);
    // Nobody is kept from subscribing to nothing.
    let (_, mut nothing) = subscribe(&peer, &[]).await;
    peer.send(&[text(group, "6")]).await.unwrap();
    assert_eq!(next(&mut messages).await.id, 6);
    let waiting = futures_util::FutureExt::now_or_never(nothing.message());
    assert!(waiting.is_none());
    let short = wire::subscribe_group_messages_request::Filter { group_id: vec![1; 3], id_cursor: 0 };
    let short = wire::SubscribeGroupMessagesRequest { filters: vec![short] };
    assert_eq!(code(peer.mls.clone().subscribe_group_messages(short).await), Code::InvalidArgument);
}

/// R-NET-128
pub(crate) async fn welcomes_are_subscribed_too(node: &Running) {
    let peer = node.peer().await;
    let (destination, other) = (fresh(), fresh());
    welcomes::send(&peer, vec![welcomes::some_welcome(destination, "old")]).await.unwrap();
    let filter = wire::subscribe_welcome_messages_request::Filter {
        installation_key: destination.to_vec(),
        id_cursor: 0,
    };
    let request = wire::SubscribeWelcomeMessagesRequest { filters: vec![filter] };
    let answer = peer.mls.clone().subscribe_welcome_messages(request).await.unwrap();
    assert_eq!(answer.metadata().get("subscribed").unwrap(), "true");
    let mut stream = answer.into_inner();
    let sent = vec![welcomes::some_welcome(other, "x"), welcomes::some_welcome(destination, "new")];
    welcomes::send(&peer, sent).await.unwrap();
    let mut texts = Vec::new();
    while texts.len() < 2 {
        let next = timeout(PATIENCE, stream.message()).await.expect("a welcome comes").unwrap();
        let Some(wire::WelcomeMessage { version: Some(wire::welcome_message::Version::V1(welcome)) }) = next
        else {
            panic!("a welcome")
        };
        texts.push(welcome.data);
    }
    assert_eq!(texts, [b"old", b"new"]);
}

/// R-NET-129
pub(crate) async fn a_thousand_subscriptions_get_a_message_each(node: &Running) {
    let peer = node.peer().await;
    let groups: Vec<[u8; 16]> = (0..10).map(|_| fresh()).collect();
    let mut subscriptions = Vec::new();
    for place in 0..1_000 {
        subscriptions.push(subscribe(&peer, &[(groups[place % 10], 0)]).await.1);
    }
    let messages: Vec<_> = groups.iter().map(|group| text(*group, "to all")).collect();
    peer.send(&messages).await.unwrap();
    for (place, subscription) in subscriptions.iter_mut().enumerate() {
        assert_eq!(next(subscription).await.data, messages[place % 10]);
    }
}

/// R-NET-130
pub(crate) async fn a_subscription_to_many_groups_gets_all_of_them(node: &Running) {
    let peer = node.peer().await;
    let groups: Vec<[u8; 16]> = (0..1_200).map(|_| fresh()).collect();
    // Every third has a history.
    let history: Vec<_> = groups.iter().step_by(3).map(|group| text(*group, "old")).collect();
    peer.send(&history).await.unwrap();
    let filters: Vec<_> = groups.iter().map(|group| (*group, 0)).collect();
    let (_, mut messages) = subscribe(&peer, &filters).await;
    let mut old: Vec<_> = take(&mut messages, 400).await.into_iter().map(|it| it.data).collect();
    old.sort();
    let mut expected = history;
    expected.sort();
    assert_eq!(old, expected);
    for part in groups.chunks(600) {
        let live: Vec<_> = part.iter().map(|group| text(*group, "new")).collect();
        peer.send(&live).await.unwrap();
        let found: Vec<_> = take(&mut messages, 600).await.into_iter().map(|it| it.data).collect();
        assert_eq!(found, live, "live, one counter orders them all");
    }
}
