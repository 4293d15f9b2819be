//! What is stored and how it is looked after: lists, consent, deletion, disappearing, trimming, letting go of the
//! store.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use hexmtp::domain::Timestamp;
use hexmtp::domain::consent::{ConsentEntity, ConsentState};
use hexmtp::domain::group::mutable_metadata::Disappearing;
use hexmtp::domain::message::{ContentTypeId, EncodedContent, text};
use hexmtp::ports::store::{ConversationFilter, FeedPosition, MessageFilter, StoreError, Trim};
use hexmtp::{GroupOptions, MessageStream, SendOptions};
use hexmtp_delivery_memory::Call;
use hexmtp_tests::world::World;

use crate::observed::{messages, of, texts};

/// The texts that a stream has to tell of now, once all tasks have done what they can.
async fn told(world: &World, stream: &mut MessageStream) -> Vec<String> {
    let mut told = Vec::new();
    for _ in 0..20 {
        world.runtime.advance(Duration::from_millis(200));
        tokio::task::yield_now().await;
        while let Some(Some(item)) = stream.next().now_or_never() {
            told.extend(item.expect("a message").message.body.as_text().map(ToOwned::to_owned));
        }
    }
    told
}

/// R-MSG-211
#[tokio::test]
async fn messages_disappear_everywhere_a_while_after_they_were_sent() {
    const WHILE: Duration = Duration::from_secs(3600);
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("stays").await.expect("sent");
    let after_nanos = i64::try_from(WHILE.as_nanos()).expect("it fits");
    let setting = Disappearing { from: Timestamp::from_nanos(1), after_nanos };
    group.update_disappearing(Some(setting)).await.expect("set");
    group.send_text("goes").await.expect("sent");
    group.update_disappearing(None).await.expect("unset");
    group.send_text("stays too").await.expect("sent");
    // Bob reads it a week later.
    world.clock.advance(Duration::from_secs(7 * 24 * 3600));
    bob.sync().await;
    let received = messages(&bob.client, group.id()).await;
    let expiry = |wanted: &str| {
        let message = received.iter().find(|it| it.body.as_text() == Some(wanted)).expect("received");
        message.expires_at.map(|at| at.since(message.sent_at))
    };
    assert_eq!(expiry("stays"), None);
    assert_eq!(expiry("goes"), Some(WHILE));
    assert_eq!(expiry("stays too"), None);
    assert!(received.iter().filter(|it| it.body.as_text().is_none()).all(|it| it.expires_at.is_none()));
    let own = messages(&alice.client, group.id()).await;
    let own = own.iter().find(|it| it.body.as_text() == Some("goes")).expect("sent");
    let theirs = received.iter().find(|it| it.id == own.id).and_then(|it| it.expires_at).expect("it goes");
    let apart = own.expires_at.map(|at| at.since(theirs).max(theirs.since(at)));
    assert!(apart.expect("it goes") < Duration::from_secs(1), "{apart:?}");
}

/// R-MSG-210
#[tokio::test]
async fn replies_are_found_by_the_message_that_they_answer() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let asked = dm.send_text("well?").await.expect("sent");
    let reply = EncodedContent {
        content_type: ContentTypeId::xmtp("reply"),
        parameters: [("reference".to_owned(), asked.to_string())].into(),
        content: text::encode("well!").encode(),
        ..text::encode("")
    };
    let answer = dm.send(&reply, SendOptions::default()).await.expect("sent");
    bob.sync().await;
    for client in [&alice.client, &bob.client] {
        let filter = MessageFilter { references: vec![asked], ..MessageFilter::default() };
        let found = of(client, dm.id()).await.messages(filter.clone()).await.expect("messages");
        assert_eq!(found.iter().map(|it| it.id).collect::<Vec<_>>(), [answer]);
        assert_eq!(found.first().and_then(|it| it.reference), Some(asked));
        assert_eq!(of(client, dm.id()).await.count_messages(filter).await.expect("a count"), 1);
    }
}

#[tokio::test]
async fn a_list_of_conversations_shows_last_messages_and_consent() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("in the group").await.expect("sent");
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    dm.send_text("in the DM").await.expect("sent");
    bob.sync().await;
    bob.client
        .set_consent(&[(ConsentEntity::Conversation(dm.id()), ConsentState::Denied)])
        .await
        .expect("noted");
    let list = bob.client.conversation_list(ConversationFilter::default()).await.expect("a list");
    let shown: Vec<_> = list
        .iter()
        .map(|item| (item.conversation.id(), item.consent, item.last_message.as_ref()))
        .map(|(id, consent, last)| (id, consent, last.and_then(|it| it.body.as_text()).unwrap_or_default()))
        .collect();
    assert_eq!(
        shown,
        [(dm.id(), ConsentState::Denied, "in the DM"), (group.id(), ConsentState::Unknown, "in the group")]
    );
    let denied = ConversationFilter { consent: vec![ConsentState::Denied], ..ConversationFilter::default() };
    assert_eq!(bob.client.count_conversations(denied).await.expect("a count"), 1);
}

/// R-MSG-212
#[tokio::test]
async fn a_decision_takes_the_place_of_one_from_a_clock_that_was_ahead() {
    let world = World::new();
    let bob = world.newcomer().await;
    let inbox = ConsentEntity::Inbox(bob.inbox_id());
    world.clock.advance(Duration::from_secs(3600));
    bob.client.set_consent(&[(inbox, ConsentState::Denied)]).await.expect("noted");
    let behind = World::new();
    let mut ports = bob.ports.clone();
    ports.clock = std::sync::Arc::new(behind.clock.clone());
    let client = hexmtp::Client::builder(ports).open().await.expect("registered");
    client.set_consent(&[(inbox, ConsentState::Allowed)]).await.expect("noted");
    assert_eq!(client.consent(inbox).await.expect("an answer"), ConsentState::Allowed);
}

#[tokio::test]
async fn a_conversation_that_was_deleted_is_gone_and_comes_back_with_a_new_welcome() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    group.send_text("before").await.expect("sent");
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    assert_eq!(told(&world, &mut stream).await, ["before"]);
    of(&bob.client, group.id()).await.delete().await.expect("deleted");
    of(&alice.client, group.id()).await.send_text("unheard").await.expect("sent");
    assert!(told(&world, &mut stream).await.is_empty());
    bob.sync().await;
    assert!(bob.client.conversation(group.id()).await.is_err());
    assert_eq!(bob.client.statistics().await.expect("counts").messages, 0);
    group.remove_members(&[bob.inbox_id()]).await.expect("removed");
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    group.send_text("after").await.expect("sent");
    assert_eq!(told(&world, &mut stream).await, ["after"]);
    assert_eq!(texts(&bob.client, group.id()).await, ["after"]);
}

#[tokio::test]
async fn a_message_that_was_deleted_before_it_was_published_is_not_sent() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let later = SendOptions { optimistic: true, ..SendOptions::default() };
    let regretted = dm.send(&text::encode("regretted"), later.clone()).await.expect("stored");
    dm.send(&text::encode("meant"), later).await.expect("stored");
    assert!(alice.client.delete_message(regretted).await.expect("deleted"));
    assert!(!alice.client.delete_message(regretted).await.expect("nothing to delete"));
    dm.publish_messages().await.expect("published");
    bob.sync().await;
    assert_eq!(texts(&alice.client, dm.id()).await, ["meant"]);
    assert_eq!(texts(&bob.client, dm.id()).await, ["meant"]);
}

/// R-NET-222
#[tokio::test]
async fn who_is_removed_and_brought_back_reads_on_behind_the_new_welcome() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    group.send_text("before").await.expect("sent");
    assert_eq!(told(&world, &mut stream).await, ["before"]);
    group.remove_members(&[bob.inbox_id()]).await.expect("removed");
    group.send_text("unheard").await.expect("sent");
    group.add_members(&[bob.inbox_id()]).await.expect("added");
    group.send_text("after").await.expect("sent");
    bob.sync().await;
    bob.sync().await;
    assert_eq!(told(&world, &mut stream).await, ["after"]);
    assert_eq!(texts(&bob.client, group.id()).await, ["before", "after"]);
}

/// R-STO-211
#[tokio::test]
async fn a_stream_from_before_what_was_trimmed_says_so_and_ends() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    dm.send_text("one").await.expect("sent");
    let position = alice.client.feed_position().await.expect("a position");
    let trim = Trim { feed_up_to: Some(position), ..Trim::default() };
    alice.client.trim(&trim).await.expect("trimmed");
    let mut late = alice.client.stream_messages_from(FeedPosition(0));
    assert!(
        matches!(late.next().await, Some(Err(StoreError::PositionGone { oldest })) if oldest == position)
    );
    assert!(late.next().await.is_none());
    let mut stream = alice.client.stream_messages_from(position);
    dm.send_text("two").await.expect("sent");
    assert_eq!(told(&world, &mut stream).await, ["two"]);
}

/// R-STO-212
#[tokio::test]
async fn streams_survive_that_the_store_lets_go_of_its_database() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let dm = alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let mut stream = bob.client.stream_messages().await.expect("a stream");
    dm.send_text("one").await.expect("sent");
    assert_eq!(told(&world, &mut stream).await, ["one"]);
    bob.client.release_store().await.expect("released");
    dm.send_text("two").await.expect("sent");
    assert!(told(&world, &mut stream).await.is_empty());
    assert!(bob.client.statistics().await.is_err_and(|error| error.code() == "store.released"));
    bob.client.reconnect_store().await.expect("taken up again");
    dm.send_text("three").await.expect("sent");
    assert_eq!(told(&world, &mut stream).await, ["two", "three"]);
}

#[tokio::test]
async fn a_wiped_store_holds_nothing_and_its_client_is_closed() {
    let world = World::new();
    let person = world.person();
    let alice = world.device(&person).await;
    alice.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let mut stream = alice.client.stream_messages().await.expect("a stream");
    alice.client.wipe().await.expect("wiped");
    world.runtime.settle();
    assert!(stream.next().await.is_none());
    assert!(alice.client.statistics().await.is_err_and(|error| error.code() == "store.closed"));
}

/// R-IDN-212
#[tokio::test]
async fn the_network_is_asked_only_about_identifiers_that_are_not_known() {
    let world = World::new();
    let (alice, person, stranger) = (world.newcomer().await, world.person(), world.person());
    let bob = world.device(&person).await;
    let asked = || world.network.calls().of(Call::InboxIds);
    let before = asked();
    let ids = [person.identifier.clone()];
    assert_eq!(alice.client.inbox_ids(&ids).await.expect("found"), [bob.inbox_id()]);
    assert_eq!(alice.client.inbox_ids(&ids).await.expect("found"), [bob.inbox_id()]);
    assert_eq!(asked(), before + 1, "an answer holds");
    let both = [person.identifier.clone(), stranger.identifier.clone()];
    assert_eq!(alice.client.can_message(&both).await.expect("answers"), [true, false]);
    assert_eq!(asked(), before + 2);
    let found = alice.client.find_inboxes(&both).await.expect("answers");
    assert_eq!(found, [Some(bob.inbox_id()), None]);
    assert_eq!(alice.client.find_inboxes(&ids).await.expect("answers"), [Some(bob.inbox_id())]);
    assert_eq!(asked(), before + 3, "only for the one who belonged to nobody");
    let late = world.device(&stranger).await;
    let before = asked();
    assert_eq!(alice.client.inbox_ids(&both).await.expect("found"), [bob.inbox_id(), late.inbox_id()]);
    assert_eq!(asked(), before + 1, "who belonged to nobody is asked about again");
    world.clock.advance(Duration::from_secs(301));
    alice.client.inbox_ids(&both).await.expect("found");
    assert_eq!(asked(), before + 2, "no answer holds for ever");
}

/// R-IDN-211
#[tokio::test]
async fn states_that_were_folded_are_stored_and_a_second_client_folds_nothing() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    alice.client.create_or_find_dm(bob.inbox_id()).await.expect("a DM");
    let store = &alice.ports.store;
    let at = store.latest_identity_updates(&[bob.inbox_id()]).await.expect("a log").pop().expect("one");
    let cached = store.association_states(&[(bob.inbox_id(), at)]).await.expect("states").pop().flatten();
    let state = hexmtp::domain::identity::AssociationState::decode(&cached.expect("stored").state);
    assert_eq!(state.expect("readable"), *alice.client.inbox_state(bob.inbox_id()).await.expect("a state"));
}

/// R-NET-221
#[tokio::test]
async fn a_sync_asks_once_for_the_news_of_all_groups_and_reads_only_those_that_have_some() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let mut groups = Vec::new();
    for _ in 0..12 {
        let group = alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await;
        groups.push(group.expect("a group"));
    }
    bob.sync().await;
    bob.sync().await;
    for group in groups.iter().take(2) {
        group.send_text("news").await.expect("sent");
    }
    let before = world.network.calls();
    bob.sync().await;
    let calls = world.network.calls().since(&before);
    assert_eq!(calls.of(Call::NewestGroupMessages), 1);
    assert!(calls.of(Call::QueryGroupMessages) <= 4, "{calls:?}");
}
