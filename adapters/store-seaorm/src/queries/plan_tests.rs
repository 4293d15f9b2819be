//! SQLite's plans: no query looks at rows that it does not want, and none sorts.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, Mutex};

use hexmtp_domain::group::ConversationKind;
use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId, InboxId, Timestamp};
use hexmtp_ports::store::{
    ChangeSet, ConversationRecord, ForkStatus, MembershipState, RowChange, UnitOfWork,
};
use sea_orm::{ConnectionTrait, Statement};

use super::every_query::{Asked, Reads, every_query};
use crate::{Encryption, SqlStore, SqliteOptions};

/// The statements that a store asked.
#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<Statement>>>);

impl Heard {
    fn take(&self) -> Vec<Statement> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

async fn overheard(path: &Path) -> (SqlStore, Heard) {
    let options = SqliteOptions::file(path, Encryption::Unencrypted);
    let store = SqlStore::open_sqlite(options).await.unwrap();
    let heard = Heard::default();
    let mut connections = store.0.access.connections().unwrap();
    let hearing = heard.clone();
    connections.readers.set_metric_callback(move |info| {
        hearing.0.lock().unwrap().push(info.statement.clone());
    });
    assert!(store.0.access.install(connections).is_none());
    (store, heard)
}

/// A conversation, so that a list of conversations asks for more about it.
fn conversation() -> ConversationRecord {
    ConversationRecord {
        id: GroupId::new([1; 16]),
        kind: ConversationKind::Group,
        dm_pair: None,
        created_at: Timestamp::ZERO,
        creator: InboxId::new([1; 32]),
        added_by: InboxId::new([1; 32]),
        membership: MembershipState::Allowed,
        epoch: Epoch(0),
        authenticator: EpochAuthenticator::new([0; 32]),
        extensions: Vec::new(),
        members: Vec::new(),
        pending_removals: BTreeSet::new(),
        paused_for: None,
        needs_readd: None,
        fork: ForkStatus::default(),
        rotated_at: Timestamp::ZERO,
        installations_checked_at: Timestamp::ZERO,
        welcome_sequence_id: None,
        last_message_at: None,
    }
}

/// The lines of SQLite's plan of a statement.
async fn plan(store: &SqlStore, statement: &Statement) -> Vec<String> {
    let sql = format!("EXPLAIN QUERY PLAN {statement}");
    let backend = store.reader().unwrap().get_database_backend();
    let rows = store.reader().unwrap().query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.iter().map(|row| row.try_get("", "detail").unwrap()).collect()
}

fn is_wrong(line: &str, reads: Reads) -> bool {
    let sorts = line.contains("USE TEMP B-TREE");
    let scans = line.starts_with("SCAN ") && line != "SCAN CONSTANT ROW";
    // Found by nothing but whose it is.
    let by_owner = line.ends_with("(installation=?)");
    sorts || scans || (by_owner && reads == Reads::Found)
}

/// R-STO-203
#[tokio::test]
async fn every_query_is_served_by_an_index() {
    let folder = tempfile::tempdir().unwrap();
    let (store, heard) = overheard(&folder.path().join("store.db3")).await;
    let rows = vec![RowChange::PutConversation(Box::new(conversation()))];
    store.commit(ChangeSet { rows, ..ChangeSet::default() }).await.unwrap();
    let mut wrong = Vec::new();
    for Asked { name, reads, call } in every_query(&store) {
        heard.take();
        call.await.unwrap();
        let statements = heard.take();
        assert!(!statements.is_empty(), "{name} asked nothing");
        for statement in statements {
            let lines = plan(&store, &statement).await;
            if lines.iter().any(|line| is_wrong(line, reads)) {
                wrong.push(format!("{name}: {statement}\n  {}", lines.join("\n  ")));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The methods of the port that read, by its text.
fn offered(port: &str) -> Vec<&str> {
    let methods = port.lines().filter_map(|line| line.trim().strip_prefix("async fn "));
    methods.filter_map(|line| line.split_once('(')).map(|(name, _)| name).collect()
}

/// Whoever adds a query to the port says in `every_query` how it is asked.
#[tokio::test]
async fn no_query_of_the_port_is_left_out() {
    let store = SqlStore::open_sqlite(SqliteOptions::in_memory()).await.unwrap();
    let asked: BTreeSet<_> = every_query(&store).into_iter().map(|asked| asked.name).collect();
    let port = offered(include_str!("../../../../ports/src/store/query.rs"));
    assert!(port.len() > 40, "{port:?}");
    let missing: Vec<_> = port.into_iter().filter(|name| !asked.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:?}");
}
