//! Signatures in protobuf. Nothing inside a signature is changed or judged here.

use hexmtp_proto::xmtp::identity::associations as wire;
use hexmtp_proto::xmtp::message_contents as legacy;

use super::update_wire::{IdentityDecodeError, required};
use super::{
    ContractWalletSignature, LegacyDelegatedSignature, LegacyKeySignature, PasskeySignature,
    UnverifiedSignature,
};

impl UnverifiedSignature {
    /// Reads the protobuf message.
    ///
    /// # Errors
    /// [`IdentityDecodeError::Missing`] when the signature or a message within it is absent.
    pub fn from_wire(signature: wire::Signature) -> Result<Self, IdentityDecodeError> {
        use wire::signature::Signature as Kind;
        Ok(match required(signature.signature, "signature")? {
            Kind::Erc191(signature) => Self::Erc191 { bytes: signature.bytes },
            Kind::Erc6492(signature) => Self::ContractWallet(ContractWalletSignature {
                account_id: signature.account_id,
                block_number: signature.block_number,
                signature: signature.signature,
            }),
            Kind::InstallationKey(signature) => {
                Self::InstallationKey { bytes: signature.bytes, public_key: signature.public_key }
            }
            Kind::Passkey(signature) => Self::Passkey(PasskeySignature {
                public_key: signature.public_key,
                signature: signature.signature,
                authenticator_data: signature.authenticator_data,
                client_data_json: signature.client_data_json,
            }),
            Kind::DelegatedErc191(signature) => Self::LegacyDelegated(delegated_from_wire(signature)?),
        })
    }

    /// The protobuf message.
    #[must_use]
    pub fn to_wire(&self) -> wire::Signature {
        use wire::signature::Signature as Kind;
        let kind = match self.clone() {
            Self::Erc191 { bytes } => Kind::Erc191(wire::RecoverableEcdsaSignature { bytes }),
            Self::ContractWallet(signature) => Kind::Erc6492(wire::SmartContractWalletSignature {
                account_id: signature.account_id,
                block_number: signature.block_number,
                signature: signature.signature,
            }),
            Self::InstallationKey { bytes, public_key } => {
                Kind::InstallationKey(wire::RecoverableEd25519Signature { bytes, public_key })
            }
            Self::Passkey(signature) => Kind::Passkey(wire::RecoverablePasskeySignature {
                public_key: signature.public_key,
                signature: signature.signature,
                authenticator_data: signature.authenticator_data,
                client_data_json: signature.client_data_json,
            }),
            Self::LegacyDelegated(signature) => Kind::DelegatedErc191(delegated_to_wire(signature)),
        };
        wire::Signature { signature: Some(kind) }
    }
}

fn delegated_from_wire(
    signature: wire::LegacyDelegatedSignature,
) -> Result<LegacyDelegatedSignature, IdentityDecodeError> {
    let key = required(signature.delegated_key, "delegated_key")?;
    let union = required(key.signature.and_then(|signature| signature.union), "delegated_key.signature")?;
    Ok(LegacyDelegatedSignature {
        key_bytes: key.key_bytes,
        key_signature: union.into(),
        signature: required(signature.signature, "delegated signature")?.bytes,
    })
}

fn delegated_to_wire(signature: LegacyDelegatedSignature) -> wire::LegacyDelegatedSignature {
    use legacy::signature::{EcdsaCompact, Union, WalletEcdsaCompact};
    let union = match signature.key_signature {
        LegacyKeySignature::Compact { bytes, recovery } => {
            Union::EcdsaCompact(EcdsaCompact { bytes, recovery })
        }
        LegacyKeySignature::WalletCompact { bytes, recovery } => {
            Union::WalletEcdsaCompact(WalletEcdsaCompact { bytes, recovery })
        }
    };
    wire::LegacyDelegatedSignature {
        delegated_key: Some(legacy::SignedPublicKey {
            key_bytes: signature.key_bytes,
            signature: Some(legacy::Signature { union: Some(union) }),
        }),
        signature: Some(wire::RecoverableEcdsaSignature { bytes: signature.signature }),
    }
}
