//! How an inbox gets its id.

use sha2::{Digest, Sha256};

use super::Identifier;
use crate::ids::InboxId;

/// The id of the inbox that `identifier` creates with `nonce`: SHA-256 over the identifier's text followed by
/// the nonce in decimal digits, with nothing between them (PROTOCOL.md 1.1).
#[must_use]
pub fn inbox_id(identifier: &Identifier, nonce: u64) -> InboxId {
    InboxId::new(Sha256::digest(format!("{identifier}{nonce}")).into())
}
