//! PostgreSQL servers that are stopped, or crash, under load.

use futures_util::future::{join, join_all};
use hexmtp_store_seaorm::SqlStore;
use hexmtp_tests::postgres::TemporaryPostgres;

use super::work::{check, postgres, push, soon};

/// R-STO-404
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_or_crashes_in_the_middle_loses_and_doubles_nothing() {
    const ROUNDS: usize = 6;
    const STORES: u64 = 3;
    let server = TemporaryPostgres::start();
    let url = server.url("crash");
    let open = || async { SqlStore::open_postgres(postgres(&url, "one")).await.unwrap() };
    let stores = join_all((0..STORES).map(|_| open())).await;
    let (stop, stopped) = tokio::sync::watch::channel(false);
    let work = join_all(stores.iter().zip(0..).map(|(store, first)| {
        let stopped = stopped.clone();
        async move {
            let mut done = 0;
            // The numbers of the stores interleave.
            while !*stopped.borrow() {
                push(store, done * STORES + first).await;
                done += 1;
            }
            done
        }
    }));
    let disturb = async {
        for round in 0..ROUNDS {
            // Some commits in peace.
            let before = position(&stores[0]).await;
            while position(&stores[0]).await < before + 20 {
                tokio::task::yield_now().await;
            }
            let server = &server;
            tokio::task::block_in_place(|| if round % 2 == 0 { server.crash() } else { server.restart() });
        }
        stop.send(true).unwrap();
    };
    let (done, ()) = soon(join(work, disturb)).await;
    // Those that are behind catch up, so that the numbers are without gaps.
    let most = done.iter().copied().max().unwrap();
    for ((store, first), done) in stores.iter().zip(0..).zip(done) {
        for n in done..most {
            push(store, n * STORES + first).await;
        }
    }
    for store in &stores {
        check(store, most * STORES).await;
    }
}

async fn position(store: &SqlStore) -> u64 {
    loop {
        // It may be away for longer than a call waits.
        if let Ok(position) = hexmtp_ports::store::ChangeFeed::position(store).await {
            return position.0;
        }
    }
}
