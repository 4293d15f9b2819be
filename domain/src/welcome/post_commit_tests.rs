//! Welcomes that remain to be sent.

use hexmtp_proto::xmtp::mls::database as wire;
use proptest::prelude::*;
use prost::Message;

use super::WrapperAlgorithm;
use super::post_commit::{
    MIN_POINTER_RECIPIENTS, PostCommit, PostCommitDecodeError, WELCOME_BATCH, WelcomeRecipient, plan_welcomes,
};
use crate::captured::{database, hostile, unhex};
use crate::ids::InstallationId;

fn recipient(number: u8, algorithm: WrapperAlgorithm, supports_pointers: bool) -> WelcomeRecipient {
    WelcomeRecipient {
        installation_id: InstallationId::new([number; 32]),
        public_key: vec![number; 5],
        algorithm,
        supports_pointers,
    }
}

fn any_recipient() -> impl Strategy<Value = WelcomeRecipient> {
    (any::<u8>(), any::<bool>(), any::<bool>()).prop_map(|(number, xwing, supports_pointers)| {
        let algorithm = if xwing { WrapperAlgorithm::XWing } else { WrapperAlgorithm::Curve25519 };
        recipient(number, algorithm, supports_pointers)
    })
}

fn any_action() -> impl Strategy<Value = PostCommit> {
    (any::<Vec<u8>>(), proptest::collection::vec(any_recipient(), 0..8))
        .prop_map(|(welcome, recipients)| PostCommit { welcome, recipients })
}

/// R-WEL-103
#[test]
fn captured_actions_are_read_and_written_the_same() {
    let database = database();
    let captured = database["post_commits"].as_array().unwrap();
    assert_eq!(captured.len(), 6);
    for entry in captured {
        let bytes = unhex(&entry["post_commit_data"]);
        let action = PostCommit::decode(&bytes).unwrap();
        assert_eq!(action.encode(), bytes);
        assert_eq!(action.recipients.len(), 1);
        let recipient = &action.recipients[0];
        assert_eq!((recipient.algorithm, recipient.supports_pointers), (WrapperAlgorithm::XWing, true));
        assert_eq!(recipient.public_key.len(), 1216);
        assert_eq!(action.welcome[..4], [0, 1, 0, 3], "an MLSMessage that is a welcome");
        let plan = plan_welcomes(&action);
        assert_eq!((plan.pointer.len(), plan.plain.len()), (0, 1));
    }
}

/// R-WEL-104
#[test]
fn an_installation_needs_a_key_of_its_own() {
    let installation = |key: Vec<u8>, algorithm| wire::post_commit_action::Installation {
        installation_key: key,
        hpke_public_key: vec![1],
        welcome_wrapper_algorithm: algorithm,
        welcome_pointee_encryption_aead_types: None,
    };
    let read = |installation| {
        let welcomes = wire::post_commit_action::SendWelcomes {
            installations: vec![installation],
            welcome_message: vec![],
        };
        let kind = Some(wire::post_commit_action::Kind::SendWelcomes(welcomes));
        PostCommit::decode(&wire::PostCommitAction { kind }.encode_to_vec())
    };
    for (number, expected) in [
        (0, Some(WrapperAlgorithm::Curve25519)),
        (1, Some(WrapperAlgorithm::Curve25519)),
        (2, Some(WrapperAlgorithm::XWing)),
        (3, None),
        (9, Some(WrapperAlgorithm::Curve25519)),
    ] {
        let read = read(installation(vec![7; 32], number)).ok().map(|action| action.recipients[0].algorithm);
        assert_eq!(read, expected, "{number}");
    }
    assert_eq!(read(installation(vec![7; 31], 2)), Err(PostCommitDecodeError));
    assert_eq!(PostCommit::decode(&[]), Err(PostCommitDecodeError), "no kind");
    assert_eq!(PostCommitDecodeError.code(), "welcome.malformed_post_commit");
}

/// R-WEL-105
#[test]
fn pointers_are_used_from_three_recipients_that_can_follow_one() {
    use WrapperAlgorithm::{Curve25519, XWing};
    assert_eq!((MIN_POINTER_RECIPIENTS, WELCOME_BATCH), (3, 50));
    let able = |number| recipient(number, XWing, true);
    let without = recipient(10, XWing, false);
    let old = recipient(11, Curve25519, false);
    let odd = recipient(12, Curve25519, true);
    let plan = |recipients: &[WelcomeRecipient]| {
        let action = PostCommit { welcome: vec![], recipients: recipients.to_vec() };
        let plan = plan_welcomes(&action);
        let numbers = |list: &[&WelcomeRecipient]| list.iter().map(|r| r.public_key[0]).collect::<Vec<_>>();
        (numbers(&plan.pointer), numbers(&plan.plain))
    };
    assert_eq!(plan(&[]), (vec![], vec![]));
    assert_eq!(plan(&[able(1), able(2)]), (vec![], vec![1, 2]));
    assert_eq!(plan(&[able(1), able(2), able(3)]), (vec![1, 2, 3], vec![]));
    assert_eq!(plan(&[able(1), without.clone(), able(2), old.clone()]), (vec![], vec![1, 10, 2, 11]));
    assert_eq!(plan(&[able(1), odd.clone(), able(2)]), (vec![], vec![1, 12, 2]));
    assert_eq!(
        plan(&[old, able(1), odd, able(2), without, able(3), able(4)]),
        (vec![1, 2, 3, 4], vec![11, 12, 10])
    );
}

proptest! {
    #[test]
    fn actions_survive_storage(action in any_action()) {
        prop_assert_eq!(PostCommit::decode(&action.encode()), Ok(action));
    }

    #[test]
    fn hostile_actions_are_read_or_refused(
        bytes in any_action().prop_map(|action| [action.encode(), vec![0]].concat()).prop_flat_map(hostile)
    ) {
        if let Ok(action) = PostCommit::decode(&bytes) {
            prop_assert_eq!(PostCommit::decode(&action.encode()), Ok(action));
        }
    }

    #[test]
    fn every_recipient_gets_exactly_one_welcome(action in any_action()) {
        let plan = plan_welcomes(&action);
        prop_assert_eq!(plan.pointer.len() + plan.plain.len(), action.recipients.len());
        prop_assert!(plan.pointer.is_empty() || plan.pointer.len() >= MIN_POINTER_RECIPIENTS);
        prop_assert!(plan.pointer.iter().all(|recipient| recipient.takes_pointer()));
        prop_assert!(plan.pointer.is_empty() || !plan.plain.iter().any(|recipient| recipient.takes_pointer()));
    }
}
