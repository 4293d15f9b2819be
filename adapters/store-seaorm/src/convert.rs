//! Conversions between the domain's values and columns. Whatever a column holds, reading it never panics.

use hexmtp_domain::{Cursor, IdError, Originator, SequenceId};
use hexmtp_ports::store::StoreError;
use thiserror::Error;

/// A number that the database cannot hold.
#[derive(Debug, Error)]
#[error("a number above 2^63 - 1 cannot be stored")]
struct NumberTooLarge;

/// A column holds what nobody here wrote.
pub(crate) fn corrupt(column: &str) -> StoreError {
    StoreError::Corrupt(column.to_owned())
}

pub(crate) fn from_u64(number: u64) -> Result<i64, StoreError> {
    i64::try_from(number).map_err(|_| StoreError::Backend(Box::new(NumberTooLarge)))
}

pub(crate) fn to_u64(column: &str, number: i64) -> Result<u64, StoreError> {
    u64::try_from(number).map_err(|_| corrupt(column))
}

pub(crate) fn to_u32(column: &str, number: i64) -> Result<u32, StoreError> {
    u32::try_from(number).map_err(|_| corrupt(column))
}

pub(crate) fn from_sequence(id: SequenceId) -> Result<i64, StoreError> {
    from_u64(id.0)
}

pub(crate) fn to_sequence(column: &str, number: i64) -> Result<SequenceId, StoreError> {
    to_u64(column, number).map(SequenceId)
}

pub(crate) fn cursor(column: &str, originator: i64, sequence_id: i64) -> Result<Cursor, StoreError> {
    Ok(Cursor::new(Originator(to_u32(column, originator)?), to_sequence(column, sequence_id)?))
}

pub(crate) fn id<T>(column: &str, id: Result<T, IdError>) -> Result<T, StoreError> {
    id.map_err(|_| corrupt(column))
}

pub(crate) fn array<const N: usize>(column: &str, bytes: &[u8]) -> Result<[u8; N], StoreError> {
    bytes.try_into().map_err(|_| corrupt(column))
}

pub(crate) fn text(column: &str, bytes: Vec<u8>) -> Result<String, StoreError> {
    String::from_utf8(bytes).map_err(|_| corrupt(column))
}

/// A limit for the database; more rows than it can count are no limit.
pub(crate) fn limit(rows: usize) -> u64 {
    i64::try_from(rows).unwrap_or(i64::MAX).unsigned_abs()
}
