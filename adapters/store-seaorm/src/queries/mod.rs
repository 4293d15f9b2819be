//! The small queries over committed rows.

mod consent;
mod conversations;
mod diagnostics;
mod identity;
mod intents;
mod maintenance;
mod messages;
mod progress;
mod tasks;

use hexmtp_ports::store::StoreError;

/// There is no table for it yet.
pub(crate) fn not_yet() -> StoreError {
    StoreError::Backend("not written yet".into())
}

/// At most so many values to compare with in one statement.
const BATCH: usize = 500;

/// The records of rows.
pub(crate) fn records<Row, Record>(rows: Vec<Row>) -> Result<Vec<Record>, StoreError>
where
    Record: TryFrom<Row, Error = StoreError>,
{
    rows.into_iter().map(Record::try_from).collect()
}

/// The record of a row that may not be there.
fn record<Row, Record>(row: Option<Row>) -> Result<Option<Record>, StoreError>
where
    Record: TryFrom<Row, Error = StoreError>,
{
    row.map(Record::try_from).transpose()
}
