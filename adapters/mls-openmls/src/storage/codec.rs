//! How a row's value is written: one byte that names the format, then the value.

use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use super::StorageError;

const POSTCARD: u8 = 1;
const JSON: u8 = 2;

/// Writes a value in the compact binary form that nearly all rows have.
pub(crate) fn encode<T: Serialize + ?Sized>(
    row: &'static str,
    value: &T,
) -> Result<Zeroizing<Vec<u8>>, StorageError> {
    postcard::to_extend(value, vec![POSTCARD]).map(Zeroizing::new).map_err(|_| StorageError::Encode(row))
}

/// Writes a value as JSON. The join configuration of OpenMLS needs it: its past-epoch policy holds an untagged
/// enum, which only a self-describing format can read back (OPENMLS.md 3, gap 4).
pub(crate) fn encode_json<T: Serialize>(
    row: &'static str,
    value: &T,
) -> Result<Zeroizing<Vec<u8>>, StorageError> {
    let mut bytes = Zeroizing::new(vec![JSON]);
    serde_json::to_writer(&mut *bytes, value).map_err(|_| StorageError::Encode(row))?;
    Ok(bytes)
}

/// Reads a value in either form. Bytes left over make the row corrupt.
pub(crate) fn decode<T: DeserializeOwned>(row: &'static str, bytes: &[u8]) -> Result<T, StorageError> {
    let corrupt = StorageError::Corrupt(row);
    match bytes.split_first() {
        Some((&POSTCARD, value)) => match postcard::take_from_bytes(value) {
            Ok((value, [])) => Ok(value),
            _ => Err(corrupt),
        },
        Some((&JSON, value)) => serde_json::from_slice(value).map_err(|_| corrupt),
        _ => Err(corrupt),
    }
}
