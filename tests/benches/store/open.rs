//! A client on a store that holds much.

use std::time::{Duration, Instant};

use hexmtp::{Client, GroupOptions};
use hexmtp_tests::world::World;

use crate::case::{Case, tell, tell_time};
use crate::filled::{Template, fill, shares};
use crate::look::{PAGE, count, list, page};
use crate::usage::Usage;

/// How often each look is taken; the median counts.
const LOOKS: usize = 15;

/// Registers a client and fills its store.
pub(crate) async fn fill_store(case: &Case) {
    let world = World::new();
    let store = case.place.open(&case.home).await;
    let device = world.device_on(&world.person(), store).await.expect("registered");
    let group = device.client.create_group(GroupOptions::default(), &[]).await.expect("a group");
    let template = Template::of(&*device.ports.store, group.id()).await;
    let usage = Usage::begin();
    fill(&*device.ports.store, &template, &shares(case.stored, case.count)).await;
    tell("fill", usage.end());
    // PostgreSQL does this itself before long; without it the looks would tell of its guesses.
    device.ports.store.compact().await.expect("compacted");
    device.client.close().await.expect("closed");
}

/// Opens the client of a filled store and looks around.
pub(crate) async fn open_store(case: &Case) {
    let world = World::new();
    let usage = Usage::begin();
    let store = case.place.open(&case.home).await;
    let client = Client::builder(world.ports(store)).open().await.expect("registered");
    tell("open", usage.end());
    let usage = Usage::begin();
    let first = list(&client).await;
    assert_eq!(first, PAGE.min(case.stored), "conversations are listed");
    tell_time("list", median(async || list(&client).await).await);
    tell("list.peak", usage.end());
    let usage = Usage::begin();
    assert_eq!(page(&client, case.stored, case.count).await, PAGE, "messages are listed");
    tell_time("page", median(async || page(&client, case.stored, case.count).await).await);
    tell("page.peak", usage.end());
    tell_time("count", median(async || count(&client, case.stored).await).await);
    client.close().await.expect("closed");
}

async fn median<T>(mut look: impl AsyncFnMut() -> T) -> Duration {
    let mut times = Vec::with_capacity(LOOKS);
    for _ in 0..LOOKS {
        let began = Instant::now();
        std::hint::black_box(look().await);
        times.push(began.elapsed());
    }
    times.sort_unstable();
    times.get(LOOKS / 2).copied().unwrap_or_default()
}
