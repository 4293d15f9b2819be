//! What PostgreSQL says, as the port says it.

use hexmtp_ports::store::{ChangeFeed, StoreError};
use hexmtp_store_seaorm::SqlStore;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::work::{attempt, check, postgres, shared, soon};

fn kind(error: &StoreError) -> &'static str {
    error.code().strip_prefix("store.").unwrap()
}

/// A trigger says what the server would say with a full disk, a damaged page, and so on.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn errors_of_the_server_are_told_by_what_they_mean() {
    let url = shared();
    let store = SqlStore::open_postgres(postgres(&url, "one").schema("answers")).await.unwrap();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let trigger = "CREATE TABLE answers.state (code text); INSERT INTO answers.state VALUES ('');
        CREATE FUNCTION answers.fail() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE said text := (SELECT code FROM answers.state);
        BEGIN IF said <> '' THEN RAISE EXCEPTION 'as told' USING ERRCODE = said; END IF; RETURN NEW; END $$;
        CREATE TRIGGER fail BEFORE INSERT ON answers.messages FOR EACH ROW EXECUTE FUNCTION answers.fail()";
    sqlx::raw_sql(trigger).execute(&mut connection).await.unwrap();
    for (state, expected) in [
        ("53100", "full"),
        ("53200", "unavailable"),
        ("25006", "read_only"),
        ("XX001", "corrupt"),
        ("XX002", "corrupt"),
        ("42501", "backend"),
        ("22000", "backend"),
        ("40001", "unavailable"),
        ("40P01", "unavailable"),
        ("55P03", "unavailable"),
        ("57014", "unavailable"),
        ("58030", "unavailable"),
    ] {
        let say = format!("UPDATE answers.state SET code = '{state}'");
        sqlx::raw_sql(AssertSqlSafe(say)).execute(&mut connection).await.unwrap();
        let error = soon(attempt(&store, 0)).await.unwrap_err();
        assert_eq!(kind(&error), expected, "{state}: {error:?}");
        assert_eq!(store.position().await.unwrap().0, 0);
    }
    sqlx::raw_sql("UPDATE answers.state SET code = ''").execute(&mut connection).await.unwrap();
    attempt(&store, 0).await.unwrap();
    check(&store, 1).await;
}

/// Also where the server's default is not to wait for the disk, or to be serialisable, or to only read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commits_do_not_depend_on_the_defaults_of_the_server() {
    let url = shared();
    let mut connection = PgConnection::connect(&url).await.unwrap();
    let role = "CREATE ROLE careless LOGIN SUPERUSER; ALTER ROLE careless SET synchronous_commit = off;
        ALTER ROLE careless SET default_transaction_isolation = 'serializable'";
    sqlx::raw_sql(role).execute(&mut connection).await.unwrap();
    let options = postgres(&url.replace("hexmtp@", "careless@"), "one").schema("defaults");
    let store = SqlStore::open_postgres(options).await.unwrap();
    let trigger = "CREATE FUNCTION defaults.look() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN IF current_setting('synchronous_commit') <> 'on' OR current_setting('transaction_isolation') <> 'read committed'
        THEN RAISE EXCEPTION 'careless'; END IF; RETURN NEW; END $$;
        CREATE TRIGGER look BEFORE INSERT ON defaults.messages FOR EACH ROW EXECUTE FUNCTION defaults.look()";
    sqlx::raw_sql(trigger).execute(&mut connection).await.unwrap();
    attempt(&store, 0).await.unwrap();
    check(&store, 1).await;
}
