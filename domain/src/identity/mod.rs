//! Who is who: identifiers, inboxes, installations, and the signed log that binds them (XIP-46, PROTOCOL.md 1).
//!
//! The way of an update: [`UnsignedUpdate`] says what shall happen and who must sign; [`InboxGuard`] says whether its
//! author would regret it; a [`SignatureRequest`] collects the signatures, which makes an [`IdentityUpdate`], and that is
//! what travels; [`AssociationState::apply`] verifies one and applies it.
//!
//! Which updates count is judged exactly as official clients judge it, also where that is weak: clients that disagree
//! about who is in an inbox cannot share a group with it. What protects people beyond that is done at the edge, before
//! our own client signs and publishes.

mod admission;
mod association_error;
mod association_state;
mod association_state_stored;
mod contract_wallet;
mod ethereum_address;
mod identifier;
mod inbox;
mod inbox_guard;
mod installation_key;
mod legacy_key;
mod member_identifier;
mod passkey;
mod signature;
mod signature_request;
mod signature_request_stored;
mod signature_text;
mod signature_wire;
mod unsigned_update;
mod update;
mod update_wire;
mod wallet;

#[cfg(test)]
mod admission_tests;
#[cfg(test)]
mod association_property_tests;
#[cfg(test)]
mod association_state_tests;
#[cfg(test)]
mod contract_wallet_tests;
#[cfg(test)]
mod hostile_input_tests;
#[cfg(test)]
mod identifier_tests;
#[cfg(test)]
mod inbox_guard_tests;
#[cfg(test)]
mod legacy_key_tests;
#[cfg(test)]
mod passkey_tests;
#[cfg(test)]
mod signature_request_tests;
#[cfg(test)]
mod signature_tests;
#[cfg(test)]
mod update_tests;
#[cfg(test)]
mod vectors;

pub use association_error::AssociationError;
pub use association_state::{AssociationState, MAX_INSTALLATIONS, MAX_UPDATES, Member};
pub use contract_wallet::{ContractAccount, ContractQuestion, ContractVerdicts, ContractWalletSignature};
pub use ethereum_address::EthereumAddress;
pub use identifier::{Identifier, IdentifierError, IdentifierKind, PasskeyKey};
pub use inbox::inbox_id;
pub use inbox_guard::{AcceptedRisk, InboxGuard, InboxGuardError};
pub use installation_key::InstallationKey;
pub use legacy_key::{LegacyDelegatedSignature, LegacyKey, LegacyKeySignature};
pub use member_identifier::MemberIdentifier;
pub use passkey::{PasskeyCeremonyError, PasskeySignature};
pub use signature::{SignatureError, SignatureKind, UnverifiedSignature, VerifiedSignature};
pub use signature_request::{ContractAnswer, SignatureRequest, SignatureRequestError};
pub use signature_request_stored::StoredRequestError;
pub use unsigned_update::{SigningError, UnsignedAction, UnsignedUpdate};
pub use update::{Action, IdentityUpdate, Update};
pub use update_wire::IdentityDecodeError;
pub use wallet::LocalWallet;
