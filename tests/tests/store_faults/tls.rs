//! PostgreSQL behind TLS, with a certificate that only we know.

use std::path::Path;
use std::process::Command;

use hexmtp_ports::store::StoreError;
use hexmtp_store_seaorm::{PostgresOptions, SqlStore};
use hexmtp_tests::postgres::TemporaryPostgres;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use super::work::{attempt, check, postgres, soon};

/// A certificate that signs itself, for this name; with its key.
fn certificate(folder: &Path, name: &str) -> (String, String) {
    let (key, certificate) = (folder.join("key"), folder.join("certificate"));
    let made = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
            "-days",
            "2",
        ])
        .args(["-subj", "/CN=hexmtp", "-addext", &format!("subjectAltName={name}")])
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&certificate)
        .output()
        .expect("openssl runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    (std::fs::read_to_string(certificate).unwrap(), std::fs::read_to_string(key).unwrap())
}

/// Gives the server a certificate, through the server itself: it may be another user's.
async fn install(server: &TemporaryPostgres, certificate: &str, key: &str) {
    let mut administrator = PgConnection::connect(&server.url("postgres")).await.unwrap();
    let folder: String =
        sqlx::query_scalar("SHOW data_directory").fetch_one(&mut administrator).await.unwrap();
    for (name, pem) in [("server.crt", certificate), ("server.key", key)] {
        let lines = pem.lines().map(|line| format!("('{line}')")).collect::<Vec<_>>().join(", ");
        // A key that others can read is not used.
        let program = format!("umask 077 && cat >\"{folder}/{name}\"");
        let write = format!("COPY (SELECT * FROM (VALUES {lines}) AS lines) TO PROGRAM '{program}'");
        sqlx::raw_sql(AssertSqlSafe(write)).execute(&mut administrator).await.unwrap();
    }
    sqlx::raw_sql("ALTER SYSTEM SET ssl = on").execute(&mut administrator).await.unwrap();
    administrator.close().await.unwrap();
    tokio::task::block_in_place(|| server.restart());
}

/// R-STO-407
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_known_by_its_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let server = TemporaryPostgres::start();
    let url = server.url("tls");
    let (own, key) = certificate(folder.path(), "IP:127.0.0.1");
    install(&server, &own, &key).await;
    let options = |parameters: &str| postgres(&format!("{url}?{parameters}"), "one");
    let file = folder.path().join("certificate");
    for safe in [
        options("sslmode=verify-full").root_certificate(own.as_bytes()),
        options(&format!("sslmode=verify-full&sslrootcert={}", file.display())),
        options("sslmode=require"),
    ] {
        let store = SqlStore::open_postgres(safe.application_name("safe")).await.unwrap();
        let mut administrator = PgConnection::connect(&url).await.unwrap();
        let ask = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = 'safe'";
        assert!(sqlx::query_scalar::<_, bool>(ask).fetch_one(&mut administrator).await.unwrap());
        drop(store);
    }
    let (stranger, _) = certificate(folder.path(), "IP:127.0.0.1");
    unsafe_connection(options("sslmode=verify-full").root_certificate(stranger.as_bytes())).await;
    unsafe_connection(options("sslmode=verify-ca")).await;
    // Another host than the certificate is for.
    let elsewhere = url.replace("127.0.0.1", "localhost");
    let named = postgres(&format!("{elsewhere}?sslmode=verify-full"), "one");
    unsafe_connection(named.root_certificate(own.as_bytes())).await;
    let store =
        SqlStore::open_postgres(options("sslmode=verify-full").root_certificate(own.as_bytes())).await;
    let store = store.unwrap();
    attempt(&store, 0).await.unwrap();
    check(&store, 1).await;
}

/// A server without TLS does not get what is meant for one with it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_no_tls_is_refused_where_it_is_wanted() {
    unsafe_connection(postgres(&format!("{}?sslmode=require", super::work::shared()), "one")).await;
}

async fn unsafe_connection(options: PostgresOptions) {
    let error = soon(SqlStore::open_postgres(options)).await.unwrap_err();
    let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    assert!(matches!(error, StoreError::Backend(_)) && text.contains("no secure connection"), "{error:?}");
}
