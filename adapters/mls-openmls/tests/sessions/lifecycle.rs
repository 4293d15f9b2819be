//! Creating, adding, talking, renaming, removing; the group is stored and opened anew between all steps.

use hexmtp_domain::Epoch;
use hexmtp_ports::mls::{CommitPlan, Keep, MlsError, Processed};
use hexmtp_ports::store::Scope;

use crate::people::{GROUP, Person, extensions, pair, renamed};

#[test]
fn a_new_group_has_its_creator_and_the_extensions_in_the_prescribed_order() {
    let mut alice = Person::new(1);
    alice.create();
    let state = alice.state();
    assert_eq!(state.group_id, GROUP);
    assert_eq!(state.epoch, Epoch(0));
    assert_eq!(state.members, [alice.member()]);
    assert!(state.is_active);
    // R-MLS-003: PROTOCOL.md 2.3.
    let ids: Vec<u16> = state.extensions.iter().map(|extension| extension.id).collect();
    assert_eq!(ids, [0xf000, 0xff00, 0xff01, 0xff02, 0x0003]);
    assert_eq!(state.extensions[..4], extensions("first"));
    let required = hex::encode(&state.extensions[4].data);
    assert_eq!(required, "0cff01ff00ff02f000000a00010200070200 01".replace(' ', ""));
}

#[test]
fn members_agree_and_read_each_other() {
    let (mut alice, mut bob) = pair();
    assert_eq!(alice.state(), bob.state());
    assert_eq!(alice.state().members, [alice.member(), bob.member()]);
    let data = alice.seal("hello bob");
    assert_eq!(bob.read(&data).unwrap(), (alice.member(), "hello bob".to_owned()));
    let data = bob.seal("hello alice");
    assert_eq!(alice.read(&data).unwrap(), (bob.member(), "hello alice".to_owned()));
}

#[test]
fn a_commit_is_described_and_changes_nothing_until_it_is_merged() {
    let (mut alice, mut bob) = pair();
    let mut carol = Person::new(3);
    let (reference, package) = carol.key_package();
    let extensions = renamed(&alice.state(), "second");
    let plan =
        CommitPlan { add: vec![package], extensions: Some(extensions.clone()), ..CommitPlan::default() };
    let (commit, welcome) = alice.commit_and_merge(&plan);

    let before = bob.state();
    let mut session = bob.open();
    let Processed::Commit(summary) = session.process(&commit).unwrap() else { panic!("not a commit") };
    assert_eq!(session.state().unwrap(), before);
    assert_eq!(summary.epoch, Epoch(1));
    assert_eq!(summary.committer, alice.member());
    assert_eq!(summary.added, [carol.member()]);
    assert_eq!(summary.removed, []);
    // R-MLS-006: the commit always has a path.
    assert_eq!(summary.updated, [(alice.member(), alice.member())]);
    assert_eq!(summary.extensions.as_ref(), Some(&extensions));
    assert!(!summary.removes_own_leaf);
    assert!(summary.forbidden_proposals.is_empty());
    session.merge_staged().unwrap();
    bob.save(session, Keep::All);

    carol.join(&welcome.unwrap(), reference).unwrap();
    assert_eq!(alice.state(), bob.state());
    assert_eq!(alice.state(), carol.state());
    assert_eq!(carol.state().extensions, extensions);
    let data = carol.seal("all three");
    assert_eq!(alice.read(&data).unwrap(), (carol.member(), "all three".to_owned()));
    assert_eq!(bob.read(&data).unwrap(), (carol.member(), "all three".to_owned()));
}

#[test]
fn an_update_without_proposals_is_a_path_and_leaves_the_extensions_unchanged() {
    let (mut alice, mut bob) = pair();
    let (commit, welcome) = bob.commit_and_merge(&CommitPlan::default());
    assert_eq!(welcome, None);
    let mut session = alice.open();
    let Processed::Commit(summary) = session.process(&commit).unwrap() else { panic!("not a commit") };
    assert_eq!(summary.updated, [(bob.member(), bob.member())]);
    assert_eq!(summary.extensions, None);
    session.merge_staged().unwrap();
    alice.save(session, Keep::All);
    assert_eq!(alice.state(), bob.state());
}

/// R-MLS-006: MLS does not require a path for an addition alone.
#[test]
fn an_addition_alone_has_a_path_too() {
    let (mut alice, bob) = pair();
    let (_, package) = Person::new(3).key_package();
    let plan = CommitPlan { add: vec![package], ..CommitPlan::default() };
    let (commit, _) = alice.commit_and_merge(&plan);
    let mut session = bob.open();
    let Processed::Commit(summary) = session.process(&commit).unwrap() else { panic!("not a commit") };
    assert_eq!(summary.updated, [(alice.member(), alice.member())]);
}

#[test]
fn a_removed_member_is_told_and_reads_no_further() {
    let (mut alice, mut bob) = pair();
    let mut carol = Person::new(3);
    let commit = alice.add(&mut carol);
    bob.follow(&commit);
    let plan = CommitPlan { remove: vec![carol.key.id()], ..CommitPlan::default() };
    let (commit, _) = alice.commit_and_merge(&plan);
    bob.follow(&commit);

    let mut session = carol.open();
    let Processed::Commit(summary) = session.process(&commit).unwrap() else { panic!("not a commit") };
    assert!(summary.removes_own_leaf);
    assert_eq!(summary.removed, [carol.member()]);
    session.merge_staged().unwrap();
    assert!(!session.state().unwrap().is_active);
    carol.save(session, Keep::All);
    assert!(!carol.state().is_active);

    let data = alice.seal("without carol");
    assert_eq!(bob.read(&data).unwrap().1, "without carol");
    assert!(matches!(carol.open().process(&data), Err(MlsError::NotAMember)));
    assert!(matches!(carol.open().seal(b"still here?"), Err(MlsError::NotAMember)));
    assert!(matches!(carol.open().commit(&CommitPlan::default()), Err(MlsError::NotAMember)));
}

#[test]
fn who_was_removed_can_be_added_anew_and_reads_on() {
    let (mut alice, mut bob) = pair();
    let remove = CommitPlan { remove: vec![bob.key.id()], ..CommitPlan::default() };
    let (commit, _) = alice.commit_and_merge(&remove);
    bob.follow(&commit);
    alice.add(&mut bob);
    assert_eq!(alice.state(), bob.state());
    let data = alice.seal("back");
    assert_eq!(bob.read(&data).unwrap().1, "back");
    // The rows of the former membership are all replaced: a later commit works.
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    bob.follow(&commit);
    assert_eq!(alice.state(), bob.state());
}

#[test]
fn a_removal_of_the_committer_is_refused_and_an_unknown_one_passed_over() {
    let (mut alice, _) = pair();
    let own = CommitPlan { remove: vec![alice.key.id()], ..CommitPlan::default() };
    assert!(matches!(alice.open().commit(&own), Err(MlsError::Malformed(_))));
    let unknown = CommitPlan { remove: vec![Person::new(9).key.id()], ..CommitPlan::default() };
    alice.commit_and_merge(&unknown);
    assert_eq!(alice.state().members.len(), 2);
}

#[test]
fn somebody_who_is_a_member_cannot_be_added_again() {
    let (alice, mut bob) = pair();
    let (_, package) = bob.key_package();
    let plan = CommitPlan { add: vec![package], ..CommitPlan::default() };
    assert!(matches!(alice.open().commit(&plan), Err(MlsError::InvalidKeyPackage(_))));
}

#[test]
fn one_key_package_serves_several_welcomes() {
    // R-MLS-002: key packages are of last resort.
    let mut bob = Person::new(2);
    let (reference, package) = bob.key_package();
    for seed in [1, 3] {
        let mut adder = Person::new(seed);
        adder.create();
        let plan = CommitPlan { add: vec![package.clone()], ..CommitPlan::default() };
        let (_, welcome) = adder.commit_and_merge(&plan);
        let before = bob.rows[&Scope::KeyPackage(reference)].clone();
        bob.rows.remove(&Scope::Group(GROUP));
        bob.join(&welcome.unwrap(), reference).unwrap();
        assert_eq!(bob.state(), adder.state());
        assert_eq!(bob.rows[&Scope::KeyPackage(reference)], before);
    }
}

#[test]
fn a_welcome_for_another_key_package_is_told_apart() {
    let mut alice = Person::new(1);
    let (mut bob, mut carol) = (Person::new(2), Person::new(3));
    alice.create();
    let (reference, package) = bob.key_package();
    let (_, welcome) = alice.commit_and_merge(&CommitPlan { add: vec![package], ..CommitPlan::default() });
    let welcome = welcome.unwrap();
    let (other, _) = carol.key_package();
    assert!(matches!(carol.join(&welcome, other), Err(MlsError::NotForThisKeyPackage)));
    // Rows that were not loaded are an error, not an absence.
    assert!(matches!(carol.join(&welcome, reference), Err(MlsError::MissingRow(_))));
    // Nor does somebody else's key fit.
    carol.rows.insert(Scope::KeyPackage(reference), bob.rows[&Scope::KeyPackage(reference)].clone());
    assert!(matches!(carol.join(&welcome, reference), Err(MlsError::NotForThisKeyPackage)));
}
