//! Keys of XMTP version 2: a recorded one, and each way to forge.

use hexmtp_proto::xmtp::message_contents as wire;
use prost::Message;

use super::vectors::{installation, legacy_key, wallet};
use super::*;

const TEXT: &str = "some text";
const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::LegacyDelegated);
const INVALID: SignatureError = SignatureError::Invalid(SignatureKind::LegacyDelegated);

/// A public key of version 2 with the voucher of a wallet, from the reference's own tests.
const RECORDED_KEY: &str = "0a4f08c0c3a5aecb99e7d5171a430a4104d854aefcc6e1dba8efa63ee9ce6c359b5784082b5b245b515dd543f145051f\
    f9ba817790042c364cb95f3d17e74807a91246714fad520d2592c92baeb4217d2b124612440a40078864ac9bf7e6fffd\
    f74e32d4e2294eefb788f77a589bf5dbb7d7ca2a59a28060607883114626e7021b5b1d426e808c012ad9b902b5d0648f\
    8fdb9fae01e9bf1001";
const RECORDED_WALLET: &str = "0x220ca99fb7fafa18cb623d924794dde47b4bc2e9";

fn good() -> LegacyDelegatedSignature {
    let key = LegacyKey::decode(&legacy_key(7, &wallet(1))).unwrap();
    match key.sign_text(TEXT).unwrap() {
        UnverifiedSignature::LegacyDelegated(signature) => signature,
        other => panic!("{other:?}"),
    }
}

fn judged(signature: LegacyDelegatedSignature) -> Result<VerifiedSignature, SignatureError> {
    UnverifiedSignature::LegacyDelegated(signature).verify(TEXT)
}

fn with(change: impl FnOnce(&mut LegacyDelegatedSignature)) -> LegacyDelegatedSignature {
    let mut signature = good();
    change(&mut signature);
    signature
}

fn voucher(signature: &LegacyDelegatedSignature) -> (Vec<u8>, u32) {
    match &signature.key_signature {
        LegacyKeySignature::WalletCompact { bytes, recovery }
        | LegacyKeySignature::Compact { bytes, recovery } => (bytes.clone(), *recovery),
    }
}

/// R-IDN-052: who vouched for a recorded key.
#[test]
fn a_recorded_voucher_names_its_wallet() {
    let public = wire::SignedPublicKey::decode(hex::decode(RECORDED_KEY).unwrap().as_slice()).unwrap();
    let key_signature: LegacyKeySignature = public.signature.unwrap().union.unwrap().into();
    let (LegacyKeySignature::Compact { bytes, recovery }
    | LegacyKeySignature::WalletCompact { bytes, recovery }) = key_signature;
    let signature = [bytes, vec![u8::try_from(recovery).unwrap()]].concat();
    let text = super::legacy_key::voucher_text(&public.key_bytes);
    let verified = UnverifiedSignature::Erc191 { bytes: signature }.verify(&text).unwrap();
    assert_eq!(verified.signer().to_string(), RECORDED_WALLET);
}

/// R-IDN-052
#[test]
fn a_legacy_key_signs_for_the_wallet_that_vouched() {
    let verified = judged(good()).unwrap();
    assert_eq!(*verified.signer(), wallet(1).identifier().into());
    assert_eq!(verified.kind(), SignatureKind::LegacyDelegated);
    let (bytes, recovery) = voucher(&good());
    assert_eq!(verified.raw(), [bytes.clone(), vec![u8::try_from(recovery).unwrap()]].concat());
    // Both spellings of the voucher, and the bytes above the lowest of the recovery number, which nobody reads.
    for key_signature in [
        LegacyKeySignature::Compact { bytes: bytes.clone(), recovery },
        LegacyKeySignature::Compact { bytes: bytes.clone(), recovery: recovery + 27 },
        LegacyKeySignature::WalletCompact { bytes, recovery: recovery + 256 },
    ] {
        let verified = judged(with(|it| it.key_signature = key_signature)).unwrap();
        assert_eq!(*verified.signer(), wallet(1).identifier().into());
    }
}

/// R-IDN-052
#[test]
fn forged_legacy_signatures_are_refused_or_somebody_elses() {
    let other = LegacyKey::decode(&legacy_key(8, &wallet(1))).unwrap();
    let UnverifiedSignature::LegacyDelegated(of_other_key) = other.sign_text(TEXT).unwrap() else {
        panic!("another kind")
    };
    let cases: [(&str, LegacyDelegatedSignature, SignatureError); 9] = [
        ("signature of another key", with(|it| it.signature = of_other_key.signature.clone()), INVALID),
        ("no signature", with(|it| it.signature.clear()), MALFORMED),
        ("signature cut", with(|it| it.signature.truncate(64)), MALFORMED),
        ("unknown recovery number", with(|it| it.signature[64] = 9), MALFORMED),
        ("no key", with(|it| it.key_bytes.clear()), MALFORMED),
        ("key cut", with(|it| it.key_bytes.truncate(20)), MALFORMED),
        (
            "voucher cut",
            with(|it| it.key_signature = LegacyKeySignature::Compact { bytes: vec![1; 63], recovery: 0 }),
            MALFORMED,
        ),
        (
            "voucher without numbers",
            with(|it| it.key_signature = LegacyKeySignature::Compact { bytes: vec![0; 64], recovery: 0 }),
            MALFORMED,
        ),
        (
            "voucher with an unknown recovery number",
            with(|it| it.key_signature = LegacyKeySignature::Compact { bytes: voucher(it).0, recovery: 2 }),
            MALFORMED,
        ),
    ];
    for (name, signature, error) in cases {
        assert_eq!(judged(signature), Err(error), "{name}");
    }
    let elsewhere = UnverifiedSignature::LegacyDelegated(good()).verify("another text");
    assert_eq!(elsewhere, Err(INVALID));
    // Another key's voucher vouches for nothing here.
    let swapped = judged(with(|it| it.key_signature = of_other_key.key_signature.clone())).unwrap();
    assert_ne!(*swapped.signer(), wallet(1).identifier().into());
    let swapped = judged(with(|it| it.key_bytes = of_other_key.key_bytes.clone()));
    assert_eq!(swapped, Err(INVALID));
}

/// R-IDN-052: each bit.
#[test]
fn a_legacy_signature_with_a_flipped_bit_is_not_the_wallets() {
    let not_the_wallet = |signature: LegacyDelegatedSignature, bit: usize| {
        if let Ok(verified) = judged(signature) {
            assert_ne!(*verified.signer(), wallet(1).identifier().into(), "{bit}");
        }
    };
    for bit in 0..8 * 64 {
        not_the_wallet(with(|it| it.signature[bit / 8] ^= 1 << (bit % 8)), bit);
        let voucher = with(|it| {
            let (mut bytes, recovery) = voucher(it);
            bytes[bit / 8] ^= 1 << (bit % 8);
            it.key_signature = LegacyKeySignature::WalletCompact { bytes, recovery };
        });
        not_the_wallet(voucher, bit);
    }
    for bit in 0..8 * good().key_bytes.len() {
        not_the_wallet(with(|it| it.key_bytes[bit / 8] ^= 1 << (bit % 8)), bit);
    }
}

/// R-IDN-052
#[test]
fn stored_legacy_keys_are_read_or_refused() {
    let stored = legacy_key(7, &wallet(1));
    let key = LegacyKey::decode(&stored).unwrap();
    assert_eq!(key.wallet(), wallet(1).address());
    assert_eq!(format!("{key:?}"), format!("LegacyKey({})", wallet(1).address()));
    let mut message = wire::SignedPrivateKey::decode(stored.as_slice()).unwrap();
    let refused = |message: &wire::SignedPrivateKey| {
        LegacyKey::decode(&message.encode_to_vec()).map(|key| key.wallet()).unwrap_err()
    };
    let whole = message.clone();
    let private = |bytes: Vec<u8>| {
        Some(wire::signed_private_key::Union::Secp256k1(wire::signed_private_key::Secp256k1 { bytes }))
    };
    message.union = private(vec![9; 32]);
    assert_eq!(refused(&message), INVALID, "the private key of another");
    message.union = private(vec![0; 32]);
    assert_eq!(refused(&message), SignatureError::InvalidPrivateKey);
    message.union = None;
    assert_eq!(refused(&message), MALFORMED);
    message = whole.clone();
    message.public_key = None;
    assert_eq!(refused(&message), MALFORMED);
    message = whole;
    message.public_key.as_mut().unwrap().signature = None;
    assert_eq!(refused(&message), MALFORMED);
    assert_eq!(LegacyKey::decode(&[0x0a]).map(|key| key.wallet()), Err(MALFORMED));
}

/// R-IDN-022: with real signatures.
#[test]
fn a_legacy_key_registers_once_and_with_nonce_zero_only() {
    let owner = wallet(1).identifier();
    let legacy = LegacyKey::decode(&legacy_key(7, &wallet(1))).unwrap();
    let sign = |update: UnsignedUpdate, key: &InstallationKey| {
        let text = update.signature_text();
        update.sign(&[legacy.sign_text(&text).unwrap(), key.sign_identity_text(&text)]).unwrap()
    };
    let creation = |nonce| {
        let key = installation(1);
        sign(UnsignedUpdate::create_inbox(&owner, nonce, key.id(), 1), &key)
    };
    let state = AssociationState::apply(None, &creation(0)).unwrap();
    assert_eq!(state.installations().len(), 1);
    assert_eq!(AssociationState::apply(None, &creation(1)), Err(AssociationError::LegacyNotAllowed));
    // The voucher is what must not be used twice, and it is the same for every text.
    let key = installation(2);
    let update = UnsignedUpdate::add_member(state.inbox_id(), key.id().into(), (&owner).into(), 2);
    assert_eq!(AssociationState::apply(Some(state), &sign(update, &key)), Err(AssociationError::Replay));
}
