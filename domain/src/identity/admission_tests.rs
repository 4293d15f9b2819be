//! What is kept out of a log although it would count in one.

use super::vectors::{installation, passkey, wallet};
use super::*;

/// The negative of `s` of a secp256k1 signature.
fn negated(bytes: &[u8]) -> Vec<u8> {
    let s = k256::elliptic_curve::ScalarPrimitive::<k256::Secp256k1>::from_slice(&bytes[32..64]).unwrap();
    let high = (-k256::Scalar::from(s)).to_bytes();
    [&bytes[..32], &high[..], &bytes[64..]].concat()
}

/// Every signature of an update in another spelling.
fn respelled(
    update: &IdentityUpdate,
    spell: impl Fn(&UnverifiedSignature) -> UnverifiedSignature,
) -> IdentityUpdate {
    update.try_map(|signature| Ok::<_, ()>(spell(signature))).unwrap()
}

fn v_from_zero(signature: &UnverifiedSignature) -> UnverifiedSignature {
    match signature {
        UnverifiedSignature::Erc191 { bytes } => {
            let mut bytes = bytes.clone();
            bytes[64] -= 27;
            UnverifiedSignature::Erc191 { bytes }
        }
        UnverifiedSignature::Passkey(passkey) => {
            let signature = p256::ecdsa::Signature::from_der(&passkey.signature).unwrap();
            let (r, s) = signature.split_scalars();
            let other = p256::ecdsa::Signature::from_scalars(r, -s).unwrap();
            let signature = other.to_der().as_bytes().to_vec();
            UnverifiedSignature::Passkey(PasskeySignature { signature, ..passkey.clone() })
        }
        other => other.clone(),
    }
}

fn admit(state: &AssociationState, update: &IdentityUpdate) -> Result<AssociationState, AssociationError> {
    AssociationState::admit(Some(state.clone()), update, &ContractVerdicts::none())
}

/// R-IDN-055: a member that was added and revoked does not come back by a copy of its addition.
#[test]
fn another_spelling_of_a_used_signature_does_not_enter_the_log() {
    let (owner, other, key) = (wallet(1), wallet(2), passkey(3));
    let device = installation(1);
    let sign = |update: UnsignedUpdate| {
        let text = update.signature_text();
        let wallets = [owner.sign_text(&text).unwrap(), other.sign_text(&text).unwrap()];
        let others = [key.sign_text(&text), device.sign_identity_text(&text)];
        update.sign(&[wallets, others].concat()).unwrap()
    };
    let creation = UnsignedUpdate::create_inbox(&owner.identifier(), 0, device.id(), 1);
    let inbox = creation.inbox_id;
    let created = AssociationState::admit(None, &sign(creation.clone()), &ContractVerdicts::none()).unwrap();
    for member in [other.identifier(), key.identifier()] {
        let addition =
            sign(UnsignedUpdate::add_member(inbox, (&member).into(), owner.identifier().into(), 2));
        let added = admit(&created, &addition).unwrap();
        let revocation = sign(UnsignedUpdate::revoke(inbox, [(&member).into()], &owner.identifier(), 3));
        let revoked = admit(&added, &revocation).unwrap();
        assert!(!revoked.contains(&(&member).into()));
        let again = respelled(&addition, v_from_zero);
        // Read from a log it counts, as official clients up to 1.12 have it.
        assert!(AssociationState::apply(Some(revoked.clone()), &again).unwrap().contains(&member.into()));
        assert_eq!(admit(&revoked, &again), Err(AssociationError::Replay));
        assert!(admit(&created, &again).is_ok(), "the first use may have any spelling");
    }
    assert_eq!(admit(&created, &sign(creation)), Err(AssociationError::AlreadyCreated));
}

/// R-IDN-055
#[test]
fn a_high_s_does_not_enter_the_log() {
    let (owner, device) = (wallet(1), installation(1));
    let creation = UnsignedUpdate::create_inbox(&owner.identifier(), 0, device.id(), 1);
    let text = creation.signature_text();
    let update = creation.sign(&[owner.sign_text(&text).unwrap(), device.sign_identity_text(&text)]).unwrap();
    let high = respelled(&update, |signature| match signature {
        UnverifiedSignature::Erc191 { bytes } => UnverifiedSignature::Erc191 { bytes: negated(bytes) },
        other => other.clone(),
    });
    // Read without flipping `v` it is the owner's, which is what official clients up to 1.12 do.
    assert!(AssociationState::apply(None, &high).is_ok());
    assert_eq!(
        AssociationState::admit(None, &high, &ContractVerdicts::none()),
        Err(SignatureError::Malformed(SignatureKind::Erc191).into())
    );
}

/// R-IDN-056: with all its signatures in order, and although a log that has it is followed.
#[test]
fn an_eleventh_installation_does_not_enter_the_log() {
    let owner = wallet(1);
    let identifier = owner.identifier();
    let sign = |update: UnsignedUpdate| {
        let text = update.signature_text();
        let mut signatures = vec![owner.sign_text(&text).unwrap()];
        signatures.extend((0..20).map(|number| installation(number).sign_identity_text(&text)));
        update.sign(&signatures).unwrap()
    };
    let second = |number: u8| u64::from(number) * 1_000_000_000;
    let creation = UnsignedUpdate::create_inbox(&identifier, 0, installation(0).id(), second(1));
    let inbox = creation.inbox_id;
    let mut state = AssociationState::admit(None, &sign(creation), &ContractVerdicts::none()).unwrap();
    let add = |number: u8| {
        let member = installation(number).id().into();
        UnsignedUpdate::add_member(inbox, member, (&identifier).into(), second(number + 1))
    };
    for number in 1..10 {
        state = admit(&state, &sign(add(number))).unwrap();
    }
    let eleventh = sign(add(10));
    assert_eq!(admit(&state, &eleventh), Err(AssociationError::TooManyInstallations));
    let state = AssociationState::apply(Some(state), &eleventh).unwrap();
    assert_eq!(admit(&state, &sign(add(11))), Err(AssociationError::TooManyInstallations));
    // It may lose some, and one may take the place of another.
    let mut exchange = add(12);
    let revoke = |number: u8| Action::Revoke {
        member: installation(number).id().into(),
        recovery_signature: (&identifier).into(),
    };
    exchange.actions.push(revoke(1));
    assert_eq!(admit(&state, &sign(exchange)).unwrap().installations().len(), 11);
    let mut lost = UnsignedUpdate::revoke(inbox, [installation(2).id().into()], &identifier, second(20));
    lost.actions.push(revoke(3));
    assert_eq!(admit(&state, &sign(lost)).unwrap().installations().len(), 9);
}
