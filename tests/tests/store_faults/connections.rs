//! Connections to PostgreSQL that break.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join;
use hexmtp_ports::store::{ChangeFeed, Maintenance, StoreError, UnitOfWork};
use hexmtp_store_seaorm::SqlStore;
use hexmtp_tests::proxy::Proxy;
use sqlx::{Connection, PgConnection};

use super::work::{attempt, check, name, postgres, push, shared, soon};

/// Ends the server's side of all connections of that name, as an administrator would.
async fn terminate(administrator: &mut PgConnection, application: &str) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = $1";
    sqlx::query(end).bind(application).execute(administrator).await.unwrap();
}

/// The shared server behind a proxy.
async fn through_proxy() -> (Proxy, String) {
    let url = shared();
    let server = url.split('@').nth(1).and_then(|rest| rest.split('/').next()).unwrap().to_owned();
    let target: SocketAddr = server.parse().unwrap();
    let proxy = Proxy::start(target).await.unwrap();
    let address = proxy.url().replace("http://", "");
    (proxy, url.replace(&server, &address))
}

/// R-STO-401
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_are_ended_at_any_moment_lose_and_double_nothing() {
    const EACH: u64 = 150;
    let (url, name) = (shared(), name());
    let open = || SqlStore::open_postgres(postgres(&url, &name).application_name(&name));
    let (one, other) = (open().await.unwrap(), open().await.unwrap());
    let done = AtomicBool::new(false);
    let work = async {
        let half = async |store: &SqlStore, first: u64| {
            for n in first..first + EACH {
                push(store, n).await;
            }
        };
        join(half(&one, 0), half(&other, EACH)).await;
        done.store(true, Ordering::Release);
    };
    let disturb = async {
        let mut administrator = PgConnection::connect(&url).await.unwrap();
        let mut pause = 1;
        while !done.load(Ordering::Acquire) {
            terminate(&mut administrator, &name).await;
            // From often to seldom and back: moments of every phase.
            pause = pause * 7 % 61;
            tokio::time::sleep(Duration::from_millis(pause)).await;
        }
    };
    soon(join(work, disturb)).await;
    check(&one, 2 * EACH).await;
    check(&other, 2 * EACH).await;
}

/// Also the answer to COMMIT: who does not get it, asks what became of it (R-STO-402).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_after_any_byte_of_the_answers_loses_and_doubles_nothing() {
    let (proxy, url) = through_proxy().await;
    let store = SqlStore::open_postgres(postgres(&url, &name()).readers(1)).await.unwrap();
    let mut commits = 0;
    let mut cut = 0;
    for bytes in (0..1600).step_by(9) {
        let before = proxy.accepted();
        proxy.cut_after(bytes);
        soon(attempt(&store, commits)).await.unwrap();
        commits += 1;
        cut += u64::from(proxy.accepted() > before);
    }
    assert!(cut > 50, "{cut} connections were cut");
    check(&store, commits).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stays_away_is_told_and_is_found_when_it_is_back() {
    let (proxy, url) = through_proxy().await;
    let options = postgres(&url, &name()).acquire_timeout(Duration::from_millis(300));
    let store = SqlStore::open_postgres(options.clone()).await.unwrap();
    attempt(&store, 0).await.unwrap();
    proxy.refuse(true);
    proxy.cut();
    let error = soon(store.position()).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let error = soon(attempt(&store, 1)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    let error = soon(SqlStore::open_postgres(options)).await.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable(_)), "{error:?}");
    proxy.refuse(false);
    soon(push(&store, 1)).await;
    check(&store, 2).await;
    store.close().await.unwrap();
}

/// Without anybody asking the database in between (R-STO-403).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_changes_hears_of_them_after_the_connection_broke() {
    let (url, name) = (shared(), name());
    let open = || SqlStore::open_postgres(postgres(&url, &name).application_name(&name));
    let (reader, writer) = (open().await.unwrap(), open().await.unwrap());
    let mut administrator = PgConnection::connect(&url).await.unwrap();
    let mut wake_ups = reader.wake_ups();
    for n in 0..10 {
        if n % 2 == 1 {
            terminate(&mut administrator, &name).await;
        }
        soon(push(&writer, n)).await;
        while reader.position().await.unwrap().0 <= n {
            soon(wake_ups.next()).await.unwrap();
        }
        assert_eq!(reader.position().await.unwrap().0, n + 1);
    }
    reader.release().await.unwrap();
    push(&writer, 10).await;
    reader.reconnect().await.unwrap();
    soon(wake_ups.next()).await.unwrap();
    assert_eq!(reader.position().await.unwrap().0, 11);
}

/// A store that is dropped or closed leaves no connection behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_that_is_gone_holds_no_connections() {
    let (url, name) = (shared(), name());
    let mut administrator = PgConnection::connect(&url).await.unwrap();
    for ending in ["close", "drop", "release"] {
        let store = SqlStore::open_postgres(postgres(&url, &name).application_name(&name)).await.unwrap();
        let wake_ups = store.wake_ups();
        store.position().await.unwrap();
        let mut kept = None;
        match ending {
            "close" => store.close().await.unwrap(),
            "release" => {
                store.release().await.unwrap();
                kept = Some(store);
            }
            _ => drop(store),
        }
        let gone = async {
            loop {
                let count = "SELECT count(*) FROM pg_stat_activity WHERE application_name = $1";
                let left: i64 =
                    sqlx::query_scalar(count).bind(&name).fetch_one(&mut administrator).await.unwrap();
                if left == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        soon(gone).await;
        drop((wake_ups, kept));
    }
}
