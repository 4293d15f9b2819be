//! Signature requests as bytes, so that they can wait, and wander to another process or device that signs.

use hexmtp_proto::xmtp::identity::associations as wire;
use prost::Message;

use super::signature_request::SignatureRequest;
use super::update_wire::required;
use super::wallet::personal_hash;
use super::{
    Action, ContractQuestion, IdentityDecodeError, IdentityUpdate, MemberIdentifier, SignatureRequestError,
    UnverifiedSignature,
};

/// The layout of [`StoredRequest`]; another number is another layout.
const LAYOUT: u32 = 1;

/// The update holds an empty signature wherever one belongs; who must give it stands in `signers`, in the same order.
#[derive(Clone, PartialEq, Message)]
struct StoredRequest {
    #[prost(uint32, tag = "1")]
    layout: u32,
    #[prost(message, optional, tag = "2")]
    update: Option<wire::IdentityUpdate>,
    #[prost(message, repeated, tag = "3")]
    signers: Vec<wire::MemberIdentifier>,
    #[prost(message, repeated, tag = "4")]
    proofs: Vec<wire::MemberIdentifier>,
    #[prost(message, repeated, tag = "5")]
    signatures: Vec<wire::Signature>,
}

impl SignatureRequest {
    /// The request with the signatures that it has.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let nothing = UnverifiedSignature::Erc191 { bytes: Vec::new() };
        let placeholder = |_: &MemberIdentifier| Ok::<_, std::convert::Infallible>(nothing.clone());
        let update = match self.update.try_map(placeholder) {
            Ok(update) => update.to_wire(),
            Err(never) => match never {},
        };
        StoredRequest {
            layout: LAYOUT,
            update: Some(update),
            signers: self
                .update
                .actions
                .iter()
                .flat_map(Action::signatures)
                .map(MemberIdentifier::to_wire)
                .collect(),
            proofs: self.proofs.iter().map(MemberIdentifier::to_wire).collect(),
            signatures: self.signatures.values().map(UnverifiedSignature::to_wire).collect(),
        }
        .encode_to_vec()
    }

    /// Reads what [`SignatureRequest::encode`] wrote, in whichever process. Every signature is judged again but those of
    /// contract wallets, which only their contracts can judge: whoever does not trust the bytes asks them again
    /// ([`IdentityUpdate::contract_questions`]). So is the change itself: whoever does not trust the bytes lets an
    /// [`super::InboxGuard`] check [`SignatureRequest::update`].
    ///
    /// # Errors
    /// [`StoredRequestError`] for anything else.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoredRequestError> {
        let stored = StoredRequest::decode(bytes).map_err(|_| IdentityDecodeError::Protobuf)?;
        if stored.layout != LAYOUT {
            return Err(StoredRequestError::Layout(stored.layout));
        }
        let update = IdentityUpdate::from_wire(required(stored.update, "update")?)?;
        let mut signers = stored.signers.into_iter().map(MemberIdentifier::from_wire);
        let update = update.try_map(|_| match signers.next() {
            Some(signer) => signer.map_err(IdentityDecodeError::from),
            None => Err(IdentityDecodeError::Missing("signer")),
        })?;
        if signers.next().is_some() {
            return Err(IdentityDecodeError::Protobuf.into());
        }
        let proofs = stored.proofs.into_iter().map(MemberIdentifier::from_wire).collect::<Result<_, _>>();
        let mut request = Self {
            update,
            proofs: proofs.map_err(IdentityDecodeError::from)?,
            signatures: std::collections::BTreeMap::new(),
        };
        for signature in stored.signatures {
            request.put_back(UnverifiedSignature::from_wire(signature)?)?;
        }
        Ok(request)
    }

    fn put_back(&mut self, signature: UnverifiedSignature) -> Result<(), SignatureRequestError> {
        let UnverifiedSignature::ContractWallet(contract) = &signature else {
            return self.add_signature(signature);
        };
        if contract.block_number == 0 {
            return Err(SignatureRequestError::UnknownBlock);
        }
        let question = ContractQuestion::new(personal_hash(&self.signature_text()), contract)?;
        self.take(&question.into_verified(), signature)
    }
}

/// Why bytes are not a signature request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoredRequestError {
    /// The bytes have a layout of another version of this software.
    #[error("signature requests of layout {0} are not known")]
    Layout(u32),
    /// A part is missing or malformed.
    #[error(transparent)]
    Malformed(#[from] IdentityDecodeError),
    /// A signature does not belong to the request.
    #[error(transparent)]
    Signature(#[from] SignatureRequestError),
}

impl StoredRequestError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Layout(_) => "identity.request.unknown_layout",
            Self::Malformed(error) => error.code(),
            Self::Signature(error) => error.code(),
        }
    }
}
