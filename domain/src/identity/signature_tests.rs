//! Signatures: against the captured ones, and each way to be wrong.

use super::vectors::{
    self, PROTOCOL, RUNS, array, bytes, installation, installation_keys, json, signature_texts, text, wallet,
};
use super::*;

const TEXT: &str = "some text";

fn erc191(signature: &UnverifiedSignature) -> Vec<u8> {
    match signature {
        UnverifiedSignature::Erc191 { bytes } => bytes.clone(),
        other => panic!("not ERC-191: {other:?}"),
    }
}

/// R-IDN-010
#[test]
fn captured_wallet_signatures_recover_their_signer() {
    for run in RUNS {
        for entry in signature_texts(run) {
            let bytes = bytes(&entry, "signature");
            let verified =
                UnverifiedSignature::Erc191 { bytes: bytes.clone() }.verify(text(&entry, "text")).unwrap();
            assert_eq!(verified.signer().to_string(), text(&entry, "signer_address"));
            assert_eq!(verified.raw(), bytes);
            assert_eq!(verified.kind(), SignatureKind::Erc191);
            assert_eq!(verified.chain_id(), None);
        }
    }
}

/// R-IDN-011
#[test]
fn the_local_wallet_signs_like_the_captured_wallets() {
    let mut count = 0;
    for run in RUNS {
        for entry in signature_texts(run) {
            let wallet = LocalWallet::from_private_key(array(&entry, "signer_private_key")).unwrap();
            assert_eq!(wallet.address().to_string(), text(&entry, "signer_address"));
            let signature = wallet.sign_text(text(&entry, "text")).unwrap();
            assert_eq!(erc191(&signature), bytes(&entry, "signature"), "{}", text(&entry, "step"));
            count += 1;
        }
    }
    assert!(count >= 16, "{count}");
}

/// R-IDN-012
#[test]
fn installation_signatures_equal_the_vector() {
    let vector = &json(PROTOCOL)["signature_text"];
    let key = InstallationKey::from_seed(array(vector, "installation_seed"));
    assert_eq!(key.id().to_string(), text(vector, "installation_public_key"));
    assert_eq!(
        key.sign_identity_text(text(vector, "text")),
        UnverifiedSignature::InstallationKey {
            bytes: bytes(vector, "ed25519ph_signature"),
            public_key: bytes(vector, "installation_public_key"),
        }
    );
}

/// R-IDN-012
#[test]
fn captured_seeds_give_the_captured_public_keys() {
    for run in RUNS {
        for entry in installation_keys(run) {
            let key = InstallationKey::from_seed(array(&entry, "ed25519_seed"));
            assert_eq!(key.id().to_string(), text(&entry, "public"));
            assert_eq!(key.seed().expose(), bytes(&entry, "ed25519_seed"));
        }
    }
}

/// R-IDN-010
#[test]
fn every_recovery_byte_of_the_protocol_is_accepted_and_no_other() {
    let wallet = wallet(1);
    let signature = erc191(&wallet.sign_text(TEXT).unwrap());
    assert!([27, 28].contains(&signature[64]));
    for v in 0..=u8::MAX {
        let mut changed = signature.clone();
        changed[64] = v;
        let verified = UnverifiedSignature::Erc191 { bytes: changed.clone() }.verify(TEXT);
        // Measured with an official client: from 35 on a chain's number is in it, and the parity is that of `v - 35`.
        let same_parity = match v {
            0 | 1 => v == signature[64] - 27,
            27 | 28 => v == signature[64],
            _ => (v % 2 == 0) == (signature[64] == 28),
        };
        match v {
            0 | 1 | 27 | 28 | 35.. => {
                let verified = verified.unwrap();
                assert_eq!(*verified.signer() == wallet.identifier().into(), same_parity, "{v}");
                assert_eq!(verified.raw(), changed);
            }
            _ => assert_eq!(verified, Err(SignatureError::Malformed(SignatureKind::Erc191))),
        }
    }
}

/// R-IDN-010: the high form has another `v`, which the reference leaves as it is.
#[test]
fn a_high_s_is_lowered_without_flipping_v() {
    let wallet = wallet(2);
    let signature = erc191(&wallet.sign_text(TEXT).unwrap());
    let (r, s) = (signature[..32].to_vec(), &signature[32..64]);
    let low =
        k256::Scalar::from(k256::elliptic_curve::ScalarPrimitive::<k256::Secp256k1>::from_slice(s).unwrap());
    let high = (-low).to_bytes().to_vec();
    for (v, is_wallet) in [(signature[64], true), (55 - signature[64], false)] {
        let bytes = [r.clone(), high.clone(), vec![v]].concat();
        let verified = UnverifiedSignature::Erc191 { bytes }.verify(TEXT).unwrap();
        assert_eq!(*verified.signer() == wallet.identifier().into(), is_wallet);
        assert_eq!(verified.raw(), [r.clone(), s.to_vec(), vec![v]].concat());
    }
}

#[test]
fn wallet_signatures_of_wrong_form_are_refused() {
    let good = erc191(&wallet(1).sign_text(TEXT).unwrap());
    let wrong = [
        vec![],
        vec![27],
        good[..64].to_vec(),
        [good.clone(), vec![27]].concat(),
        [vec![0; 64], vec![27]].concat(),
        [vec![0xff; 64], vec![27]].concat(),
    ];
    for bytes in wrong {
        assert_eq!(
            UnverifiedSignature::Erc191 { bytes }.verify(TEXT),
            Err(SignatureError::Malformed(SignatureKind::Erc191))
        );
    }
}

/// R-IDN-012
#[test]
fn an_installation_signature_holds_for_its_text_key_and_context_only() {
    let key = installation(1);
    let verified = key.sign_identity_text(TEXT).verify(TEXT).unwrap();
    assert_eq!(*verified.signer(), key.id().into());
    assert_eq!(verified.kind(), SignatureKind::InstallationKey);
    assert_eq!(verified.raw().len(), 64);

    let invalid = Err(SignatureError::Invalid(SignatureKind::InstallationKey));
    assert_eq!(key.sign_identity_text(TEXT).verify("other text"), invalid);
    let foreign = UnverifiedSignature::InstallationKey {
        bytes: verified.raw().to_vec(),
        public_key: installation(2).id().to_vec(),
    };
    assert_eq!(foreign.verify(TEXT), invalid);
    let other_context = UnverifiedSignature::InstallationKey {
        bytes: key.sign_public(TEXT.as_bytes()).to_vec(),
        public_key: key.id().to_vec(),
    };
    assert_eq!(other_context.verify(TEXT), invalid);

    let malformed = Err(SignatureError::Malformed(SignatureKind::InstallationKey));
    for (bytes, public_key) in [(63, 32), (65, 32), (64, 31), (64, 33), (0, 0)] {
        let signature =
            UnverifiedSignature::InstallationKey { bytes: vec![1; bytes], public_key: vec![1; public_key] };
        assert_eq!(signature.verify(TEXT), malformed);
    }
}

/// R-IDN-013
#[test]
fn public_signatures_verify_and_are_no_identity_signatures() {
    let key = installation(3);
    let signature = key.sign_public(b"hello");
    assert!(InstallationKey::verify_public(&key.id(), b"hello", &signature));
    assert!(!InstallationKey::verify_public(&key.id(), b"hallo", &signature));
    assert!(!InstallationKey::verify_public(&installation(4).id(), b"hello", &signature));
    let UnverifiedSignature::InstallationKey { bytes, .. } = key.sign_identity_text("hello") else {
        panic!("another kind")
    };
    assert!(!InstallationKey::verify_public(&key.id(), b"hello", &bytes.try_into().unwrap()));
}

#[test]
fn every_kind_survives_the_wire() {
    let legacy = |key_signature| {
        UnverifiedSignature::LegacyDelegated(LegacyDelegatedSignature {
            key_bytes: vec![1, 2],
            key_signature,
            signature: vec![3; 65],
        })
    };
    let signatures = [
        UnverifiedSignature::ContractWallet(ContractWalletSignature {
            account_id: "eip155:8453:0x04c142f4f30a085a5ef823128ae026105363a034".into(),
            block_number: 9,
            signature: vec![4; 65],
        }),
        UnverifiedSignature::Passkey(PasskeySignature {
            public_key: vec![2; 33],
            signature: vec![5; 70],
            authenticator_data: vec![6; 37],
            client_data_json: b"{}".to_vec(),
        }),
        legacy(LegacyKeySignature::Compact { bytes: vec![7; 64], recovery: 1 }),
        legacy(LegacyKeySignature::WalletCompact { bytes: vec![7; 64], recovery: 0 }),
        wallet(1).sign_text(TEXT).unwrap(),
        installation(1).sign_identity_text(TEXT),
    ];
    for signature in signatures {
        assert_eq!(UnverifiedSignature::from_wire(signature.to_wire()), Ok(signature));
    }
}

/// R-IDN-013: what the official client signed for an application.
#[test]
fn a_captured_public_signature_verifies() {
    let official = json(include_str!("../../../tests/vectors/extra_public_signature.json"));
    let signer = text(&official, "installationId").parse().unwrap();
    let signature = array(&official, "signature");
    let message = text(&official, "text");
    assert!(InstallationKey::verify_public(&signer, message.as_bytes(), &signature));
    let seed = installation_keys(vectors::EXTRA)
        .iter()
        .find(|key| text(key, "public") == signer.to_string())
        .map(|key| array(key, "ed25519_seed"))
        .unwrap();
    assert_eq!(InstallationKey::from_seed(seed).sign_public(message.as_bytes()), signature);
    let as_identity =
        UnverifiedSignature::InstallationKey { bytes: signature.to_vec(), public_key: signer.to_vec() };
    assert_eq!(as_identity.verify(message), Err(SignatureError::Invalid(SignatureKind::InstallationKey)));
}

/// R-IDN-012: each bit of signature and key.
#[test]
fn an_installation_signature_with_a_flipped_bit_is_nobodys() {
    let key = installation(1);
    let UnverifiedSignature::InstallationKey { bytes, public_key } = key.sign_identity_text(TEXT) else {
        panic!("another kind")
    };
    for bit in 0..8 * 96 {
        let mut changed = [bytes.clone(), public_key.clone()].concat();
        changed[bit / 8] ^= 1 << (bit % 8);
        let signature = UnverifiedSignature::InstallationKey {
            bytes: changed[..64].to_vec(),
            public_key: changed[64..].to_vec(),
        };
        assert_eq!(
            signature.verify(TEXT),
            Err(SignatureError::Invalid(SignatureKind::InstallationKey)),
            "{bit}"
        );
    }
}

/// R-IDN-010: each bit; what still is a signature is somebody else's.
#[test]
fn a_wallet_signature_with_a_flipped_bit_is_not_the_wallets() {
    let wallet = wallet(1);
    let bytes = erc191(&wallet.sign_text(TEXT).unwrap());
    for bit in 0..8 * 64 {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(verified) = (UnverifiedSignature::Erc191 { bytes }).verify(TEXT) {
            assert_ne!(*verified.signer(), wallet.identifier().into(), "{bit}");
        }
    }
    let other_text = UnverifiedSignature::Erc191 { bytes }.verify("another text").unwrap();
    assert_ne!(*other_text.signer(), wallet.identifier().into());
}

/// R-IDN-020
#[test]
fn each_kind_of_member_has_its_kinds_of_signature() {
    use SignatureKind::{ContractWallet, Erc191, InstallationKey as Installation, LegacyDelegated, Passkey};
    let ethereum = MemberIdentifier::Ethereum(EthereumAddress::new([1; 20]));
    let device = MemberIdentifier::Installation(installation(1).id());
    let passkey = MemberIdentifier::Passkey(PasskeyKey::new(vec![2; 33], None));
    for (kind, expected) in [
        (Erc191, [true, false, false]),
        (ContractWallet, [true, false, false]),
        (LegacyDelegated, [true, false, false]),
        (Installation, [false, true, false]),
        (Passkey, [false, false, true]),
    ] {
        let allowed = [&ethereum, &device, &passkey].map(|member| kind.may_sign_for(member));
        assert_eq!(allowed, expected, "{kind}");
    }
}

#[test]
fn keys_outside_the_curve_are_refused() {
    for bytes in [[0; 32], [0xff; 32]] {
        assert_eq!(
            LocalWallet::from_private_key(bytes).map(|wallet| wallet.address()),
            Err(SignatureError::InvalidPrivateKey)
        );
    }
}

#[test]
fn secrets_are_not_printed() {
    let wallet = wallet(0x5a);
    assert_eq!(format!("{wallet:?}"), format!("LocalWallet({})", wallet.address()));
    let key = vectors::installation(0x5a);
    assert_eq!(format!("{key:?}"), format!("InstallationKey({})", key.id()));
}

#[test]
fn installation_keys_are_equal_by_seed() {
    assert_eq!(installation(1), installation(1).clone());
    assert_ne!(installation(1), installation(2));
}
