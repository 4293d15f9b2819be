//! Whose a SQLite database is.

use hexmtp_ports::store::StoreError;
use sea_orm::ConnectionTrait;

use crate::versions::{Found, Refused, number, versions};

/// "hxmp": SQLite's mark of the program that a database belongs to.
pub(crate) const APPLICATION_ID: i64 = 0x6878_6d70;

/// Looks at a database without changing it.
pub(crate) async fn examine(connection: &impl ConnectionTrait) -> Result<Found, Refused> {
    let tables = number(connection, "SELECT COUNT(*) FROM sqlite_master").await?;
    let application = number(connection, "PRAGMA application_id").await?;
    match application {
        APPLICATION_ID => {
            let list =
                "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'seaql_migrations'";
            if number(connection, list).await? == 0 {
                return Err(Refused::Unfit(StoreError::Corrupt("seaql_migrations".to_owned())));
            }
            versions(connection).await
        }
        0 if tables == 0 => Ok(Found::Blank),
        _ => Err(Refused::Unfit(StoreError::ForeignSchema)),
    }
}
