//! Passkeys: what counts in a log, what our own client lets through, and each way to forge.

use p256::ecdsa::Signature;

use super::vectors::{Answer, TestPasskey, passkey};
use super::*;

const TEXT: &str = "some text";
const MALFORMED: SignatureError = SignatureError::Malformed(SignatureKind::Passkey);
const INVALID: SignatureError = SignatureError::Invalid(SignatureKind::Passkey);

fn good() -> PasskeySignature {
    passkey(1).answer(&Answer::to(TEXT))
}

fn judged(signature: PasskeySignature) -> Result<VerifiedSignature, SignatureError> {
    UnverifiedSignature::Passkey(signature).verify(TEXT)
}

fn with(change: impl FnOnce(&mut PasskeySignature)) -> PasskeySignature {
    let mut signature = good();
    change(&mut signature);
    signature
}

/// R-IDN-050
#[test]
fn a_passkey_signs_its_challenge() {
    let verified = judged(good()).unwrap();
    assert_eq!(*verified.signer(), passkey(1).identifier().into());
    let MemberIdentifier::Passkey(signer) = verified.signer() else { panic!("not a passkey") };
    assert_eq!(signer.relying_party(), Some("https://app.example.org"));
    assert_eq!(verified.kind(), SignatureKind::Passkey);
    assert_eq!(verified.raw(), Signature::from_der(&good().signature).unwrap().to_vec());
    assert_eq!(verified.raw().len(), 64);
    assert_eq!(verified.chain_id(), None);
}

/// R-IDN-050: what an official client accepted.
#[test]
fn an_officially_accepted_passkey_signature_verifies() {
    let recorded = vectors::list(include_str!("../../../tests/vectors/official_passkey_signatures.json"));
    assert_eq!(recorded.len(), 1);
    for entry in recorded {
        let signature = PasskeySignature {
            public_key: vectors::bytes(&entry, "publicKey"),
            signature: vectors::bytes(&entry, "signature"),
            authenticator_data: vectors::bytes(&entry, "authenticatorData"),
            client_data_json: vectors::bytes(&entry, "clientDataJson"),
        };
        assert_eq!(signature.check_ceremony(), Ok(()));
        let key = signature.public_key.clone();
        let text = vectors::text(&entry, "text");
        let verified = UnverifiedSignature::Passkey(signature).verify(text).unwrap();
        assert_eq!(*verified.signer(), MemberIdentifier::Passkey(PasskeyKey::new(key, None)));
    }
}

/// R-IDN-050: the bytes of the key are the identity, whichever form they have.
#[test]
fn the_forms_of_one_key_are_two_signers() {
    let point = p256::EncodedPoint::from_bytes(passkey(1).public_key()).unwrap();
    let key = p256::ecdsa::VerifyingKey::from_encoded_point(&point).unwrap();
    let long = key.to_encoded_point(false).as_bytes().to_vec();
    let verified = judged(with(|it| it.public_key = long.clone())).unwrap();
    assert_eq!(*verified.signer(), MemberIdentifier::Passkey(PasskeyKey::new(long, None)));
    assert_ne!(*verified.signer(), passkey(1).identifier().into());
}

/// R-IDN-050
#[test]
fn forged_passkey_signatures_are_refused() {
    let padded = Answer { challenge: "c29tZSB0ZXh0IQ==".into(), ..Answer::to(TEXT) };
    let standard = Answer { challenge: "fn5-".replace('-', "+"), ..Answer::to("~~~") };
    let elsewhere = passkey(1).answer(&Answer::to("another text"));
    let zero_s = [0x30, 6, 2, 1, 1, 2, 1, 0];
    let cases: [(&str, PasskeySignature, SignatureError); 14] = [
        ("other text", elsewhere.clone(), INVALID),
        ("challenge with padding", passkey(1).answer(&padded), INVALID),
        ("challenge in the other alphabet", passkey(1).answer(&standard), INVALID),
        (
            "challenge in other case",
            passkey(1)
                .answer(&Answer { challenge: Answer::to(TEXT).challenge.to_uppercase(), ..Answer::to(TEXT) }),
            INVALID,
        ),
        ("signature of another text", with(|it| it.signature = elsewhere.signature.clone()), INVALID),
        ("client data of another text", with(|it| it.client_data_json = elsewhere.client_data_json), INVALID),
        ("other key", with(|it| it.public_key = passkey(2).public_key()), INVALID),
        ("no key", with(|it| it.public_key.clear()), MALFORMED),
        ("key cut", with(|it| it.public_key.truncate(32)), MALFORMED),
        ("key off the curve", with(|it| it.public_key = [&[4][..], &[1; 64]].concat()), MALFORMED),
        ("signature cut", with(|it| it.signature.truncate(60)), MALFORMED),
        (
            "signature not in DER",
            with(|it| it.signature = Signature::from_der(&it.signature).unwrap().to_vec()),
            MALFORMED,
        ),
        ("zero s", with(|it| it.signature = zero_s.to_vec()), MALFORMED),
        (
            "fields swapped",
            with(|it| std::mem::swap(&mut it.authenticator_data, &mut it.client_data_json)),
            MALFORMED,
        ),
    ];
    for (name, signature, error) in cases {
        assert_eq!(judged(signature), Err(error), "{name}");
    }
}

/// R-IDN-050: each bit of what is signed, of the key and of the signature.
#[test]
fn a_passkey_signature_with_a_flipped_bit_is_not_the_passkeys() {
    type Field = fn(&mut PasskeySignature) -> &mut Vec<u8>;
    let fields: [Field; 4] = [
        |it| &mut it.public_key,
        |it| &mut it.signature,
        |it| &mut it.authenticator_data,
        |it| &mut it.client_data_json,
    ];
    for field in fields {
        let bits = 8 * field(&mut good()).len();
        for bit in 0..bits {
            let signature = with(|it| field(it)[bit / 8] ^= 1 << (bit % 8));
            assert!(judged(signature).is_err(), "{bit}");
        }
    }
}

/// R-IDN-050: client data as official clients read them.
#[test]
fn client_data_are_read_as_official_clients_read_them() {
    let challenge = Answer::to(TEXT).challenge;
    let signed = |text: String| judged(passkey(1).sign_client_data(text.as_bytes(), "example.org", 5));
    for read in [
        format!(r#"{{"origin":"o","challenge":"{challenge}"}}"#),
        format!(r#" {{"challenge":"{challenge}","origin":"","more":[1,{{}}],"type":7}} "#),
        format!(r#"["o","{challenge}"]"#),
        format!(r#"{{"origin":"\u006f","challenge":"{challenge}"}}"#),
    ] {
        assert!(signed(read.clone()).is_ok(), "{read}");
    }
    for refused in [
        String::new(),
        "{}".into(),
        "null".into(),
        format!(r#"{{"challenge":"{challenge}"}}"#),
        format!(r#"{{"origin":7,"challenge":"{challenge}"}}"#),
        format!(r#"{{"origin":"o","origin":"o","challenge":"{challenge}"}}"#),
        format!(r#"{{"origin":"o","challenge":"{challenge}"}} x"#),
        format!(r#"{{"origin":"o","Challenge":"{challenge}"}}"#),
        format!(r#"["{challenge}","o"]"#),
    ] {
        assert!(signed(refused.clone()).is_err(), "{refused}");
    }
}

/// R-IDN-051: official clients do not look at the ceremony, so the log does not; our own client does (W-10).
#[test]
fn the_ceremony_is_judged_before_signing_and_not_in_the_log() {
    use PasskeyCeremonyError as E;
    let to = || Answer::to(TEXT);
    let cases: Vec<(Answer<'_>, Result<(), E>)> = vec![
        (to(), Ok(())),
        (Answer { rp_id: "app.example.org", ..to() }, Ok(())),
        (Answer { origin: "https://example.org:8443", ..to() }, Ok(())),
        (Answer { origin: "http://localhost:3000", rp_id: "localhost", ..to() }, Ok(())),
        (Answer { origin: "android:apk-key-hash:abc", rp_id: "anything", ..to() }, Ok(())),
        (Answer { flags: 1, ..to() }, Ok(())),
        (Answer { kind: "webauthn.create", ..to() }, Err(E::NotAnAssertion)),
        (Answer { kind: "", ..to() }, Err(E::NotAnAssertion)),
        (Answer { flags: 0, ..to() }, Err(E::UserNotPresent)),
        (Answer { flags: 4, ..to() }, Err(E::UserNotPresent)),
        (Answer { rp_id: "evil.example", ..to() }, Err(E::RelyingParty)),
        (Answer { rp_id: "org", ..to() }, Err(E::RelyingParty)),
        (Answer { rp_id: "other.example.org", ..to() }, Err(E::RelyingParty)),
        (Answer { origin: "https://example.org.evil.example", ..to() }, Err(E::RelyingParty)),
        (Answer { origin: "https://notexample.org", ..to() }, Err(E::RelyingParty)),
        (Answer { origin: "http://app.example.org", ..to() }, Err(E::Origin)),
        (Answer { origin: "https://", ..to() }, Err(E::Origin)),
        (Answer { origin: "https://example.org/path", ..to() }, Err(E::Origin)),
        (Answer { origin: "https://evil@example.org", ..to() }, Err(E::Origin)),
        (Answer { origin: "https://example.org:port", ..to() }, Err(E::Origin)),
        (Answer { origin: "file://example.org", ..to() }, Err(E::Origin)),
    ];
    for (answer, expected) in cases {
        let signature = passkey(1).answer(&answer);
        assert_eq!(signature.check_ceremony(), expected, "{} {}", answer.origin, answer.rp_id);
        assert!(judged(signature).is_ok());
    }
    assert_eq!(with(|it| it.authenticator_data.truncate(36)).check_ceremony(), Err(E::AuthenticatorData));
    assert_eq!(with(|it| it.authenticator_data.clear()).check_ceremony(), Err(E::AuthenticatorData));
    assert_eq!(with(|it| it.client_data_json.clear()).check_ceremony(), Err(E::ClientData));
}

/// R-IDN-050: a passkey registers, lets in and revokes like a wallet.
#[test]
fn an_inbox_of_a_passkey_lives() {
    let TestInbox { owner, log } = TestInbox::new();
    let state = AssociationState::from_updates(&log).unwrap();
    assert_eq!(*state.recovery_identifier(), owner.identifier());
    assert_eq!(state.identifiers().len(), 1);
    assert!(state.installations().is_empty());
    assert_eq!(AssociationState::apply(Some(state), &log[1]), Err(AssociationError::Replay));
}

struct TestInbox {
    owner: TestPasskey,
    log: Vec<IdentityUpdate>,
}

impl TestInbox {
    fn new() -> Self {
        let (owner, key) = (passkey(1), vectors::installation(1));
        let creation = UnsignedUpdate::create_inbox(&owner.identifier(), 0, key.id(), 1);
        let revocation = UnsignedUpdate::revoke(creation.inbox_id, [key.id().into()], &owner.identifier(), 2);
        let sign = |update: UnsignedUpdate| {
            let text = update.signature_text();
            update.sign(&[owner.sign_text(&text), key.sign_identity_text(&text)]).unwrap()
        };
        Self { log: vec![sign(creation), sign(revocation)], owner }
    }
}
