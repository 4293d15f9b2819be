//! Two devices in a group of a given size: one that always is in memory, and the one that is measured.

use std::sync::Arc;

use hexmtp::{Conversation, GroupOptions, SendOptions};
use hexmtp_domain::message::text;
use hexmtp_domain::{GroupId, InboxId, Topic};
use hexmtp_ports::delivery::{DeliveryService as _, GroupEnvelope};
use hexmtp_ports::store::{MlsRows, Scope, Store};
use hexmtp_tests::world::{Device, World};

use crate::filled::a_text;

/// A page of the protocol.
const PAGE: usize = 100;

/// How many messages are put into the network together.
const CHUNK: usize = 500;

pub(crate) struct Scene {
    pub(crate) world: World,
    /// The device that is measured.
    pub(crate) measured: Device,
    /// The other one.
    pub(crate) other: Device,
}

impl Scene {
    pub(crate) async fn on(store: Arc<dyn Store>) -> Self {
        let world = World::new();
        let other = world.newcomer().await;
        let measured = world.device_on(&world.person(), store).await.expect("registered");
        Self { world, measured, other }
    }

    /// A group of that size that the device creates, with the secrets of three past epochs, as groups in use have.
    pub(crate) async fn group(&self, creator: &Device, size: usize) -> Conversation {
        let mut members: Vec<InboxId> = vec![self.measured.inbox_id(), self.other.inbox_id()];
        members.retain(|id| *id != creator.inbox_id());
        while members.len() + 1 < size {
            members.push(self.world.newcomer().await.inbox_id());
        }
        let group = creator.client.create_group(GroupOptions::default(), &members).await.expect("a group");
        for name in ["one", "two", "three"] {
            group.update_name(name).await.expect("renamed");
        }
        group
    }

    /// The MLS rows of a group as a device has them now.
    pub(crate) async fn rows(device: &Device, group: GroupId) -> MlsRows {
        let loaded = device.ports.store.load(&[Scope::Group(group)]).await.expect("loaded");
        loaded.into_iter().map(|snapshot| snapshot.rows).next().unwrap_or_default()
    }

    /// What the network has in a group and a device has not read.
    pub(crate) async fn unread(&self, device: &Device, group: GroupId) -> Vec<GroupEnvelope> {
        let mut clock = device.ports.store.cursor(Topic::Group(group)).await.expect("a cursor");
        let mut unread = Vec::new();
        loop {
            let page = self.world.network.query_group_messages(group, &clock, PAGE).await.expect("a page");
            let Some(last) = page.items.last() else { return unread };
            clock.advance(last.cursor);
            unread.extend(page.items);
        }
    }
}

/// Puts that many messages into the network.
pub(crate) async fn say(group: &Conversation, count: usize) {
    for from in (0..count).step_by(CHUNK) {
        for number in from..count.min(from + CHUNK) {
            store(group, number).await;
        }
        group.publish_messages().await.expect("published");
    }
}

/// Stores a message that is published later.
pub(crate) async fn store(group: &Conversation, number: usize) {
    let options = SendOptions { optimistic: true, ..SendOptions::default() };
    group.send(&text::encode(&a_text(number)), options).await.expect("stored");
}
