//! The association rules, one by one, each with its negative, and the captured logs.

use std::collections::BTreeSet;

use super::vectors::{EXTRA, NIGHTLY, installation, log_of, wallet};
use super::*;
use crate::ids::InboxId;

type Verified = Update<VerifiedSignature>;

/// A signature that verification could have given: of `signer`, told apart from others by `raw`.
fn by(signer: impl Into<MemberIdentifier>, kind: SignatureKind, raw: u8) -> VerifiedSignature {
    VerifiedSignature { signer: signer.into(), kind, raw: vec![raw], chain_id: None }
}

fn on_chain(signer: impl Into<MemberIdentifier>, chain_id: u64, raw: u8) -> VerifiedSignature {
    VerifiedSignature { chain_id: Some(chain_id), ..by(signer, SignatureKind::ContractWallet, raw) }
}

fn owner() -> Identifier {
    wallet(1).identifier()
}

fn second() -> Identifier {
    wallet(2).identifier()
}

fn stranger() -> Identifier {
    wallet(3).identifier()
}

fn device(number: u8) -> MemberIdentifier {
    installation(number).id().into()
}

/// An ordinary signature of whoever it is.
fn plain(signer: impl Into<MemberIdentifier>, raw: u8) -> VerifiedSignature {
    let signer = signer.into();
    let kind = match signer {
        MemberIdentifier::Installation(_) => SignatureKind::InstallationKey,
        MemberIdentifier::Passkey(_) => SignatureKind::Passkey,
        _ => SignatureKind::Erc191,
    };
    by(signer, kind, raw)
}

fn legacy(signer: impl Into<MemberIdentifier>, raw: u8) -> VerifiedSignature {
    by(signer, SignatureKind::LegacyDelegated, raw)
}

fn create(nonce: u64, signature: VerifiedSignature) -> Action<VerifiedSignature> {
    Action::CreateInbox { identifier: owner(), nonce, signature }
}

fn add(
    new_member: impl Into<MemberIdentifier>,
    existing: VerifiedSignature,
    new: VerifiedSignature,
) -> Action<VerifiedSignature> {
    Action::Add {
        new_member: new_member.into(),
        existing_member_signature: existing,
        new_member_signature: new,
    }
}

fn revoke(member: impl Into<MemberIdentifier>, signature: VerifiedSignature) -> Action<VerifiedSignature> {
    Action::Revoke { member: member.into(), recovery_signature: signature }
}

fn change(new_recovery: Identifier, signature: VerifiedSignature) -> Action<VerifiedSignature> {
    Action::ChangeRecovery { new_recovery, recovery_signature: signature }
}

fn update(nonce: u64, actions: Vec<Action<VerifiedSignature>>) -> Verified {
    Update { inbox_id: inbox_id(&owner(), nonce), client_timestamp_ns: 99, actions }
}

/// Applies one update per list of actions to the inbox of the owner with nonce 0.
fn fold(updates: Vec<Vec<Action<VerifiedSignature>>>) -> Result<AssociationState, AssociationError> {
    let state = updates.into_iter().try_fold(None, |state, actions| {
        AssociationState::apply_verified(state, &update(0, actions)).map(Some)
    });
    state.map(Option::unwrap)
}

/// The owner's inbox with one device, made with signatures 1 and 2.
fn registered() -> Vec<Action<VerifiedSignature>> {
    vec![create(0, plain(owner(), 1)), add(device(1), plain(owner(), 1), plain(device(1), 2))]
}

/// What becomes of the registered inbox after one more update.
fn then(actions: Vec<Action<VerifiedSignature>>) -> Result<AssociationState, AssociationError> {
    fold(vec![registered(), actions])
}

fn members(state: &AssociationState) -> BTreeSet<MemberIdentifier> {
    state.members().map(|member| member.identifier.clone()).collect()
}

fn set<const N: usize>(members: [MemberIdentifier; N]) -> BTreeSet<MemberIdentifier> {
    members.into()
}

/// R-IDN-021
#[test]
fn creation_makes_the_creator_member_and_recovery() {
    let state = fold(vec![vec![create(0, plain(owner(), 1))]]).unwrap();
    assert_eq!(state.inbox_id(), inbox_id(&owner(), 0));
    assert_eq!(state.recovery_identifier(), &owner());
    let creator = Member {
        identifier: owner().into(),
        added_by: None,
        client_timestamp_ns: None,
        added_on_chain_id: None,
    };
    assert_eq!(state.members().collect::<Vec<_>>(), [&creator]);
    let state = fold(vec![vec![create(0, on_chain(owner(), 8453, 1))]]).unwrap();
    assert_eq!(state.member(&owner().into()).unwrap().added_on_chain_id, Some(8453));
}

/// R-IDN-021
#[test]
fn creation_comes_once_and_first() {
    assert_eq!(then(vec![create(0, plain(owner(), 5))]), Err(AssociationError::AlreadyCreated));
    let twice = vec![create(0, plain(owner(), 1)), create(0, plain(owner(), 1))];
    assert_eq!(fold(vec![twice]), Err(AssociationError::AlreadyCreated));
    for action in [
        add(device(1), plain(owner(), 1), plain(device(1), 2)),
        revoke(device(1), plain(owner(), 1)),
        change(second(), plain(owner(), 1)),
    ] {
        assert_eq!(fold(vec![vec![action]]), Err(AssociationError::NotCreated));
    }
}

/// R-IDN-021
#[test]
fn creation_is_signed_by_the_initial_identifier() {
    for signer in [stranger().into(), device(1)] {
        assert_eq!(fold(vec![vec![create(0, plain(signer, 1))]]), Err(AssociationError::NotSignedByCreator));
    }
}

/// R-IDN-022
#[test]
fn a_legacy_signature_creates_with_nonce_zero_only() {
    assert!(fold(vec![vec![create(0, legacy(owner(), 1))]]).is_ok());
    let other = update(1, vec![create(1, legacy(owner(), 1))]);
    assert_eq!(AssociationState::apply_verified(None, &other), Err(AssociationError::LegacyNotAllowed));
    let plain = update(1, vec![create(1, plain(owner(), 1))]);
    assert!(AssociationState::apply_verified(None, &plain).is_ok());
}

/// R-IDN-020: verification cannot make such signatures; the rule holds all the same.
#[test]
fn a_signature_of_the_wrong_kind_speaks_for_nobody() {
    use SignatureKind::{InstallationKey as Installation, Passkey};
    let wrong = |kind| Err(AssociationError::KindNotAllowed(kind));
    let by_wallet = |kind, raw| by(owner(), kind, raw);
    assert_eq!(fold(vec![vec![create(0, by_wallet(Passkey, 1))]]), wrong(Passkey));
    let existing = add(device(2), by_wallet(Installation, 3), plain(device(2), 4));
    assert_eq!(then(vec![existing]), wrong(Installation));
    let new = add(device(2), plain(owner(), 3), by(device(2), SignatureKind::Erc191, 4));
    assert_eq!(then(vec![new]), wrong(SignatureKind::Erc191));
    assert_eq!(then(vec![revoke(device(1), by_wallet(Passkey, 3))]), wrong(Passkey));
    assert_eq!(then(vec![change(second(), by_wallet(Passkey, 3))]), wrong(Passkey));
}

/// R-IDN-023
#[test]
fn a_member_adds_and_is_remembered_as_sponsor() {
    let state = then(vec![add(second(), plain(device(1), 3), plain(second(), 4))]).unwrap();
    assert_eq!(members(&state), set([owner().into(), device(1), second().into()]));
    let expected = Member {
        identifier: second().into(),
        added_by: Some(device(1)),
        client_timestamp_ns: Some(99),
        added_on_chain_id: None,
    };
    assert_eq!(state.member(&second().into()), Some(&expected));
    assert_eq!(state.installations(), BTreeSet::from([installation(1).id()]));
    assert_eq!(state.identifiers(), BTreeSet::from([owner(), second()]));
    assert!(state.contains(&device(1)) && !state.contains(&stranger().into()));
}

/// R-IDN-023
#[test]
fn the_new_member_signs_its_own_addition() {
    for signer in [stranger().into(), owner().into(), device(3)] {
        let action = add(device(2), plain(owner(), 3), plain(signer, 4));
        assert_eq!(then(vec![action]), Err(AssociationError::NotSignedByNewMember));
    }
}

/// R-IDN-024
#[test]
fn nobody_adds_itself() {
    for (member, one, two) in [(owner().into(), 3, 3), (owner().into(), 3, 4), (stranger().into(), 3, 4)] {
        let member: MemberIdentifier = member;
        let action = add(member.clone(), plain(member.clone(), one), plain(member, two));
        assert_eq!(then(vec![action]), Err(AssociationError::AddsItself));
    }
}

/// R-IDN-025
#[test]
fn only_members_and_the_recovery_identifier_add() {
    let by_stranger = add(device(2), plain(stranger(), 3), plain(device(2), 4));
    assert_eq!(then(vec![by_stranger]), Err(AssociationError::NotSignedByMember));
    // A recovery identifier that is no member may add; the former one, once it is no member either, may not.
    let handover = vec![change(second(), plain(owner(), 3))];
    let drop_owner = vec![revoke(owner(), plain(second(), 4))];
    let by_recovery = add(device(2), plain(second(), 5), plain(device(2), 6));
    let by_former = add(device(2), plain(owner(), 7), plain(device(2), 8));
    let state = fold(vec![registered(), handover.clone(), drop_owner.clone(), vec![by_recovery]]).unwrap();
    assert_eq!(members(&state), set([device(2)]));
    assert_eq!(state.member(&device(2)).unwrap().added_by, Some(second().into()));
    assert_eq!(
        fold(vec![registered(), handover, drop_owner, vec![by_former]]),
        Err(AssociationError::NotSignedByMember)
    );
}

/// R-IDN-026
#[test]
fn an_installation_adds_identifiers_but_no_installation() {
    let action = add(device(2), plain(device(1), 3), plain(device(2), 4));
    assert_eq!(then(vec![action]), Err(AssociationError::InstallationAddsInstallation));
    let passkey = Identifier::Passkey(PasskeyKey::new(vec![2; 33], None));
    let action = add(passkey.clone(), plain(device(1), 3), plain(passkey.clone(), 4));
    assert!(then(vec![action]).unwrap().contains(&passkey.into()));
}

/// R-IDN-022
#[test]
fn legacy_signatures_add_only_in_the_sponsors_own_first_inbox() {
    assert!(then(vec![add(device(2), legacy(owner(), 3), plain(device(2), 4))]).is_ok());
    // Another wallet joins by its legacy key, let in by the inbox's wallet or by an installation.
    for sponsor in [plain(owner(), 3), legacy(owner(), 3), plain(device(1), 3)] {
        let state = then(vec![add(second(), sponsor, legacy(second(), 4))]).unwrap();
        assert!(state.contains(&second().into()));
    }
    // A member of another inbox by right neither sponsors by a legacy key nor lets one in.
    let member = vec![add(second(), plain(owner(), 3), plain(second(), 4))];
    let sponsor = vec![add(device(2), legacy(second(), 5), plain(device(2), 6))];
    assert_eq!(fold(vec![registered(), member.clone(), sponsor]), Err(AssociationError::LegacyNotAllowed));
    let lets_in = vec![add(stranger(), plain(second(), 5), legacy(stranger(), 6))];
    assert_eq!(fold(vec![registered(), member, lets_in]), Err(AssociationError::LegacyNotAllowed));
    // In an inbox of the same wallet with another nonce.
    let actions = vec![create(1, plain(owner(), 1)), add(device(1), legacy(owner(), 2), plain(device(1), 3))];
    assert_eq!(
        AssociationState::apply_verified(None, &update(1, actions)),
        Err(AssociationError::LegacyNotAllowed)
    );
    // The recovery identifier that is no member any more.
    let gone = vec![revoke(owner(), plain(owner(), 3))];
    let back = vec![add(device(2), legacy(owner(), 4), plain(device(2), 5))];
    assert_eq!(fold(vec![registered(), gone, back]), Err(AssociationError::LegacyNotAllowed));
}

/// R-IDN-027
#[test]
fn the_recovery_identifier_revokes() {
    let state = then(vec![revoke(device(1), plain(owner(), 3))]).unwrap();
    assert_eq!(members(&state), set([owner().into()]));
    // Somebody absent: nothing happens.
    let state = then(vec![revoke(stranger(), plain(owner(), 3))]).unwrap();
    assert_eq!(members(&state), set([owner().into(), device(1)]));
}

/// R-IDN-027
#[test]
fn nobody_but_the_recovery_identifier_revokes() {
    let second_joins = vec![add(second(), plain(owner(), 3), plain(second(), 4))];
    for signer in [second().into(), device(1), stranger().into()] {
        let revocation = vec![revoke(device(1), plain(signer, 5))];
        assert_eq!(
            fold(vec![registered(), second_joins.clone(), revocation]),
            Err(AssociationError::NotSignedByRecovery)
        );
    }
    assert_eq!(then(vec![revoke(device(1), legacy(owner(), 3))]), Err(AssociationError::LegacyNotAllowed));
}

/// R-IDN-028
#[test]
fn installations_go_with_the_wallet_that_added_them() {
    let grow = vec![
        add(second(), plain(owner(), 3), plain(second(), 4)),
        add(device(2), plain(second(), 4), plain(device(2), 5)),
        add(device(3), plain(second(), 4), plain(device(3), 6)),
        add(stranger(), plain(second(), 4), plain(stranger(), 7)),
        add(device(4), plain(stranger(), 7), plain(device(4), 8)),
    ];
    let state = fold(vec![registered(), grow.clone()]).unwrap();
    assert_eq!(state.members().count(), 7);
    let state = fold(vec![registered(), grow, vec![revoke(second(), plain(owner(), 9))]]).unwrap();
    // The wallet that it added stays, and so does that wallet's installation.
    assert_eq!(members(&state), set([owner().into(), device(1), stranger().into(), device(4)]));
}

/// R-IDN-029
#[test]
fn the_recovery_identifier_names_its_successor() {
    let handover = vec![change(second(), plain(owner(), 3))];
    let state = fold(vec![registered(), handover.clone()]).unwrap();
    assert_eq!(state.recovery_identifier(), &second());
    assert_eq!(members(&state), set([owner().into(), device(1)]), "the successor is no member");
    let by_former = vec![revoke(device(1), plain(owner(), 4))];
    assert_eq!(fold(vec![registered(), handover, by_former]), Err(AssociationError::NotSignedByRecovery));
    for signer in [second().into(), device(1)] {
        assert_eq!(
            then(vec![change(second(), plain(signer, 3))]),
            Err(AssociationError::NotSignedByRecovery)
        );
    }
    assert_eq!(then(vec![change(second(), legacy(owner(), 3))]), Err(AssociationError::LegacyNotAllowed));
}

/// R-IDN-030
#[test]
fn a_signature_serves_one_update_only() {
    let replays = [
        add(device(2), plain(owner(), 1), plain(device(2), 4)),
        add(device(2), plain(owner(), 3), plain(device(2), 2)),
        revoke(device(1), plain(owner(), 1)),
        change(second(), plain(owner(), 1)),
    ];
    for action in replays {
        assert_eq!(then(vec![action]), Err(AssociationError::Replay));
    }
    // Every kind of action leaves its signatures behind.
    let first = [
        add(device(2), plain(owner(), 3), plain(device(2), 4)),
        revoke(device(2), plain(owner(), 3)),
        change(owner(), plain(owner(), 3)),
    ];
    for action in first {
        let again = revoke(device(3), plain(owner(), 3));
        assert_eq!(fold(vec![registered(), vec![action], vec![again]]), Err(AssociationError::Replay));
    }
}

/// R-IDN-030
#[test]
fn a_signature_serves_several_actions_of_its_update() {
    let actions = vec![
        add(device(2), plain(owner(), 3), plain(device(2), 4)),
        add(device(3), plain(owner(), 3), plain(device(3), 5)),
        revoke(device(1), plain(owner(), 3)),
    ];
    assert_eq!(members(&then(actions).unwrap()), set([owner().into(), device(2), device(3)]));
}

/// R-IDN-031
#[test]
fn a_contract_wallet_signs_on_its_chain() {
    let other = Err(AssociationError::ChainMismatch);
    let begin = vec![create(0, on_chain(owner(), 1, 1))];
    let sponsor = |signature| fold(vec![begin.clone(), vec![add(device(1), signature, plain(device(1), 9))]]);
    assert!(sponsor(on_chain(owner(), 1, 2)).is_ok());
    assert_eq!(sponsor(on_chain(owner(), 2, 2)), other);
    assert_eq!(sponsor(plain(owner(), 2)), other);
    let revocation = |signature| fold(vec![begin.clone(), vec![revoke(second(), signature)]]);
    assert!(revocation(on_chain(owner(), 1, 2)).is_ok());
    assert_eq!(revocation(on_chain(owner(), 2, 2)), other);
    let recovery_change = |signature| fold(vec![begin.clone(), vec![change(second(), signature)]]);
    assert!(recovery_change(on_chain(owner(), 1, 2)).is_ok());
    assert_eq!(recovery_change(on_chain(owner(), 2, 2)), other);
    assert_eq!(recovery_change(plain(owner(), 2)), other);
    // A wallet that was added without a chain does not become a contract.
    assert_eq!(then(vec![add(device(2), on_chain(owner(), 5, 3), plain(device(2), 4))]), other);
    assert_eq!(then(vec![revoke(device(1), on_chain(owner(), 5, 3))]), other);
    assert_eq!(then(vec![change(second(), on_chain(owner(), 5, 3))]), other);
    // Of a recovery identifier that is no member no chain is known.
    let handover = vec![change(second(), plain(owner(), 3))];
    for signature in [plain(second(), 4), on_chain(second(), 1, 4), on_chain(second(), 2, 4)] {
        let addition = vec![add(device(2), signature, plain(device(2), 5))];
        assert!(fold(vec![registered(), handover.clone(), addition]).is_ok());
    }
    let joined = then(vec![add(second(), plain(owner(), 3), on_chain(second(), 10, 4))]).unwrap();
    assert_eq!(joined.member(&second().into()).unwrap().added_on_chain_id, Some(10));
}

/// R-IDN-032
#[test]
fn an_update_leads_to_the_inbox_that_it_names() {
    let mut elsewhere = update(0, registered());
    elsewhere.inbox_id = InboxId::new([9; 32]);
    assert_eq!(AssociationState::apply_verified(None, &elsewhere), Err(AssociationError::WrongInbox));
    let state = fold(vec![registered()]).unwrap();
    let mut foreign = update(0, vec![revoke(device(1), plain(owner(), 3))]);
    foreign.inbox_id = inbox_id(&owner(), 1);
    assert_eq!(
        AssociationState::apply_verified(Some(state.clone()), &foreign),
        Err(AssociationError::WrongInbox)
    );
    // Without actions nothing changes, and nothing begins.
    assert_eq!(AssociationState::apply_verified(Some(state.clone()), &update(0, vec![])), Ok(state));
    assert_eq!(AssociationState::apply_verified(None, &update(0, vec![])), Err(AssociationError::NotCreated));
}

/// R-IDN-033
#[test]
fn one_bad_action_spoils_the_update_and_one_bad_update_the_log() {
    let good = add(device(2), plain(owner(), 3), plain(device(2), 4));
    let bad = revoke(device(1), plain(stranger(), 5));
    assert_eq!(then(vec![good.clone(), bad.clone()]), Err(AssociationError::NotSignedByRecovery));
    assert_eq!(fold(vec![registered(), vec![bad], vec![good]]), Err(AssociationError::NotSignedByRecovery));
    assert_eq!(AssociationState::from_updates([]), Err(AssociationError::NotCreated));
}

/// R-IDN-034
#[test]
fn alices_captured_log_leads_where_the_scenario_says() {
    let log = log_of(NIGHTLY, "Client.create alice (new inbox)");
    assert_eq!(log.len(), 6);
    let states: Vec<_> =
        (1..=log.len()).map(|n| AssociationState::from_updates(&log[..n]).unwrap()).collect();
    let address = |text| Identifier::from(EthereumAddress::from_wire(text).unwrap());
    let alice = address("0x0404947b0a650c9b3dd602b331d8ca77a3fd6f30");
    let alice2 = address("0xc67473e9ae53fe655ab17ab4cb844c0c2904de60");
    let recovery = address("0x2e9763ec5e657683c819c5394f2019d9969513a3");
    let key = |text: &str| MemberIdentifier::Installation(text.parse().unwrap());
    let first = key("be523fa7e2ab733eb1d4ae943eaf0f2f5971a8de1ca4b4199e1f596bdbd84acd");
    let other = key("3efe23f546f1b22e5cf4e3e74085fb358440e331a7bbd39c013f6abce4084149");
    let (alice_member, alice2_member) = (MemberIdentifier::from(&alice), MemberIdentifier::from(&alice2));

    let with_both = set([alice_member.clone(), first.clone(), alice2_member.clone()]);
    let mut with_device = with_both.clone();
    with_device.insert(other);
    let expected = [
        (set([alice_member.clone(), first.clone()]), &alice),
        (with_both.clone(), &alice),
        (with_both.clone(), &recovery),
        (with_device, &recovery),
        (with_both, &recovery),
        (set([alice_member.clone(), first.clone()]), &recovery),
    ];
    for (step, (state, (expected, recovery))) in states.iter().zip(expected).enumerate() {
        assert_eq!(members(state), expected, "after update {step}");
        assert_eq!(state.recovery_identifier(), recovery, "after update {step}");
    }
    assert_eq!(states[0].member(&first).unwrap().added_by, Some(alice_member));
    assert_eq!(states[1].member(&alice2_member).unwrap().added_by, Some(first));
}

/// R-IDN-034
#[test]
fn the_other_captured_logs_lead_where_the_scenario_says() {
    let cases = [
        (
            NIGHTLY,
            "Client.create bob (new inbox)",
            "be9626890ed76cac23c291a50910ebd3d84d5d045101e50ee4d315bafdb83ed4",
        ),
        (
            NIGHTLY,
            "Client.create carol (new inbox, nonce 7)",
            "2376025884d8b039094ee14297f1847d97c58c9a22cc5742454bebc6d34f351f",
        ),
        (EXTRA, "create alice", "98644d9a204c37ca1321c8aab598157e0b7772d2ee810bff5d41f77d6ec9e18c"),
        // Bob added two installations and revoked both with one signature.
        (EXTRA, "create bob", "9d6c8967d3d55754015910fefa644ed4cca3b836372e1fed5fb87ec702071d8a"),
        (EXTRA, "create carol", "afd1778d417dc74bfba07e973a196b048abc24a3529f4af82a174b55b1d4a15f"),
        (EXTRA, "create dave", "d9a22bd6c1bca252d7e0a755f4622c2f4eb2cf0c20d75b31c0c7b90d5220135d"),
        (EXTRA, "create erin", "99fe7ef4b84c68f14f5eb34dc1ebf912a3c4279100a2bf6056c530475d97c5a7"),
        (EXTRA, "create frank", "a1ed853f63a4d7a6c459082dc6e04df46f63b7079f80c898dfab41a9634ea23b"),
    ];
    for (run, step, installation) in cases {
        let log = log_of(run, step);
        let state = AssociationState::from_updates(&log).unwrap();
        assert_eq!(state.inbox_id(), log[0].inbox_id);
        assert_eq!(state.installations(), BTreeSet::from([installation.parse().unwrap()]), "{step}");
        assert_eq!(state.identifiers(), BTreeSet::from([state.recovery_identifier().clone()]), "{step}");
    }
    let bob = log_of(EXTRA, "create bob");
    assert_eq!(bob.len(), 4);
    assert_eq!(AssociationState::from_updates(&bob[..3]).unwrap().installations().len(), 3);
    let scw = log_of(EXTRA, "SCW Client.create");
    assert_eq!(AssociationState::from_updates(&scw), Err(SignatureError::ContractNotAsked.into()));
    let state = AssociationState::from_updates_with(&scw, &ContractVerdicts::of_judged(&scw[0])).unwrap();
    let [wallet] = &state.identifiers().into_iter().collect::<Vec<_>>()[..] else { panic!("one wallet") };
    assert_eq!(wallet.to_string(), "0x04c142f4f30a085a5ef823128ae026105363a034");
    assert_eq!(state.member(&wallet.into()).unwrap().added_on_chain_id, Some(1));
    assert_eq!(scw[0].creation_signature_kind(), Some(SignatureKind::ContractWallet));
}

/// R-IDN-034: what the official client said about Alice's inbox at the end.
#[test]
fn the_official_client_saw_the_same_inbox() {
    let official = super::vectors::json(include_str!("../../../tests/vectors/nightly_inbox_states.json"));
    for official in official.as_array().unwrap() {
        let state =
            AssociationState::from_updates(&log_of(NIGHTLY, "Client.create alice (new inbox)")).unwrap();
        let text = super::vectors::text;
        assert_eq!(state.inbox_id().to_string(), text(official, "inboxId"));
        let recovery = text(&official["recoveryIdentifier"], "identifier");
        assert_eq!(state.recovery_identifier().to_string(), recovery);
        let identifiers: Vec<_> = state.identifiers().iter().map(ToString::to_string).collect();
        let theirs: Vec<_> =
            official["identifiers"].as_array().unwrap().iter().map(|it| text(it, "identifier")).collect();
        assert_eq!(identifiers, theirs);
        let installations: Vec<_> = state
            .members()
            .filter(|member| member.identifier.as_installation().is_some())
            .map(|member| (member.identifier.to_string(), member.client_timestamp_ns.unwrap().to_string()))
            .collect();
        let theirs = official["installations"].as_array().unwrap().iter();
        assert_eq!(
            installations,
            theirs
                .map(|it| (text(it, "id").to_owned(), text(it, "clientTimestampNs").to_owned()))
                .collect::<Vec<_>>()
        );
    }
}

/// R-IDN-030: with real signatures.
#[test]
fn a_captured_update_cannot_be_replayed() {
    for step in ["Client.create alice (new inbox)", "Client.create bob (new inbox)"] {
        let log = log_of(NIGHTLY, step);
        let state = AssociationState::from_updates(&log).unwrap();
        for update in &log {
            let expected = match update.actions[0] {
                Action::CreateInbox { .. } => AssociationError::AlreadyCreated,
                _ => AssociationError::Replay,
            };
            assert_eq!(AssociationState::apply(Some(state.clone()), update), Err(expected));
        }
    }
}

/// The way of the application, end to end: register, add a device, revoke it, change the recovery identifier.
#[test]
fn updates_that_are_signed_here_apply() {
    let (owner, other) = (wallet(1), wallet(2));
    let (first, second) = (installation(1), installation(2));
    let signed = |update: UnsignedUpdate, wallets: &[&LocalWallet], keys: &[&InstallationKey]| {
        let text = update.signature_text();
        let mut signatures: Vec<_> = wallets.iter().map(|wallet| wallet.sign_text(&text).unwrap()).collect();
        signatures.extend(keys.iter().map(|key| key.sign_identity_text(&text)));
        let bytes = update.sign(&signatures).unwrap().encode();
        IdentityUpdate::decode(&bytes).unwrap()
    };
    let id = owner.identifier();
    let inbox = inbox_id(&id, 3);
    let added = second.id().into();
    let log = [
        signed(UnsignedUpdate::create_inbox(&id, 3, first.id(), 1), &[&owner], &[&first]),
        signed(UnsignedUpdate::add_member(inbox, added, id.clone().into(), 2), &[&owner], &[&second]),
        signed(UnsignedUpdate::revoke(inbox, [first.id().into()], &id, 3), &[&owner], &[]),
        signed(UnsignedUpdate::change_recovery(inbox, other.identifier(), &id, 4), &[&owner], &[]),
        signed(UnsignedUpdate::revoke(inbox, [(&id).into()], &other.identifier(), 5), &[&other], &[]),
    ];
    let counts: Vec<_> = (1..=log.len())
        .map(|n| AssociationState::from_updates(&log[..n]).unwrap())
        .map(|state| (state.installations().len(), state.identifiers().len()))
        .collect();
    // The second installation goes with the owner's wallet, which added it.
    assert_eq!(counts, [(1, 1), (2, 1), (1, 1), (1, 1), (0, 0)]);
}
