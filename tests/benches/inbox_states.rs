//! The states of a thousand inboxes in one call, beside the signatures that are in their logs.

#![allow(
    missing_docs,
    clippy::expect_used,
    clippy::panic,
    reason = "a benchmark that cannot start must stop"
)]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use futures_util::FutureExt;
use hexmtp::{Client, Freshness};
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{
    EthereumAddress, InstallationKey, LocalWallet, UnsignedUpdate, UnverifiedSignature,
};
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_store_memory::MemoryStore;
use hexmtp_tests::world::{Device, World};

const INBOXES: u64 = 1_000;

/// Adapters in memory have an answer at once.
fn now<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing waits")
}

/// A new inbox with one installation: its id, and the two signatures with what they are over.
fn register(world: &World, nonce: u64) -> (InboxId, [u8; 32], Vec<u8>) {
    let wallet: LocalWallet = world.wallet();
    let key = InstallationKey::from_seed([3; 32]);
    let update = UnsignedUpdate::create_inbox(&wallet.identifier(), nonce, key.id(), 1);
    let text = update.signature_text();
    let by_wallet = wallet.sign_text(&text).expect("signed");
    let UnverifiedSignature::Erc191 { bytes } = by_wallet.clone() else { panic!("a key signs so") };
    let update = update.sign(&[by_wallet, key.sign_identity_text(&text)]).expect("all have signed");
    now(world.network.publish(&update.encode())).expect("published");
    (update.inbox_id, update.signature_hash(), bytes)
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

fn states(c: &mut Criterion) {
    let world = World::new();
    let registered: Vec<_> = (0..INBOXES).map(|nonce| register(&world, nonce)).collect();
    let inboxes: Vec<InboxId> = registered.iter().map(|(inbox_id, ..)| *inbox_id).collect();
    let mut group = c.benchmark_group("1000 inbox states in one call");
    group.sample_size(10);
    group.throughput(Throughput::Elements(INBOXES));

    let key = InstallationKey::from_seed([3; 32]);
    let (message, signature) = (b"as long as nothing", key.sign_public(b"as long as nothing"));
    group.bench_function("raw: their signatures alone", |b| {
        b.iter(|| {
            for (_, hash, signature_of_wallet) in &registered {
                assert!(EthereumAddress::recover(black_box(hash), signature_of_wallet).is_ok());
                assert!(InstallationKey::verify_public(&key.id(), black_box(message), &signature));
            }
        });
    });
    group.bench_function("from the network, never seen before", |b| {
        b.iter_batched_ref(
            || device(&world),
            |device| ask(&device.client, &inboxes, Freshness::Network),
            BatchSize::PerIteration,
        );
    });
    let reader = device(&world);
    ask(&reader.client, &inboxes, Freshness::Network);
    group.bench_function("from the network, nothing new", |b| {
        b.iter(|| ask(&reader.client, &inboxes, Freshness::Network));
    });
    group.bench_function("from the store, after a restart", |b| {
        b.iter_batched_ref(
            || now(reader.reopened()),
            |client| ask(client, &inboxes, Freshness::Stored),
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, states);
criterion_main!(benches);
