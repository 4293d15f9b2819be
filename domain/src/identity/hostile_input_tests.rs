//! Hostile input: nothing panics, and no change to an update gains anybody anything.

use proptest::prelude::*;
use proptest::sample::Index;

use super::vectors::{NIGHTLY, log_of};
use super::*;

const ALICE: &str = "Client.create alice (new inbox)";

/// Flips, cuts, repeats and inserts bytes.
fn damage(bytes: &mut Vec<u8>, kind: u8, at: Index, value: u8) {
    let at = at.index(bytes.len().max(1));
    match kind {
        0 if !bytes.is_empty() => bytes[at] ^= value.max(1),
        1 => bytes.truncate(at),
        2 => bytes.insert(at, value),
        3 => bytes.extend_from_within(at..),
        _ => {
            bytes.drain(at..bytes.len().min(at + usize::from(value)));
        }
    }
}

proptest! {
    /// R-IDN-016
    #[test]
    fn random_bytes_are_refused_or_read_but_never_panic(bytes in any::<Vec<u8>>()) {
        if let Ok(update) = IdentityUpdate::decode(&bytes) {
            let _ = update.signature_text();
            prop_assert!(AssociationState::apply(None, &update).is_err());
        }
    }

    /// R-IDN-016
    #[test]
    fn random_signatures_never_panic(bytes in prop::collection::vec(any::<u8>(), 60..70), key in any::<[u8; 32]>()) {
        let _ = UnverifiedSignature::Erc191 { bytes: bytes.clone() }.verify("text");
        let installation = UnverifiedSignature::InstallationKey { bytes, public_key: key.to_vec() };
        prop_assert!(installation.verify("text").is_err());
    }

    /// R-IDN-016: every prefix of Alice's log, its next update damaged: an error, or nobody new. Damage can take an action
    /// out whole, since what decoders do not know they pass over; then things stay as they were.
    #[test]
    fn a_damaged_update_never_brings_in_a_member(
        position in any::<Index>(),
        kind in 0_u8..5,
        at in any::<Index>(),
        value in any::<u8>(),
    ) {
        let log = log_of(NIGHTLY, ALICE);
        let position = position.index(log.len());
        let before = (position > 0).then(|| AssociationState::from_updates(&log[..position]).unwrap());
        let honest = AssociationState::apply(before.clone(), &log[position]).unwrap();
        let former = before.clone();
        let mut bytes = log[position].encode();
        damage(&mut bytes, kind, at, value);
        if let Ok(update) = IdentityUpdate::decode(&bytes)
            && let Ok(state) = AssociationState::apply(before, &update)
        {
            for member in state.members() {
                let was_there = former.as_ref().is_some_and(|former| former.contains(&member.identifier));
                prop_assert!(was_there || honest.contains(&member.identifier), "{:?}", member);
            }
            let recovery = state.recovery_identifier();
            let former = former.as_ref().map(AssociationState::recovery_identifier);
            prop_assert!(recovery == honest.recovery_identifier() || Some(recovery) == former);
        }
    }

    /// R-IDN-016
    #[test]
    fn any_text_is_an_address_or_is_refused(input in "\\PC{0,60}") {
        let _ = EthereumAddress::from_wire(&input);
        if let Ok(address) = EthereumAddress::parse(&input) {
            prop_assert_eq!(EthereumAddress::from_wire(&address.to_string()), Ok(address));
        }
    }
}

/// R-IDN-016: one bit of every byte. What still applies (the cut-off part of the time, the kind that is Ethereum
/// anyway) leads to the same members.
#[test]
fn a_flipped_bit_of_a_registration_registers_nobody_else() {
    let honest_update = &log_of(NIGHTLY, ALICE)[0];
    let honest = AssociationState::apply(None, honest_update).unwrap();
    let bytes = honest_update.encode();
    let mut refused = 0;
    for position in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[position] ^= 1 << (position % 8);
        let state =
            IdentityUpdate::decode(&flipped).ok().map(|update| AssociationState::apply(None, &update));
        match state {
            Some(Ok(state)) => {
                assert_eq!(state.identifiers(), honest.identifiers(), "{position}");
                assert_eq!(state.installations(), honest.installations(), "{position}");
            }
            _ => refused += 1,
        }
    }
    assert!(bytes.len() - refused < 12, "{refused} of {}", bytes.len());
}
