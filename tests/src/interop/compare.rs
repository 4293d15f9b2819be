//! Whether both sides hold the same of a conversation.

use std::collections::BTreeMap;

use hexmtp::Conversation;
use hexmtp_domain::group::mutable_metadata::{
    APP_DATA, DESCRIPTION, DISAPPEAR_FROM, GROUP_NAME, IMAGE_URL, Role,
};
use hexmtp_domain::group::permissions::{AccessPolicy, PermissionsPolicy, Policy, PolicySet, Preset};
use hexmtp_domain::group::{ConversationKind, GroupContext};
use hexmtp_domain::message::{DeliveryStatus, MessageKind};
use hexmtp_ports::store::{CommitOutcome, MessageFilter};

use super::official::OfficialConversation;
use super::official_state::{Member, State};

/// What was compared, so that a scenario can say how much it must have been.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Same {
    /// Messages that members sent, which both sides hold.
    pub messages: usize,
    /// Lines that commits left in the transcript, which both sides hold.
    pub changes: usize,
}

/// A message as either side holds it.
#[derive(Clone, PartialEq, Eq)]
struct Held {
    id: String,
    sender: String,
    installation: String,
    content: String,
    sent_at: i64,
    published: bool,
}

impl std::fmt::Debug for Held {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { id, sender, content, sent_at, published, .. } = self;
        let text = hex::decode(content).unwrap_or_default();
        let text = String::from_utf8_lossy(&text);
        write!(f, "{} from {} at {sent_at} ({published}): {text:?}", &id[..8], &sender[..8])
    }
}

/// Asserts that both sides hold the same members with the same roles and installations, the same metadata and
/// policies, epoch and epoch authenticator (and those of all epochs that both went through), and the same messages:
/// ids, senders, times, order and, byte for byte, contents. Where one side joined later than the other, it holds the
/// last of the other's messages.
///
/// # Panics
/// When they do not.
pub async fn assert_same(ours: &Conversation, theirs: &OfficialConversation) -> Same {
    assert_same_state(ours, theirs).await;
    assert_same_commits(ours, theirs).await;
    let (our_messages, our_changes) = held_by_us(ours).await;
    let (their_messages, their_changes) = held_by_them(theirs).await;
    Same {
        messages: assert_tail("messages", &our_messages, &their_messages),
        changes: assert_tail("changes", &our_changes, &their_changes),
    }
}

/// Asserts that the shorter list is the end of the longer one, and gives its length.
fn assert_tail(what: &str, ours: &[Held], theirs: &[Held]) -> usize {
    let shared = ours.len().min(theirs.len());
    let (our_tail, their_tail) = (&ours[ours.len() - shared..], &theirs[theirs.len() - shared..]);
    for (our, their) in our_tail.iter().zip(their_tail) {
        assert_eq!(our, their, "{what} differ; ours: {ours:#?}; theirs: {theirs:#?}");
    }
    shared
}

/// Asserts everything of [`assert_same`] but the messages.
///
/// # Panics
/// When they differ.
pub async fn assert_same_state(ours: &Conversation, theirs: &OfficialConversation) {
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
        ("updateMessageDisappearingPolicy", field(DISAPPEAR_FROM)),
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

/// Asserts that both judged each commit alike that both have seen, and were in the same state after it.
async fn assert_same_commits(ours: &Conversation, theirs: &OfficialConversation) {
    let Some(store) = theirs.client.store() else { return };
    let their_commits: BTreeMap<_, _> = store
        .commits(theirs.id)
        .await
        .into_iter()
        .filter(|commit| commit.sequence_id > 0)
        .map(|commit| (commit.sequence_id, (commit.result, commit.epoch, hex::encode(commit.authenticator))))
        .collect();
    for our in ours.commit_log().await.expect("our commit log") {
        let Some((result, epoch, authenticator)) = i64::try_from(our.sequence_id.0)
            .ok()
            .and_then(|sequence_id| their_commits.get(&sequence_id))
        else {
            continue;
        };
        let outcome = match our.outcome {
            CommitOutcome::Applied => 1,
            CommitOutcome::WrongEpoch => 2,
            CommitOutcome::Undecryptable => 3,
            CommitOutcome::Invalid => 4,
        };
        assert_eq!((outcome, our.sequence_id), (*result, our.sequence_id), "a commit's outcome, ours first");
        assert_eq!(i64::try_from(our.epoch.0), Ok(*epoch), "the epoch after a commit, ours first");
        let our_authenticator = hex::encode(our.authenticator.as_bytes());
        assert_eq!(our_authenticator, *authenticator, "the authenticator after a commit, ours first");
    }
}

/// Our messages and the lines of our transcript, in the order in which we list them.
async fn held_by_us(ours: &Conversation) -> (Vec<Held>, Vec<Held>) {
    let listed = ours.messages(MessageFilter::default()).await.expect("our messages");
    let here = listed.into_iter().filter(|message| message.group_id == ours.id());
    let (messages, changes): (Vec<_>, Vec<_>) =
        here.partition(|message| message.kind == MessageKind::Application);
    let held = |message: hexmtp::Message| Held {
        id: message.id.to_string(),
        sender: message.sender.to_string(),
        installation: message.installation.to_string(),
        content: hex::encode(message.content),
        sent_at: message.sent_at.as_nanos(),
        published: message.delivery == DeliveryStatus::Published,
    };
    (messages.into_iter().map(held).collect(), changes.into_iter().map(held).collect())
}

/// Their messages and the lines of their transcript, in the order in which the SDK lists them.
async fn held_by_them(theirs: &OfficialConversation) -> (Vec<Held>, Vec<Held>) {
    let stored = match theirs.client.store() {
        Some(store) => store.messages(theirs.id).await,
        None => BTreeMap::new(),
    };
    let group = theirs.id.to_string();
    let listed = theirs.messages().await.into_iter().filter(|message| message.group == group);
    let (messages, changes): (Vec<_>, Vec<_>) = listed.partition(|message| message.application);
    let held = |message: super::OfficialMessage| {
        let bytes = message.id.parse().ok().and_then(|id| stored.get(&id));
        Held {
            sender: message.sender,
            installation: bytes.map(|bytes| hex::encode(&bytes.installation)).unwrap_or_default(),
            content: bytes.map(|bytes| hex::encode(&bytes.content)).unwrap_or_default(),
            sent_at: message.sent_at_ns,
            published: message.published,
            id: message.id,
        }
    };
    (messages.into_iter().map(held).collect(), changes.into_iter().map(held).collect())
}
