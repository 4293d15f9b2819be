//! A sync of everything, where many groups have one new message each.

use hexmtp::GroupOptions;

use crate::case::{Case, tell};
use crate::filled::{Template, fill};
use crate::scene::{Scene, store};
use crate::usage::Usage;

/// How many messages there are in a conversation that is not touched.
const MESSAGES: usize = 5;

pub(crate) async fn sync(case: &Case) {
    let scene = Scene::on(case.place.open(&case.home).await).await;
    let mut groups = Vec::new();
    for _ in 0..case.count {
        let members = [scene.measured.inbox_id()];
        groups
            .push(scene.other.client.create_group(GroupOptions::default(), &members).await.expect("a group"));
    }
    scene.measured.sync().await;
    if let Some(group) = groups.first() {
        let template = Template::of(&*scene.measured.ports.store, group.id()).await;
        fill(&*scene.measured.ports.store, &template, &vec![MESSAGES; case.stored]).await;
    }
    for (number, group) in groups.iter().enumerate() {
        store(group, number).await;
        group.publish_messages().await.expect("published");
    }
    let usage = Usage::begin();
    let summary = scene.measured.client.sync_all().await.expect("a sync");
    tell("ours", usage.end());
    assert_eq!((summary.synced, summary.failed), (case.count, 0), "every group with news is read");
}
