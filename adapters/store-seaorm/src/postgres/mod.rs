//! Opening a PostgreSQL database: everything that is special to PostgreSQL.

mod examine;
mod listen;
mod options;
mod reseal;
mod settle;

use std::time::Duration;

use hexmtp_ports::store::StoreError;
use sea_orm::{DatabaseConnection, SqlxPostgresConnector};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgConnection, PgPool, PgPoolOptions};

use crate::access::Connections;
use crate::entity::installation;
use crate::error::from_driver;
use crate::seal::Seal;
use crate::tenant::Tenant;

pub(crate) use listen::listen;
pub use options::PostgresOptions;
pub(crate) use reseal::reseal;
pub(crate) use settle::{Mark, Settled, mark, settle};

/// How long the server lets a transaction wait for its client, in milliseconds: one that will never hear of it again
/// must not keep others of the installation waiting.
const IDLE_IN_TRANSACTION: &str = "60000";

/// What only a server has.
#[derive(Clone, Debug)]
pub(crate) struct Server {
    /// At most so many connections read.
    readers: u32,
    /// One connection, on which the server tells of commits.
    listener: PgPool,
    /// The channel on which it does.
    channel: String,
    /// The row of this store among those who write.
    writer_id: i64,
    /// How long to wait for a server that went away.
    patience: Duration,
}

impl Server {
    /// At most so many connections read.
    pub(crate) const fn readers(&self) -> u32 {
        self.readers
    }

    pub(crate) async fn close(&self, writer: &DatabaseConnection) {
        self.listener.close().await;
        settle::forget_writer(writer, self.writer_id).await;
    }
}

/// Opens a database, and makes the tables if they are not there.
pub(crate) async fn open(options: &PostgresOptions) -> Result<(Connections, Tenant), StoreError> {
    let seal = Seal::new(&options.data_key)?;
    let server = options.server.clone().disable_statement_logging();
    let pool = pool(1, options).connect_with(server.clone()).await.map_err(from_driver)?;
    let writer = SqlxPostgresConnector::from_sqlx_postgres_pool(pool.clone());
    let opened = async {
        examine::prepare(&writer, options.schema.as_deref()).await?;
        let tenant = installation::find_or_create(&writer, &options.installation, seal).await?;
        let writer_id = settle::register_writer(&writer).await?;
        let channel = listen::channel(&writer, &tenant).await?;
        Ok((tenant, writer_id, channel))
    };
    let (tenant, writer_id, channel) = match opened.await {
        Ok(opened) => opened,
        Err(error) => {
            pool.close().await;
            return Err(error);
        }
    };
    let readers = pool_of_readers(options, server.clone());
    let server = Server {
        readers: options.readers,
        listener: pool_of_listener(options, server),
        channel,
        writer_id,
        patience: options.acquire_timeout,
    };
    Ok((Connections { writer, readers, server: Some(server) }, tenant))
}

fn pool_of_readers(options: &PostgresOptions, server: PgConnectOptions) -> DatabaseConnection {
    let pool = pool(options.readers, options).connect_lazy_with(server);
    SqlxPostgresConnector::from_sqlx_postgres_pool(pool)
}

fn pool_of_listener(options: &PostgresOptions, server: PgConnectOptions) -> PgPool {
    // One that waits is not idle.
    pool(1, options).max_lifetime(None).connect_lazy_with(server)
}

/// Connections are not tested before they are used, which would double the round trips: who finds a broken one takes
/// another.
fn pool(connections: u32, options: &PostgresOptions) -> PgPoolOptions {
    let statement_timeout = options.statement_timeout.as_millis().to_string();
    let search_path = options.schema.as_deref().map(quoted);
    PgPoolOptions::new()
        .max_connections(connections)
        .test_before_acquire(false)
        .acquire_timeout(options.acquire_timeout)
        .after_connect(move |connection, _| {
            let (statement_timeout, search_path) = (statement_timeout.clone(), search_path.clone());
            Box::pin(async move { configure(connection, &statement_timeout, search_path.as_deref()).await })
        })
}

/// Sets what the sessions of a store rely on, whatever the server's defaults are. With less than a synchronous commit,
/// what was acknowledged could be gone after the server crashed; more than that stays.
async fn configure(
    connection: &mut PgConnection,
    statement_timeout: &str,
    search_path: Option<&str>,
) -> Result<(), sqlx::Error> {
    const SET: &str = "SELECT set_config('statement_timeout', $1, false), \
                       set_config('idle_in_transaction_session_timeout', $2, false), \
                       set_config('search_path', COALESCE($3, current_setting('search_path')), false), \
                       set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
                       WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";
    sqlx::query(SET)
        .bind(statement_timeout)
        .bind(IDLE_IN_TRANSACTION)
        .bind(search_path)
        .execute(connection)
        .await
        .map(drop)
}

/// A name as SQL takes it.
fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
