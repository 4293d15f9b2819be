//! Over real sockets.

use std::net::SocketAddr;
use std::time::Duration;

use futures_util::stream;
use hexmtp_ports::delivery::{DeliveryError, DeliveryService};
use hexmtp_proto::xmtp::mls::api::v1::GetNewestGroupMessageResponse;
use hexmtp_proto::xmtp::mls::api::v1::get_newest_group_message_response::Response;
use tokio::net::TcpListener;
use tonic::transport::{Identity, Server, ServerTlsConfig};

use super::fake::{Fake, GROUP, Reply};
use crate::{GrpcConnectError, GrpcNetwork, GrpcOptions, Method, RetryPolicy};

/// Made for these tests, for `localhost` and `127.0.0.1`, by an authority that exists nowhere else.
const AUTHORITY: &str = include_str!("tls/authority.pem");
const CERTIFICATE: &str = include_str!("tls/server.pem");
const KEY: &str = include_str!("tls/server_key.pem");

/// A server that says of one group that it has no message, as often as it is asked.
fn fake() -> Fake {
    let answer = || Reply::ok(&GetNewestGroupMessageResponse { responses: vec![Response::default()] });
    Fake::of(Method::GetNewestGroupMessage, (0..10).map(|_| answer()))
}

/// Serves on a free port until the test ends.
async fn serve(fake: Fake, is_tls: bool) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut server = Server::builder();
    if is_tls {
        let identity = Identity::from_pem(CERTIFICATE, KEY);
        server = server.tls_config(ServerTlsConfig::new().identity(identity)).unwrap();
    }
    let incoming = stream::unfold(listener, |listener| async {
        let accepted = listener.accept().await.map(|(connection, _)| connection);
        Some((accepted, listener))
    });
    tokio::spawn(server.add_service(fake).serve_with_incoming(incoming));
    address
}

async fn ask(options: GrpcOptions) -> Result<(), DeliveryError> {
    let network = GrpcNetwork::connect(options.retries(RetryPolicy::NONE)).unwrap();
    network.newest_group_messages(&[GROUP]).await.map(|newest| assert_eq!(newest, [None]))
}

fn is_unavailable(outcome: &Result<(), DeliveryError>) -> bool {
    matches!(outcome, Err(DeliveryError::Unavailable(_)))
}

/// R-NET-178
#[tokio::test]
async fn http_is_plain_http_2_and_https_is_tls() {
    let plain = serve(fake(), false).await;
    ask(GrpcOptions::new(format!("http://{plain}"))).await.unwrap();
    ask(GrpcOptions::new(format!("HTTP://{plain}/"))).await.unwrap();
    let tls = serve(fake(), true).await;
    for scheme in ["https", "grpcs"] {
        let url = |host: &str| format!("{scheme}://{host}:{}", tls.port());
        ask(GrpcOptions::new(url("127.0.0.1")).ca_certificate(AUTHORITY)).await.unwrap();
        ask(GrpcOptions::new(url("localhost")).ca_certificate(AUTHORITY)).await.unwrap();
    }
    let crossed = ask(GrpcOptions::new(format!("http://{tls}"))).await;
    assert!(is_unavailable(&crossed), "{crossed:?}");
    let crossed = ask(GrpcOptions::new(format!("https://{plain}")).ca_certificate(AUTHORITY)).await;
    assert!(is_unavailable(&crossed), "{crossed:?}");
}

/// R-NET-178
#[tokio::test]
async fn an_authority_that_nobody_trusts_is_not_trusted() {
    let fake = fake();
    let tls = serve(fake.clone(), true).await;
    let network = GrpcNetwork::connect(GrpcOptions::new(format!("https://{tls}")).retries(RetryPolicy::NONE));
    match network {
        Ok(network) => {
            let outcome = network.newest_group_messages(&[GROUP]).await.map(drop);
            assert!(is_unavailable(&outcome), "{outcome:?}");
        }
        // A machine that trusts no authority at all.
        Err(error) => assert!(matches!(error, GrpcConnectError::Tls(_)), "{error:?}"),
    }
    assert!(fake.questions().is_empty());
}

#[tokio::test]
async fn a_server_that_is_not_there_yet_can_be_connected_to() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let outcome = ask(GrpcOptions::new(url)).await;
    assert!(is_unavailable(&outcome), "{outcome:?}");
}

/// R-NET-179
#[tokio::test]
async fn a_connection_that_gives_no_sign_of_life_is_given_up() {
    // It accepts, and never says a word.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let options = GrpcOptions::new(url)
        .keep_alive(Duration::from_millis(50), Duration::from_millis(50))
        .request_timeout(Duration::from_secs(600))
        .retries(RetryPolicy::NONE);
    let network = GrpcNetwork::connect(options).unwrap();
    let outcome = network.newest_group_messages(&[GROUP]).await.map(drop);
    assert!(is_unavailable(&outcome), "{outcome:?}");
    let failures = network.statistics().of(Method::GetNewestGroupMessage).failures;
    assert_eq!(failures.get("DEADLINE_EXCEEDED"), None, "the keep-alive found it, not the time limit");
    drop(listener);
}

#[tokio::test]
async fn urls_that_name_no_server_are_refused() {
    let refused = [
        "",
        "localhost:5556",
        "ftp://localhost",
        "http://",
        "http://:5556",
        "https://user:secret@example.org",
        "http://example.org/path",
        "http://example.org/?query",
        "http://exa mple.org",
    ];
    for url in refused {
        let outcome = GrpcNetwork::connect(GrpcOptions::new(url));
        let error = outcome.map(drop).unwrap_err();
        assert!(matches!(error, GrpcConnectError::Url(_)), "{url}: {error:?}");
        assert_eq!(error.code(), "grpc.url");
        assert!(!error.to_string().contains("secret"));
    }
    for url in
        ["http://localhost", "http://[::1]:5556/", "http://10.0.0.1:80", "grpc://node.example.org:5556"]
    {
        GrpcNetwork::connect(GrpcOptions::new(url)).unwrap();
    }
}

/// Only a failing test would panic or hang here: nothing is asserted of what the options lead to.
#[tokio::test]
async fn no_span_is_too_short_or_too_long() {
    let address = serve(fake(), false).await;
    for span in [Duration::ZERO, Duration::MAX] {
        let options = GrpcOptions::new(format!("http://{address}"));
        let options = options.keep_alive(span, span).connect_timeout(span).reconnect_waits(span, span);
        let waits = RetryPolicy { attempts: 2, first_wait: Duration::ZERO, longest_wait: span, total: span };
        let network = GrpcNetwork::connect(options.request_timeout(span).retries(waits)).unwrap();
        let _ = network.newest_group_messages(&[GROUP]).await;
    }
}

#[tokio::test]
async fn options_that_cannot_work_are_refused() {
    let outcome = GrpcNetwork::connect(GrpcOptions::new("http://localhost").app_version("line\nline"));
    assert_eq!(outcome.map(drop).unwrap_err().code(), "grpc.app_version");
    let options = GrpcOptions::new("https://localhost").ca_certificate("-----BEGIN CERTIFICATE-----\nnone");
    // What is no certificate is found when TLS is set up, whatever else the machine trusts.
    let outcome = GrpcNetwork::connect(options).map(drop);
    assert!(matches!(outcome, Err(GrpcConnectError::Tls(_))), "{outcome:?}");
}

#[test]
fn without_a_runtime_there_is_an_error_and_no_panic() {
    let outcome = GrpcNetwork::connect(GrpcOptions::new("http://localhost"));
    assert_eq!(outcome.map(drop).unwrap_err().code(), "grpc.no_runtime");
}
