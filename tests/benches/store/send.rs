//! Sending, beside stock OpenMLS that makes the same messages in memory.

use std::time::{Duration, Instant};

use hexmtp_domain::message::{DeliveryStatus, PlaintextEnvelope, text};
use hexmtp_ports::store::{MessageFilter, MlsRows};

use crate::case::{Case, tell, tell_time};
use crate::filled::a_text;
use crate::scene::{Scene, store};
use crate::stock::{Secrets, StockMember};
use crate::usage::Usage;

pub(crate) async fn send(case: &Case, one_by_one: bool) {
    let scene = Scene::on(case.place.open(&case.home).await).await;
    let group = scene.group(&scene.measured, case.members).await;
    // The first message of a member comes with new keys of its leaf.
    group.send_text("first").await.expect("sent");
    let rows: MlsRows = Scene::rows(&scene.measured, group.id()).await;
    let usage = Usage::begin();
    if one_by_one {
        for number in 0..case.count {
            group.send_text(&a_text(number)).await.expect("sent");
        }
    } else {
        for number in 0..case.count {
            store(&group, number).await;
        }
        group.publish_messages().await.expect("published");
    }
    tell("ours", usage.end());
    let published = MessageFilter { delivery: Some(DeliveryStatus::Published), ..MessageFilter::default() };
    let stored = scene.measured.ports.store.messages(&published).await.expect("messages");
    assert!(stored.len() > case.count, "every message is published");
    let identity = scene.measured.ports.store.identity().await.expect("read").expect("registered");
    let key = identity.key.here().expect("the key is in the store");
    for (name, secrets) in [("stock", Secrets::Dropped), ("stock.kept", Secrets::Kept)] {
        let member = StockMember::open(key, group.id(), rows.clone(), secrets);
        tell_time(name, stock(member, case.count));
    }
}

fn stock(mut member: StockMember, count: usize) -> Duration {
    let plaintext = |number| {
        let envelope = PlaintextEnvelope {
            content: text::encode(&a_text(number)).encode(),
            idempotency_key: format!("{number:0>40}"),
        };
        envelope.encode()
    };
    let began = Instant::now();
    let bytes: usize = (0..count).map(|number| member.send(&plaintext(number)).len()).sum();
    std::hint::black_box(bytes);
    began.elapsed()
}
