//! Stored association states: what was written is read, and folding goes on from there.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::super::vectors::{EXTRA, NIGHTLY, log_of};
use super::super::{EthereumAddress, PasskeyKey};
use super::*;
use crate::ids::{InboxId, InstallationId};

fn identifiers() -> impl Strategy<Value = Identifier> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|bytes| Identifier::Ethereum(EthereumAddress::new(bytes))),
        (prop::collection::vec(any::<u8>(), 1..70), proptest::option::of("[a-z]{0,9}"))
            .prop_map(|(key, party)| Identifier::Passkey(PasskeyKey::new(key, party))),
    ]
}

fn member_identifiers() -> impl Strategy<Value = MemberIdentifier> {
    prop_oneof![
        identifiers().prop_map(MemberIdentifier::from),
        any::<[u8; 32]>().prop_map(|key| MemberIdentifier::Installation(InstallationId::new(key))),
    ]
}

fn states() -> impl Strategy<Value = AssociationState> {
    let member = (
        member_identifiers(),
        proptest::option::of(member_identifiers()),
        any::<Option<u64>>(),
        any::<Option<u64>>(),
    );
    let member = member.prop_map(|(identifier, added_by, client_timestamp_ns, added_on_chain_id)| {
        (identifier.clone(), Member { identifier, added_by, client_timestamp_ns, added_on_chain_id })
    });
    let signatures = prop::collection::btree_set(prop::collection::vec(any::<u8>(), 0..80), 0..6);
    (any::<[u8; 32]>(), identifiers(), prop::collection::vec(member, 0..6), signatures).prop_map(
        |(inbox_id, recovery, members, seen_signatures): (_, _, Vec<_>, BTreeSet<_>)| AssociationState {
            inbox_id: InboxId::new(inbox_id),
            recovery,
            members: BTreeMap::from_iter(members),
            seen_signatures,
        },
    )
}

proptest! {
    /// R-IDN-210
    #[test]
    fn a_stored_state_is_read_as_it_was_written(state in states()) {
        let read = AssociationState::decode(&state.encode()).unwrap();
        let parties = |state: &AssociationState| state.recovery.relying_party().map(ToOwned::to_owned);
        prop_assert_eq!(parties(&read), parties(&state));
        prop_assert_eq!(read, state);
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = AssociationState::decode(&bytes);
    }

    #[test]
    fn no_damage_panics(state in states(), at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut bytes = state.encode();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = AssociationState::decode(&bytes);
        bytes.truncate(at);
        let _ = AssociationState::decode(&bytes);
    }
}

/// R-IDN-211
#[test]
fn folding_goes_on_from_a_stored_state_as_if_it_had_never_stopped() {
    let logs = [log_of(NIGHTLY, "Client.create alice (new inbox)"), log_of(EXTRA, "create bob")];
    for log in &logs {
        let whole = AssociationState::from_updates(log).unwrap();
        for stop in 1..=log.len() {
            let stored = AssociationState::from_updates(&log[..stop]).unwrap().encode();
            let mut state = AssociationState::decode(&stored).unwrap();
            for update in &log[stop..] {
                state = AssociationState::apply(Some(state), update).unwrap();
            }
            assert_eq!(state, whole, "after {stop}");
        }
    }
}
