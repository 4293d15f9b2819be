//! What is stored, and when.

use std::collections::BTreeMap;

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::mls::{CommitPlan, Keep, KeyPackageParams, MlsEngine, MlsError};
use hexmtp_ports::store::{MlsRowChange, MlsRows, Scope};

use crate::people::{GROUP, Person, now, pair};

const MESSAGE_SECRETS: u8 = 0x09;
const PROPOSALS: u8 = 0x03;

fn kinds(changes: &[MlsRowChange]) -> Vec<u8> {
    changes.iter().map(|change| change.key[0]).collect()
}

#[test]
fn a_group_is_stored_under_its_own_scope_and_a_key_package_under_its_own() {
    let mut bob = Person::new(2);
    let package = bob.new_key_package();
    assert_eq!(package.changes.len(), 1);
    assert_eq!(package.changes[0].scope, Scope::KeyPackage(package.reference));
    bob.create();
    let scopes: Vec<_> = bob.rows.keys().copied().collect();
    assert_eq!(scopes, [Scope::Group(GROUP), Scope::KeyPackage(package.reference)]);
}

#[test]
fn opening_and_looking_changes_no_row() {
    let (alice, _) = pair();
    let mut session = alice.open();
    session.state().unwrap();
    assert_eq!(session.take_changes(Keep::All).unwrap(), []);
}

#[test]
fn a_batch_of_messages_is_one_row_written_once() {
    let (mut alice, mut bob) = pair();
    let messages: Vec<_> = (0..20).map(|number| alice.seal(&number.to_string())).collect();
    let mut session = bob.open();
    for data in &messages[..19] {
        session.process(data).unwrap();
    }
    let changes = session.take_changes(Keep::All).unwrap();
    assert_eq!(kinds(&changes), [MESSAGE_SECRETS]);
    bob.apply(changes);
    // The batch is accounted for: its messages do not open again, and the next one does.
    for data in &messages[..19] {
        assert!(matches!(bob.open().process(data), Err(MlsError::Undecryptable(_))));
    }
    assert_eq!(bob.read(&messages[19]).unwrap().1, "19");
}

#[test]
fn a_session_goes_on_after_its_changes_were_taken() {
    let (mut alice, mut bob) = pair();
    let mut session = bob.open();
    for round in 0..3 {
        let data = alice.seal("before");
        session.process(&data).unwrap();
        let sent = session.seal(b"from the session").unwrap();
        bob.apply(session.take_changes(Keep::All).unwrap());
        assert_eq!(session.take_changes(Keep::All).unwrap(), [], "nothing is given twice");
        assert_eq!(alice.read(&sent).unwrap().1, "from the session");
        // What is stored is what the session has.
        assert!(matches!(bob.open().process(&data), Err(MlsError::Undecryptable(_))));
        let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
        session.process(&commit).unwrap();
        session.merge_staged().unwrap();
        bob.apply(session.take_changes(Keep::All).unwrap());
        assert_eq!(bob.state(), session.state().unwrap(), "round {round}");
        assert_eq!(bob.state(), alice.state(), "round {round}");
    }
}

#[test]
fn a_session_that_went_back_before_a_commit_can_take_it_again() {
    let (mut alice, mut bob) = pair();
    let data = alice.seal("first");
    let late = alice.seal("late");
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    let mut session = bob.open();
    session.process(&data).unwrap();
    session.process(&commit).unwrap();
    session.merge_staged().unwrap();
    bob.apply(session.take_changes(Keep::BeforeStagedCommit).unwrap());
    assert_eq!(session.state().unwrap(), bob.state());
    assert!(matches!(session.process(&data), Err(MlsError::Undecryptable(_))));
    session.process(&late).unwrap();
    session.process(&commit).unwrap();
    session.merge_staged().unwrap();
    bob.apply(session.take_changes(Keep::All).unwrap());
    assert_eq!(bob.state(), alice.state());
}

#[test]
fn sealed_messages_advance_the_stored_key() {
    let (mut alice, mut bob) = pair();
    let first = alice.seal("same");
    let second = alice.seal("same");
    assert_ne!(first, second);
    assert!(bob.read(&first).is_ok());
    assert!(bob.read(&second).is_ok());
}

#[test]
fn messages_before_a_commit_are_kept_without_it() {
    let (mut alice, bob) = pair();
    let data = alice.seal("first");
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    let mut session = bob.open();
    session.process(&data).unwrap();
    session.process(&commit).unwrap();
    session.merge_staged().unwrap();
    assert_eq!(kinds(&session.take_changes(Keep::BeforeStagedCommit).unwrap()), [MESSAGE_SECRETS]);
    // Without anything before it, nothing is left.
    let mut session = bob.open();
    session.process(&commit).unwrap();
    assert_eq!(session.take_changes(Keep::BeforeStagedCommit).unwrap(), []);
}

#[test]
fn the_number_of_rows_does_not_grow() {
    let (mut alice, mut bob) = pair();
    let mut seen = BTreeMap::new();
    for round in 0..8 {
        let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
        bob.follow(&commit);
        let (commit, _) = bob.commit_and_merge(&CommitPlan::default());
        alice.follow(&commit);
        seen.insert(round, (alice.rows().len(), bob.rows().len()));
        for rows in [alice.rows(), bob.rows()] {
            assert!(!rows.keys().any(|key| key[0] == PROPOSALS), "a proposal row leaks");
        }
    }
    assert!(seen.values().all(|lengths| *lengths == (12, 12)), "{seen:?}");
}

#[test]
fn missing_and_corrupt_rows_are_told_apart() {
    let (alice, _) = pair();
    let open = |rows: MlsRows| alice.engine.open_group(&alice.key, GROUP, rows).map(drop);
    assert!(matches!(open(MlsRows::new()), Err(MlsError::MissingRow(_))));
    for key in alice.rows().keys() {
        let mut rows = alice.rows();
        rows.remove(key);
        // Secrets that only a commit needs are missed then.
        if key[0] != 0x0d {
            assert!(matches!(open(rows), Err(MlsError::MissingRow(_))), "row {:#04x}", key[0]);
        }
        for broken in [vec![], vec![0], vec![1], b"\x02{".to_vec(), vec![0xff; 40]] {
            let mut rows = alice.rows();
            rows.insert(key.clone(), broken);
            if key[0] != 0x0d {
                assert!(matches!(open(rows), Err(MlsError::CorruptRow(_))), "row {:#04x}", key[0]);
            }
        }
    }
    // Rows of another group are not those of this one.
    let other = GroupId::new([8; 16]);
    assert!(matches!(
        alice.engine.open_group(&alice.key, other, alice.rows()).map(drop),
        Err(MlsError::MissingRow(_))
    ));
}

#[test]
fn a_key_package_says_who_made_it_for_how_long_and_with_what() {
    let mut bob = Person::new(2);
    let package = bob.new_key_package();
    let verified = bob.engine.verify_key_package(&package.tls).unwrap();
    assert_eq!(verified.member, bob.member());
    assert_eq!(verified.init_public_key, package.init_public_key);
    assert_eq!(package.init_private_key.len(), 32);
    let (start, end) = verified.lifetime;
    // R-MLS-001: an hour back, 84 days on.
    assert_eq!(end.since(start).as_secs(), 84 * 24 * 3600 + 3600);
    let application_id = &verified.leaf_extensions[0];
    assert_eq!(application_id.id, 0x0001);
    assert!(application_id.data.ends_with(bob.inbox_id.to_string().as_bytes()));
    let ids: Vec<_> = verified.extensions.iter().map(|extension| extension.id).collect();
    assert_eq!(ids, [0x000a, 0xff04, 0xff03]);
    assert_eq!(
        verified.extension_capabilities,
        [0x000a, 0x0001, 0xf000, 0xff02, 0xff00, 0xff01, 0xff03, 0xff04]
    );
    assert_eq!(verified.proposal_capabilities, [0x0007]);
}

#[test]
fn without_a_wrapper_key_neither_extension_is_advertised() {
    // R-MLS-001: both or neither (PROTOCOL.md 5.3).
    let bob = Person::new(2);
    let params =
        KeyPackageParams { key: &bob.key, inbox_id: bob.inbox_id, now: now(), wrapper_public_key: None };
    let package = bob.engine.create_key_package(params).unwrap();
    let verified = bob.engine.verify_key_package(&package.tls).unwrap();
    let ids: Vec<_> = verified.extensions.iter().map(|extension| extension.id).collect();
    assert_eq!(ids, [0x000a]);
    assert!(!verified.extension_capabilities.contains(&0xff03));
    assert!(!verified.extension_capabilities.contains(&0xff04));
}

#[test]
fn an_expired_or_future_key_package_is_refused() {
    let bob = Person::new(2);
    let day = 24 * 3600 * 1_000_000_000;
    let verify = |days: i64| {
        let now = Timestamp::from_nanos(now().as_nanos() + days * day);
        let params =
            KeyPackageParams { key: &bob.key, inbox_id: bob.inbox_id, now, wrapper_public_key: None };
        let package = bob.engine.create_key_package(params).unwrap();
        bob.engine.verify_key_package(&package.tls).map(drop)
    };
    assert!(verify(0).is_ok());
    assert!(verify(-83).is_ok());
    assert!(matches!(verify(-85), Err(MlsError::InvalidKeyPackage(_))));
    assert!(matches!(verify(1), Err(MlsError::InvalidKeyPackage(_))));
}

#[test]
fn a_group_opened_with_another_key_makes_nothing_that_others_accept() {
    let (mut alice, mut bob) = pair();
    alice.key = InstallationKey::from_seed([99; 32]);
    let data = alice.seal("forged");
    assert!(matches!(bob.read(&data), Err(MlsError::Invalid(_))));
}
