//! The captured official bytes that the tests of this module share.

use serde_json::Value;

use super::{IdentityUpdate, InstallationKey, LocalWallet};

pub(super) const PROTOCOL: &str = include_str!("../../../tests/vectors/protocol_vectors.json");
pub(super) const INBOX_IDS: &str = include_str!("../../../tests/vectors/nightly_inbox_ids.json");

const SIGNATURE_TEXTS: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_signature_texts.json"),
    include_str!("../../../tests/vectors/extra_signature_texts.json"),
];
const IDENTITY_UPDATES: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_identity_updates.json"),
    include_str!("../../../tests/vectors/extra_identity_updates.json"),
];
const INSTALLATION_KEYS: [&str; 2] = [
    include_str!("../../../tests/vectors/nightly_installation_keys.json"),
    include_str!("../../../tests/vectors/extra_installation_keys.json"),
];

/// The capture runs by name; each has its own logs and keys.
pub(super) const NIGHTLY: usize = 0;
pub(super) const EXTRA: usize = 1;
pub(super) const RUNS: [usize; 2] = [NIGHTLY, EXTRA];

pub(super) fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// The entries of a file whose top level is a list.
pub(super) fn list(text: &str) -> Vec<Value> {
    json(text).as_array().unwrap().clone()
}

pub(super) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap()
}

/// Hexadecimal digits with or without `0x`.
pub(super) fn bytes(value: &Value, field: &str) -> Vec<u8> {
    let digits = text(value, field);
    hex::decode(digits.strip_prefix("0x").unwrap_or(digits)).unwrap()
}

pub(super) fn array<const N: usize>(value: &Value, field: &str) -> [u8; N] {
    bytes(value, field).try_into().unwrap()
}

pub(super) fn signature_texts(run: usize) -> Vec<Value> {
    list(SIGNATURE_TEXTS[run])
}

pub(super) fn identity_updates(run: usize) -> Vec<Value> {
    list(IDENTITY_UPDATES[run])
}

pub(super) fn installation_keys(run: usize) -> Vec<Value> {
    list(INSTALLATION_KEYS[run])
}

/// The captured update of a step of the scenario.
pub(super) fn update(run: usize, step: &str) -> IdentityUpdate {
    let entry = identity_updates(run).into_iter().find(|entry| text(entry, "step") == step).unwrap();
    IdentityUpdate::decode(&bytes(&entry, "identity_update_hex")).unwrap()
}

/// The captured log of the inbox that `step` belongs to, in order.
pub(super) fn log_of(run: usize, step: &str) -> Vec<IdentityUpdate> {
    let inbox = update(run, step).inbox_id;
    identity_updates(run)
        .iter()
        .map(|entry| IdentityUpdate::decode(&bytes(entry, "identity_update_hex")).unwrap())
        .filter(|update| update.inbox_id == inbox)
        .collect()
}

/// A wallet for tests; different numbers are different wallets.
pub(super) fn wallet(number: u8) -> LocalWallet {
    LocalWallet::from_private_key([number; 32]).unwrap()
}

/// An installation for tests; different numbers are different installations.
pub(super) fn installation(number: u8) -> InstallationKey {
    InstallationKey::from_seed([number; 32])
}

/// A passkey for tests, which answers as browsers let it; different numbers are different passkeys.
pub(super) struct TestPasskey {
    key: p256::ecdsa::SigningKey,
}

/// The parts of an answer that a test may want to be wrong.
pub(super) struct Answer<'a> {
    pub(super) kind: &'a str,
    pub(super) challenge: String,
    pub(super) origin: &'a str,
    pub(super) rp_id: &'a str,
    pub(super) flags: u8,
}

impl Answer<'_> {
    /// A proper answer to a text.
    pub(super) fn to(text: &str) -> Self {
        use base64ct::Encoding;
        Self {
            kind: "webauthn.get",
            challenge: base64ct::Base64UrlUnpadded::encode_string(text.as_bytes()),
            origin: "https://app.example.org",
            rp_id: "example.org",
            flags: 5,
        }
    }
}

pub(super) fn passkey(number: u8) -> TestPasskey {
    TestPasskey { key: p256::ecdsa::SigningKey::from_slice(&[number; 32]).unwrap() }
}

impl TestPasskey {
    pub(super) fn public_key(&self) -> Vec<u8> {
        self.key.verifying_key().to_encoded_point(true).as_bytes().to_vec()
    }

    pub(super) fn identifier(&self) -> super::Identifier {
        super::PasskeyKey::new(self.public_key(), None).into()
    }

    pub(super) fn sign_text(&self, text: &str) -> super::UnverifiedSignature {
        super::UnverifiedSignature::Passkey(self.answer(&Answer::to(text)))
    }

    pub(super) fn answer(&self, answer: &Answer<'_>) -> super::PasskeySignature {
        let Answer { kind, challenge, origin, .. } = answer;
        let client_data = serde_json::json!({
            "type": kind, "challenge": challenge, "origin": origin, "crossOrigin": false,
        });
        self.sign_client_data(client_data.to_string().as_bytes(), answer.rp_id, answer.flags)
    }

    pub(super) fn sign_client_data(
        &self,
        client_data: &[u8],
        rp_id: &str,
        flags: u8,
    ) -> super::PasskeySignature {
        use p256::ecdsa::signature::Signer;
        use sha2::{Digest, Sha256};
        let authenticator_data = [&Sha256::digest(rp_id)[..], &[flags, 0, 0, 0, 1]].concat();
        let signed = [&authenticator_data[..], &Sha256::digest(client_data)[..]].concat();
        let signature: p256::ecdsa::Signature = self.key.sign(&signed);
        super::PasskeySignature {
            public_key: self.public_key(),
            signature: signature.to_der().as_bytes().to_vec(),
            authenticator_data,
            client_data_json: client_data.to_vec(),
        }
    }
}

/// A key of XMTP version 2 for which a wallet vouches, as version 2 stored it.
pub(super) fn legacy_key(number: u8, wallet: &LocalWallet) -> Vec<u8> {
    use hexmtp_proto::xmtp::message_contents as legacy;
    use prost::Message;
    let private = [number; 32];
    let public = k256::ecdsa::SigningKey::from_slice(&private).unwrap();
    let point = public.verifying_key().to_encoded_point(false).as_bytes().to_vec();
    let key_bytes = legacy::UnsignedPublicKey {
        created_ns: 1_700_000_000_000_000_000,
        union: Some(legacy::unsigned_public_key::Union::Secp256k1Uncompressed(
            legacy::unsigned_public_key::Secp256k1Uncompressed { bytes: point },
        )),
    }
    .encode_to_vec();
    let super::UnverifiedSignature::Erc191 { bytes } =
        wallet.sign_text(&super::legacy_key::voucher_text(&key_bytes)).unwrap()
    else {
        panic!("not ERC-191")
    };
    let union = legacy::signature::Union::WalletEcdsaCompact(legacy::signature::WalletEcdsaCompact {
        bytes: bytes[..64].to_vec(),
        // Version 2 counted from zero.
        recovery: u32::from(bytes[64] - 27),
    });
    legacy::SignedPrivateKey {
        created_ns: 1_700_000_000_000_000_000,
        union: Some(legacy::signed_private_key::Union::Secp256k1(legacy::signed_private_key::Secp256k1 {
            bytes: private.to_vec(),
        })),
        public_key: Some(legacy::SignedPublicKey {
            key_bytes,
            signature: Some(legacy::Signature { union: Some(union) }),
        }),
    }
    .encode_to_vec()
}
