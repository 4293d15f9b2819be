//! Signatures and identity logs, beside the raw cryptography that is in them: what is above it is the price of our rules.

#![allow(missing_docs, clippy::unwrap_used, reason = "a benchmark that cannot start must stop")]

use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use hexmtp_domain::identity::{
    AssociationState, Identifier, IdentityUpdate, InstallationKey, LegacyDelegatedSignature,
    LegacyKeySignature, LocalWallet, MAX_UPDATES, PasskeySignature, UnsignedUpdate, UnverifiedSignature,
};
use hexmtp_proto::xmtp::message_contents as legacy;
use k256::ecdsa::RecoveryId;
use p256::ecdsa::signature::{Signer, Verifier};
use prost::Message;
use sha2::{Digest, Sha256, Sha512};
use sha3::Keccak256;

const INBOXES: u8 = 250;

fn wallet(number: u8) -> LocalWallet {
    LocalWallet::from_private_key([number; 32]).unwrap()
}

fn text() -> String {
    let key = InstallationKey::from_seed([1; 32]);
    UnsignedUpdate::create_inbox(&wallet(1).identifier(), 0, key.id(), 1).signature_text()
}

fn erc191(wallet: &LocalWallet, text: &str) -> Vec<u8> {
    match wallet.sign_text(text).unwrap() {
        UnverifiedSignature::Erc191 { bytes } => bytes,
        _ => Vec::new(),
    }
}

fn passkey(text: &str) -> (PasskeySignature, p256::ecdsa::VerifyingKey, Vec<u8>) {
    let key = p256::ecdsa::SigningKey::from_slice(&[3; 32]).unwrap();
    let challenge = Base64UrlUnpadded::encode_string(text.as_bytes());
    let client_data_json =
        format!(r#"{{"type":"webauthn.get","challenge":"{challenge}","origin":"https://example.org"}}"#)
            .into_bytes();
    let authenticator_data = [&Sha256::digest("example.org")[..], &[5, 0, 0, 0, 1]].concat();
    let signed = [&authenticator_data[..], &Sha256::digest(&client_data_json)[..]].concat();
    let signature: p256::ecdsa::Signature = key.sign(&signed);
    let passkey = PasskeySignature {
        public_key: key.verifying_key().to_encoded_point(true).as_bytes().to_vec(),
        signature: signature.to_der().as_bytes().to_vec(),
        authenticator_data,
        client_data_json,
    };
    (passkey, *key.verifying_key(), signed)
}

fn legacy_delegated(text: &str) -> LegacyDelegatedSignature {
    use legacy::unsigned_public_key::{Secp256k1Uncompressed, Union};
    let key = k256::ecdsa::SigningKey::from_slice(&[4; 32]).unwrap();
    let bytes = key.verifying_key().to_encoded_point(false).as_bytes().to_vec();
    let union = Some(Union::Secp256k1Uncompressed(Secp256k1Uncompressed { bytes }));
    let key_bytes = legacy::UnsignedPublicKey { created_ns: 1, union }.encode_to_vec();
    let voucher = format!(
        "XMTP : Create Identity\n{}\n\nFor more info: https://xmtp.org/signatures/",
        hex::encode(&key_bytes)
    );
    let voucher = erc191(&wallet(1), &voucher);
    LegacyDelegatedSignature {
        key_bytes,
        key_signature: LegacyKeySignature::WalletCompact {
            bytes: voucher[..64].to_vec(),
            recovery: u32::from(voucher[64]),
        },
        signature: erc191(&wallet(4), text),
    }
}

/// Each kind, and the curve operations and hashes that no implementation can do without.
fn signatures(c: &mut Criterion) {
    let text = text();
    let mut group = c.benchmark_group("signature");
    let mut ours = |name: &str, signature: UnverifiedSignature| {
        assert!(signature.verify(&text).is_ok());
        group.bench_function(format!("{name}/ours"), |b| {
            b.iter(|| black_box(&signature).verify(black_box(&text)))
        });
    };
    let wallet_bytes = erc191(&wallet(1), &text);
    let key = InstallationKey::from_seed([1; 32]);
    let (passkey, passkey_key, passkey_signed) = passkey(&text);
    ours("erc191", UnverifiedSignature::Erc191 { bytes: wallet_bytes.clone() });
    ours("installation", key.sign_identity_text(&text));
    ours("passkey", UnverifiedSignature::Passkey(passkey.clone()));
    ours("legacy", UnverifiedSignature::LegacyDelegated(legacy_delegated(&text)));

    let hash: [u8; 32] = Keccak256::digest(&text).into();
    let signature = k256::ecdsa::Signature::from_slice(&wallet_bytes[..64]).unwrap();
    let recovery = RecoveryId::from_byte(wallet_bytes[64] - 27).unwrap();
    group.bench_function("erc191/raw", |b| {
        b.iter(|| k256::ecdsa::VerifyingKey::recover_from_prehash(black_box(&hash), &signature, recovery));
    });
    let dalek = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let prehash = || Sha512::new_with_prefix(&text);
    let ed25519 = dalek.sign_prehashed(prehash(), Some(b"IDENTITY UPDATE SIGNATURE")).unwrap();
    let public = dalek.verifying_key().to_bytes();
    group.bench_function("installation/raw", |b| {
        b.iter(|| {
            let key = ed25519_dalek::VerifyingKey::from_bytes(black_box(&public)).unwrap();
            key.verify_prehashed(prehash(), Some(b"IDENTITY UPDATE SIGNATURE"), &ed25519)
        });
    });
    let der = p256::ecdsa::Signature::from_der(&passkey.signature).unwrap();
    group.bench_function("passkey/raw", |b| b.iter(|| passkey_key.verify(black_box(&passkey_signed), &der)));
}

/// One wallet's inbox: created, then installations added and revoked in turns.
fn log(number: u8, nonce: u64, updates: usize) -> Vec<IdentityUpdate> {
    let owner = wallet(number);
    let identifier: Identifier = owner.identifier();
    let first = InstallationKey::from_seed([200; 32]);
    let sign = |update: UnsignedUpdate, key: &InstallationKey| {
        let text = update.signature_text();
        update.sign(&[owner.sign_text(&text).unwrap(), key.sign_identity_text(&text)]).unwrap()
    };
    let mut log = vec![sign(UnsignedUpdate::create_inbox(&identifier, nonce, first.id(), 1), &first)];
    let inbox = log[0].inbox_id;
    for (second, step) in (2_u64..).zip(1..updates) {
        let key = InstallationKey::from_seed([u8::try_from(step / 2 % 8).unwrap(); 32]);
        let at = second * 1_000_000_000;
        let update = if step % 2 == 1 {
            UnsignedUpdate::add_member(inbox, key.id().into(), (&identifier).into(), at)
        } else {
            UnsignedUpdate::revoke(inbox, [InstallationKey::from_seed([0; 32]).id().into()], &identifier, at)
        };
        log.push(sign(update, &key));
    }
    log
}

fn states(c: &mut Criterion) {
    let mut group = c.benchmark_group("state");
    group.sample_size(10);
    let full = log(1, 0, MAX_UPDATES);
    let bytes: Vec<Vec<u8>> = full.iter().map(IdentityUpdate::encode).collect();
    group.bench_function("256 updates, cold", |b| {
        b.iter(|| {
            let log: Vec<_> = bytes.iter().map(|bytes| IdentityUpdate::decode(bytes).unwrap()).collect();
            AssociationState::from_updates(&log).unwrap()
        });
    });
    let (last, before) = full.split_last().unwrap();
    let stored = AssociationState::from_updates(before).unwrap().encode();
    group.bench_function("256 updates, the last one on a stored state", |b| {
        b.iter(|| {
            let state = AssociationState::decode(black_box(&stored)).unwrap();
            AssociationState::apply(Some(state), last).unwrap()
        });
    });
    group.bench_function("256 updates, from a stored state", |b| {
        b.iter(|| AssociationState::decode(black_box(&stored)).unwrap());
    });
    let thousand: Vec<_> =
        (1..=INBOXES).flat_map(|number| (0..4).map(move |nonce| log(number, nonce, 1))).collect();
    group.throughput(Throughput::Elements(1_000));
    group.bench_function("1000 inboxes, cold", |b| {
        b.iter(|| {
            thousand.iter().map(|log| AssociationState::from_updates(log).unwrap()).collect::<Vec<_>>()
        });
    });
    let stored: Vec<_> =
        thousand.iter().map(|log| AssociationState::from_updates(log).unwrap().encode()).collect();
    group.bench_function("1000 inboxes, stored", |b| {
        b.iter(|| stored.iter().map(|bytes| AssociationState::decode(bytes).unwrap()).collect::<Vec<_>>());
    });
}

criterion_group!(benches, signatures, states);
criterion_main!(benches);
