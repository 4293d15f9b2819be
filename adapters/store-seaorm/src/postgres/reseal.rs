//! Another data key: everything that is sealed is opened and sealed anew, in one transaction.

use hexmtp_domain::Secret;
use hexmtp_ports::store::StoreError;
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, QueryResult, Statement, Value};
use zeroize::Zeroizing;

use super::PostgresOptions;
use crate::entity::installation;
use crate::error::from_db;
use crate::seal::Seal;
use crate::tenant::Tenant;
use crate::write;

/// So many rows are opened and sealed at a time.
const BATCH: usize = 100;

/// A table with sealed columns.
struct Sealed {
    table: &'static str,
    /// The rest of the primary key as the seal names it: bytes as they are, numbers as eight bytes.
    key: &'static [&'static str],
    columns: &'static [&'static str],
}

/// Every sealed column; the check value of the installation apart.
const SEALED: [Sealed; 10] = [
    Sealed { table: "mls_rows", key: &["scope", "key"], columns: &["value"] },
    Sealed { table: "messages", key: &["id"], columns: &["content"] },
    Sealed { table: "conversations", key: &["id"], columns: &["extensions"] },
    Sealed { table: "identity", key: &[], columns: &["key_seed"] },
    Sealed { table: "preferences", key: &[], columns: &["hmac_root"] },
    Sealed { table: "key_packages", key: &["reference"], columns: &["init_private", "wrapper_private"] },
    Sealed { table: "intents", key: &["id"], columns: &["data", "payload", "post_commit"] },
    Sealed { table: "tasks", key: &["id"], columns: &["data"] },
    Sealed {
        table: "deferred_welcomes",
        key: &["int8send(originator)", "int8send(sequence_id)"],
        columns: &["data"],
    },
    Sealed {
        table: "iced",
        key: &["topic", "int8send(originator)", "int8send(sequence_id)"],
        columns: &["envelope"],
    },
];

impl Sealed {
    /// Where each row is, its key, its sealed columns.
    fn cursor(&self, installation: i64) -> String {
        let quoted = self.columns.iter().map(|column| format!("\"{column}\""));
        let key = self.key.iter().map(|part| match part.contains('(') {
            true => (*part).to_owned(),
            false => format!("\"{part}\""),
        });
        let list: Vec<String> = key.chain(quoted).collect();
        format!(
            "DECLARE sealed_{table} CURSOR FOR SELECT ctid::text, {} FROM \"{table}\" WHERE installation = {installation}",
            list.join(", "),
            table = self.table
        )
    }

    /// Replaces the sealed columns of so many rows.
    fn update(&self, rows: usize) -> String {
        let set: Vec<String> =
            self.columns.iter().map(|column| format!("\"{column}\" = renewed.\"{column}\"")).collect();
        let columns: Vec<String> = self.columns.iter().map(|column| format!("\"{column}\"")).collect();
        let width = self.columns.len() + 1;
        let row = |row: usize| {
            let first = row * width;
            let values = (1..width).map(|column| format!(", ${}::bytea", first + column + 1));
            format!("(${}::tid{})", first + 1, values.collect::<String>())
        };
        let values: Vec<String> = (0..rows).map(row).collect();
        format!(
            "UPDATE \"{table}\" SET {} FROM (VALUES {}) AS renewed (place, {}) WHERE \"{table}\".ctid = renewed.place",
            set.join(", "),
            values.join(", "),
            columns.join(", "),
            table = self.table
        )
    }

    /// The place of a row, and its sealed columns under the new key.
    fn renew(&self, from: &Tenant, to: &Tenant, row: &QueryResult) -> Result<Vec<Value>, StoreError> {
        let place: String = row.try_get_by_index(0).map_err(from_db)?;
        let key: Vec<Vec<u8>> = (1..=self.key.len())
            .map(|index| row.try_get_by_index(index).map_err(from_db))
            .collect::<Result<_, _>>()?;
        let key: Vec<&[u8]> = key.iter().map(Vec::as_slice).collect();
        let mut values: Vec<Value> = vec![place.into()];
        for (index, column) in (key.len() + 1..).zip(self.columns) {
            let stored: Option<Vec<u8>> = row.try_get_by_index(index).map_err(from_db)?;
            let column = format!("{}.{column}", self.table);
            let renewed = stored.map(|stored| {
                let opened = Zeroizing::new(from.open(&column, &key, stored)?);
                to.seal(&column, &key, opened.to_vec())
            });
            values.push(renewed.transpose()?.into());
        }
        Ok(values)
    }
}

/// Changes the data key of an installation.
pub(crate) async fn reseal(options: &PostgresOptions, to: &Secret) -> Result<(), StoreError> {
    PostgresOptions::check_key(to)?;
    let seal = Seal::new(to)?;
    let (connections, from) = super::open(options).await?;
    let to = Tenant { seal, ..from.clone() };
    let resealed = async {
        let transaction = write::begin(&connections.writer).await?;
        // Nobody commits anything from here on, and afterwards only who has the new key.
        installation::lock(&transaction, &from).await?;
        for sealed in &SEALED {
            reseal_table(&transaction, sealed, &from, &to).await?;
        }
        installation::write_check(&transaction, &to).await?;
        transaction.commit().await.map_err(from_db)
    };
    let resealed = resealed.await;
    connections.close().await;
    resealed
}

async fn reseal_table(
    transaction: &DatabaseTransaction,
    sealed: &Sealed,
    from: &Tenant,
    to: &Tenant,
) -> Result<(), StoreError> {
    transaction.execute_unprepared(&sealed.cursor(from.id)).await.map_err(from_db)?;
    loop {
        // A name for each table: the driver remembers what columns a statement gives.
        let fetch = format!("FETCH {BATCH} FROM sealed_{}", sealed.table);
        let fetch = Statement::from_string(DbBackend::Postgres, fetch);
        let rows = transaction.query_all_raw(fetch).await.map_err(from_db)?;
        if rows.is_empty() {
            break;
        }
        let mut values = Vec::new();
        for row in &rows {
            values.extend(sealed.renew(from, to, row)?);
        }
        let update = Statement::from_sql_and_values(DbBackend::Postgres, sealed.update(rows.len()), values);
        transaction.execute_raw(update).await.map_err(from_db)?;
    }
    transaction.execute_unprepared(&format!("CLOSE sealed_{}", sealed.table)).await.map(drop).map_err(from_db)
}
