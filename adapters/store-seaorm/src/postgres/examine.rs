//! Whose a PostgreSQL schema is, and making ours.

use hexmtp_ports::store::StoreError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, TransactionTrait};
use sea_orm_migration::MigratorTrait;

use crate::error::{cause, from_db, sqlstate};
use crate::migration::Migrator;
use crate::options::OpenProblem;
use crate::versions::{Found, Refused, all, number, versions};

/// The mark of the program that the tables belong to: the comment of the table of migrations.
const MARK: &str = "COMMENT ON TABLE seaql_migrations IS 'hexmtp-store'";
/// The oldest server that we know to have everything.
const OLDEST: i64 = 130_000;
/// The advisory lock for changing a schema; its second number is the schema's. `hxmp` in ASCII.
const LOCK: &str = "SELECT pg_advisory_xact_lock(1752722800, hashtext(current_schema()))";

/// Looks at the schema without changing it.
async fn examine(connection: &impl ConnectionTrait) -> Result<Found, Refused> {
    let mark = "SELECT COALESCE(obj_description(c.oid, 'pg_class') = 'hexmtp-store', FALSE)::int::bigint \
                FROM pg_class c WHERE c.relname = 'seaql_migrations' AND c.relnamespace = \
                (SELECT oid FROM pg_namespace WHERE nspname = current_schema())";
    let rows = all(connection, mark).await?;
    let ours: Option<i64> = rows.first().map(|row| row.try_get_by_index(0)).transpose()?;
    match ours {
        None => Ok(Found::Blank),
        Some(1) => versions(connection).await,
        Some(_) => Err(Refused::Unfit(StoreError::ForeignSchema)),
    }
}

/// Makes or updates the schema. Of several processes that come at the same time one does it, and the others wait.
pub(super) async fn prepare(writer: &DatabaseConnection, schema: Option<&str>) -> Result<(), StoreError> {
    if number(writer, "SELECT current_setting('server_version_num')::bigint").await.map_err(from_db)? < OLDEST
    {
        let rows = all(writer, "SELECT current_setting('server_version')").await.map_err(from_db)?;
        let version = rows.first().and_then(|row| row.try_get_by_index(0).ok()).unwrap_or_default();
        return Err(StoreError::Backend(Box::new(OpenProblem::ServerTooOld(version))));
    }
    let missing =
        number(writer, "SELECT (current_schema() IS NULL)::int::bigint").await.map_err(from_db)? == 1;
    match (missing, schema) {
        (true, None) => return Err(StoreError::Backend(Box::new(OpenProblem::NoSchema))),
        (true, Some(name)) => make_schema(writer, name).await?,
        (false, _) => {}
    }
    if examine(writer).await? == Found::Current {
        return Ok(());
    }
    let transaction = writer.begin().await.map_err(from_db)?;
    transaction.execute_unprepared(LOCK).await.map_err(from_db)?;
    match examine(&transaction).await? {
        Found::Current => return transaction.rollback().await.map_err(from_db),
        Found::Outdated => migrate(&transaction).await?,
        Found::Blank => {
            migrate(&transaction).await?;
            transaction.execute_unprepared(MARK).await.map_err(from_db)?;
        }
    }
    transaction.commit().await.map_err(from_db)
}

async fn migrate(transaction: &DatabaseTransaction) -> Result<(), StoreError> {
    Migrator::up(transaction, None).await.map_err(|error| {
        match cause(&error).and_then(sqlstate) {
            // A table or an index of that name is there, and no migration of ours has made it.
            Some("42P07") => StoreError::ForeignSchema,
            _ => from_db(error),
        }
    })
}

async fn make_schema(writer: &DatabaseConnection, name: &str) -> Result<(), StoreError> {
    let made =
        writer.execute_unprepared(&format!("CREATE SCHEMA IF NOT EXISTS {}", super::quoted(name))).await;
    match made {
        // Two who come at the same time may both find it missing.
        Err(error) if matches!(cause(&error).and_then(sqlstate), Some("23505" | "42P06")) => Ok(()),
        made => made.map(drop).map_err(from_db),
    }
}
