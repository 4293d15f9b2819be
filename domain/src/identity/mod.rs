//! Who is who: identifiers, inboxes, installations, and the signed log that binds them (XIP-46, PROTOCOL.md 1).
//!
//! The way of an update: [`UnsignedUpdate`] says what shall happen and who must sign; with the signatures it
//! becomes an [`IdentityUpdate`], which is what travels; [`AssociationState::apply`] verifies one and applies it.

mod association_error;
mod association_state;
mod association_state_stored;
mod identifier;
mod inbox;
mod installation_key;
mod signature;
mod signature_text;
mod signature_wire;
mod unsigned_update;
mod update;
mod update_wire;
mod wallet;

#[cfg(test)]
mod association_state_tests;
#[cfg(test)]
mod hostile_input_tests;
#[cfg(test)]
mod identifier_tests;
#[cfg(test)]
mod signature_tests;
#[cfg(test)]
mod update_tests;
#[cfg(test)]
mod vectors;

pub use association_error::AssociationError;
pub use association_state::{AssociationState, MAX_INSTALLATIONS, MAX_UPDATES, Member};
pub use identifier::{
    EthereumAddress, Identifier, IdentifierError, IdentifierKind, MemberIdentifier, PasskeyKey,
};
pub use inbox::inbox_id;
pub use installation_key::InstallationKey;
pub use signature::{
    ContractWalletSignature, LegacyDelegatedSignature, LegacyKeySignature, PasskeySignature, SignatureError,
    SignatureKind, UnverifiedSignature, VerifiedSignature,
};
pub use unsigned_update::{SigningError, UnsignedAction, UnsignedUpdate};
pub use update::{Action, IdentityUpdate, Update};
pub use update_wire::IdentityDecodeError;
pub use wallet::LocalWallet;
