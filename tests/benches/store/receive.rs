//! Receiving, beside stock OpenMLS that opens the same messages in memory.

use std::time::{Duration, Instant};

use hexmtp_domain::message::MessageKind;
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::store::{MessageFilter, MlsRows};

use crate::case::{Case, tell, tell_time};
use crate::scene::{Scene, say};
use crate::stock::{Secrets, StockMember};
use crate::usage::Usage;

pub(crate) async fn receive(case: &Case, one_by_one: bool) {
    let scene = Scene::on(case.place.open(&case.home).await).await;
    let group = scene.group(&scene.other, case.members).await;
    scene.measured.sync().await;
    let rows = Scene::rows(&scene.measured, group.id()).await;
    let received = scene.measured.client.conversation(group.id()).await.expect("joined");
    let mut envelopes = Vec::new();
    if one_by_one {
        // What is measured is a part of each turn.
        let (mut time, mut memory) = (Duration::ZERO, 0);
        for number in 0..case.count {
            crate::scene::store(&group, number).await;
            group.publish_messages().await.expect("published");
            envelopes.extend(scene.unread(&scene.measured, group.id()).await);
            let usage = Usage::begin();
            received.sync().await.expect("a sync");
            let measured = usage.end();
            time += measured.time;
            memory = memory.max(measured.memory);
        }
        tell("ours", crate::usage::Measured { time, memory });
    } else {
        say(&group, case.count).await;
        envelopes = scene.unread(&scene.measured, group.id()).await;
        let usage = Usage::begin();
        received.sync().await.expect("a sync");
        tell("ours", usage.end());
    }
    let all = MessageFilter { kind: Some(MessageKind::Application), ..MessageFilter::default() };
    let stored = scene.measured.ports.store.count_messages(&all).await.expect("a count");
    assert_eq!(stored, case.count as u64, "every message is stored");
    let identity = scene.measured.ports.store.identity().await.expect("read").expect("registered");
    let key = identity.key.here().expect("the key is in the store");
    for (name, secrets) in [("stock", Secrets::Dropped), ("stock.kept", Secrets::Kept)] {
        let member = StockMember::open(key, group.id(), rows.clone(), secrets);
        tell_time(name, stock(member, &envelopes));
    }
    tell_time("size", Duration::from_secs(largest(&rows)));
}

fn stock(mut member: StockMember, envelopes: &[GroupEnvelope]) -> Duration {
    let began = Instant::now();
    let bytes: usize = envelopes.iter().map(|envelope| member.receive(&envelope.data).len()).sum();
    std::hint::black_box(bytes);
    began.elapsed()
}

/// The size of the largest row, which is that of the message secrets.
fn largest(rows: &MlsRows) -> u64 {
    rows.values().map(|row| row.len() as u64).max().unwrap_or_default()
}
