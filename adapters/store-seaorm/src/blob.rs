//! Lists that are stored in one column: a version byte, then postcard.
//!
//! A conversation is read and written as a whole, so its lists need no tables of their own.

use std::collections::BTreeSet;

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::{Cursor, InboxId, InstallationId, Originator, SequenceId};
use hexmtp_ports::store::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::convert::corrupt;

/// The version of all lists so far.
const VERSION: u8 = 1;

pub(crate) fn encode_extensions(extensions: &[RawExtension]) -> Result<Vec<u8>, StoreError> {
    encode(extensions.iter().map(|extension| (extension.id, extension.data.as_slice())).collect())
}

pub(crate) fn decode_extensions(blob: &[u8]) -> Result<Vec<RawExtension>, StoreError> {
    let list: Vec<(u16, Vec<u8>)> = decode("conversations.extensions", blob)?;
    Ok(list.into_iter().map(|(id, data)| RawExtension { id, data }).collect())
}

pub(crate) fn encode_members(members: &[LeafMember]) -> Result<Vec<u8>, StoreError> {
    encode(
        members
            .iter()
            .map(|member| (member.inbox_id.as_bytes(), member.installation_id.as_bytes()))
            .collect(),
    )
}

pub(crate) fn decode_members(blob: &[u8]) -> Result<Vec<LeafMember>, StoreError> {
    let list: Vec<([u8; 32], [u8; 32])> = decode("conversations.members", blob)?;
    let member = |(inbox, installation)| LeafMember {
        inbox_id: InboxId::new(inbox),
        installation_id: InstallationId::new(installation),
    };
    Ok(list.into_iter().map(member).collect())
}

/// Most conversations have nobody to remove: then nothing is stored, as before the column existed.
pub(crate) fn encode_inboxes(inboxes: &BTreeSet<InboxId>) -> Result<Option<Vec<u8>>, StoreError> {
    match inboxes.is_empty() {
        true => Ok(None),
        false => encode(inboxes.iter().map(InboxId::as_bytes).collect()).map(Some),
    }
}

pub(crate) fn decode_inboxes(column: &str, blob: Option<&[u8]>) -> Result<BTreeSet<InboxId>, StoreError> {
    let list: Vec<[u8; 32]> = blob.map(|blob| decode(column, blob)).transpose()?.unwrap_or_default();
    Ok(list.into_iter().map(InboxId::new).collect())
}

pub(crate) fn encode_cursors(cursors: &[Cursor]) -> Result<Vec<u8>, StoreError> {
    encode(cursors.iter().map(|cursor| (cursor.originator.0, cursor.sequence_id.0)).collect())
}

pub(crate) fn decode_cursors(column: &str, blob: &[u8]) -> Result<Vec<Cursor>, StoreError> {
    let list: Vec<(u32, u64)> = decode(column, blob)?;
    let cursor = |(originator, number)| Cursor::new(Originator(originator), SequenceId(number));
    Ok(list.into_iter().map(cursor).collect())
}

fn encode<T: Serialize>(list: Vec<T>) -> Result<Vec<u8>, StoreError> {
    postcard::to_extend(&list, vec![VERSION]).map_err(|error| StoreError::Backend(Box::new(error)))
}

fn decode<T: DeserializeOwned>(column: &str, blob: &[u8]) -> Result<Vec<T>, StoreError> {
    let Some((&VERSION, body)) = blob.split_first() else {
        return Err(corrupt(column));
    };
    match postcard::take_from_bytes(body) {
        Ok((list, [])) => Ok(list),
        _ => Err(corrupt(column)),
    }
}
