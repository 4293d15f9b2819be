//! A group in which members of both sides do things at random, behind one another and at the same time.

use std::collections::BTreeSet;

use futures_util::future::join;
use hexmtp::{Conversation, GroupOptions};
use hexmtp_domain::InboxId;
use hexmtp_domain::message::MessageKind;
use hexmtp_platform_test::SeededEntropy;
use hexmtp_ports::platform::Entropy;
use hexmtp_ports::store::MessageFilter;
use hexmtp_tests::interop::{OfficialConversation, Scene, assert_same_state, settle};
use serde_json::json;

const STEPS: usize = 60;

/// Draws numbers; the same seed draws the same ones.
struct Dice(SeededEntropy);

impl Dice {
    fn below(&self, limit: usize) -> usize {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes).expect("seeded");
        usize::try_from(u32::from_le_bytes(bytes)).expect("it fits") % limit
    }
}

/// A member of either side.
enum Member<'a> {
    Ours(&'a Conversation),
    Theirs(&'a OfficialConversation),
}

impl Member<'_> {
    /// Does something. What is not allowed may fail; a text that was sent is counted.
    async fn act(&self, what: usize, step: usize, guest: InboxId) -> usize {
        let text = format!("step {step}");
        match (self, what) {
            (Self::Ours(group), 0..=3) => {
                group.send_text(&text).await.expect("we can always send");
                1
            }
            (Self::Theirs(group), 0..=3) => {
                // After too many lost races it gives up waiting, and sends it at its next sync.
                usize::from(group.attempt("sendText", json!({ "text": text })).await.is_ok())
            }
            (Self::Ours(group), _) => {
                let _ = match what {
                    4 => group.update_name(&text).await,
                    5 => group.update_description(&text).await,
                    6 => group.add_members(&[guest]).await,
                    7 => group.remove_members(&[guest]).await,
                    8 => group.add_admin(guest).await,
                    _ => group.sync().await.map(drop),
                };
                0
            }
            (Self::Theirs(group), _) => {
                let inboxes =
                    json!({ "inboxes": [guest.to_string()], "inbox": guest.to_string(), "value": text });
                let op = match what {
                    4 => "updateName",
                    5 => "updateDescription",
                    6 => "addMembers",
                    7 => "removeMembers",
                    8 => "addAdmin",
                    _ => "syncConversation",
                };
                let _ = group.attempt(op, inboxes).await;
                0
            }
        }
    }
}

/// Plays a game and compares.
async fn play(scene: &Scene, seed: u64) {
    let (alice, bob) = (scene.ours().await, scene.ours().await);
    let (carol, dave) = (scene.official().await, scene.official().await);
    let (erin, frank) = (scene.official().await, scene.ours().await);
    let members = [bob.inbox_id(), carol.inbox_id(), dave.inbox_id()];
    let group = alice.client.create_group(GroupOptions::default(), &members).await.expect("a group");
    let carols = carol.joined(group.id()).await;
    let daves = dave.joined(group.id()).await;
    let bobs = bob.joined(group.id()).await;
    group.add_super_admin(carol.inbox_id()).await.expect("a super admin more");

    let everybody =
        [Member::Ours(&group), Member::Ours(&bobs), Member::Theirs(&carols), Member::Theirs(&daves)];
    let guests = [erin.inbox_id(), frank.inbox_id()];
    let dice = Dice(SeededEntropy::new(seed));
    let mut sent = 0;
    for step in 0..STEPS {
        let draw = || (&everybody[dice.below(4)], dice.below(10), guests[dice.below(2)]);
        let ((one, what, guest), (other, what_else, other_guest)) = (draw(), draw());
        sent += if dice.below(2) == 0 {
            one.act(what, step, guest).await
        } else {
            let (one, other) =
                join(one.act(what, step, guest), other.act(what_else, step, other_guest)).await;
            one + other
        };
    }
    settle(&[&group, &bobs], &[&carols, &daves]).await;
    for (ours, theirs) in [(&group, &carols), (&bobs, &daves), (&group, &daves)] {
        assert_same_state(ours, theirs).await;
        let ours = ours.messages(MessageFilter::default()).await.expect("our messages");
        let ours = ours.into_iter().filter(|message| message.kind == MessageKind::Application);
        let ours: BTreeSet<String> = ours.map(|message| message.id.to_string()).collect();
        let theirs = theirs.messages().await.into_iter().filter(|message| message.application);
        let theirs: BTreeSet<String> = theirs.map(|message| message.id).collect();
        assert_eq!(ours, theirs, "the messages, ours first, with seed {seed}");
        assert!(ours.len() >= sent, "of {sent} texts there are {}, with seed {seed}", ours.len());
    }
}

/// `HEXMTP_INTEROP_WALKS` asks for more walks than three.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn random_walks() {
    let scene = Scene::begin("random walks: 4 members of both sides, 60 steps, several times").await;
    let walks = std::env::var("HEXMTP_INTEROP_WALKS").ok().and_then(|walks| walks.parse().ok()).unwrap_or(3);
    for seed in 1..=walks {
        play(&scene, seed).await;
    }
}
