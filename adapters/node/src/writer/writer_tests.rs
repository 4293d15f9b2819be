use hexmtp_domain::{GroupId, Topic};
use hexmtp_proto::xmtp::mls::api::v1::group_message_input;
use sea_orm::{ConnectionTrait, EntityTrait};
use sea_orm_migration::MigratorTrait;
use sqlx::sqlite::{SqliteConnectOptions, SqlitePoolOptions};

use super::*;
use crate::entity::group_message;
use crate::hub::{Limits, Subscription};
use crate::migration::Migrator;

const GROUP: GroupId = GroupId::new([1; 16]);

async fn database() -> DatabaseConnection {
    let pool = SqlitePoolOptions::new().max_connections(1).idle_timeout(None).max_lifetime(None);
    let pool = pool.connect_with(SqliteConnectOptions::new().in_memory(true)).await.unwrap();
    let database = sea_orm::SqlxSqliteConnector::from_sqlx_sqlite_pool(pool);
    Migrator::up(&database, None).await.unwrap();
    database
}

fn hub() -> Hub {
    Hub::new(Limits { messages: 1_000, bytes: 1 << 20 }, Arc::default())
}

async fn writer(database: &DatabaseConnection, hub: &Hub) -> Writer {
    Writer::load(database.clone(), hub.clone(), Arc::default(), Arc::default()).await.unwrap()
}

fn live(hub: &Hub) -> Subscription {
    let subscription = hub.subscribe();
    subscription.add([Topic::Group(GROUP)]);
    subscription.settle([(Topic::Group(GROUP), 0)]);
    subscription
}

fn told(subscription: &Subscription) -> Vec<u64> {
    std::iter::from_fn(|| subscription.try_next()).map(|it| it.unwrap().id).collect()
}

fn message(text: &str) -> Write {
    let input = group_message_input::V1 { data: text.as_bytes().to_vec(), ..Default::default() };
    let hash = PayloadHash::of(text.as_bytes());
    Write::GroupMessages(vec![NewGroupMessage { group_id: GROUP, hash, is_commit: false, input }])
}

async fn stored(database: &DatabaseConnection) -> Vec<(i64, String)> {
    let rows = group_message::Entity::find().all(database).await.unwrap();
    rows.into_iter().map(|row| (row.id, String::from_utf8(row.data).unwrap())).collect()
}

#[tokio::test]
async fn a_commit_whose_answer_was_lost_is_told_of_later_and_in_order() {
    let (database, hub) = (database().await, hub());
    let subscription = live(&hub);
    let mut writer = writer(&database, &hub).await;
    writer.transact(&[message("1")]).await.unwrap();
    assert_eq!(told(&subscription), [1]);
    // What the database has of a commit of which the writer heard nothing.
    let silent = Hub::new(Limits { messages: 1, bytes: 1 }, Arc::default());
    let mut lost = self::writer(&database, &silent).await;
    let many: Vec<_> = (2..=250).map(|it| message(&it.to_string())).collect();
    lost.transact(&many).await.unwrap();
    assert!(told(&subscription).is_empty());
    writer.failed(&DbErr::Custom("the connection broke".to_owned()));
    assert!(!writer.is_certain());
    let (reply, outcome) = oneshot::channel();
    let share = Arc::new(Semaphore::new(1)).acquire_owned().await.unwrap();
    // The caller tries again, and somebody else sends something new.
    writer.serve(vec![Job { write: message("250"), reply, share }]).await;
    assert_eq!(outcome.await.unwrap().unwrap(), WriteOutcome::Written);
    writer.transact(&[message("251")]).await.unwrap();
    assert_eq!(told(&subscription), (2..=251).collect::<Vec<_>>());
    assert_eq!(stored(&database).await.len(), 251);
}

#[tokio::test]
async fn what_the_database_refuses_fails_alone() {
    let (database, hub) = (database().await, hub());
    let subscription = live(&hub);
    database
        .execute_unprepared(
            "CREATE TRIGGER refuse BEFORE INSERT ON node_group_messages WHEN NEW.data = CAST('bad' AS BLOB) \
             BEGIN SELECT RAISE(ABORT, 'refused'); END",
        )
        .await
        .unwrap();
    let writes = start(database.clone(), hub.clone(), Arc::default(), Arc::default()).await.unwrap();
    let writes = Arc::new(writes);
    let texts = ["1", "2", "bad", "3", "4"];
    let tasks = texts.map(|text| {
        let writes = Arc::clone(&writes);
        tokio::spawn(async move { writes.write(message(text)).await })
    });
    for (text, task) in texts.into_iter().zip(tasks) {
        assert_eq!(task.await.unwrap().is_ok(), text != "bad", "{text}");
    }
    assert_eq!(told(&subscription), [1, 2, 3, 4]);
    assert_eq!(stored(&database).await.into_iter().map(|it| it.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    writes.close().await;
    assert!(matches!(writes.write(message("late")).await, Err(StorageError::Closed)));
}

#[tokio::test]
async fn numbers_are_not_given_twice_and_times_grow_even_if_rows_are_gone() {
    let (database, hub) = (database().await, hub());
    let mut writer = writer(&database, &hub).await;
    writer.transact(&[message("1"), message("2")]).await.unwrap();
    let ahead = u64::MAX / 4;
    writer.counters.group_messages.last_ns = ahead;
    writer.transact(&[message("3")]).await.unwrap();
    group_message::Entity::delete_many().exec(&database).await.unwrap();
    let mut writer = self::writer(&database, &hub).await;
    writer.transact(&[message("4")]).await.unwrap();
    let row = group_message::Entity::find().one(&database).await.unwrap().unwrap();
    assert_eq!(row.id, 4);
    assert_eq!(row.created_ns, i64::try_from(ahead + 2).unwrap());
}
