//! Being the members of captured official groups: the captured identity logs, welcomes and group messages go through
//! the whole application, which must come to the official clients' messages and epoch authenticators.
//!
//! A captured member can be followed until its own next commit: its pending state was never captured.

#![allow(clippy::expect_used, clippy::panic, reason = "a vector that cannot be read fails the test")]

#[allow(dead_code, reason = "shared with the MLS adapter's own tests, which use all of it")]
#[path = "../../adapters/mls-openmls/tests/official/captured.rs"]
mod captured;

use std::sync::Arc;

use captured::{Run, bytes, rows, runs, text};
use hexmtp::{Client, Message};
use hexmtp_domain::message::{GroupUpdated, MessageBody, MessageKind};
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InboxId, Secret, SequenceId, Timestamp};
use hexmtp_ports::delivery::WelcomePayload;
use hexmtp_ports::store::{
    ChangeSet, CommitLogRecord, CommitOutcome, IdentityRecord, KeyPackageRecord, MessageFilter, MlsRowChange,
    PreferencesRecord, ProgressQuery, Revision, RowChange, Scope, UnitOfWork,
};
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::world::World;
use serde_json::Value;

/// What was compared, so that a vector that is passed over does not go unnoticed.
#[derive(Debug, Default, PartialEq, Eq)]
struct Compared {
    members: usize,
    messages: usize,
    commits: usize,
    transcripts: usize,
    left: usize,
    removals: usize,
}

/// R-MSG-202, R-NET-030: from captured keys and logs, the application is each member of each official group.
#[tokio::test]
async fn the_application_follows_official_groups_as_each_of_their_members() {
    let mut compared = Compared::default();
    for run in runs() {
        for welcome in run.received() {
            follow(&run, welcome, &mut compared).await;
        }
    }
    let expected = Compared { members: 18, messages: 38, commits: 10, transcripts: 2, left: 2, removals: 1 };
    assert_eq!(compared, expected);
}

/// R-WEL-112: a pointer that comes before its pointee waits for it, and nothing else waits with it.
#[tokio::test]
async fn a_pointer_without_its_pointee_is_deferred_and_followed_later() {
    let [_, run] = runs();
    let mut pointers = run.received().filter(|welcome| text(welcome, "type") != "v1");
    let welcome = pointers.next().expect("a pointer");
    let world = captured_network(&run);
    deliver_to_recipient(&world, welcome);
    let store = registered_store(&run, welcome).await;
    let client = Client::builder(world.ports(Arc::new(store.clone()))).open().await.expect("registered");
    for _ in 0..2 {
        assert_eq!(client.sync_welcomes().await.expect("a sync"), 0);
        assert_eq!(store.deferred_welcomes().await.expect("a list").len(), 1);
    }
    assert!(client.rejected(9).await.expect("a list").is_empty());
    deliver_pointees(&world, &run);
    assert_eq!(client.sync_welcomes().await.expect("a sync"), 1);
    assert!(store.deferred_welcomes().await.expect("a list").is_empty());
    assert_eq!(client.sync_welcomes().await.expect("a sync"), 0);
}

/// R-WEL-112: after three days a pointer without a pointee is refused.
#[tokio::test]
async fn a_pointer_whose_pointee_never_comes_is_refused_in_the_end() {
    let [_, run] = runs();
    let welcome = run.received().find(|welcome| text(welcome, "type") != "v1").expect("a pointer");
    let world = captured_network(&run);
    deliver_to_recipient(&world, welcome);
    let store = registered_store(&run, welcome).await;
    let client = Client::builder(world.ports(Arc::new(store.clone()))).open().await.expect("registered");
    client.sync_welcomes().await.expect("a sync");
    world.clock.advance(std::time::Duration::from_secs(3 * 24 * 60 * 60 + 1));
    client.sync_welcomes().await.expect("a sync");
    assert!(store.deferred_welcomes().await.expect("a list").is_empty());
    let refused = client.rejected(9).await.expect("a list");
    assert_eq!(
        refused.iter().map(|record| record.code.as_str()).collect::<Vec<_>>(),
        ["welcome.pointee_missing"]
    );
}

/// A network that holds the captured logs with the captured numbers.
fn captured_network(run: &Run) -> World {
    let world = World::new();
    let faults = world.network.faults();
    for update in identity_updates(run.name) {
        let inbox_id: InboxId = text(&update["decoded"], "inboxId").parse().expect("an inbox id");
        let sequence_id = faults.inject_identity_update(inbox_id, &bytes(&update, "identity_update_hex"));
        assert_eq!(Some(sequence_id.0), update["client_sequence_id"].as_u64());
    }
    for message in &run.messages {
        let group_id: GroupId = text(message, "group_id").parse().expect("a group id");
        let cursor = faults.inject_group_envelope(group_id, bytes(message, "data"));
        assert_eq!(Some(cursor.sequence_id.0), message["sequence_id"].as_u64());
    }
    world
}

fn identity_updates(name: &str) -> Vec<Value> {
    let json = match name {
        "nightly" => include_str!("../vectors/nightly_identity_updates.json"),
        _ => include_str!("../vectors/extra_identity_updates.json"),
    };
    serde_json::from_str(json).expect("a list")
}

/// Puts what pointers point to where their recipients look for it.
fn deliver_pointees(world: &World, run: &Run) {
    let faults = world.network.faults();
    for pointee in run.welcomes.iter().filter(|other| other["to"].is_null()) {
        let payload = WelcomePayload::Welcome {
            data: bytes(pointee, "data"),
            hpke_public_key: Vec::new(),
            algorithm: WrapperAlgorithm::Symmetric,
            metadata: bytes(pointee, "welcomeMetadata"),
        };
        faults.inject_welcome(captured::installation_id(pointee, "installationKey"), payload);
    }
}

/// Puts a welcome, or a pointer, where its recipient looks for it.
fn deliver_to_recipient(world: &World, welcome: &Value) {
    let faults = world.network.faults();
    let hpke_public_key = bytes(welcome, "hpkePublicKey");
    let algorithm = WrapperAlgorithm::XWing;
    let payload = match text(welcome, "type") {
        "v1" => {
            let metadata = bytes(welcome, "welcomeMetadata");
            WelcomePayload::Welcome { data: bytes(welcome, "data"), hpke_public_key, algorithm, metadata }
        }
        _ => WelcomePayload::Pointer { data: bytes(welcome, "welcomePointer"), hpke_public_key, algorithm },
    };
    faults.inject_welcome(captured::installation_id(welcome, "installationKey"), payload);
}

/// A store as the member's device had it before the welcome came.
async fn registered_store(run: &Run, welcome: &Value) -> MemoryStore {
    let (_, inbox_id, key) = run.installation(text(welcome, "installationKey"));
    let package = run.key_package_for(welcome);
    let (reference, mls_rows) = rows(package);
    let scope = Scope::KeyPackage(reference);
    let store = MemoryStore::default();
    let mut changes = ChangeSet::expecting(scope, Revision(0));
    changes.mls =
        mls_rows.into_iter().map(|(key, value)| MlsRowChange { scope, key, value: Some(value) }).collect();
    changes.rows = vec![
        RowChange::PutIdentity(IdentityRecord {
            inbox_id,
            key: key.into(),
            created_at: Timestamp::ZERO,
            registered: Some(SequenceId(1)),
        }),
        RowChange::PutPreferences(PreferencesRecord {
            hmac_root: Secret::from([7; 42]),
            hmac_cycled_at: Timestamp::ZERO,
        }),
        RowChange::PutKeyPackage(KeyPackageRecord {
            reference,
            init_key: (
                bytes(&package["parsed"], "init_key"),
                Secret::new(bytes(&package["private"], "init_private")),
            ),
            wrapper_key: (
                bytes(&package["wrapper"], "public_key"),
                Secret::new(bytes(package, "wrapper_private_key")),
            ),
            created_at: Timestamp::ZERO,
            uploaded: true,
            superseded_at: None,
        }),
    ];
    store.commit(changes).await.expect("stored");
    store
}

/// Follows the group of one welcome as its recipient, up to the recipient's own next commit.
async fn follow(run: &Run, welcome: &Value, compared: &mut Compared) {
    let world = captured_network(run);
    deliver_pointees(&world, run);
    deliver_to_recipient(&world, welcome);
    let (name, _, key) = run.installation(text(welcome, "installationKey"));
    let place = format!("{} welcome {} as {name}", run.name, welcome["sequence_id"]);
    let store = registered_store(run, welcome).await;
    let client = Client::builder(world.ports(Arc::new(store))).open().await.expect("registered");
    assert_eq!(client.installation_id(), key.id());
    assert_eq!(client.sync_welcomes().await.expect("a sync"), 1, "{place}: {:?}", client.rejected(9).await);
    let conversation = client.conversations(Default::default()).await.expect("a list").remove(0);
    let joined_at = conversation.record().await.expect("a record").epoch.0;
    // Whatever follows the own next commit cannot be read; it is refused, and nothing stops.
    conversation.sync().await.expect("a sync");
    compared.members += 1;

    let stored = conversation.messages(MessageFilter::default()).await.expect("messages");
    let log = conversation.commit_log().await.expect("a log");
    let authenticators = run.authenticators();
    let group = conversation.id().to_string();
    for message in run.messages.iter().filter(|message| text(message, "group_id") == group) {
        let epoch = message["parsed"]["epoch"].as_u64().expect("an epoch");
        if epoch < joined_at {
            continue;
        }
        let is_commit = text(&message["parsed"], "content_type") == "commit";
        if is_commit && message["sender_intent"]["client"].as_str() == Some(name) {
            break;
        }
        let place = format!("{place}, message {}", message["sequence_id"]);
        if is_commit {
            let line = applied_line(message, &log, &place);
            if let Some(seen) = message["decrypted"].get(name) {
                compare_transcript(seen, line, &stored, compared);
            }
            if log.last() == Some(line) && !conversation.is_active().await.expect("a state") {
                // Who is removed learns of it, and has no part in the next epoch's secrets.
                compared.removals += 1;
                break;
            }
            let authenticator = &authenticators[&(group.clone(), epoch + 1)];
            assert_eq!(line.authenticator.to_string(), *authenticator, "{place}");
            compared.commits += 1;
        }
        if is_commit {
            continue;
        }
        let Some(seen) = message["decrypted"].as_object() else { continue };
        let Some(seen) = seen.get(name).or_else(|| seen.values().next()) else { continue };
        let content = bytes(seen, "decrypted_message_bytes");
        let found = stored.iter().find(|stored| stored.content == content);
        let found = found.unwrap_or_else(|| panic!("{place}: not stored; {:?}", stored));
        assert_eq!(found.id.to_string(), text(seen, "id"), "{place}");
        assert_eq!(found.sender.to_string(), text(seen, "sender_inbox_id"), "{place}");
        assert_eq!(found.installation.to_string(), text(seen, "sender_installation_id"), "{place}");
        compared.messages += 1;
    }
}

/// What a member's official client wrote about a commit, ours wrote too.
fn compare_transcript(seen: &Value, line: &CommitLogRecord, stored: &[Message], compared: &mut Compared) {
    let told = change_told(&bytes(seen, "decrypted_message_bytes"));
    let at = |message: &&Message| message.cursor.is_some_and(|cursor| cursor.sequence_id == line.sequence_id);
    let own = stored.iter().find(at).unwrap_or_else(|| panic!("nothing told of {}", line.sequence_id));
    assert_eq!(change_told(&own.content), told, "commit {}", line.sequence_id);
    compared.transcripts += 1;
    compared.left += told.left.len();
}

/// What a transcript message tells; the order of its lists means nothing.
fn change_told(content: &[u8]) -> GroupUpdated {
    let MessageBody::GroupUpdated(mut update) = MessageBody::decode(MessageKind::MembershipChange, content)
    else {
        panic!("no transcript message");
    };
    for list in [&mut update.added, &mut update.removed, &mut update.left, &mut update.added_admins] {
        list.sort_unstable();
    }
    *update
}

/// What the application made of a captured commit: it applied it.
fn applied_line<'a>(message: &Value, log: &'a [CommitLogRecord], place: &str) -> &'a CommitLogRecord {
    let sequence_id = message["sequence_id"].as_u64().expect("a number");
    let line = log.iter().find(|line| line.sequence_id.0 == sequence_id && line.last_authenticator.is_some());
    let line = line.unwrap_or_else(|| panic!("{place}: no line in {log:?}"));
    assert_eq!(line.outcome, CommitOutcome::Applied, "{place}");
    line
}
