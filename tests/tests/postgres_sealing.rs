//! The owner of a PostgreSQL server reads neither contents nor keys, and cannot put one value into the place of
//! another.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::intent::{Intent, StagedPayload};
use hexmtp_domain::{Epoch, PayloadHash, Secret, Topic};
use hexmtp_ports::delivery::WelcomePayload;
use hexmtp_ports::store::{
    ChangeSet, ConversationQuery, ConversationRecord, IcedEnvelope, IdentityRecord, IntentRecord,
    KeyPackageRecord, MessageQuery, MessageRecord, MlsRowChange, PreferencesRecord, Revision, RowChange,
    Scope, StoreError, TaskRecord, UnitOfWork,
};
use hexmtp_store_seaorm::{PostgresOptions, SqlStore};
use hexmtp_tests::conformance::store::samples::{
    conversation, deferred, group, identity, inbox, intent, key_package, message, message_id, payload, place,
    preferences,
};
use hexmtp_tests::conformance::store::samples_work::{iced, task};
use hexmtp_tests::postgres::TemporaryPostgres;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};

/// What no owner of a server may see. Every value begins with it, and goes on with where it is.
const MARK: &[u8; 16] = b"nobody sees this";

fn hidden(place: &str) -> Vec<u8> {
    [MARK.as_slice(), place.as_bytes()].concat()
}

/// A value of 32 bytes for a key.
fn hidden_key() -> [u8; 32] {
    let mut key = [7; 32];
    key[..MARK.len()].copy_from_slice(MARK);
    key
}

fn staged() -> IntentRecord {
    let data = hidden("payload");
    let mut post_commit = payload(true).post_commit;
    if let Some(post_commit) = &mut post_commit {
        post_commit.welcome = hidden("welcome");
    }
    let payload = StagedPayload { hash: PayloadHash::of(&data), data, epoch: Epoch(1), post_commit };
    let intent_data = Intent::SendMessage { envelope: hidden("envelope") };
    IntentRecord { intent: intent_data, payload: Some(payload), ..intent(1, group(1)) }
}

fn deferred_welcome() -> RowChange {
    let mut record = deferred(1, 1);
    if let WelcomePayload::Pointer { data, .. } = &mut record.envelope.payload {
        *data = hidden("pointer");
    }
    RowChange::DeferWelcome(record)
}

/// Something in every column that holds contents or keys.
fn changes() -> ChangeSet {
    let scope = Scope::Group(group(1));
    let secret = |place| Secret::new(hidden(place));
    let package = KeyPackageRecord {
        init_key: (vec![1], secret("init key")),
        wrapper_key: (vec![2], secret("wrapper key")),
        ..key_package(1)
    };
    let named = ConversationRecord {
        extensions: vec![RawExtension { id: 1, data: hidden("name") }],
        ..conversation(1)
    };
    let text = |n| MessageRecord { content: hidden("content"), ..message(n, group(1), n.into()) };
    let waiting =
        IcedEnvelope { envelope: hidden("iced"), ..iced(Topic::Group(group(1)), place(2), &[place(1)]) };
    let rows = vec![
        RowChange::PutIdentity(IdentityRecord {
            key: InstallationKey::from_seed(hidden_key()).into(),
            ..identity(1)
        }),
        RowChange::PutPreferences(PreferencesRecord { hmac_root: secret("root"), ..preferences(1, 1) }),
        RowChange::PutKeyPackage(package),
        RowChange::PutConversation(Box::new(named)),
        RowChange::InsertMessage(text(1)),
        RowChange::InsertMessage(text(2)),
        RowChange::InsertIntent(staged()),
        RowChange::Ice(waiting),
        RowChange::InsertTask(TaskRecord { data: hidden("task"), ..task(1, 1) }),
        deferred_welcome(),
    ];
    let mls = vec![MlsRowChange { scope, key: vec![1], value: Some(hidden("engine")) }];
    ChangeSet { mls, rows, ..ChangeSet::expecting(scope, Revision(0)) }
}

async fn stored(database: &str) -> (SqlStore, PgConnection) {
    let url = TemporaryPostgres::shared().url(database);
    let options = PostgresOptions::new(&url, "sealed", Secret::from([1; 32])).unwrap();
    let store = SqlStore::open_postgres(options).await.unwrap();
    store.commit(changes()).await.unwrap();
    (store, PgConnection::connect(&url).await.unwrap())
}

/// Every row of every table, as the server shows it: bytes in hexadecimal.
async fn everything(owner: &mut PgConnection) -> String {
    let tables =
        owner.fetch_all("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'").await.unwrap();
    assert!(tables.len() > 25, "{} tables", tables.len());
    let mut all = String::new();
    for table in tables {
        let table: String = table.get(0);
        let rows =
            owner.fetch_all(AssertSqlSafe(format!("SELECT t::text FROM \"{table}\" AS t"))).await.unwrap();
        all.extend(rows.iter().map(|row| format!("{table} {}\n", row.get::<String, _>(0))));
    }
    all
}

/// R-STO-201
#[tokio::test]
async fn who_owns_the_server_reads_neither_contents_nor_keys() {
    let (store, mut owner) = stored("unreadable").await;
    let seen = everything(&mut owner).await;
    // Who is in a conversation can be seen; so the search does find what is there.
    assert!(seen.contains(&hex::encode(inbox(1).to_vec())));
    let leaks: Vec<_> = seen.lines().filter(|line| line.contains(&hex::encode(MARK))).collect();
    assert!(leaks.is_empty(), "{leaks:?}");
    assert_eq!(store.message(message_id(1)).await.unwrap().unwrap().content, hidden("content"));
}

/// R-STO-202
#[tokio::test]
async fn a_value_in_the_place_of_another_one_is_told() {
    let (store, mut owner) = stored("exchanged").await;
    let exchange =
        "UPDATE messages AS one SET content = other.content FROM messages AS other WHERE one.id <> other.id";
    assert_eq!(owner.execute(exchange).await.unwrap().rows_affected(), 2);
    for n in [1, 2] {
        let error = store.message(message_id(n)).await.unwrap_err();
        assert!(matches!(&error, StoreError::Corrupt(column) if column == "messages.content"), "{error:?}");
    }
    // A value of another column is no better.
    owner.execute("UPDATE conversations SET extensions = (SELECT data FROM tasks)").await.unwrap();
    let error = store.conversation(group(1)).await.unwrap_err();
    assert!(
        matches!(&error, StoreError::Corrupt(column) if column == "conversations.extensions"),
        "{error:?}"
    );
}
