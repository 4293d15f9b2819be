//! The fold under random histories: what holds after any of them.

use std::collections::BTreeSet;

use proptest::prelude::*;
use proptest::sample::Index;

use super::*;
use crate::ids::{InboxId, InstallationId};

type Verified = Update<VerifiedSignature>;

fn address(number: u8) -> MemberIdentifier {
    MemberIdentifier::Ethereum(EthereumAddress::new([number; 20]))
}

fn owner() -> Identifier {
    EthereumAddress::new([1; 20]).into()
}

fn inbox() -> InboxId {
    inbox_id(&owner(), 0)
}

/// Few members, so that histories meet again and again.
fn any_member() -> impl Strategy<Value = MemberIdentifier> {
    prop_oneof![
        4 => (1_u8..4).prop_map(address),
        3 => (1_u8..5).prop_map(|number| InstallationId::new([number; 32]).into()),
        2 => (1_u8..3).prop_map(|number| MemberIdentifier::Passkey(PasskeyKey::new(vec![number; 33], None))),
    ]
}

fn any_identifier() -> impl Strategy<Value = Identifier> {
    any_member().prop_filter_map("a person", |member| member.as_identifier())
}

/// A signature that verification could have given: its kind fits its signer.
fn any_signature() -> impl Strategy<Value = VerifiedSignature> {
    (any_member(), 0_u8..8, 0_u8..40).prop_map(|(signer, how, raw)| {
        let (kind, chain_id) = match (&signer, how) {
            (MemberIdentifier::Installation(_), _) => (SignatureKind::InstallationKey, None),
            (MemberIdentifier::Passkey(_), _) => (SignatureKind::Passkey, None),
            (_, 0) => (SignatureKind::LegacyDelegated, None),
            (_, 1) => (SignatureKind::ContractWallet, Some(1)),
            (_, 2) => (SignatureKind::ContractWallet, Some(2)),
            _ => (SignatureKind::Erc191, None),
        };
        VerifiedSignature { signer, kind, raw: vec![raw], chain_id }
    })
}

fn any_action() -> impl Strategy<Value = Action<VerifiedSignature>> {
    prop_oneof![
        1 => any_signature().prop_map(|signature| {
            Action::CreateInbox { identifier: owner(), nonce: 0, signature }
        }),
        // Most additions are signed by whom they add; otherwise hardly any would apply.
        6 => (any_signature(), any_signature()).prop_map(|(existing, new)| Action::Add {
            new_member: new.signer().clone(),
            existing_member_signature: existing,
            new_member_signature: new,
        }),
        1 => (any_member(), any_signature(), any_signature()).prop_map(|(new_member, existing, new)| {
            Action::Add { new_member, existing_member_signature: existing, new_member_signature: new }
        }),
        3 => (any_member(), any_signature())
            .prop_map(|(member, recovery_signature)| Action::Revoke { member, recovery_signature }),
        1 => (any_identifier(), any_signature()).prop_map(|(new_recovery, recovery_signature)| {
            Action::ChangeRecovery { new_recovery, recovery_signature }
        }),
    ]
}

fn any_update() -> impl Strategy<Value = Verified> {
    prop::collection::vec(any_action(), 1..4).prop_map(|actions| Update {
        inbox_id: inbox(),
        client_timestamp_ns: 7,
        actions,
    })
}

fn creation() -> Verified {
    let signature = VerifiedSignature {
        signer: (&owner()).into(),
        kind: SignatureKind::Erc191,
        raw: vec![255],
        chain_id: None,
    };
    Update {
        inbox_id: inbox(),
        client_timestamp_ns: 1,
        actions: vec![Action::CreateInbox { identifier: owner(), nonce: 0, signature }],
    }
}

fn any_history() -> impl Strategy<Value = Vec<Verified>> {
    prop::collection::vec(any_update(), 0..40)
}

fn apply(state: &AssociationState, update: &Verified) -> Option<AssociationState> {
    AssociationState::apply_verified(Some(state.clone()), update).ok()
}

fn created() -> AssociationState {
    AssociationState::apply_verified(None, &creation()).unwrap()
}

/// The states that a history leads through, and the updates that applied; what does not apply is passed over, as a
/// server does that lets nothing invalid into a log.
fn states(history: &[Verified]) -> (Vec<AssociationState>, Vec<&Verified>) {
    let mut states = vec![created()];
    let mut applied = Vec::new();
    for update in history {
        if let Some(next) = apply(&states[states.len() - 1], update) {
            states.push(next);
            applied.push(update);
        }
    }
    (states, applied)
}

fn signatures(update: &Verified) -> impl Iterator<Item = &VerifiedSignature> {
    update.actions.iter().flat_map(Action::signatures)
}

/// Who an action may bring in or take out.
fn names(action: &Action<VerifiedSignature>, member: &MemberIdentifier) -> bool {
    match action {
        Action::CreateInbox { identifier, .. } => MemberIdentifier::from(identifier) == *member,
        Action::Add { new_member, .. } => new_member == member,
        Action::Revoke { .. } | Action::ChangeRecovery { .. } => false,
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// R-IDN-035: members come by additions that they signed, and go by revocations that the recovery identifier
    /// signed: themselves, or with their sponsor.
    #[test]
    fn members_come_and_go_by_the_rules_only(history in any_history()) {
        let (states, applied) = states(&history);
        for ((before, after), update) in states.iter().zip(states.iter().skip(1)).zip(applied) {
            prop_assert_eq!(after.inbox_id(), inbox());
            for member in after.members().filter(|member| !before.contains(&member.identifier)) {
                prop_assert!(update.actions.iter().any(|action| names(action, &member.identifier)));
                prop_assert!(signatures(update).any(|it| *it.signer() == member.identifier));
                prop_assert!(member.added_by.is_some());
                prop_assert_ne!(member.added_by.as_ref(), Some(&member.identifier));
            }
            for gone in before.members().filter(|member| !after.contains(&member.identifier)) {
                let revoked = |it: &MemberIdentifier| update.actions.iter().any(|action| {
                    matches!(action, Action::Revoke { member, .. } if member == it)
                });
                let with_sponsor = gone.identifier.as_installation().is_some()
                    && gone.added_by.as_ref().is_some_and(&revoked);
                // An addition in the same update may have replaced the sponsor first.
                let readded = update.actions.iter().any(|action| names(action, &gone.identifier));
                prop_assert!(revoked(&gone.identifier) || with_sponsor || readded, "{:?}", gone);
            }
            if after.recovery_identifier() != before.recovery_identifier() {
                let recovery = MemberIdentifier::from(before.recovery_identifier());
                prop_assert!(signatures(update).any(|it| *it.signer() == recovery));
            }
        }
    }

    /// R-IDN-035: whoever is revoked takes its installations along, whatever the history.
    #[test]
    fn a_revoked_sponsor_leaves_no_installation_behind(history in any_history(), member in any_member()) {
        let (mut states, _) = states(&history);
        let state = states.pop().unwrap();
        let recovery = MemberIdentifier::from(state.recovery_identifier());
        let chain_id = state.member(&recovery).and_then(|it| it.added_on_chain_id);
        let kind = match (&recovery, chain_id) {
            (MemberIdentifier::Passkey(_), _) => SignatureKind::Passkey,
            (_, Some(_)) => SignatureKind::ContractWallet,
            _ => SignatureKind::Erc191,
        };
        let signature = VerifiedSignature { signer: recovery, kind, raw: vec![254], chain_id };
        let revocation = Update {
            inbox_id: inbox(),
            client_timestamp_ns: 9,
            actions: vec![Action::Revoke { member: member.clone(), recovery_signature: signature }],
        };
        let after = apply(&state, &revocation).unwrap();
        prop_assert!(!after.contains(&member));
        for left in after.members() {
            prop_assert!(left.identifier.as_installation().is_none() || left.added_by.as_ref() != Some(&member));
        }
        for gone in state.members().filter(|it| !after.contains(&it.identifier)) {
            let along = gone.identifier.as_installation().is_some() && gone.added_by.as_ref() == Some(&member);
            prop_assert!(gone.identifier == member || along);
        }
        prop_assert_eq!(after.recovery_identifier(), state.recovery_identifier());
    }

    /// R-IDN-030: signatures that were seen stay seen, and an update that applied never applies again.
    #[test]
    fn seen_signatures_only_grow_and_nothing_applies_twice(history in any_history()) {
        let (states, applied) = states(&history);
        for pair in states.windows(2) {
            prop_assert!(pair[1].seen_signatures.is_superset(&pair[0].seen_signatures));
        }
        let last = &states[states.len() - 1];
        let all: BTreeSet<Vec<u8>> =
            applied.iter().flat_map(|update| signatures(update)).map(|it| it.raw().to_vec()).collect();
        prop_assert!(last.seen_signatures.is_superset(&all));
        for (number, update) in applied.iter().enumerate() {
            for later in &states[number + 1..] {
                prop_assert!(apply(later, update).is_none());
            }
        }
    }

    /// R-IDN-036: updates that share neither members nor signatures lead to the same inbox in any order.
    #[test]
    fn the_order_of_unrelated_additions_does_not_matter(
        numbers in prop::collection::btree_set(10_u8..60, 2..8),
        order in any::<Vec<Index>>(),
    ) {
        let addition = |number: u8| {
            let new = VerifiedSignature {
                signer: InstallationId::new([number; 32]).into(),
                kind: SignatureKind::InstallationKey,
                raw: vec![number],
                chain_id: None,
            };
            let existing = VerifiedSignature {
                signer: (&owner()).into(),
                kind: SignatureKind::Erc191,
                raw: vec![number, 0],
                chain_id: None,
            };
            Update {
                inbox_id: inbox(),
                client_timestamp_ns: u64::from(number),
                actions: vec![Action::Add {
                    new_member: new.signer().clone(),
                    existing_member_signature: existing,
                    new_member_signature: new,
                }],
            }
        };
        let updates: Vec<_> = numbers.into_iter().map(addition).collect();
        let mut shuffled = updates.clone();
        for (from, to) in order.iter().enumerate().take(updates.len()) {
            let to = to.index(shuffled.len());
            shuffled.swap(from, to);
        }
        let fold = |updates: &[Verified]| {
            updates.iter().try_fold(created(), |state, update| apply(&state, update)).unwrap()
        };
        prop_assert_eq!(fold(&updates), fold(&shuffled));
    }

    /// R-IDN-033: an update that is refused leaves no trace, and a duplicated update changes nothing.
    #[test]
    fn stored_states_go_on_as_the_fold_does(history in any_history(), cut in any::<Index>()) {
        let (states, applied) = states(&history);
        let cut = cut.index(states.len());
        let stored = AssociationState::decode(&states[cut].encode()).unwrap();
        prop_assert_eq!(&stored, &states[cut]);
        let resumed = applied[cut..].iter().try_fold(stored, |state, update| apply(&state, update));
        prop_assert_eq!(resumed.as_ref(), states.last());
    }

    /// R-IDN-025: a signature by nobody of the inbox, whatever it is under, changes nothing.
    #[test]
    fn strangers_change_nothing(history in any_history(), mut update in any_update()) {
        let (states, _) = states(&history);
        let state = &states[states.len() - 1];
        let stranger = |raw: u8| VerifiedSignature {
            signer: address(99),
            kind: SignatureKind::Erc191,
            raw: vec![99, raw],
            chain_id: None,
        };
        let mut raw = 0;
        update = update
            .try_map(|_| {
                raw += 1;
                Ok::<_, ()>(stranger(raw))
            })
            .unwrap();
        prop_assert!(apply(state, &update).is_none());
    }
}
