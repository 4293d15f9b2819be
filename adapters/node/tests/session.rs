//! `MlsApi.Subscribe`, the subscription that its client changes while it runs (XIP-83).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/peer.rs"]
#[allow(dead_code, reason = "each test program uses another part")]
mod peer;

use std::time::Duration;

use hexmtp_node::NodeOptions;
use hexmtp_proto::xmtp::mls::api::v1::subscribe_request::v1::{Mutate, Request, mutate::Subscription};
use hexmtp_proto::xmtp::mls::api::v1::subscribe_response::v1::Response;
use hexmtp_proto::xmtp::mls::api::v1::{
    Ping, Pong, SubscribeRequest, SubscribeResponse, subscribe_request, subscribe_response,
};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tonic::{Code, Status, Streaming};

use peer::{PATIENCE, Peer, Running, fresh, text, v1};

struct Client {
    requests: Option<mpsc::UnboundedSender<SubscribeRequest>>,
    frames: Streaming<SubscribeResponse>,
}

fn group_topic(group: [u8; 16]) -> Vec<u8> {
    [&[0][..], &group].concat()
}

impl Client {
    async fn open(peer: &Peer) -> Self {
        let (requests, queue) = mpsc::unbounded_channel();
        let queue = futures_util::stream::unfold(queue, |mut queue| async move {
            let next = queue.recv().await?;
            Some((next, queue))
        });
        // The headers come before anything was said.
        let answer = timeout(PATIENCE, peer.mls.clone().subscribe(queue)).await.expect("the headers come");
        let mut client = Self { requests: Some(requests), frames: answer.unwrap().into_inner() };
        let Response::Started(started) = client.next().await else { panic!("`Started` comes first") };
        assert!(started.keepalive_interval_ms > 0);
        client
    }

    fn say(&self, request: Request) {
        let version = subscribe_request::V1 { request: Some(request) };
        let request = SubscribeRequest { version: Some(subscribe_request::Version::V1(version)) };
        self.requests.as_ref().unwrap().send(request).unwrap();
    }

    fn mutate(&self, mutate_id: u64, adds: &[([u8; 16], u64)], removes: &[[u8; 16]]) {
        self.say(Request::Mutate(mutation(mutate_id, adds, removes, false)));
    }

    fn half_close(&mut self) {
        self.requests = None;
    }

    async fn end(&mut self) -> Result<Option<SubscribeResponse>, Status> {
        timeout(PATIENCE, self.frames.message()).await.expect("a frame comes or the stream ends")
    }

    async fn next(&mut self) -> Response {
        let frame = self.end().await.unwrap().expect("the stream goes on");
        let Some(subscribe_response::Version::V1(frame)) = frame.version else { panic!("version 1") };
        frame.response.unwrap()
    }

    /// Reads until a wave is complete: its number, what came of it, what came live, and the topics said to be live.
    async fn wave(&mut self) -> (u64, Vec<u64>, Vec<u64>, Vec<Vec<u8>>) {
        let (mut history, mut live, mut topics) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            match self.next().await {
                Response::Messages(messages) => {
                    let ids = messages.group_messages.into_iter().map(|it| v1(it).id);
                    if messages.mutate_id == 0 { live.extend(ids) } else { history.extend(ids) }
                }
                Response::TopicsLive(said) => topics.extend(said.topics),
                Response::CatchupComplete(complete) => {
                    topics.sort();
                    return (complete.mutate_id, history, live, topics);
                }
                other => panic!("not expected: {other:?}"),
            }
        }
    }

    /// Reads so many live messages.
    async fn live(&mut self, count: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        while ids.len() < count {
            let Response::Messages(messages) = self.next().await else { panic!("messages") };
            assert_eq!(messages.mutate_id, 0);
            ids.extend(messages.group_messages.into_iter().map(|it| v1(it).id));
        }
        ids
    }
}

fn mutation(mutate_id: u64, adds: &[([u8; 16], u64)], removes: &[[u8; 16]], history_only: bool) -> Mutate {
    let add = |(group, id_cursor): &([u8; 16], u64)| Subscription {
        topic: group_topic(*group),
        id_cursor: *id_cursor,
    };
    Mutate {
        adds: adds.iter().map(add).collect(),
        removes: removes.iter().map(|group| group_topic(*group)).collect(),
        history_only,
        mutate_id,
    }
}

async fn start() -> (Running, Peer) {
    let node = Running::start(NodeOptions::default(), None).await;
    let peer = node.peer().await;
    (node, peer)
}

async fn send(peer: &Peer, group: [u8; 16], texts: &[&str]) {
    peer.send(&texts.iter().map(|it| text(group, it)).collect::<Vec<_>>()).await.unwrap();
}

/// R-NET-135
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wave_brings_history_then_says_that_it_is_live_then_goes_on() {
    let (node, peer) = start().await;
    let (first, second): ([u8; 16], [u8; 16]) = (fresh(), fresh());
    let many: Vec<_> = (0..250).map(|it| text(first, &it.to_string())).collect();
    peer.send(&many).await.unwrap();
    let mut client = Client::open(&peer).await;
    client.mutate(7, &[(first, 20), (second, 0)], &[]);
    let mut topics = vec![group_topic(first), group_topic(second)];
    topics.sort();
    assert_eq!(client.wave().await, (7, (21..=250).collect(), Vec::new(), topics));
    send(&peer, second, &["251"]).await;
    send(&peer, first, &["252"]).await;
    assert_eq!(client.live(2).await, [251, 252]);
    // Another topic comes to the same stream.
    let third: [u8; 16] = fresh();
    send(&peer, third, &["253", "254"]).await;
    client.mutate(8, &[(third, 0)], &[]);
    assert_eq!(client.wave().await, (8, vec![253, 254], Vec::new(), vec![group_topic(third)]));
    send(&peer, third, &["255"]).await;
    assert_eq!(client.live(1).await, [255]);
    drop(client);
    node.stop().await;
}

/// R-NET-136
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn topics_can_be_removed_reset_and_named_twice() {
    let (node, peer) = start().await;
    let (group, other): ([u8; 16], [u8; 16]) = (fresh(), fresh());
    send(&peer, group, &["1", "2", "3"]).await;
    let mut client = Client::open(&peer).await;
    // Named twice, the earlier place counts, and it comes once.
    client.mutate(1, &[(group, 2), (group, 1), (other, 0)], &[]);
    let (id, history, _, live) = client.wave().await;
    assert_eq!((id, history, live.len()), (1, vec![2, 3], 2));
    // What only removes is complete at once.
    client.mutate(2, &[], &[group]);
    assert_eq!(client.wave().await, (2, Vec::new(), Vec::new(), Vec::new()));
    send(&peer, group, &["4"]).await;
    send(&peer, other, &["5"]).await;
    assert_eq!(client.live(1).await, [5]);
    // Taken again after it was removed, it is read again from where the client says.
    client.mutate(3, &[(group, 0)], &[]);
    assert_eq!(client.wave().await, (3, vec![1, 2, 3, 4], Vec::new(), vec![group_topic(group)]));
    // Named again while it is live, it goes on, unless it is to be read from earlier on.
    client.mutate(4, &[(group, 4)], &[]);
    assert_eq!(client.wave().await, (4, Vec::new(), Vec::new(), vec![group_topic(group)]));
    client.mutate(5, &[(group, 2)], &[]);
    assert_eq!(client.wave().await, (5, vec![3, 4], Vec::new(), vec![group_topic(group)]));
    // Removed and added in one, it is reset.
    client.mutate(6, &[(group, 3)], &[group]);
    assert_eq!(client.wave().await, (6, vec![4], Vec::new(), vec![group_topic(group)]));
    send(&peer, group, &["6"]).await;
    assert_eq!(client.live(1).await, [6]);
    drop(client);
    node.stop().await;
}

/// R-NET-137
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn history_only_ends_with_the_history_and_half_close_with_the_waves() {
    let (node, peer) = start().await;
    let (group, followed): ([u8; 16], [u8; 16]) = (fresh(), fresh());
    let many: Vec<_> = (0..250).map(|it| text(group, &it.to_string())).collect();
    peer.send(&many).await.unwrap();
    let mut client = Client::open(&peer).await;
    client.mutate(1, &[(followed, 0)], &[]);
    client.wave().await;
    client.say(Request::Mutate(mutation(2, &[(group, 10)], &[], true)));
    assert_eq!(client.wave().await, (2, (11..=250).collect(), Vec::new(), vec![group_topic(group)]));
    send(&peer, group, &["not followed"]).await;
    send(&peer, followed, &["followed"]).await;
    assert_eq!(client.live(1).await, [252]);
    client.say(Request::Mutate(mutation(3, &[(group, 249)], &[], true)));
    client.half_close();
    assert_eq!(client.wave().await, (3, vec![250, 251], Vec::new(), vec![group_topic(group)]));
    assert!(client.end().await.unwrap().is_none(), "the node hangs up without an error");
    node.stop().await;
}

/// R-NET-138
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn either_side_can_ask_whether_the_other_is_there() {
    let options = NodeOptions { stream_keep_alive: Duration::from_millis(300), ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let mut client = Client::open(&node.peer().await).await;
    client.say(Request::Ping(Ping { nonce: 77 }));
    assert_eq!(client.next().await, Response::Pong(Pong { nonce: 77 }));
    for nonce in 1..=3 {
        assert_eq!(client.next().await, Response::Ping(Ping { nonce }));
        client.say(Request::Pong(Pong { nonce }));
    }
    // Other words do not answer a ping.
    assert_eq!(client.next().await, Response::Ping(Ping { nonce: 4 }));
    client.say(Request::Pong(Pong { nonce: 3 }));
    client.say(Request::Ping(Ping { nonce: 78 }));
    assert_eq!(client.next().await, Response::Pong(Pong { nonce: 78 }));
    assert_eq!(client.end().await.unwrap_err().code(), Code::DeadlineExceeded);
    node.stop().await;
}

/// R-NET-139
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_stream_does_not_serve_ends_it() {
    let options = NodeOptions { max_topics: 3, ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let peer = node.peer().await;
    let identity_topic = [&[2][..], &[1; 32]].concat();
    let with_topic = |topic: Vec<u8>| {
        let adds = vec![Subscription { topic, id_cursor: 0 }];
        let mutate = Mutate { adds, ..Mutate::default() };
        let version = subscribe_request::V1 { request: Some(Request::Mutate(mutate)) };
        SubscribeRequest { version: Some(subscribe_request::Version::V1(version)) }
    };
    for bad in [
        SubscribeRequest { version: None },
        with_topic(identity_topic),
        with_topic(vec![0, 1, 2]),
        with_topic(Vec::new()),
    ] {
        let mut client = Client::open(&peer).await;
        client.requests.as_ref().unwrap().send(bad.clone()).unwrap();
        assert_eq!(client.end().await.unwrap_err().code(), Code::InvalidArgument, "{bad:?}");
    }
    let mut client = Client::open(&peer).await;
    client.mutate(1, &[(fresh(), 0), (fresh(), 0)], &[]);
    client.wave().await;
    client.mutate(2, &[(fresh(), 0), (fresh(), 0)], &[]);
    assert_eq!(client.end().await.unwrap_err().code(), Code::InvalidArgument);
    node.stop().await;
}

/// R-NET-126
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_missing_or_twice_while_others_send() {
    let (node, peer) = start().await;
    let groups: Vec<[u8; 16]> = (0..4).map(|_| fresh()).collect();
    let mut senders = Vec::new();
    for group in groups.clone() {
        let peer = node.peer().await;
        senders.push(tokio::spawn(async move {
            for place in 0..100 {
                peer.send(&[text(group, &place.to_string())]).await.unwrap();
            }
        }));
    }
    let mut client = Client::open(&peer).await;
    for (wave, group) in (1..).zip(&groups) {
        client.mutate(wave, &[(*group, 0)], &[]);
    }
    let mut found: Vec<(Vec<u8>, u64)> = Vec::new();
    while found.len() < 400 {
        if let Response::Messages(messages) = client.next().await {
            found.extend(messages.group_messages.into_iter().map(v1).map(|it| (it.group_id, it.id)));
        }
    }
    for sender in senders {
        sender.await.unwrap();
    }
    for group in groups {
        let stored: Vec<u64> = peer.read(group).await.into_iter().map(|it| it.id).collect();
        let got: Vec<u64> = found.iter().filter(|(of, _)| *of == group).map(|(_, id)| *id).collect();
        assert_eq!(got, stored);
    }
    drop(client);
    node.stop().await;
}
