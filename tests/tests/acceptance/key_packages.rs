//! The own key packages: replaced and removed in time, whatever fails meanwhile.

use std::time::Duration;

use hexmtp::GroupOptions;
use hexmtp_delivery_memory::Call;
use hexmtp_domain::key_package::GRACE_PERIOD;
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::store::KeyPackageRecord;
use hexmtp_tests::world::{Device, World};

async fn stored(device: &Device) -> Vec<KeyPackageRecord> {
    device.ports.store.key_packages().await.expect("a list")
}

async fn handed_out(world: &World, device: &Device) -> Vec<u8> {
    let packages = world.network.fetch_key_packages(&[device.installation_id()]).await.expect("packages");
    packages.into_iter().flatten().next().expect("one")
}

/// R-IDN-226
#[tokio::test]
async fn what_a_welcome_has_used_is_replaced_in_the_end() {
    let world = World::new();
    let (alice, bob) = (world.newcomer().await, world.newcomer().await);
    let used = handed_out(&world, &bob).await;
    alice.client.create_group(GroupOptions::default(), &[bob.inbox_id()]).await.expect("a group");
    // The group is joined, and then the network takes nothing more.
    world.network.faults().fail_next(Call::UploadKeyPackage, 1);
    bob.client.sync_all().await.expect_err("the new key package is not taken");
    assert_eq!(handed_out(&world, &bob).await, used);
    // No welcome comes any more; also another process knows what is due.
    let heir = bob.reopened().await;
    heir.sync_all().await.expect("a sync");
    let fresh = handed_out(&world, &bob).await;
    assert_ne!(fresh, used);
    heir.sync_all().await.expect("a sync");
    bob.sync().await;
    assert_eq!(handed_out(&world, &bob).await, fresh, "once is enough");

    // What was replaced goes after a day, also what never reached the network, and with it its private keys.
    assert_eq!(stored(&bob).await.iter().filter(|record| record.superseded_at.is_none()).count(), 1);
    assert!(stored(&bob).await.len() > 1);
    world.clock.advance(GRACE_PERIOD - Duration::from_secs(1));
    heir.sync_all().await.expect("a sync");
    assert!(stored(&bob).await.len() > 1);
    world.clock.advance(Duration::from_secs(1));
    heir.sync_all().await.expect("a sync");
    let [present] = &stored(&bob).await[..] else { panic!("others are left") };
    assert!(present.uploaded && present.superseded_at.is_none());
    assert_eq!(handed_out(&world, &bob).await, fresh);
}
