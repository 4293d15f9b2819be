//! Identity logs, and the signatures that are in them.

use ed25519_dalek::{Signature as Ed25519Signature, VerifyingKey as Ed25519Key};
use hexmtp_domain::identity::{
    Identifier, IdentityUpdate, InstallationKey, LocalWallet, UnsignedUpdate, UnverifiedSignature,
};
use k256::ecdsa::{RecoveryId, Signature, VerifyingKey};
use sha2::{Digest as _, Sha512};

/// The context of installation keys that sign updates.
const CONTEXT: &[u8] = b"IDENTITY UPDATE SIGNATURE";

/// A log, and what is raw in it.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) updates: Vec<IdentityUpdate>,
    pub(crate) signatures: Vec<RawSignature>,
}

/// A signature for the curve alone.
#[derive(Debug)]
pub(crate) enum RawSignature {
    Wallet { hash: [u8; 32], signature: Signature, recovery: RecoveryId },
    Installation { key: [u8; 32], text: String, signature: Ed25519Signature },
}

impl RawSignature {
    pub(crate) fn by_wallet(hash: [u8; 32], bytes: &[u8]) -> Self {
        let (v, r_and_s) = bytes.split_last().expect("65 bytes");
        let signature = Signature::from_slice(r_and_s).expect("a signature");
        Self::Wallet { hash, signature, recovery: RecoveryId::from_byte(v - 27).expect("0 or 1") }
    }

    pub(crate) fn by_installation(key: &InstallationKey, text: &str) -> Self {
        let UnverifiedSignature::InstallationKey { bytes, .. } = key.sign_identity_text(text) else {
            panic!("a key signs so");
        };
        let signature = Ed25519Signature::from_slice(&bytes).expect("64 bytes");
        Self::Installation { key: *key.id().as_bytes(), text: text.to_owned(), signature }
    }

    pub(crate) fn verify(&self) {
        match self {
            Self::Wallet { hash, signature, recovery } => {
                VerifyingKey::recover_from_prehash(hash, signature, *recovery).expect("a key");
            }
            Self::Installation { key, text, signature } => {
                let key = Ed25519Key::from_bytes(key).expect("a key");
                key.verify_prehashed(Sha512::new_with_prefix(text), Some(CONTEXT), signature).expect("valid");
            }
        }
    }
}

pub(crate) fn wallet(number: u8) -> LocalWallet {
    LocalWallet::from_private_key([number; 32]).unwrap()
}

pub(crate) fn erc191(wallet: &LocalWallet, text: &str) -> Vec<u8> {
    match wallet.sign_text(text).unwrap() {
        UnverifiedSignature::Erc191 { bytes } => bytes,
        other => panic!("a key signs by {}", other.kind()),
    }
}

impl Log {
    /// One wallet's inbox: created, then installations added and revoked in turns.
    pub(crate) fn new(number: u8, nonce: u64, updates: usize) -> Self {
        let owner = wallet(number);
        let identifier: Identifier = owner.identifier();
        let first = InstallationKey::from_seed([200; 32]);
        let create = UnsignedUpdate::create_inbox(&identifier, nonce, first.id(), 1);
        let inbox = create.inbox_id;
        let mut log = Self { updates: Vec::new(), signatures: Vec::new() };
        log.push(create, &owner, Some(&first));
        for (second, step) in (2_u64..).zip(1..updates) {
            let key = InstallationKey::from_seed([u8::try_from(step / 2 % 8).unwrap(); 32]);
            let at = second * 1_000_000_000;
            if step % 2 == 1 {
                let add = UnsignedUpdate::add_member(inbox, key.id().into(), (&identifier).into(), at);
                log.push(add, &owner, Some(&key));
            } else {
                let gone = InstallationKey::from_seed([0; 32]).id().into();
                log.push(UnsignedUpdate::revoke(inbox, [gone], &identifier, at), &owner, None);
            }
        }
        log
    }

    fn push(&mut self, update: UnsignedUpdate, owner: &LocalWallet, key: Option<&InstallationKey>) {
        let text = update.signature_text();
        let by_owner = owner.sign_text(&text).unwrap();
        let by_key = key.map(|key| key.sign_identity_text(&text));
        let signatures: Vec<_> = std::iter::once(by_owner).chain(by_key).collect();
        let update = update.sign(&signatures).unwrap();
        self.signatures.push(RawSignature::by_wallet(update.signature_hash(), &erc191(owner, &text)));
        self.signatures.extend(key.map(|key| RawSignature::by_installation(key, &text)));
        self.updates.push(update);
    }
}
