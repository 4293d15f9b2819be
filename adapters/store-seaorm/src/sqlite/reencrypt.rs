//! Another key for a database file, or none, or one for the first time.
//!
//! The whole database is written into a new file with the new key, which then takes the old one's place by being
//! renamed. So whatever happens in between, there is one file, wholly under one of the two keys. Meanwhile nobody else
//! can have the file open: the lock on it is exclusive until it has been replaced. Who waits for that lock just then
//! has the file that was replaced, and finds that it is not ours any more.

use std::fs::File;
use std::path::{Path, PathBuf};

use hexmtp_ports::store::StoreError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};
use zeroize::Zeroizing;

use super::examine::APPLICATION_ID;
use super::file::{beside, create, inaccessible};
use super::key::{raw_key, with_key};
use super::with_defaults;
use crate::error::from_driver;
use crate::options::{Encryption, OpenProblem, Place, SqliteOptions};

/// What the name of the new file ends with until it takes the place of the old one.
const ENDING: &str = "-rekey";

/// Whether the key of such a database can be changed to that one.
///
/// # Errors
/// [`StoreError::ReadOnly`], and [`StoreError::Backend`] with an [`OpenProblem`] as its source.
pub(crate) fn can_reencrypt(options: &SqliteOptions, to: &Encryption) -> Result<(), StoreError> {
    path_of(options).and_then(|path| attach(&path, to)).map(drop)
}

fn path_of(options: &SqliteOptions) -> Result<PathBuf, StoreError> {
    let Place::File(path) = &options.place else {
        return Err(StoreError::Backend(Box::new(OpenProblem::Unsupported(
            "a database in memory is not encrypted",
        ))));
    };
    if options.is_read_only {
        return Err(StoreError::ReadOnly);
    }
    std::path::absolute(path).map_err(|source| inaccessible(path, source))
}

/// Writes the database anew. Nobody may have it open, this store neither.
pub(crate) async fn reencrypt(options: &SqliteOptions, to: &Encryption) -> Result<(), StoreError> {
    let path = path_of(options)?;
    let attach = attach(&beside(&path, ENDING), to)?;
    let file = SqliteConnectOptions::new().filename(&path).create_if_missing(false);
    let file = with_defaults(with_key(file, &options.encryption)?, options);
    let mut connection = file.connect().await.map_err(from_driver)?;
    let replaced = replace(&mut connection, &path, &attach).await;
    let _ = connection.close().await;
    if replaced.is_err() {
        forget_leftovers(&path);
    }
    replaced
}

/// Removes what a change of key that was cut short has left behind. It may be readable by everybody.
pub(super) fn forget_leftovers(path: &Path) {
    // Usually there is none.
    let _ = std::fs::remove_file(beside(path, ENDING));
}

fn attach(path: &Path, encryption: &Encryption) -> Result<Zeroizing<String>, StoreError> {
    let key = match encryption {
        Encryption::Key(key) => raw_key(key)?,
        Encryption::Unencrypted => Zeroizing::new("''".to_owned()),
    };
    let not_text = || StoreError::Backend(Box::new(OpenProblem::Unsupported("the path is not Unicode")));
    let name = path.to_str().ok_or_else(not_text)?.replace('\'', "''");
    Ok(Zeroizing::new(format!("ATTACH DATABASE '{name}' AS renewed KEY {}", key.as_str())))
}

async fn replace(connection: &mut SqliteConnection, path: &Path, attach: &str) -> Result<(), StoreError> {
    lock(connection).await?;
    forget_leftovers(path);
    let renewed = beside(path, ENDING);
    create(&renewed)?;
    execute(connection, attach).await?;
    // A copy that is cut short is thrown away, and a whole one is synced as a file.
    execute(connection, "PRAGMA renewed.journal_mode = OFF").await?;
    execute(connection, "PRAGMA renewed.synchronous = OFF").await?;
    let mark = format!("PRAGMA renewed.application_id = {APPLICATION_ID}");
    execute(connection, "SELECT sqlcipher_export('renewed')").await?;
    execute(connection, &mark).await?;
    if text(connection, "PRAGMA renewed.quick_check(1)").await? != "ok" {
        return Err(StoreError::Corrupt("the copy under the new key".to_owned()));
    }
    execute(connection, "DETACH DATABASE renewed").await?;
    let moved = File::open(&renewed)
        .and_then(|file| file.sync_all())
        .and_then(|()| std::fs::rename(&renewed, path))
        .and_then(|()| sync_folder(path));
    moved.map_err(|source| inaccessible(path, source))?;
    // The replaced file has no name any more; whoever has opened it under its old one is to see that.
    let _ = execute(connection, "PRAGMA main.application_id = 0").await;
    Ok(())
}

/// Keeps everybody else off the file until the connection is closed. Fails while somebody has it open.
async fn lock(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    execute(connection, "PRAGMA main.locking_mode = EXCLUSIVE").await?;
    // This needs the file for itself, and leaves nothing beside it.
    if text(connection, "PRAGMA main.journal_mode = DELETE").await? != "delete" {
        return Err(StoreError::Unavailable("somebody else has the database open".into()));
    }
    // A journal beside the file would belong to its successor once that is there.
    execute(connection, "PRAGMA main.journal_mode = MEMORY").await?;
    execute(connection, "BEGIN EXCLUSIVE").await?;
    execute(connection, "COMMIT").await
}

/// A renamed file is there after a power failure only when its folder was written too.
fn sync_folder(path: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        return File::open(folder)?.sync_all();
    }
    Ok(())
}

async fn execute(connection: &mut SqliteConnection, sql: &str) -> Result<(), StoreError> {
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await.map(drop).map_err(from_driver)
}

async fn text(connection: &mut SqliteConnection, sql: &str) -> Result<String, StoreError> {
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await.map_err(from_driver)?;
    row.try_get(0).map_err(from_driver)
}
