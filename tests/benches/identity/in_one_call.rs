//! The states of a thousand inboxes in one call of a client.

use std::hint::black_box;
use std::sync::Arc;

use futures_util::FutureExt;
use hexmtp::{Client, Freshness};
use hexmtp_domain::InboxId;
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::world::{Device, World};

use crate::log::{Log, RawSignature};
use crate::ratios::Group;

/// A thousand inboxes, each with one installation.
pub(crate) fn thousand() -> Vec<Log> {
    (1..=250).flat_map(|number| (0..4).map(move |nonce| Log::new(number, nonce, 1))).collect()
}

/// Adapters in memory have an answer at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits")
}

fn device(world: &World) -> Device {
    let store = Arc::new(MemoryStore::default());
    now(world.device_on(&world.person(), store)).expect("registered")
}

fn ask(client: &Client, inboxes: &[InboxId], freshness: Freshness) {
    let states = now(client.inbox_states(inboxes, freshness)).expect("answers");
    assert!(states.iter().all(Result::is_ok));
    black_box(states);
}

pub(crate) fn measure(group: &mut Group<'_>) {
    let world = World::new();
    let logs = thousand();
    for update in logs.iter().flat_map(|log| &log.updates) {
        now(world.network.publish(&update.encode())).expect("published");
    }
    let inboxes: Vec<InboxId> = logs.iter().map(|log| log.updates[0].inbox_id).collect();

    let raw = group.raw("their signatures", || {
        logs.iter().flat_map(|log| &log.signatures).for_each(RawSignature::verify);
    });
    group.ours_on(
        "from the network, never seen before",
        raw,
        || device(&world),
        |device| ask(&device.client, &inboxes, Freshness::Network),
    );
    let reader = device(&world);
    ask(&reader.client, &inboxes, Freshness::Network);
    group.ours("from the network, nothing new", raw, || ask(&reader.client, &inboxes, Freshness::Network));
    group.ours_on(
        "from the store, after a restart",
        raw,
        || now(reader.reopened()),
        |client| ask(client, &inboxes, Freshness::Stored),
    );
}
