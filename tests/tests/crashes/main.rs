//! A process that is killed again and again at random moments while it sends, receives, commits and joins. After each
//! death what it left is examined; in the end everybody has everything.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod invariants;
mod others;

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use hexmtp_tests::group_log::assert_only_unreadable_was_refused;
use hexmtp_tests::installation::{Backend, Dice, Orders, Said, open, ports};
use hexmtp_tests::installation_process::InstallationProcess;
use hexmtp_tests::postgres::TemporaryPostgres;

use crate::invariants::examine;
use crate::others::{Others, PATIENCE, until};

const PROGRAM: &str = env!("CARGO_BIN_EXE_hexmtp-tests-installation");

/// How many things a process says at most before it dies: what it was acknowledged, and what it hands to the network.
const LONGEST_LIFE: usize = 8;

/// How many milliseconds later it dies at most: most moments lie between two things that it says.
const LATEST: usize = 30;

/// Every so often a process lives until a message of its own was acknowledged.
const ACKNOWLEDGED: usize = 8;

/// The lease of an outbox in milliseconds: the dead must not keep the next life from its work.
const LEASE: u64 = 100;

/// The number from which the moments of death follow; another one with the variable `CRASH_SEED`.
fn seed() -> u64 {
    let given = std::env::var("CRASH_SEED").ok().and_then(|seed| seed.parse().ok());
    let seed = given.unwrap_or(11);
    eprintln!("CRASH_SEED={seed} repeats these choices");
    seed
}

/// Lets a process live until its hour has come, and gives what it has said.
async fn live(process: &mut InstallationProcess, dice: &Dice, acknowledged: bool) -> Vec<Said> {
    let mut all = Vec::new();
    let is_sent = |said: &Said| matches!(said, Said::Sent { .. });
    // Some die while they open the store.
    if acknowledged || dice.below(10) > 0 {
        let words = dice.below(LONGEST_LIFE) + 1;
        while all.len() < words || (acknowledged && !all.iter().any(is_sent)) {
            let said = tokio::time::timeout(PATIENCE, process.next()).await.expect("it works");
            all.push(said.expect("it does not end by itself"));
        }
    }
    let later = Duration::from_millis(u64::try_from(dice.below(LATEST)).expect("it fits"));
    tokio::time::sleep(later).await;
    all
}

/// Runs and kills a process so often, and checks what it leaves.
async fn survives(backend: Backend, deaths: usize) {
    let dice = Dice::new(seed());
    let others = Others::new(&backend).await;
    let working = others.start();
    let mut acknowledged: BTreeMap<String, String> = BTreeMap::new();
    for death in 0..deaths {
        let orders = Orders {
            backend: backend.clone(),
            node: others.url(),
            name: format!("life {death}"),
            seed: u64::try_from(dice.below(1 << 30)).expect("it fits"),
            operations: None,
            outbox_lease: LEASE,
            others: others.inboxes(),
        };
        let mut process = InstallationProcess::start(Path::new(PROGRAM), &orders);
        let mut said = live(&mut process, &dice, death.is_multiple_of(ACKNOWLEDGED)).await;
        said.extend(process.kill().await);
        for said in said {
            if let Said::Sent { id, text } = said {
                assert!(acknowledged.insert(id, text).is_none(), "one message was acknowledged twice");
            }
        }
        let store = backend.open().await.expect("the database opens after death");
        examine(store.as_ref(), &others.network, &acknowledged).await;
        store.close().await.expect("closed");
    }
    drop(working);
    let client = open(ports(backend.open().await.expect("a store"), &others.url()), LEASE).await;
    until("nothing is left to do", async || {
        let summary = client.sync_all().await.expect("a sync");
        let store = backend.open().await.expect("a store");
        let open = store.groups_with_open_intents().await.expect("a list");
        store.close().await.expect("closed");
        summary.failed == 0 && open.is_empty()
    })
    .await;
    assert!(acknowledged.len() >= deaths / ACKNOWLEDGED, "{} acknowledged", acknowledged.len());
    others.assert_agreement(&client, &acknowledged).await;
    let store = backend.open().await.expect("a store");
    examine(store.as_ref(), &others.network, &acknowledged).await;
    let refused = client.rejected(100).await.expect("a list");
    assert_only_unreadable_was_refused(&others.network, store.as_ref(), &refused).await;
}

/// R-STO-210
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_file_survives_two_hundred_deaths() {
    let folder = tempfile::tempdir().expect("a folder");
    survives(Backend::SqlCipher { path: folder.path().join("mortal.db"), key: 9 }, 200).await;
}

/// R-STO-210
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_installation_on_postgresql_survives_a_hundred_deaths() {
    let postgres = TemporaryPostgres::start();
    let installation = "mortal".to_owned();
    survives(Backend::Postgres { url: postgres.url("crashes"), installation, key: 9 }, 100).await;
}
