//! A client on a store that holds much.

use std::time::{Duration, Instant};

use hexmtp::{Client, GroupOptions};
use hexmtp_ports::store::{ConversationFilter, Direction, MessageFilter};
use hexmtp_tests::world::World;

use crate::case::{Case, tell, tell_time};
use crate::filled::{Template, fill, group_id, shares};
use crate::usage::Usage;

/// How many conversations or messages are looked at.
const PAGE: usize = 50;

/// How often each look is taken; the median counts.
const LOOKS: usize = 15;

/// Registers a client and fills its store.
pub(crate) async fn fill_store(case: &Case) {
    let world = World::new();
    let store = case.place.open(&case.folder, "filled").await;
    let device = world.device_on(&world.person(), store).await.expect("registered");
    let group = device.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let template = Template::of(&*device.ports.store, group.id()).await;
    let usage = Usage::begin();
    fill(&*device.ports.store, &template, &shares(case.stored, case.count)).await;
    tell("fill", usage.end());
    device.client.close().await.expect("closed");
}

/// Opens the client of a filled store and looks around.
pub(crate) async fn open_store(case: &Case) {
    let world = World::new();
    let usage = Usage::begin();
    let store = case.place.open(&case.folder, "filled").await;
    let client = Client::builder(world.ports(store)).open().await.expect("registered");
    tell("open", usage.end());
    let usage = Usage::begin();
    let first = list(&client).await;
    assert_eq!(first, PAGE.min(case.stored), "conversations are listed");
    tell_time("list", median(async || drop(list(&client).await)).await);
    tell("list.peak", usage.end());
    let usage = Usage::begin();
    assert_eq!(page(&client, case).await, PAGE, "messages are listed");
    tell_time("page", median(async || drop(page(&client, case).await)).await);
    tell("page.peak", usage.end());
    tell_time("count", median(async || drop(count(&client, case).await)).await);
    client.close().await.expect("closed");
}

/// The first conversations, each with its last message.
async fn list(client: &Client) -> usize {
    let filter = ConversationFilter { limit: Some(PAGE), ..ConversationFilter::default() };
    let conversations = client.conversations(filter).await.expect("conversations");
    let last = MessageFilter { limit: Some(1), direction: Direction::Descending, ..MessageFilter::default() };
    for conversation in &conversations {
        conversation.messages(last.clone()).await.expect("a message");
    }
    conversations.len()
}

/// A page out of the middle of the largest conversation, by time.
async fn page(client: &Client, case: &Case) -> usize {
    let group = client.conversation(group_id(case.stored - 1)).await.expect("a conversation");
    let record = group.record().await.expect("a record");
    let middle = i64::try_from(case.count / 20).unwrap_or_default() * 1_000_000_000;
    let before =
        record.last_message_at.map(|last| hexmtp_domain::Timestamp::from_nanos(last.as_nanos() - middle));
    let filter = MessageFilter {
        sent_before: before,
        limit: Some(PAGE),
        direction: Direction::Descending,
        ..MessageFilter::default()
    };
    group.messages(filter).await.expect("messages").len()
}

/// How many messages a conversation of ordinary size has.
async fn count(client: &Client, case: &Case) -> usize {
    let group = client.conversation(group_id(case.stored / 2)).await.expect("a conversation");
    group.messages(MessageFilter::default()).await.expect("messages").len()
}

async fn median(mut look: impl AsyncFnMut()) -> Duration {
    let mut times = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let began = Instant::now();
        look().await;
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times.get(LOOKS / 2).copied().unwrap_or_default()
}
