//! PostgreSQL's plans: there is an index for every query of the store's port, and for every order.
//!
//! PostgreSQL plans by how much is stored, and a test cannot store much. So what an index makes unnecessary is forbidden
//! as far as PostgreSQL can be forbidden anything: to read a table as a whole, and to sort. Where it does so
//! nevertheless, there is no index.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "../../adapters/store-seaorm/src/queries/every_query.rs"]
mod every_query;

use std::time::Duration;

use every_query::{Asked, Reads, every_query};
use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::identity::{EthereumAddress, Identifier};
use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{GroupId, MessageId, Secret, Topic};
use hexmtp_ports::store::{
    ChangeSet, LeaseName, MessageRecord, MlsRowChange, Revision, RowChange, Scope, SyncState, UnitOfWork,
    Watermark,
};
use hexmtp_store_seaorm::{PostgresOptions, SqlStore};
use hexmtp_tests::conformance::store::samples::{
    association_state, at, commit_line, consent, conversation, deferred, deletion, inbox, intent,
    key_package, message, message_id, place, rejected, update,
};
use hexmtp_tests::conformance::store::samples_work::{iced, readd, remote_line, sync_progress, take, task};
use hexmtp_tests::postgres::TemporaryPostgres;
use sqlx::{Connection, Executor, PgConnection, Row};

/// Every session of the database writes its plans into the server's log, which goes into a file that can be asked for.
const SETTINGS: [&str; 8] = [
    "ALTER SYSTEM SET logging_collector = on",
    "ALTER SYSTEM SET log_directory = 'log'",
    "ALTER SYSTEM SET log_filename = 'plans.log'",
    "ALTER SYSTEM SET log_line_prefix = ''",
    "ALTER DATABASE plans SET session_preload_libraries = 'auto_explain'",
    "ALTER DATABASE plans SET auto_explain.log_min_duration = 0",
    "ALTER DATABASE plans SET enable_seqscan = off",
    "ALTER DATABASE plans SET enable_sort = off",
];
const LOG: &str = "SELECT pg_read_file('log/plans.log')";
/// What plans are told apart by.
const MARK: &str = "next query";

async fn mark(connection: &mut PgConnection, name: &str) {
    connection.fetch_all(sqlx::AssertSqlSafe(format!("SELECT '{MARK}: {name}'"))).await.unwrap();
}

/// The log, once it tells of the last mark: the server writes it at its leisure.
async fn log(connection: &mut PgConnection, last: &str) -> String {
    loop {
        let log: String = connection.fetch_one(LOG).await.unwrap().get(0);
        if log.contains(&format!("{MARK}: {last}")) {
            return log;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn is_wrong(line: &str, reads: Reads) -> bool {
    let line = line.trim();
    let sorts = line.contains("Sort Key:");
    let scans = line.contains("Seq Scan on ");
    // Found by nothing but whose it is, though there are other columns to find it by.
    let by_owner =
        line.starts_with("Index Cond: (installation = ") && !line.contains(" AND ") && reads == Reads::Found;
    sorts || scans || by_owner
}

/// Enough of everything that finding what is looked for pays.
fn rows() -> Vec<RowChange> {
    let mut rows = Vec::new();
    for n in 0..200_u8 {
        let number = u64::from(n);
        let id = GroupId::new([n; 16]);
        rows.extend([
            RowChange::PutKeyPackage(key_package(n)),
            RowChange::AppendIdentityUpdates { inbox_id: inbox(n), updates: (1..10).map(update).collect() },
            RowChange::PutConversation(Box::new(conversation(n))),
            RowChange::RecordDeletion(deletion(n, id, n)),
            RowChange::InsertIntent(intent(n, id)),
            RowChange::AdvanceCursor { topic: Topic::Group(id), cursor: place(number) },
            RowChange::AdvanceWatermark { mark: Watermark::CommitLogRead(id), to: number },
            RowChange::PutConsent(consent(ConsentEntity::Conversation(id), ConsentState::Allowed, 1)),
            RowChange::PutConsent(consent(ConsentEntity::Inbox(inbox(n)), ConsentState::Allowed, 1)),
            RowChange::AppendCommitLog(commit_line(id, number)),
            RowChange::AppendRemoteCommitLog(remote_line(id, number)),
            RowChange::PutReadd(readd(id, n, None, None)),
            RowChange::RecordRejected(rejected(Topic::Group(id), number)),
            RowChange::DeferWelcome(deferred(11, number)),
            RowChange::Ice(iced(Topic::Group(id), place(number), &[place(number + 1)])),
            RowChange::PutSyncProgress(sync_progress(n, SyncState::Done)),
            RowChange::InsertTask(task(n, n.into())),
            take(LeaseName::Outbox(id), 1, 0, 1),
        ]);
        rows.extend((1..10).map(|number| RowChange::CacheAssociationState(association_state(n, number))));
        let identifier = Identifier::from(EthereumAddress::new([n; 20]));
        rows.push(RowChange::CacheInboxOf { identifier, inbox_id: Some(inbox(n)) });
        rows.extend((0..25).map(|m| RowChange::InsertMessage(talk(n, m))));
    }
    rows
}

/// One of the messages of a group, of which one each waits, disappears, or answers.
fn talk(n: u8, m: u8) -> MessageRecord {
    let mut id = [n; 32];
    id[0] = m;
    MessageRecord {
        id: MessageId::new(id),
        cursor: Some(place(m.into())),
        delivery: if m == 0 { DeliveryStatus::Unpublished } else { DeliveryStatus::Published },
        expires_at: (m == 1).then(|| at(n.into())),
        reference: (m == 2).then(|| message_id(n)),
        ..message(n, GroupId::new([n; 16]), i64::from(m))
    }
}

/// R-STO-203
#[tokio::test]
async fn every_query_is_served_by_an_index() {
    let server = TemporaryPostgres::start();
    let url = server.url("plans");
    let mut administrator = PgConnection::connect(&url).await.unwrap();
    for setting in SETTINGS {
        administrator.execute(setting).await.unwrap();
    }
    drop(administrator);
    server.restart();

    let options = PostgresOptions::new(&url, "plans", Secret::from([1; 32])).unwrap();
    let store = SqlStore::open_postgres(options).await.unwrap();
    let scope = |n| Scope::Group(GroupId::new([n; 16]));
    let changes = ChangeSet {
        expect: (0..200).map(|n| (scope(n), Revision(0))).collect(),
        mls: (0..200)
            .flat_map(|n| {
                (0..10).map(move |key| MlsRowChange {
                    scope: scope(n),
                    key: vec![key],
                    value: Some(vec![n; 9]),
                })
            })
            .collect(),
        rows: rows(),
    };
    store.commit(changes).await.unwrap();

    let mut administrator = PgConnection::connect(&url).await.unwrap();
    administrator.execute("ANALYZE").await.unwrap();
    let mut asked = Vec::new();
    for Asked { name, reads, call } in every_query(&store) {
        mark(&mut administrator, name).await;
        call.await.unwrap();
        asked.push((name, reads));
    }
    mark(&mut administrator, "the end").await;
    let log = log(&mut administrator, "the end").await;
    store.close().await.unwrap();

    let plans: Vec<&str> = log.split(MARK).skip(1).collect();
    // The end is a mark, too.
    assert_eq!(plans.len(), asked.len() + 1);
    let mut wrong = Vec::new();
    for ((name, reads), plans) in asked.into_iter().zip(plans) {
        assert!(plans.starts_with(&format!(": {name}'")), "{name}: {plans}");
        assert!(plans.contains("Index") && plans.contains("installation"), "{name}: {plans}");
        if plans.lines().any(|line| is_wrong(line, reads)) {
            wrong.push(plans);
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
