//! Another data key for an installation on PostgreSQL.

use hexmtp_domain::{Timestamp, Topic};
use hexmtp_ports::store::{
    ChangeSet, ConversationQuery, IcedEnvelope, IdentityQuery, IntentQuery, MessageQuery, MlsRowChange,
    ProgressQuery, Revision, RowChange, Scope, StoreError, TaskId, TaskQuery, TaskRecord, UnitOfWork,
};
use hexmtp_store_seaorm::{PostgresOptions, SqlStore};
use hexmtp_tests::conformance::store::samples::{
    at, deferred, full_conversation, full_message, group, identity, intent, key_package, payload, place,
    preferences,
};
use sqlx::{Connection, PgConnection, Row};

use super::work::{attempt, key, name, postgres, shared};

/// So many messages and rows that they do not fit into one step.
const MANY: u8 = 230;

/// What begins like a sealed column and is none: lists of who is in a conversation.
const LISTS: [&str; 2] = ["conversations.members", "conversations.pending_removals"];

fn topic() -> Topic {
    Topic::Group(group(1))
}

/// Something in every table that has sealed columns.
fn everything() -> ChangeSet {
    let scope = Scope::Group(group(1));
    let iced = IcedEnvelope {
        topic: topic(),
        cursor: place(7),
        depends_on: vec![place(6)],
        envelope: b"envelope".to_vec(),
        since: Timestamp::ZERO,
    };
    let task = TaskRecord {
        id: TaskId([1; 32]),
        kind: "kind".to_owned(),
        data: b"data".to_vec(),
        created_at: at(1),
        due_at: at(2),
        expires_at: None,
        attempts: 0,
        error: None,
    };
    let mut staged = intent(1, group(1));
    staged.payload = Some(payload(true));
    let mut rows = vec![
        RowChange::PutIdentity(identity(1)),
        RowChange::PutPreferences(preferences(1, 1)),
        RowChange::PutKeyPackage(key_package(1)),
        RowChange::PutConversation(Box::new(full_conversation(1))),
        RowChange::InsertIntent(staged),
        RowChange::InsertIntent(intent(2, group(1))),
        RowChange::DeferWelcome(deferred(1, 1)),
        RowChange::Ice(iced),
        RowChange::InsertTask(task),
    ];
    rows.extend((0..MANY).map(|n| RowChange::InsertMessage(full_message(n, group(1), n.into()))));
    let mls = (0..MANY).map(|n| MlsRowChange { scope, key: vec![n], value: Some(vec![n; 50]) }).collect();
    ChangeSet { mls, rows, ..ChangeSet::expecting(scope, Revision(0)) }
}

/// All that is sealed, opened, as text.
async fn read(store: &SqlStore) -> Result<String, StoreError> {
    let topics = (store.deferred_welcomes().await?, store.iced(topic()).await?);
    let state = (store.identity().await?, store.preferences().await?, store.key_packages().await?);
    let group = (
        store.load(&[Scope::Group(group(1))]).await?,
        store.conversation(group(1)).await?,
        store.messages(&Default::default()).await?,
        store.open_intents(group(1)).await?,
    );
    let key = state.0.as_ref().and_then(|identity| identity.key.here());
    let seeds = key.map(|key| key.seed().expose().to_vec());
    let roots = state.1.as_ref().map(|preferences| preferences.hmac_root.expose().to_vec());
    let keys: Vec<_> =
        state.2.iter().map(|it| [&it.init_key, &it.wrapper_key].map(|key| key.1.expose().to_vec())).collect();
    let task = store.task(TaskId([1; 32])).await?;
    Ok(format!("{topics:?} {state:?} {group:?} {seeds:?} {roots:?} {keys:?} {task:?}"))
}

/// The names of all sealed columns that hold something: binary, and beginning with the version of the seal.
async fn raw(url: &str, name: &str) -> Vec<(String, Vec<u8>)> {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let columns = "SELECT table_name, column_name FROM information_schema.columns
        WHERE table_schema = 'public' AND data_type = 'bytea' AND table_name <> 'installations'";
    let mut found = Vec::new();
    for column in sqlx::query(columns).fetch_all(&mut connection).await.unwrap() {
        let (table, column): (String, String) = (column.get(0), column.get(1));
        let select = format!(
            "SELECT \"{column}\" FROM \"{table}\" WHERE length(\"{column}\") >= 41 AND get_byte(\"{column}\", 0) = 1
             AND installation = (SELECT id FROM installations WHERE name = $1)"
        );
        let rows =
            sqlx::query(sqlx::AssertSqlSafe(select)).bind(name.as_bytes()).fetch_all(&mut connection).await;
        for row in rows.unwrap() {
            found.push((format!("{table}.{column}"), row.get(0)));
        }
    }
    found.sort();
    found
}

/// R-STO-408
#[tokio::test]
async fn everything_that_is_sealed_goes_to_the_new_key() {
    let (url, name) = (shared(), name());
    let store = SqlStore::open_postgres(postgres(&url, &name)).await.unwrap();
    store.commit(everything()).await.unwrap();
    let before = read(&store).await.unwrap();
    let sealed = raw(&url, &name).await;
    SqlStore::change_data_key(&postgres(&url, &name), &key(2)).await.unwrap();
    // Nothing is as it was, and nothing of it was forgotten.
    let resealed = raw(&url, &name).await;
    assert_eq!(resealed.len(), sealed.len());
    let kept: Vec<_> = resealed.iter().filter(|row| sealed.contains(row)).map(|row| row.0.as_str()).collect();
    let kept: Vec<_> = kept.into_iter().filter(|column| !LISTS.contains(column)).collect();
    assert!(kept.is_empty(), "{kept:?}");
    // Who has the old key can neither read nor write.
    let error = attempt(&store, 0).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
    let error = read(&store).await.unwrap_err();
    assert!(matches!(error, StoreError::Corrupt(_)), "{error:?}");
    let error = SqlStore::open_postgres(postgres(&url, &name)).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
    let error = SqlStore::change_data_key(&postgres(&url, &name), &key(3)).await.unwrap_err();
    assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
    let options = PostgresOptions::new(&url, name, key(2)).unwrap();
    let store = SqlStore::open_postgres(options).await.unwrap();
    assert!(read(&store).await.unwrap() == before, "the values changed");
    attempt(&store, 0).await.unwrap();
}
