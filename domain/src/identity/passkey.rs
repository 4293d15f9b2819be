//! Signatures of passkeys (WebAuthn level 2 over P-256; PROTOCOL.md 1.7).
//!
//! Two questions are kept apart. Whether a signature counts in a log is judged by [`PasskeySignature::verify`] as
//! official clients judge it: only the challenge and the signature, for otherwise clients would see different members in
//! one inbox. Whether our own client lets a signature into an update that it is about to publish is judged by
//! [`PasskeySignature::check_ceremony`] too, which does what WebAuthn asks of a relying party (W-10).

use base64ct::{Base64UrlUnpadded, Encoding};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use thiserror::Error;

use super::{MemberIdentifier, PasskeyKey, SignatureError, SignatureKind, VerifiedSignature};

const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::Passkey);
const INVALID: SignatureError = SignatureError::Invalid(SignatureKind::Passkey);

/// What a browser calls the answer to a request to sign.
const ASSERTION: &str = "webauthn.get";
/// Native Android apps are origins of this scheme; they name no host.
const ANDROID_APP: &str = "android:apk-key-hash:";
const RP_ID_HASH: usize = 32;
/// The hash of the relying party's id, the flags and the counter.
const AUTHENTICATOR_DATA: usize = RP_ID_HASH + 1 + 4;
const USER_PRESENT: u8 = 1;

/// The signature of a passkey (`RecoverablePasskeySignature`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PasskeySignature {
    /// The P-256 public key, SEC1.
    pub public_key: Vec<u8>,
    /// The ECDSA signature, DER.
    pub signature: Vec<u8>,
    /// What the authenticator said about itself.
    pub authenticator_data: Vec<u8>,
    /// What the browser said about the request; holds the challenge.
    pub client_data_json: Vec<u8>,
}

/// The part of the client data that official clients read. It is read by the library that they use, in the same shape:
/// what is read twice, or from a list instead of an object, must come out the same.
#[derive(Deserialize)]
struct ClientData {
    origin: String,
    challenge: String,
}

#[derive(Deserialize)]
struct Ceremony {
    r#type: String,
    origin: String,
}

/// What is wrong with the ceremony in which a passkey signed, although the signature verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PasskeyCeremonyError {
    /// The client data is not what browsers write.
    #[error("the client data of the passkey is malformed")]
    ClientData,
    /// The client data is not about a request to sign, but about the making of a passkey, for example.
    #[error("the passkey did not answer a request to sign")]
    NotAnAssertion,
    /// The authenticator's data is too short.
    #[error("the data of the passkey's authenticator is malformed")]
    AuthenticatorData,
    /// Nobody touched the authenticator.
    #[error("the passkey signed without a person being present")]
    UserNotPresent,
    /// The origin is neither a secure site nor an app.
    #[error("the passkey signed for an origin that is no secure site")]
    Origin,
    /// The passkey belongs to another relying party than the site that asked.
    #[error("the passkey belongs to another site than the one that asked")]
    RelyingParty,
}

impl PasskeyCeremonyError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::ClientData => "identity.passkey.client_data",
            Self::NotAnAssertion => "identity.passkey.not_an_assertion",
            Self::AuthenticatorData => "identity.passkey.authenticator_data",
            Self::UserNotPresent => "identity.passkey.user_not_present",
            Self::Origin => "identity.passkey.origin",
            Self::RelyingParty => "identity.passkey.relying_party",
        }
    }
}

impl PasskeySignature {
    /// The challenge must be the text, in base64url without padding, and the signature must be the key's over what
    /// authenticator and browser said. The signer's relying party is the origin.
    pub(super) fn verify(&self, text: &str) -> Result<VerifiedSignature, SignatureError> {
        let client_data: ClientData =
            serde_json::from_slice(&self.client_data_json).map_err(|_| MALFORMED)?;
        if client_data.challenge != Base64UrlUnpadded::encode_string(text.as_bytes()) {
            return Err(INVALID);
        }
        let key = VerifyingKey::from_sec1_bytes(&self.public_key).map_err(|_| MALFORMED)?;
        let signature = Signature::from_der(&self.signature).map_err(|_| MALFORMED)?;
        key.verify(&self.signed_bytes(), &signature).map_err(|_| INVALID)?;
        Ok(VerifiedSignature {
            signer: MemberIdentifier::Passkey(PasskeyKey::new(
                self.public_key.clone(),
                Some(client_data.origin),
            )),
            kind: SignatureKind::Passkey,
            raw: signature.to_vec(),
            chain_id: None,
        })
    }

    /// What the authenticator signs.
    fn signed_bytes(&self) -> Vec<u8> {
        let client_data_hash = Sha256::digest(&self.client_data_json);
        [&self.authenticator_data[..], &client_data_hash[..]].concat()
    }

    /// Whether the ceremony was one that WebAuthn lets a relying party accept: an answer to a request to sign, with a
    /// person present, by a passkey of the site that asked. A passkey of a site is bound to its host or to a domain
    /// above it. Origins of Android apps name no host, and the system has checked them.
    ///
    /// # Errors
    /// [`PasskeyCeremonyError`] names the first thing that is wrong.
    pub fn check_ceremony(&self) -> Result<(), PasskeyCeremonyError> {
        let ceremony: Ceremony =
            serde_json::from_slice(&self.client_data_json).map_err(|_| PasskeyCeremonyError::ClientData)?;
        if ceremony.r#type != ASSERTION {
            return Err(PasskeyCeremonyError::NotAnAssertion);
        }
        let data = &self.authenticator_data;
        let (Some(rp_id_hash), Some(flags), true) =
            (data.get(..RP_ID_HASH), data.get(RP_ID_HASH), data.len() >= AUTHENTICATOR_DATA)
        else {
            return Err(PasskeyCeremonyError::AuthenticatorData);
        };
        if flags & USER_PRESENT == 0 {
            return Err(PasskeyCeremonyError::UserNotPresent);
        }
        if ceremony.origin.starts_with(ANDROID_APP) {
            return Ok(());
        }
        let host = host_of(&ceremony.origin).ok_or(PasskeyCeremonyError::Origin)?;
        if domains(host).any(|domain| Sha256::digest(domain)[..] == *rp_id_hash) {
            Ok(())
        } else {
            Err(PasskeyCeremonyError::RelyingParty)
        }
    }
}

/// The host of an origin to which browsers let passkeys answer: `https`, or the machine itself.
fn host_of(origin: &str) -> Option<&str> {
    let (host, local_only) = match (origin.strip_prefix("https://"), origin.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (None, Some(rest)) => (rest, true),
        (None, None) => return None,
    };
    let host = match host.split_once(':') {
        None => host,
        Some((host, port)) if !port.is_empty() && port.bytes().all(|digit| digit.is_ascii_digit()) => host,
        Some(_) => return None,
    };
    let is_name = !host.is_empty()
        && host.bytes().all(|it| it.is_ascii_lowercase() || it.is_ascii_digit() || matches!(it, b'-' | b'.'));
    (is_name && (!local_only || host == "localhost")).then_some(host)
}

/// The host, and the domains above it that are not a whole top-level domain.
fn domains(host: &str) -> impl Iterator<Item = &str> {
    std::iter::successors(Some(host), |domain| {
        let (_, above) = domain.split_once('.')?;
        above.contains('.').then_some(above)
    })
}
