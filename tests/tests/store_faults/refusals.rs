//! PostgreSQL databases that must not be opened, and servers that do not want us.

use std::error::Error as _;

use futures_util::future::join_all;
use hexmtp_ports::store::{StoreError, UnitOfWork};
use hexmtp_store_seaorm::{OpenProblem, PostgresOptions, SqlStore};
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::work::{attempt, check, key, name, postgres, shared, soon};

async fn run(url: &str, statements: &[&str]) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for statement in statements {
        sqlx::raw_sql(AssertSqlSafe(*statement)).execute(&mut connection).await.unwrap();
    }
}

async fn refused(options: PostgresOptions) -> StoreError {
    soon(SqlStore::open_postgres(options)).await.map(drop).unwrap_err()
}

fn problem(error: &StoreError) -> &OpenProblem {
    error.source().and_then(|source| source.downcast_ref()).unwrap_or_else(|| panic!("{error:?}"))
}

/// R-STO-405
#[tokio::test]
async fn a_wrong_data_key_is_told() {
    let (url, name) = (shared(), name());
    let store = SqlStore::open_postgres(postgres(&url, &name)).await.unwrap();
    attempt(&store, 0).await.unwrap();
    store.close().await.unwrap();
    let error = refused(PostgresOptions::new(&url, name.clone(), key(2)).unwrap()).await;
    assert!(matches!(error, StoreError::WrongKeyOrNotADatabase), "{error:?}");
    check(&SqlStore::open_postgres(postgres(&url, &name)).await.unwrap(), 1).await;
}

#[tokio::test]
async fn a_data_key_of_the_wrong_length_and_a_malformed_url_are_told() {
    let secret = hexmtp_domain::Secret::new(vec![1; 31]);
    let error = PostgresOptions::new("postgres://db/x", "one", secret).unwrap_err();
    assert!(matches!(problem(&error), OpenProblem::KeyLength(31)));
    for url in
        ["", "mysql://me:pass@db/x", "postgres://me:pass@db:port/x", "postgres://me:pass@db/x?sslmode=pass"]
    {
        let error = PostgresOptions::new(url, "one", key(1)).unwrap_err();
        assert!(matches!(problem(&error), OpenProblem::MalformedUrl), "{url}");
        assert!(!format!("{error:?}").contains("pass"));
    }
    let options = postgres("postgres://me:pass@db/x", "one");
    assert!(!format!("{options:?}").contains("pass"));
}

#[tokio::test]
async fn tables_of_another_program_are_told_and_stay_as_they_are() {
    let url = shared();
    for (schema, statements) in [
        ("foreign_messages", "CREATE TABLE foreign_messages.messages (id bytea)"),
        (
            "foreign_migrations",
            "CREATE TABLE foreign_migrations.seaql_migrations (version text, applied_at bigint); \
             INSERT INTO foreign_migrations.seaql_migrations VALUES ('m0001_initial', 1)",
        ),
    ] {
        run(&url, &[&format!("CREATE SCHEMA {schema}"), statements]).await;
        let error = refused(postgres(&url, "one").schema(schema)).await;
        assert!(matches!(error, StoreError::ForeignSchema), "{schema}: {error:?}");
        let mut connection = PgConnection::connect(&url).await.unwrap();
        let count = "SELECT count(*) FROM pg_class WHERE relnamespace = $1::regnamespace AND relkind = 'r'";
        let tables: i64 = sqlx::query_scalar(count).bind(schema).fetch_one(&mut connection).await.unwrap();
        assert_eq!(tables, 1, "{schema}");
    }
}

#[tokio::test]
async fn a_newer_schema_is_told() {
    let url = shared();
    let options = postgres(&url, "one").schema("newer \"schema\"");
    SqlStore::open_postgres(options.clone()).await.unwrap().close().await.unwrap();
    run(&url, &["INSERT INTO \"newer \"\"schema\"\"\".seaql_migrations VALUES ('m9999_future', 1)"]).await;
    let error = refused(options).await;
    let expected = matches!(&error, StoreError::NewerSchema { found, .. } if found == "m9999_future");
    assert!(expected, "{error:?}");
}

/// Of those that come first, one makes the tables (R-STO-406).
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_database_can_be_opened_by_several_at_the_same_time() {
    let url = shared();
    for round in 0..3 {
        let schema = format!("race_{round}");
        let open = |_| {
            let options = postgres(&url, "one").schema(schema.clone());
            async { SqlStore::open_postgres(options).await.unwrap() }
        };
        let stores = soon(join_all((0..6).map(open))).await;
        for (store, n) in stores.iter().zip(0..) {
            attempt(store, n).await.unwrap();
        }
        check(&stores[0], 6).await;
        for store in stores {
            store.close().await.unwrap();
        }
    }
}

#[tokio::test]
async fn what_the_server_refuses_is_told() {
    let url = shared();
    let statements =
        ["CREATE ROLE reader LOGIN", "CREATE SCHEMA closed", "REVOKE CREATE ON DATABASE faults FROM PUBLIC"];
    run(&url, &statements).await;
    let reader = url.replace("hexmtp@", "reader@");
    for (options, words) in [
        (postgres(&reader, "one").schema("closed"), "privilege"),
        (postgres(&reader, "one").schema("not_there"), "privilege"),
        (postgres(&url.replace("hexmtp@", "nobody@"), "one"), "does not let the database user in"),
        (postgres(&url.replace("/faults", "/nowhere"), "one"), "no such database"),
    ] {
        let error = refused(options).await;
        let text = error.source().map(ToString::to_string).unwrap_or_default();
        assert!(matches!(error, StoreError::Backend(_)) && text.contains(words), "{words}: {error:?}");
    }
}
