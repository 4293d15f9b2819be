//! Several processes on one installation: they send, rename, add, sync and stream at the same time, in groups in which
//! others do so too. In the end what they have is compared with the network's log.

#![allow(clippy::expect_used, reason = "a test fails by panicking")]

mod company;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use hexmtp_domain::message::DeliveryStatus;
use hexmtp_tests::installation::{Backend, Orders, Said};
use hexmtp_tests::installation_process::InstallationProcess;
use hexmtp_tests::postgres::TemporaryPostgres;

use crate::company::Company;

const PROGRAM: &str = env!("CARGO_BIN_EXE_hexmtp-tests-installation");

/// The lease of an outbox in milliseconds: longer than any pause of a process.
pub(crate) const LEASE: u64 = 30_000;

/// What all processes have said.
#[derive(Default)]
struct Report {
    sent: BTreeMap<String, String>,
    published: Vec<String>,
    streams: Vec<Vec<String>>,
    states: Vec<BTreeMap<String, (u64, String)>>,
}

impl Report {
    fn add(&mut self, said: Vec<Said>) {
        let (mut stream, mut states) = (Vec::new(), BTreeMap::new());
        for said in said {
            match said {
                Said::Sent { id, text } => {
                    assert!(self.sent.insert(id, text).is_none(), "one message was acknowledged twice");
                }
                Said::Published { hash } => self.published.push(hash),
                Said::Streamed { id } => stream.push(id),
                Said::State { group, epoch, authenticator } => {
                    states.insert(group, (epoch, authenticator));
                }
                Said::Ready | Said::Done | Said::End | Said::Failed { .. } => {}
            }
        }
        self.streams.push(stream);
        self.states.push(states);
    }
}

/// Lets processes work on one store, and checks everything in the end.
async fn processes_share(backend: Backend, processes: usize, operations: usize) {
    let company = Company::new(&backend).await;
    let mut running = Vec::new();
    for number in 0..processes {
        let orders = Orders {
            backend: backend.clone(),
            node: company.node.url(),
            name: format!("process {number}"),
            seed: u64::try_from(number).expect("it fits") + 1,
            operations: Some(operations),
            outbox_lease: LEASE,
            others: company.spare.iter().map(ToString::to_string).collect(),
        };
        running.push(InstallationProcess::start(Path::new(PROGRAM), &orders));
    }
    let mut said: Vec<Vec<Said>> = Vec::new();
    let working = futures_util::future::join_all(running.iter_mut().map(|it| it.until(&Said::Done)));
    let (worked, outside) = tokio::join!(working, company.work(operations / 8));
    said.extend(worked);
    company.settle().await;
    for (process, said) in running.iter_mut().zip(&mut said) {
        process.end().await;
        said.extend(process.until(&Said::End).await);
    }
    for process in running {
        process.ended().await;
    }
    let mut report = Report::default();
    said.into_iter().for_each(|said| report.add(said));
    assert!(report.sent.len() > processes * operations / 2, "most of what they do is sending");
    check(&company, &backend, &report, &outside).await;
}

async fn check(company: &Company, backend: &Backend, report: &Report, outside: &BTreeSet<String>) {
    let unique: BTreeSet<&String> = report.published.iter().collect();
    assert_eq!(unique.len(), report.published.len(), "a payload was published more than once");
    let client = company.client_of(backend).await;
    let mut all = BTreeSet::new();
    for group in &company.groups {
        let stored = Company::messages(&client, *group).await;
        let log = company.log(*group).await;
        let mut places = BTreeSet::new();
        for message in &stored {
            assert!(all.insert(message.id.to_string()), "a message is stored twice");
            assert_eq!(message.delivery, DeliveryStatus::Published);
            if let Some(cursor) = message.cursor {
                assert!(log.contains(&cursor), "at a place of the log");
                places.insert(cursor);
            }
        }
        company.assert_same_messages(*group, &stored).await;
        company.assert_every_message_is_stored(backend, *group, &places).await;
        let (epoch, authenticator) = company.state(*group).await;
        for states in &report.states {
            assert_eq!(states.get(&group.to_string()), Some(&(epoch, authenticator.clone())), "no fork");
        }
    }
    for id in report.sent.keys().chain(outside) {
        assert!(all.contains(id), "an acknowledged message is missing");
    }
    for stream in &report.streams {
        let streamed: BTreeSet<String> = stream.iter().cloned().collect();
        assert_eq!(streamed.len(), stream.len(), "a stream told of a message twice");
        assert_eq!(streamed, all, "a stream is not complete");
    }
    company.assert_nothing_else_was_refused(backend, &client).await;
    company.assert_nothing_is_open(backend).await;
}

/// R-INT-215
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_processes_share_an_encrypted_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let backend = Backend::SqlCipher { path: folder.path().join("shared.db"), key: 7 };
    processes_share(backend, 2, 300).await;
}

/// R-INT-215
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_share_an_installation_on_postgresql() {
    let postgres = TemporaryPostgres::start();
    let installation = "shared".to_owned();
    let backend = Backend::Postgres { url: postgres.url("processes"), installation, key: 7 };
    processes_share(backend, 4, 500).await;
}
