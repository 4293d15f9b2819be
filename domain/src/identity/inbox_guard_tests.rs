//! What our own client does not sign unless its person insists.

use super::vectors::{installation, passkey, wallet};
use super::*;

fn owner() -> Identifier {
    wallet(1).identifier()
}

fn other() -> Identifier {
    wallet(2).identifier()
}

fn device(number: u8) -> MemberIdentifier {
    installation(number).id().into()
}

/// The owner's inbox with these additions, each let in by the owner.
fn state(additions: &[MemberIdentifier]) -> AssociationState {
    let plain = |signer: MemberIdentifier, raw: u8| VerifiedSignature {
        kind: match signer {
            MemberIdentifier::Installation(_) => SignatureKind::InstallationKey,
            _ => SignatureKind::Erc191,
        },
        signer,
        raw: vec![raw],
        chain_id: None,
    };
    let mut actions =
        vec![Action::CreateInbox { identifier: owner(), nonce: 0, signature: plain(owner().into(), 0) }];
    actions.extend((1_u8..).zip(additions).map(|(raw, member)| Action::Add {
        new_member: member.clone(),
        existing_member_signature: plain(owner().into(), 0),
        new_member_signature: plain(member.clone(), raw),
    }));
    let update = Update { inbox_id: inbox_id(&owner(), 0), client_timestamp_ns: 1, actions };
    AssociationState::apply_verified(None, &update).unwrap()
}

fn inbox() -> crate::ids::InboxId {
    inbox_id(&owner(), 0)
}

fn revoke(members: &[MemberIdentifier]) -> UnsignedUpdate {
    UnsignedUpdate::revoke(inbox(), members.iter().cloned(), &owner(), 9)
}

fn change(new: Identifier) -> UnsignedUpdate {
    UnsignedUpdate::change_recovery(inbox(), new, &owner(), 9)
}

fn add(member: MemberIdentifier) -> UnsignedUpdate {
    UnsignedUpdate::add_member(inbox(), member, owner().into(), 9)
}

/// R-IDN-060 (W-05)
#[test]
fn an_eleventh_installation_is_not_let_in() {
    let devices: Vec<_> = (1..=12).map(device).collect();
    let before = |count: usize| InboxGuard::of(&state(&devices[..count]), 1);
    assert_eq!(before(9).check(&add(device(20))), Ok(()));
    let too_many = |count| Err(InboxGuardError::TooManyInstallations { count });
    assert_eq!(before(10).check(&add(device(20))), too_many(11));
    let mut two = add(device(20));
    two.actions.extend(add(device(21)).actions);
    assert_eq!(before(9).check(&two), too_many(11));
    // One that is there already, an identifier, and a change that takes as many as it brings.
    assert_eq!(before(10).check(&add(device(1))), Ok(()));
    assert_eq!(before(10).check(&add(other().into())), Ok(()));
    let mut exchange = revoke(&[device(1)]);
    exchange.actions.extend(add(device(20)).actions);
    assert_eq!(before(10).check(&exchange), Ok(()));
    // Too many by others' doing: they can still go.
    assert_eq!(before(12).check(&revoke(&[device(1)])), Ok(()));
    assert_eq!(before(12).check(&add(device(20))), too_many(13));
    let creation = UnsignedUpdate::create_inbox(&owner(), 0, installation(1).id(), 1);
    assert_eq!(InboxGuard::new_inbox().check(&creation), Ok(()));
}

/// R-IDN-061 (W-05)
#[test]
fn a_full_log_takes_nothing_more() {
    let guard = |updates| InboxGuard::of(&state(&[device(1)]), updates);
    assert_eq!(guard(MAX_UPDATES - 1).check(&revoke(&[device(1)])), Ok(()));
    assert_eq!(guard(MAX_UPDATES).check(&revoke(&[device(1)])), Err(InboxGuardError::LogFull));
    assert_eq!(guard(1).check(&revoke(&[])), Err(InboxGuardError::NothingToDo));
}

/// R-IDN-062 (W-24)
#[test]
fn the_last_identifier_goes_only_knowingly() {
    let alone = InboxGuard::of(&state(&[device(1)]), 1).accept(AcceptedRisk::RecoveryLeaves);
    assert_eq!(alone.check(&revoke(&[owner().into()])), Err(InboxGuardError::NoIdentifierLeft));
    let knowingly = alone.accept(AcceptedRisk::NoIdentifierLeft);
    assert_eq!(knowingly.check(&revoke(&[owner().into()])), Ok(()));
    let two = InboxGuard::of(&state(&[other().into()]), 1).accept(AcceptedRisk::RecoveryLeaves);
    assert_eq!(two.check(&revoke(&[owner().into()])), Ok(()));
    let both = revoke(&[owner().into(), other().into()]);
    assert_eq!(two.check(&both), Err(InboxGuardError::NoIdentifierLeft));
}

/// R-IDN-062 (W-24)
#[test]
fn the_recovery_identifier_goes_only_knowingly() {
    let two = InboxGuard::of(&state(&[other().into()]), 1);
    assert_eq!(two.check(&revoke(&[owner().into()])), Err(InboxGuardError::RecoveryLeaves));
    assert_eq!(two.check(&revoke(&[other().into()])), Ok(()));
    assert_eq!(two.clone().accept(AcceptedRisk::RecoveryLeaves).check(&revoke(&[owner().into()])), Ok(()));
    // After a successor is named it is free to go.
    let mut handover = change(other());
    handover.actions.extend(revoke(&[owner().into()]).actions);
    assert_eq!(two.check(&handover), Ok(()));
    let unclaimable = change(Identifier::Unclaimable("0xAB".into()));
    assert_eq!(two.check(&unclaimable), Err(InboxGuardError::UnclaimableRecovery));
}

/// R-IDN-063 (W-24)
#[test]
fn a_new_recovery_identifier_proves_that_somebody_holds_its_key() {
    let guard = InboxGuard::of(&state(&[other().into(), device(1)]), 1);
    let proofs = |update: &UnsignedUpdate| guard.proofs(update);
    assert!(proofs(&change(other())).is_empty(), "a member has signed its own addition");
    assert!(proofs(&change(owner())).is_empty(), "the present one signs");
    assert!(proofs(&revoke(&[device(1)])).is_empty());
    let stranger = passkey(3).identifier();
    assert_eq!(proofs(&change(stranger.clone())), [stranger.clone().into()].into());
    let insisting = guard.clone().accept(AcceptedRisk::UnprovenRecovery);
    assert!(insisting.proofs(&change(stranger)).is_empty());
}
