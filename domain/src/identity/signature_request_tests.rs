//! Signature requests: who is asked, what is taken, and what comes out.

use proptest::prelude::*;

use super::vectors::{Answer, installation, legacy_key, passkey, wallet};
use super::*;

fn creation() -> UnsignedUpdate {
    UnsignedUpdate::create_inbox(&wallet(1).identifier(), 0, installation(1).id(), 5)
}

fn requested(update: UnsignedUpdate) -> SignatureRequest {
    SignatureRequest::new(update, &InboxGuard::new_inbox()).unwrap()
}

fn created() -> AssociationState {
    let mut request = requested(creation());
    let text = request.signature_text();
    request.add_signature(wallet(1).sign_text(&text).unwrap()).unwrap();
    request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
    AssociationState::apply(None, &request.build().unwrap()).unwrap()
}

fn contract_signature(owner: &Identifier) -> ContractWalletSignature {
    ContractWalletSignature {
        account_id: format!("eip155:8453:{owner}"),
        block_number: 0,
        signature: b"whatever".to_vec(),
    }
}

/// R-IDN-070
#[test]
fn a_request_knows_who_has_not_signed() {
    let mut request = requested(creation());
    let text = request.signature_text();
    assert_eq!(text, creation().signature_text());
    assert_eq!(request.inbox_id(), creation().inbox_id);
    let (owner, key) = (MemberIdentifier::from(wallet(1).identifier()), installation(1).id().into());
    assert_eq!(request.missing_signers(), [owner.clone(), key].into());
    assert_eq!(request.missing_identifiers(), [wallet(1).identifier()].into());
    request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
    assert_eq!(request.missing_signers(), [owner.clone()].into());
    assert!(!request.is_ready());
    assert_eq!(request.build(), Err(SignatureRequestError::Missing([owner].into())));
    request.add_signature(wallet(1).sign_text(&text).unwrap()).unwrap();
    assert!(request.is_ready() && request.missing_identifiers().is_empty());
    assert!(AssociationState::apply(None, &request.build().unwrap()).is_ok());
}

/// R-IDN-071
#[test]
fn foreign_and_bad_signatures_are_refused_at_once() {
    use SignatureRequestError as E;
    let mut request = requested(creation());
    let text = request.signature_text();
    let before = request.clone();
    let foreign = [
        wallet(2).sign_text(&text).unwrap(),
        wallet(1).sign_text("another text").unwrap(),
        installation(2).sign_identity_text(&text),
        passkey(1).sign_text(&text),
    ];
    for signature in foreign {
        assert_eq!(request.add_signature(signature), Err(E::UnknownSigner));
    }
    let bad = installation(1).sign_identity_text("another text");
    let invalid = SignatureError::Invalid(SignatureKind::InstallationKey);
    assert_eq!(request.add_signature(bad), Err(invalid.into()));
    let malformed = SignatureError::Malformed(SignatureKind::Erc191);
    let bytes = vec![1; 64];
    assert_eq!(request.add_signature(UnverifiedSignature::Erc191 { bytes }), Err(malformed.into()));
    let unasked = UnverifiedSignature::ContractWallet(contract_signature(&wallet(1).identifier()));
    assert_eq!(request.add_signature(unasked), Err(SignatureError::ContractNotAsked.into()));
    assert_eq!(request, before);
}

/// R-IDN-072
#[test]
fn a_contract_wallets_signature_needs_an_answer_and_its_block() {
    use SignatureRequestError as E;
    let mut request = requested(creation());
    let signature = contract_signature(&wallet(1).identifier());
    let question = request.contract_question(&signature).unwrap();
    assert_eq!(question.account().chain_id(), 8453);
    assert_eq!(question.signature().block_number, 0);
    let answer = |accepts, block_number| ContractAnswer { accepts, block_number };
    let invalid = SignatureError::Invalid(SignatureKind::ContractWallet);
    assert_eq!(
        request.add_contract_signature(signature.clone(), answer(false, 77)),
        Err(E::Signature(invalid))
    );
    assert_eq!(request.add_contract_signature(signature.clone(), answer(true, 0)), Err(E::UnknownBlock));
    let foreign = contract_signature(&wallet(2).identifier());
    assert_eq!(request.add_contract_signature(foreign, answer(true, 77)), Err(E::UnknownSigner));
    let malformed = ContractWalletSignature { account_id: "eip155:1".into(), ..signature.clone() };
    assert!(request.add_contract_signature(malformed, answer(true, 77)).is_err());
    request.add_contract_signature(signature.clone(), answer(true, 77)).unwrap();
    let text = request.signature_text();
    request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
    let update = request.build().unwrap();
    let at_block = ContractWalletSignature { block_number: 77, ..signature };
    assert!(update.contract_wallet_signatures().all(|used| *used == at_block));
    assert_eq!(update.signature_hash(), question.hash());
    assert_eq!(SignatureRequest::decode(&request.encode()), Ok(request));
    let state = AssociationState::apply_with(None, &update, &ContractVerdicts::of_judged(&update)).unwrap();
    assert_eq!(state.members().next().unwrap().added_on_chain_id, Some(8453));
}

/// R-IDN-051 (W-10): what would count in a log is not taken when the ceremony is wrong.
#[test]
fn a_passkey_signs_in_a_proper_ceremony() {
    let owner = passkey(1);
    let update = UnsignedUpdate::create_inbox(&owner.identifier(), 0, installation(1).id(), 5);
    let mut request = requested(update);
    let text = request.signature_text();
    let absent = Answer { flags: 0, ..Answer::to(&text) };
    let signature = UnverifiedSignature::Passkey(owner.answer(&absent));
    assert!(signature.verify(&text).is_ok());
    assert_eq!(
        request.add_signature(signature),
        Err(SignatureRequestError::Passkey(PasskeyCeremonyError::UserNotPresent))
    );
    request.add_signature(owner.sign_text(&text)).unwrap();
    request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
    assert!(AssociationState::apply(None, &request.build().unwrap()).is_ok());
}

/// R-IDN-073: other spellings, with the `v` that belongs to them, are the wallet's, and leave as the usual one.
#[test]
fn a_wallets_signature_leaves_in_one_spelling() {
    let text = creation().signature_text();
    let usual = wallet(1).sign_text(&text).unwrap();
    let UnverifiedSignature::Erc191 { bytes } = &usual else { panic!("another kind") };
    let scalar =
        k256::elliptic_curve::ScalarPrimitive::<k256::Secp256k1>::from_slice(&bytes[32..64]).unwrap();
    let high = (-k256::Scalar::from(scalar)).to_bytes().to_vec();
    let (v, flipped) = (bytes[64], 55 - bytes[64]);
    for (s, v) in [
        (bytes[32..64].to_vec(), v),
        (bytes[32..64].to_vec(), v - 27),
        (high.clone(), flipped),
        (high, flipped - 27),
        (bytes[32..64].to_vec(), v + 8),
    ] {
        let mut request = requested(creation());
        let bytes = [bytes[..32].to_vec(), s, vec![v]].concat();
        request.add_signature(UnverifiedSignature::Erc191 { bytes }).unwrap();
        request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
        let update = request.build().unwrap();
        let Action::CreateInbox { signature, .. } = &update.actions[0] else { panic!("not a creation") };
        assert_eq!(*signature, usual);
    }
}

/// R-IDN-063 (W-24)
#[test]
fn a_proof_of_possession_is_asked_for_and_not_published() {
    let state = created();
    let (owner, new) = (wallet(1), wallet(2));
    let change = UnsignedUpdate::change_recovery(state.inbox_id(), new.identifier(), &owner.identifier(), 6);
    let guard = InboxGuard::of(&state, 1);
    let mut request = SignatureRequest::new(change.clone(), &guard).unwrap();
    assert_eq!(request.missing_identifiers(), [owner.identifier(), new.identifier()].into());
    let text = request.signature_text();
    request.add_signature(owner.sign_text(&text).unwrap()).unwrap();
    assert!(!request.is_ready());
    let legacy = LegacyKey::decode(&legacy_key(7, &new)).unwrap().sign_text(&text).unwrap();
    assert_eq!(request.add_signature(legacy), Err(SignatureRequestError::LegacyProof));
    assert_eq!(SignatureRequest::decode(&request.encode()), Ok(request.clone()));
    request.add_signature(new.sign_text(&text).unwrap()).unwrap();
    let update = request.build().unwrap();
    assert_eq!(update.actions.iter().flat_map(Action::signatures).count(), 1);
    let after = AssociationState::apply(Some(state), &update).unwrap();
    assert_eq!(*after.recovery_identifier(), new.identifier());
    // Whoever insists is not asked for it.
    let insisting = guard.accept(AcceptedRisk::UnprovenRecovery);
    let request = SignatureRequest::new(change, &insisting).unwrap();
    assert_eq!(request.missing_identifiers(), [owner.identifier()].into());
}

/// R-IDN-070
#[test]
fn a_request_asks_for_nothing_that_the_guard_stops() {
    let state = created();
    let revoke = UnsignedUpdate::revoke(state.inbox_id(), [], &wallet(1).identifier(), 6);
    let refused = SignatureRequest::new(revoke, &InboxGuard::of(&state, 1));
    assert_eq!(refused, Err(InboxGuardError::NothingToDo));
}

/// R-IDN-074
#[test]
fn damaged_requests_are_refused() {
    let mut request = requested(creation());
    let text = request.signature_text();
    request.add_signature(wallet(1).sign_text(&text).unwrap()).unwrap();
    request.add_signature(installation(1).sign_identity_text(&text)).unwrap();
    let bytes = request.encode();
    assert_eq!(SignatureRequest::decode(&bytes), Ok(request.clone()));
    for length in 0..bytes.len() {
        // What is cut between two parts is a request that waits for more.
        if let Ok(shorter) = SignatureRequest::decode(&bytes[..length]) {
            assert!(!shorter.is_ready(), "{length}");
        }
    }
    for bit in 0..8 * bytes.len() {
        let mut bytes = bytes.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = SignatureRequest::decode(&bytes)
            && let Ok(update) = other.build()
        {
            // What still applies, such as another fraction of the second, brings in nobody else.
            if let Ok(state) = AssociationState::apply(None, &update) {
                assert_eq!(state.identifiers(), [wallet(1).identifier()].into(), "{bit}");
                assert_eq!(state.installations(), [installation(1).id()].into(), "{bit}");
            }
        }
    }
    let other_layout = [&[8, 2][..], &bytes[2..]].concat();
    assert_eq!(SignatureRequest::decode(&other_layout), Err(StoredRequestError::Layout(2)));
}

/// The actions of an inbox by all kinds of signers, and who signs.
fn everything() -> (UnsignedUpdate, AssociationState) {
    let state = created();
    let (owner, key) = (wallet(1).identifier(), passkey(4).identifier());
    let inbox = state.inbox_id();
    let mut update = UnsignedUpdate::add_member(inbox, key.clone().into(), (&owner).into(), 6);
    let device = installation(2).id().into();
    update.actions.extend(UnsignedUpdate::add_member(inbox, device, (&key).into(), 6).actions);
    let address = wallet(2).identifier().into();
    let sponsor = installation(1).id().into();
    update.actions.extend(UnsignedUpdate::add_member(inbox, address, sponsor, 6).actions);
    let gone = [installation(1).id().into()];
    update.actions.extend(UnsignedUpdate::revoke(inbox, gone, &owner, 6).actions);
    update.actions.extend(UnsignedUpdate::change_recovery(inbox, wallet(3).identifier(), &owner, 6).actions);
    (update, state)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// R-IDN-074: in any order, repeated, and each in a process of its own.
    #[test]
    fn signatures_come_in_any_order_and_process(
        order in prop::collection::vec(0_usize..6, 0..5),
        tail in Just((0_usize..6).collect::<Vec<_>>()).prop_shuffle(),
    ) {
        let (update, state) = everything();
        let mut request = SignatureRequest::new(update, &InboxGuard::of(&state, 1)).unwrap();
        let text = request.signature_text();
        let signatures = [
            wallet(1).sign_text(&text).unwrap(),
            wallet(2).sign_text(&text).unwrap(),
            wallet(3).sign_text(&text).unwrap(),
            passkey(4).sign_text(&text),
            installation(1).sign_identity_text(&text),
            installation(2).sign_identity_text(&text),
        ];
        for index in order.into_iter().chain(tail) {
            request.add_signature(signatures[index].clone()).unwrap();
            request = SignatureRequest::decode(&request.encode()).unwrap();
        }
        prop_assert!(request.is_ready());
        let after = AssociationState::apply(Some(state), &request.build().unwrap()).unwrap();
        prop_assert_eq!(after.identifiers().len(), 3);
        prop_assert_eq!(after.installations(), [installation(2).id()].into());
        prop_assert_eq!(after.recovery_identifier(), &wallet(3).identifier());
    }

    #[test]
    fn random_bytes_are_no_request_and_never_panic(bytes in any::<Vec<u8>>()) {
        if let Ok(request) = SignatureRequest::decode(&bytes) {
            let _ = request.build();
        }
    }
}
