//! Whether both sides hold the same of a conversation.

use std::collections::{BTreeMap, BTreeSet};

use hexmtp::Conversation;
use hexmtp_domain::group::mutable_metadata::{
    APP_DATA, DESCRIPTION, DISAPPEAR_IN, GROUP_NAME, IMAGE_URL, Role, RoleList,
};
use hexmtp_domain::group::permissions::{AccessPolicy, PermissionsPolicy, Policy, PolicySet, Preset};
use hexmtp_domain::group::{ConversationKind, GroupContext};
use hexmtp_ports::store::CommitOutcome;

use super::held::{Held, held_by_them, held_by_us};
use super::official::OfficialConversation;
use super::official_state::{Member, State};

/// What was compared, so that a scenario can say how much it must have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Same {
    /// Messages that members sent, which both sides hold.
    pub messages: usize,
    /// Lines that commits left in both sides' transcripts.
    pub changes: usize,
}

/// Asserts that both sides hold the same members with the same roles and installations, the same metadata and
/// policies, epoch and epoch authenticator (and those of all epochs that both went through), the same messages (ids,
/// senders, times, order and, byte for byte, contents), and that they wrote down alike what commits changed. Where one
/// side joined later than the other, it holds the last of the other's messages.
///
/// # Panics
/// When they do not.
pub async fn assert_same(ours: &Conversation, theirs: &OfficialConversation) -> Same {
    let commits = same_state(ours, theirs).await;
    let (our_messages, our_changes) = held_by_us(ours, theirs.client.store().is_some()).await;
    let (their_messages, their_changes) = held_by_them(theirs).await;
    let messages = our_messages.len().min(their_messages.len());
    assert_equal("messages", &our_messages, &their_messages);
    // What each wrote down when it joined is its own affair.
    let of_commits = |changes: Vec<Held>| -> Vec<Held> {
        changes.into_iter().filter(|change| commits.contains(&change.sequence_id)).collect()
    };
    let (our_changes, their_changes) = (of_commits(our_changes), of_commits(their_changes));
    assert_eq!(
        our_changes.len(),
        their_changes.len(),
        "changes: {our_changes:#?}; theirs: {their_changes:#?}"
    );
    assert_equal("changes", &our_changes, &their_changes);
    Same { messages, changes: our_changes.len() }
}

/// Asserts that the shorter list is the end of the longer one.
fn assert_equal(what: &str, ours: &[Held], theirs: &[Held]) {
    for (our, their) in ours.iter().rev().zip(theirs.iter().rev()) {
        assert_eq!(our, their, "{what}, ours first; all of ours: {ours:#?}; all of theirs: {theirs:#?}");
    }
}

/// Asserts everything of [`assert_same`] but the messages.
///
/// # Panics
/// When they differ.
pub async fn assert_same_state(ours: &Conversation, theirs: &OfficialConversation) {
    same_state(ours, theirs).await;
}

/// Gives the sequence ids of the commits that we applied and both have seen.
async fn same_state(ours: &Conversation, theirs: &OfficialConversation) -> BTreeSet<i64> {
    let record = ours.record().await.expect("our record");
    let state = theirs.state().await;
    assert!(!state.maybe_forked, "the official client suspects a fork: {}", state.fork_details);
    assert_eq!(record.epoch.0, state.epoch, "epochs, ours first");
    let their_authenticator = authenticator(theirs, &state).await;
    let our_authenticator = hex::encode(record.authenticator.as_bytes());
    assert!(
        our_authenticator.starts_with(&their_authenticator),
        "epoch authenticators: ours {our_authenticator}, theirs {their_authenticator}",
    );
    assert_eq!(ours.is_active().await.expect("ours"), state.active, "both are members or neither");

    let mut their_members = state.members.clone();
    their_members.sort();
    assert_eq!(our_members(ours).await, their_members, "members, ours first");
    let context = ours.group_context().await.expect("our context");
    assert_same_metadata(&context, &state);
    assert_same_commits(ours, theirs).await
}

async fn our_members(ours: &Conversation) -> Vec<Member> {
    let members = ours.members().await.expect("our members");
    let mut members: Vec<Member> = members
        .into_iter()
        .map(|member| {
            let mut installations: Vec<String> =
                member.installations.iter().map(ToString::to_string).collect();
            installations.sort();
            let level = match member.role {
                Role::Member => "member",
                Role::Admin => "admin",
                Role::SuperAdmin => "superAdmin",
            };
            Member { inbox: member.inbox_id.to_string(), installations, level: level.to_owned() }
        })
        .collect();
    members.sort();
    members
}

fn assert_same_metadata(context: &GroupContext, state: &State) {
    let mutable = &context.mutable;
    let disappearing =
        state.disappearing.as_ref().filter(|settings| settings.from_ns > 0 && settings.in_ns > 0);
    assert_eq!(
        mutable.disappearing().map(|ours| (ours.from.as_nanos(), ours.after_nanos)),
        disappearing.map(|theirs| (theirs.from_ns, theirs.in_ns)),
        "disappearing messages, ours first",
    );
    if context.immutable.kind == ConversationKind::Dm {
        assert!(state.peer.is_some(), "a DM on our side only");
        return;
    }
    let texts = [
        (GROUP_NAME, &state.name),
        (DESCRIPTION, &state.description),
        (IMAGE_URL, &state.image_url),
        (APP_DATA, &state.app_data),
    ];
    for (field, theirs) in texts {
        assert_eq!(mutable.attribute(field), theirs.as_deref(), "{field}, ours first");
    }
    let list = |ours: &RoleList| -> Vec<String> { ours.inboxes.iter().map(ToString::to_string).collect() };
    assert_eq!(Some(list(&mutable.admins)), state.admins, "admins, ours first");
    assert_eq!(Some(list(&mutable.super_admins)), state.super_admins, "super admins, ours first");
    let preset = match context.permissions.preset() {
        Some(Preset::AllMembers) => "allMembers",
        Some(Preset::AdminsOnly) => "adminsOnly",
        None => "custom",
    };
    assert_eq!(Some(preset), state.preset.as_deref(), "kinds of permissions, ours first");
    assert_eq!(Some(policies(&context.permissions)), state.policies, "policies, ours first");
}

/// Our policies as the SDK names them.
fn policies(ours: &PolicySet) -> BTreeMap<String, String> {
    let access = |policy: &Policy<AccessPolicy>| match policy {
        Policy::Base(AccessPolicy::Allow) => "allow",
        Policy::Base(AccessPolicy::Deny) => "deny",
        Policy::Base(AccessPolicy::Admin) => "admin",
        Policy::Base(AccessPolicy::SuperAdmin) => "superAdmin",
        _ => "other",
    };
    let update = |policy: &Policy<PermissionsPolicy>| match policy {
        Policy::Base(PermissionsPolicy::Deny) => "deny",
        Policy::Base(PermissionsPolicy::Admin) => "admin",
        Policy::Base(PermissionsPolicy::SuperAdmin) => "superAdmin",
        _ => "other",
    };
    let field = |name: &str| ours.update_metadata.get(name).map_or("doesNotExist", access);
    [
        ("addMemberPolicy", access(&ours.add_member)),
        ("removeMemberPolicy", access(&ours.remove_member)),
        ("addAdminPolicy", update(&ours.add_admin)),
        ("removeAdminPolicy", update(&ours.remove_admin)),
        ("updateGroupNamePolicy", field(GROUP_NAME)),
        ("updateGroupDescriptionPolicy", field(DESCRIPTION)),
        ("updateGroupImageUrlSquarePolicy", field(IMAGE_URL)),
        ("updateMessageDisappearingPolicy", field(DISAPPEAR_IN)),
        ("updateAppDataPolicy", field(APP_DATA)),
    ]
    .map(|(key, policy)| (key.to_owned(), policy.to_owned()))
    .into()
}

/// The official client's epoch authenticator in hexadecimal: from its database, or the three bytes that the SDK shows.
async fn authenticator(theirs: &OfficialConversation, state: &State) -> String {
    if let Some(store) = theirs.client.store() {
        let commits = store.commits(theirs.id).await;
        return hex::encode(&commits.last().expect("a commit").authenticator);
    }
    let (_, last) = state.commits.rsplit_once("applied_epoch_authenticator: \"").expect("a commit");
    last.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Asserts that both judged each commit alike that both have seen, and were in the same state after it. Gives the
/// sequence ids of those that we applied.
async fn assert_same_commits(ours: &Conversation, theirs: &OfficialConversation) -> BTreeSet<i64> {
    let Some(store) = theirs.client.store() else { return BTreeSet::new() };
    let their_commits: BTreeMap<i64, _> = store
        .commits(theirs.id)
        .await
        .into_iter()
        .map(|commit| (commit.sequence_id, (commit.result, commit.epoch, hex::encode(commit.authenticator))))
        .collect();
    let mut applied = BTreeSet::new();
    for our in ours.commit_log().await.expect("our commit log") {
        let sequence_id = i64::try_from(our.sequence_id.0).expect("a small number");
        // Zero is the creation of the group, and on their side also a welcome.
        let Some(their) = their_commits.get(&sequence_id).filter(|_| sequence_id > 0) else { continue };
        let outcome = match our.outcome {
            CommitOutcome::Applied => 1,
            CommitOutcome::WrongEpoch => 2,
            CommitOutcome::Undecryptable => 3,
            CommitOutcome::Invalid => 4,
        };
        let our_epoch = i64::try_from(our.epoch.0).expect("a small number");
        let our_state = (outcome, our_epoch, hex::encode(our.authenticator.as_bytes()));
        assert_eq!(
            our_state, *their,
            "outcome, epoch and authenticator after commit {sequence_id}, ours first"
        );
        // Without a state before it, it is the commit that added us, of which we know by the welcome.
        if outcome == 1 && our.last_authenticator.is_some() {
            applied.insert(sequence_id);
        }
    }
    applied
}
