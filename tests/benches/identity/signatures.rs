//! Each kind of signature that needs no chain.

use std::hint::black_box;

use base64ct::{Base64UrlUnpadded, Encoding};
use hexmtp_domain::identity::{
    InstallationKey, LegacyDelegatedSignature, LegacyKeySignature, PasskeySignature, UnsignedUpdate,
    UnverifiedSignature,
};
use hexmtp_proto::xmtp::message_contents as legacy;
use p256::ecdsa::signature::{Signer, Verifier};
use prost::Message;
use sha2::{Digest, Sha256};

use crate::log::{RawSignature, erc191, wallet};
use crate::ratios::Group;

pub(crate) fn measure(group: &mut Group<'_>) {
    let key = InstallationKey::from_seed([1; 32]);
    let update = UnsignedUpdate::create_inbox(&wallet(1).identifier(), 0, key.id(), 1);
    let text = update.signature_text();
    let signed = update.sign(&[wallet(1).sign_text(&text).unwrap(), key.sign_identity_text(&text)]).unwrap();
    let verify = |signature: &UnverifiedSignature| black_box(signature).verify(black_box(&text)).unwrap();

    let bytes = erc191(&wallet(1), &text);
    let raw = RawSignature::by_wallet(signed.signature_hash(), &bytes);
    let recovery = group.raw("a recovery on secp256k1", || black_box(&raw).verify());
    let ours = UnverifiedSignature::Erc191 { bytes };
    group.ours("ERC-191", recovery, || verify(&ours));
    // Its wallet's voucher, and its own.
    let recoveries = group.raw("two recoveries on secp256k1", || {
        black_box(&raw).verify();
        black_box(&raw).verify();
    });
    let ours = UnverifiedSignature::LegacyDelegated(legacy_delegated(&text));
    group.ours("legacy", recoveries, || verify(&ours));

    let raw = RawSignature::by_installation(&key, &text);
    let ed25519 = group.raw("Ed25519ph", || black_box(&raw).verify());
    let ours = key.sign_identity_text(&text);
    group.ours("installation", ed25519, || verify(&ours));

    let (passkey, key, signed) = passkey(&text);
    let signature = p256::ecdsa::Signature::from_der(&passkey.signature).unwrap();
    let p256 = group.raw("ECDSA on P-256", || key.verify(black_box(&signed), &signature).unwrap());
    let ours = UnverifiedSignature::Passkey(passkey);
    group.ours("passkey", p256, || verify(&ours));
}

/// A passkey's signature, its key, and what the key signed.
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
