//! Commits of other processes: the server tells of them.

use std::time::Duration;

use hexmtp_ports::store::{FeedPosition, StoreError};
use sea_orm::DatabaseConnection;
use sqlx::postgres::PgListener;

use super::Server;
use crate::error::from_db;
use crate::tenant::Tenant;
use crate::versions::all;

/// After so long a silence the connection is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(60);
/// How long it may take to answer.
const ANSWER: Duration = Duration::from_secs(10);

/// The channel of an installation. Channels are the database's, so the schema is a part of the name.
pub(super) async fn channel(writer: &DatabaseConnection, tenant: &Tenant) -> Result<String, StoreError> {
    const NAME: &str = "SELECT 'hexmtp.' || oid::text FROM pg_namespace WHERE nspname = current_schema()";
    let rows = all(writer, NAME).await.map_err(from_db)?;
    let row = rows.first().ok_or_else(|| StoreError::Corrupt("pg_namespace".to_owned()))?;
    let schema: String = row.try_get_by_index(0).map_err(from_db)?;
    Ok(format!("{schema}.{}", tenant.id))
}

/// Listens until the connection breaks or is closed, and hands each position that the server tells to `hear`. `begin`
/// is called once the server listens: it has to look for what was committed before.
pub(crate) async fn listen(
    server: &Server,
    begin: impl AsyncFnOnce(),
    hear: impl Fn(FeedPosition),
) -> Result<(), sqlx::Error> {
    let mut listener = PgListener::connect_with(&server.listener).await?;
    listener.eager_reconnect(false);
    listener.listen(&server.channel).await?;
    begin().await;
    loop {
        match tokio::time::timeout(SILENCE, listener.try_recv()).await {
            Ok(told) => match told? {
                Some(told) => {
                    // Nobody else has a reason to write into the channel; what is not a number is no position.
                    if let Ok(position) = told.payload().parse() {
                        hear(FeedPosition(position));
                    }
                }
                None => return Ok(()),
            },
            Err(_) => {
                let asked = sqlx::query("SELECT 1").execute(&mut listener);
                if tokio::time::timeout(ANSWER, asked).await.is_err() {
                    return Ok(());
                }
            }
        }
    }
}
