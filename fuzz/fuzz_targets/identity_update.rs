//! Identity updates from the network: decoding, text, questions to contracts, fold.
#![no_main]

use hexmtp_domain::identity::{AssociationState, ContractVerdicts, IdentityUpdate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = AssociationState::decode(bytes);
    let Ok(update) = IdentityUpdate::decode(bytes) else { return };
    let again = IdentityUpdate::decode(&update.encode()).expect("what was encoded is decoded");
    assert_eq!(again, update);
    assert_eq!(again.signature_text(), update.signature_text());
    let _ = update.contract_questions();
    let believed = ContractVerdicts::of_judged(&update);
    if let Ok(state) = AssociationState::apply_with(None, &update, &believed) {
        assert_eq!(state.inbox_id(), update.inbox_id);
        assert_eq!(AssociationState::decode(&state.encode()).as_ref(), Ok(&state));
        // A creation applies once; an update without actions changes nothing.
        let twice = AssociationState::apply_with(Some(state.clone()), &update, &believed);
        assert!(twice.is_err());
    }
});
