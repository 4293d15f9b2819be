//! What a node does besides storing: gRPC-Web, CORS, metrics, health, reflection, slow readers, shutdown.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "semantics/peer.rs"]
#[allow(dead_code, reason = "each test program uses another part")]
mod peer;
mod web;

use std::time::Duration;

use hexmtp_node::NodeOptions;
use hexmtp_proto::Message;
use hexmtp_proto::xmtp::mls::api::v1 as wire;
use tokio::time::timeout;
use tonic::{Code, Status};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use tonic_reflection::pb::v1::ServerReflectionRequest;
use tonic_reflection::pb::v1::server_reflection_client::ServerReflectionClient;
use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;

use peer::{PATIENCE, Peer, Running, code, fresh, private_message, text, v1};
use web::{get, grpc_web, preflight};

async fn start() -> Running {
    Running::start(NodeOptions::default(), None).await
}

const QUERY: &str = "/xmtp.mls.api.v1.MlsApi/QueryGroupMessages";

/// R-NET-131
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_call_by_grpc_web_on_the_same_port() {
    let node = start().await;
    let peer = node.peer().await;
    let group = fresh();
    peer.send(&[text(group, "hello")]).await.unwrap();
    let request = wire::QueryGroupMessagesRequest { group_id: group.to_vec(), paging_info: None };
    let mut answer = grpc_web(node.node.address(), QUERY, &request.encode_to_vec()).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    let page = wire::QueryGroupMessagesResponse::decode(&*answer.frame(0x00).await).unwrap();
    assert_eq!(v1(page.messages[0].clone()).data, text(group, "hello"));
    let trailers = String::from_utf8(answer.frame(0x80).await).unwrap();
    assert!(trailers.contains("grpc-status:0"), "{trailers}");

    let refused = wire::QueryGroupMessagesRequest { group_id: vec![1], paging_info: None };
    let answer = grpc_web(node.node.address(), QUERY, &refused.encode_to_vec()).await;
    assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("3")));
    node.stop().await;
}

/// R-NET-131
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn browsers_subscribe_by_grpc_web_and_get_headers_at_once() {
    let node = start().await;
    let peer = node.peer().await;
    let group = fresh();
    let filter = wire::subscribe_group_messages_request::Filter { group_id: group.to_vec(), id_cursor: 0 };
    let request = wire::SubscribeGroupMessagesRequest { filters: vec![filter] };
    let path = "/xmtp.mls.api.v1.MlsApi/SubscribeGroupMessages";
    let mut answer = grpc_web(node.node.address(), path, &request.encode_to_vec()).await;
    assert_eq!((answer.status, answer.header("subscribed")), (200, Some("true")));
    for words in ["one", "two"] {
        peer.send(&[text(group, words)]).await.unwrap();
        let message = wire::GroupMessage::decode(&*answer.frame(0x00).await).unwrap();
        assert_eq!(v1(message).data, text(group, words));
    }
    node.stop().await;
    let trailers = String::from_utf8(answer.frame(0x80).await).unwrap();
    assert!(trailers.contains("grpc-status:14"), "{trailers}");
}

#[tokio::test]
async fn cross_origin_calls_are_allowed_to_all_or_to_those_named() {
    let headers = "content-type,x-grpc-web,x-app-version";
    let node = start().await;
    let answer = preflight(node.node.address(), QUERY, "https://app.example", headers).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), Some(headers));
    node.stop().await;

    let cors_origins = vec!["https://app.example".to_owned()];
    let node = Running::start(NodeOptions { cors_origins, ..NodeOptions::default() }, None).await;
    let answer = preflight(node.node.address(), QUERY, "https://app.example", headers).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://app.example"));
    let answer = preflight(node.node.address(), QUERY, "https://evil.example", headers).await;
    assert_eq!(answer.header("access-control-allow-origin"), None);
    node.stop().await;
}

/// R-NET-132
#[tokio::test]
async fn what_is_not_offered_is_unimplemented() {
    let node = start().await;
    let mut mls = node.peer().await.mls;
    let outcome = mls.register_installation(wire::RegisterInstallationRequest::default()).await;
    assert_eq!(code(outcome), Code::Unimplemented);
    let outcome = mls.revoke_installation(wire::RevokeInstallationRequest::default()).await;
    assert_eq!(code(outcome), Code::Unimplemented);
    let outcome = mls.get_identity_updates(wire::GetIdentityUpdatesRequest::default()).await;
    assert_eq!(code(outcome), Code::Unimplemented);
    for path in ["/xmtp.mls.api.v1.MlsApi/Nonsense", "/xmtp.xmtpv4.payer_api.PayerApi/GetNodes"] {
        let answer = grpc_web(node.node.address(), path, &[]).await;
        assert_eq!((answer.status, answer.header("grpc-status")), (200, Some("12")), "{path}");
    }
    node.stop().await;
}

#[tokio::test]
async fn a_request_above_the_limit_is_refused_and_the_connection_goes_on() {
    let options = NodeOptions { max_message_bytes: 100_000, ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let peer = node.peer().await;
    let group = fresh();
    let large = private_message(group, peer::APPLICATION, &[0; 100_001]);
    assert_eq!(code(peer.send(&[large]).await), Code::OutOfRange);
    peer.send(&[text(group, "small")]).await.unwrap();
    assert_eq!(peer.read(group).await.len(), 1);
    node.stop().await;
}

#[tokio::test]
async fn metrics_count_calls_rows_and_subscriptions() {
    let node = start().await;
    let peer = node.peer().await;
    let group: [u8; 16] = fresh();
    peer.send(&[text(group, "1"), text(group, "2"), text(group, "2")]).await.unwrap();
    assert_eq!(code(peer.send(&[b"bad".to_vec()]).await), Code::InvalidArgument);
    let request = wire::SubscribeGroupMessagesRequest { filters: Vec::new() };
    let stream = peer.mls.clone().subscribe_group_messages(request).await.unwrap();
    let answer = get(node.node.address(), "/metrics").await;
    assert_eq!(answer.status, 200);
    assert!(answer.header("content-type").unwrap().starts_with("application/openmetrics-text"));
    let lines = |text: &str, wanted: &[&str]| {
        for line in wanted {
            assert!(text.lines().any(|it| it == *line), "{line} is missing in\n{text}");
        }
    };
    let metrics = answer.text().await;
    lines(
        &metrics,
        &[
            r#"hexmtp_node_calls_total{method="MlsApi/SendGroupMessages",code="OK"} 1"#,
            r#"hexmtp_node_calls_total{method="MlsApi/SendGroupMessages",code="INVALID_ARGUMENT"} 1"#,
            r#"hexmtp_node_call_duration_seconds_count{method="MlsApi/SendGroupMessages"} 2"#,
            r#"hexmtp_node_rows{table="group_messages"} 2"#,
            r#"hexmtp_node_rows{table="welcomes"} 0"#,
            "hexmtp_node_subscriptions 1",
        ],
    );
    assert!(metrics.ends_with("# EOF\n"));
    drop(stream);
    let ended = r#"hexmtp_node_calls_total{method="MlsApi/SubscribeGroupMessages",code="CANCELLED"} 1"#;
    let ended = async {
        while !get(node.node.address(), "/metrics").await.text().await.contains(ended) {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, ended).await.expect("the end of the subscription is counted");
    lines(&get(node.node.address(), "/metrics").await.text().await, &["hexmtp_node_subscriptions 0"]);
    node.stop().await;
}

#[tokio::test]
async fn health_and_reflection_know_the_services() {
    let node = start().await;
    let channel = tonic::transport::Endpoint::from_shared(node.node.url()).unwrap().connect().await.unwrap();
    let mut health = HealthClient::new(channel.clone());
    for service in ["", "xmtp.mls.api.v1.MlsApi", "xmtp.identity.api.v1.IdentityApi"] {
        let request = HealthCheckRequest { service: service.to_owned() };
        let status = health.check(request).await.unwrap().into_inner().status();
        assert_eq!(status, ServingStatus::Serving, "{service}");
    }
    let request = ServerReflectionRequest {
        host: String::new(),
        message_request: Some(MessageRequest::ListServices(String::new())),
    };
    let requests = futures_util::stream::iter([request]);
    let mut answers =
        ServerReflectionClient::new(channel).server_reflection_info(requests).await.unwrap().into_inner();
    let answer = answers.message().await.unwrap().unwrap();
    let Some(MessageResponse::ListServicesResponse(services)) = answer.message_response else {
        panic!("a list of services")
    };
    let names: Vec<String> = services.service.into_iter().map(|it| it.name).collect();
    for service in ["xmtp.mls.api.v1.MlsApi", "xmtp.identity.api.v1.IdentityApi", "grpc.health.v1.Health"] {
        assert!(names.iter().any(|it| it == service), "{service} in {names:?}");
    }
    node.stop().await;
}

async fn subscribe(peer: &Peer, group: [u8; 16], id_cursor: u64) -> tonic::Streaming<wire::GroupMessage> {
    let filter = wire::subscribe_group_messages_request::Filter { group_id: group.to_vec(), id_cursor };
    let request = wire::SubscribeGroupMessagesRequest { filters: vec![filter] };
    peer.mls.clone().subscribe_group_messages(request).await.unwrap().into_inner()
}

/// R-NET-133
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_does_not_read_is_dropped_and_goes_on_from_what_it_has() {
    let options = NodeOptions { subscriber_messages: 20, ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let (peer, sleeper) = (node.peer().await, node.peer().await);
    let group = fresh();
    let mut sleeping = subscribe(&sleeper, group, 0).await;
    let mut reading = subscribe(&peer, group, 0).await;
    // Whatever the connection takes in by itself is full at some time, and then what waits in the node.
    let mut sent = 0_u64;
    while !get(node.node.address(), "/metrics").await.text().await.contains("dropped_subscriptions_total 1") {
        assert!(sent < 5_000, "nothing holds so much");
        let message = private_message(
            group,
            peer::APPLICATION,
            &[sent.to_be_bytes().as_slice(), &[0; 65_536]].concat(),
        );
        peer.send(&[message]).await.unwrap();
        sent += 1;
        let next = timeout(PATIENCE, reading.message()).await.expect("the reader gets it").unwrap().unwrap();
        assert_eq!(v1(next).id, sent);
    }
    let mut last = 0;
    let end = loop {
        match timeout(PATIENCE, sleeping.message()).await.expect("the stream ends") {
            Ok(Some(message)) => {
                last += 1;
                assert_eq!(v1(message).id, last, "what it had got is in order");
            }
            Ok(None) => panic!("the end says why"),
            Err(status) => break status,
        }
    };
    assert_eq!(end.code(), Code::Aborted, "{end}");
    assert!(last < sent);
    let mut again = subscribe(&sleeper, group, last).await;
    for id in last + 1..=sent {
        let next = timeout(PATIENCE, again.message()).await.expect("the rest comes").unwrap().unwrap();
        assert_eq!(v1(next).id, id);
    }
    node.stop().await;
}

/// R-NET-134
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_ends_subscriptions_and_refuses_what_comes() {
    let node = start().await;
    let peer = node.peer().await;
    let url = node.node.url();
    let mut stream = subscribe(&peer, fresh(), 0).await;
    node.stop().await;
    let end: Status = timeout(PATIENCE, stream.message()).await.expect("the stream ends").unwrap_err();
    assert_eq!(end.code(), Code::Unavailable);
    let again = tonic::transport::Endpoint::from_shared(url).unwrap().connect().await;
    assert!(again.is_err(), "nobody listens any more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn shutdown_does_not_wait_for_ever_for_those_who_do_not_read() {
    let options = NodeOptions { shutdown_grace: Duration::from_millis(200), ..NodeOptions::default() };
    let node = Running::start(options, None).await;
    let peer = node.peer().await;
    let group = fresh();
    let sleeping = subscribe(&peer, group, 0).await;
    for place in 0..200_u64 {
        let data = [place.to_be_bytes().as_slice(), &[0; 65_536]].concat();
        peer.send(&[private_message(group, peer::APPLICATION, &data)]).await.unwrap();
    }
    timeout(PATIENCE, node.stop()).await.expect("the node stops");
    drop(sleeping);
}
