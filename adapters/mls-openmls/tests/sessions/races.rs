//! Order on the network: lost races, late and repeated messages, retries.

use hexmtp_domain::Epoch;
use hexmtp_ports::mls::{CommitPlan, Keep, MlsError, Processed};

use crate::people::{Person, pair, renamed};

#[test]
fn who_loses_a_race_follows_the_winner_and_tries_again() {
    let (mut alice, mut bob) = pair();
    let mine = CommitPlan { extensions: Some(renamed(&bob.state(), "bob's")), ..CommitPlan::default() };
    let lost = bob.with(|session| session.commit(&mine).unwrap());
    let theirs = CommitPlan { extensions: Some(renamed(&alice.state(), "alice's")), ..CommitPlan::default() };
    let (won, _) = alice.commit_and_merge(&theirs);
    // A message that is sealed while a commit is pending is of the old epoch, and can be read.
    let data = bob.seal("meanwhile");

    bob.follow(&won);
    assert_eq!(bob.state(), alice.state());
    assert_eq!(alice.read(&data).unwrap(), (bob.member(), "meanwhile".to_owned()));
    // The loser's commit comes late to everybody, and its pending commit is gone.
    let wrong = |result| matches!(result, Err(MlsError::WrongEpoch { message: Epoch(1), group: Epoch(2) }));
    assert!(wrong(alice.open().process(&lost.data)));
    assert!(wrong(bob.open().process(&lost.data)));
    assert!(matches!(bob.open().merge_pending(), Err(MlsError::Backend(_))));

    let again = CommitPlan { extensions: Some(renamed(&bob.state(), "bob's")), ..CommitPlan::default() };
    let (commit, _) = bob.commit_and_merge(&again);
    alice.follow(&commit);
    assert_eq!(bob.state(), alice.state());
}

#[test]
fn a_new_commit_takes_the_place_of_a_pending_one() {
    let (mut alice, mut bob) = pair();
    alice.with(|session| session.commit(&CommitPlan::default()).unwrap());
    let (second, _) = alice.commit_and_merge(&CommitPlan::default());
    bob.follow(&second);
    assert_eq!(alice.state(), bob.state());
}

#[test]
fn a_discarded_commit_uses_nothing_up() {
    // R-NET-217
    let (mut alice, mut bob) = pair();
    let before = alice.seal("before");
    let named =
        |name| CommitPlan { extensions: Some(renamed(&alice.state(), name)), ..CommitPlan::default() };
    let (refused, good) = (named("refused"), named("good"));
    // Without being stored: Alice's ratchet goes back, as that of official clients does.
    let refused = alice.open().commit(&refused).unwrap();
    let (good, _) = alice.commit_and_merge(&good);

    let mut session = bob.open();
    assert!(matches!(session.process(&before), Ok(Processed::Application { .. })));
    assert!(matches!(session.process(&refused.data), Ok(Processed::Commit(_))));
    session.discard_staged().unwrap();
    assert!(matches!(session.merge_staged(), Err(MlsError::Backend(_))), "nothing is staged any more");
    session.process(&before).expect_err("what was read before stays read");
    assert!(matches!(session.process(&good), Ok(Processed::Commit(_))));
    session.merge_staged().unwrap();
    session.discard_staged().expect("there is nothing to discard");
    bob.save(session, Keep::All);
    assert_eq!(bob.state(), alice.state());
}

#[test]
fn a_discarded_commit_leaves_no_trace_in_the_store() {
    // R-NET-217
    let (mut alice, mut bob) = pair();
    let refused = alice.open().commit(&CommitPlan::default()).unwrap();
    bob.with(|session| {
        assert!(matches!(session.process(&refused.data), Ok(Processed::Commit(_))));
        session.discard_staged().unwrap();
    });
    let (good, _) = alice.commit_and_merge(&CommitPlan::default());
    bob.follow(&good);
    assert_eq!(bob.state(), alice.state());
}

#[test]
fn a_commit_that_cannot_be_read_uses_nothing_up() {
    // R-NET-217
    let (mut alice, mut bob) = pair();
    let (good, _) = alice.commit_and_merge(&CommitPlan::default());
    let mut broken = good.clone();
    *broken.last_mut().unwrap() ^= 1;
    bob.with(|session| session.process(&broken).expect_err("it was tampered with"));
    bob.follow(&good);
    assert_eq!(bob.state(), alice.state());
}

#[test]
fn own_messages_are_told_apart() {
    let (mut alice, _) = pair();
    let data = alice.seal("to myself");
    let commit = alice.with(|session| session.commit(&CommitPlan::default()).unwrap());
    assert!(matches!(alice.open().process(&data), Ok(Processed::Own)));
    assert!(matches!(alice.open().process(&commit.data), Ok(Processed::Own)));
}

#[test]
fn messages_of_three_past_epochs_open_and_older_ones_do_not() {
    // R-MLS-004
    let (mut alice, mut bob) = pair();
    let messages: Vec<_> = (0..5)
        .map(|epoch| {
            let data = alice.seal(&format!("epoch {epoch}"));
            let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
            bob.follow(&commit);
            data
        })
        .collect();
    assert_eq!(bob.state().epoch, Epoch(6));
    for behind in 1..=3 {
        let (sender, text) = bob.read(&messages[5 - behind]).unwrap();
        assert_eq!((sender, text), (alice.member(), format!("epoch {}", 5 - behind)));
    }
    for behind in 4..=5 {
        let result = bob.open().process(&messages[5 - behind]);
        assert!(matches!(result, Err(MlsError::WrongEpoch { group: Epoch(6), .. })), "{behind}: {result:?}");
    }
}

#[test]
fn the_sender_of_a_past_epoch_is_who_sat_on_the_leaf_then() {
    let (mut alice, mut bob) = pair();
    let (mut carol, mut dave) = (Person::new(3), Person::new(4));
    let commit = alice.add(&mut carol);
    bob.follow(&commit);
    let data = carol.seal("before I left");
    let plan = CommitPlan { remove: vec![carol.key.id()], ..CommitPlan::default() };
    let (commit, _) = alice.commit_and_merge(&plan);
    bob.follow(&commit);
    // Dave takes the leaf that carol had.
    let commit = alice.add(&mut dave);
    bob.follow(&commit);
    assert_eq!(bob.state().members[2], dave.member());
    assert_eq!(bob.read(&data).unwrap(), (carol.member(), "before I left".to_owned()));
}

#[test]
fn messages_of_a_later_epoch_wait() {
    let (mut alice, mut bob) = pair();
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    let data = alice.seal("of epoch 2");
    let result = bob.open().process(&data);
    assert!(matches!(result, Err(MlsError::WrongEpoch { message: Epoch(2), group: Epoch(1) })), "{result:?}");
    bob.follow(&commit);
    assert_eq!(bob.read(&data).unwrap().1, "of epoch 2");
}

#[test]
fn messages_open_out_of_order_within_the_tolerance() {
    // R-MLS-005: generation 11 first; then 7 to 10 open, 6 does not (PROTOCOL.md, measured correction 11).
    let (mut alice, mut bob) = pair();
    let messages: Vec<_> = (0..12).map(|number| alice.seal(&number.to_string())).collect();
    assert_eq!(bob.read(&messages[11]).unwrap().1, "11");
    for late in [9, 7, 10, 8] {
        assert_eq!(bob.read(&messages[late]).unwrap().1, late.to_string());
    }
    assert!(matches!(bob.open().process(&messages[6]), Err(MlsError::Undecryptable(_))));
}

#[test]
fn a_message_opens_once() {
    let (mut alice, mut bob) = pair();
    let data = alice.seal("once");
    let mut session = bob.open();
    session.process(&data).unwrap();
    assert!(matches!(session.process(&data), Err(MlsError::Undecryptable(_))));
    bob.save(session, Keep::All);
    assert!(matches!(bob.open().process(&data), Err(MlsError::Undecryptable(_))));
}

#[test]
fn a_commit_that_was_not_decided_on_can_be_processed_again_after_a_reload() {
    let (mut alice, mut bob) = pair();
    let first = alice.seal("before the commit");
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());

    let mut session = bob.open();
    session.process(&first).unwrap();
    session.process(&commit).unwrap();
    assert!(session.process(&commit).is_err(), "one session processes a commit once");
    bob.save(session, Keep::BeforeStagedCommit);

    // What came before the commit stands, the commit itself was not touched.
    assert!(matches!(bob.open().process(&first), Err(MlsError::Undecryptable(_))));
    bob.follow(&commit);
    assert_eq!(alice.state(), bob.state());
}

#[test]
fn going_back_keeps_the_commits_that_were_merged_before() {
    let (mut alice, mut bob) = pair();
    let (first, _) = alice.commit_and_merge(&CommitPlan::default());
    let between = alice.seal("between");
    let (second, _) = alice.commit_and_merge(&CommitPlan::default());
    let mut session = bob.open();
    session.process(&first).unwrap();
    session.merge_staged().unwrap();
    session.process(&between).unwrap();
    session.process(&second).unwrap();
    bob.save(session, Keep::BeforeStagedCommit);
    assert_eq!(bob.state().epoch, Epoch(2));
    assert!(matches!(bob.open().process(&between), Err(MlsError::Undecryptable(_))));
    bob.follow(&second);
    assert_eq!(alice.state(), bob.state());
}

#[test]
fn a_discarded_commit_stays_used_up_when_all_changes_are_kept() {
    let (mut alice, mut bob) = pair();
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    bob.with(|session| session.process(&commit).map(drop).unwrap());
    assert_eq!(bob.state().epoch, Epoch(1));
    assert!(matches!(bob.open().process(&commit), Err(MlsError::Undecryptable(_))));
    // The group goes on in its epoch.
    let data = bob.seal("still in epoch 1");
    assert_eq!(alice.read(&data).unwrap().1, "still in epoch 1");
}

#[test]
fn a_key_is_never_used_twice_by_going_back_before_a_commit() {
    let (mut alice, bob) = pair();
    let (commit, _) = alice.commit_and_merge(&CommitPlan::default());
    let mut session = bob.open();
    session.process(&commit).unwrap();
    session.seal(b"after staging").unwrap();
    assert!(matches!(session.take_changes(Keep::BeforeStagedCommit), Err(MlsError::Backend(_))));
}

#[test]
fn merging_needs_something_to_merge() {
    let (alice, _) = pair();
    assert!(matches!(alice.open().merge_staged(), Err(MlsError::Backend(_))));
    assert!(matches!(alice.open().merge_pending(), Err(MlsError::Backend(_))));
}
