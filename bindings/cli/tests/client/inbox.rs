//! `inbox`: looking at inboxes, and changing one's own.

use std::path::PathBuf;

use serde_json::Value;

use crate::world::{Person, World, string};

/// A file with a throw-away private key.
fn key_file(folder: &tempfile::TempDir, digit: char) -> PathBuf {
    let path = folder.path().join(format!("key-{digit}"));
    std::fs::write(&path, digit.to_string().repeat(64)).unwrap();
    path
}

fn text(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

fn init(world: &World, name: &str, key: &std::path::Path) -> Person {
    let person = world.stranger(name);
    person.json(&["init", "--private-key-file", text(key)]);
    person
}

/// The members of a kind.
fn members(inbox: &Value, kind: &str) -> Vec<String> {
    let members = inbox["members"].as_array().unwrap().iter().filter(|member| member["kind"] == kind);
    members.map(|member| string(&member["identifier"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn everybody_can_look_at_an_inbox() {
    let world = World::new().await;
    let alice = world.person("alice");
    let info = alice.json(&["info"]);
    let (address, inbox_id) = (string(&info["address"]), string(&info["inbox_id"]));
    let own = alice.json(&["inbox"]);
    assert_eq!((&own["inbox_id"], &own["recovery"]), (&info["inbox_id"], &info["address"]));
    assert_eq!((&own["updates"], own["made_by"].as_str()), (&Value::from(1), Some("ERC-191")));
    assert_eq!(members(&own, "wallet"), std::slice::from_ref(&address));
    assert_eq!(members(&own, "device"), [string(&info["installation_id"])]);
    let device = own["members"].as_array().unwrap().last().unwrap();
    assert_eq!((&device["added_by"], &device["is_this_device"]), (&info["address"], &Value::from(true)));
    assert_eq!(device["key_package"]["status"], "usable");

    // By address and by inbox, with an account and without one.
    for looker in [world.person("bob"), world.stranger("carol")] {
        for whose in [&address, &inbox_id] {
            let seen = looker.json(&["inbox", whose]);
            assert_eq!(members(&seen, "device"), members(&own, "device"));
            assert_eq!(seen["members"].as_array().unwrap().last().unwrap()["is_this_device"], false);
        }
    }
    assert!(!world.stranger("carol").folder().exists(), "to look makes no profile");
    let table = alice.text(&["inbox"]);
    for part in
        ["member", "recovery", "1 of 256", "this device", "key package until", "with the inbox", &inbox_id]
    {
        assert!(table.contains(part), "{part} is not in\n{table}");
    }
    for nobody in ["12".repeat(20), "34".repeat(32)] {
        let (code, error) = alice.failure(&["inbox", &nobody]);
        assert_eq!((code, error["code"].as_str()), (4, Some("cli.not_registered")));
    }
    assert_eq!(world.stranger("carol").failure(&["inbox"]).1["code"], "cli.not_initialised");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wallets_and_devices_come_and_go() {
    let world = World::new().await;
    let keys = tempfile::tempdir().unwrap();
    let (own, second, bobs) = (key_file(&keys, '1'), key_file(&keys, '2'), key_file(&keys, '3'));
    let (alice, bob) = (init(&world, "alice", &own), init(&world, "bob", &bobs));
    let address = alice.address();
    let added = alice.json(&["inbox", "add", "--private-key-file", text(&second)]);
    let wallets = members(&added, "wallet");
    assert_eq!((wallets.len(), &wallets[0]), (2, &address));
    let other = &wallets[1];
    assert_eq!(bob.json(&["inbox", other])["inbox_id"], added["inbox_id"]);
    assert!(
        alice.text(&["inbox", "add", "--private-key-file", text(&second)]).contains("2 of 256"),
        "there already"
    );
    let (code, error) = alice.failure(&["inbox", "add", "--private-key-file", text(&bobs)]);
    assert_eq!((code, error["code"].as_str()), (5, Some("inbox_change.account_taken")));

    let laptop = init(&world, "laptop", &second);
    let tablet = init(&world, "tablet", &own);
    let lost = string(&tablet.json(&["info"])["installation_id"]);
    assert_eq!(members(&alice.json(&["inbox"]), "device").len(), 3);
    let left = alice.json(&["inbox", "revoke", &lost]);
    assert!(members(&left, "device").len() == 2 && !members(&left, "device").contains(&lost));
    // What the second wallet let in goes with it.
    let left = alice.json(&["inbox", "revoke", other]);
    assert_eq!((members(&left, "wallet"), members(&left, "device").len()), (vec![address.clone()], 1));
    let (code, error) = alice.failure(&["inbox", "revoke", other]);
    assert_eq!((code, error["code"].as_str()), (5, Some("identity.guard.nothing_to_do")));
    assert_eq!(laptop.failure(&["send", &bob.address(), "still here?"]).0, 5, "the laptop is out");

    init(&world, "another", &own);
    let left = alice.json(&["inbox", "revoke", "--all-other-devices"]);
    assert_eq!(members(&left, "device"), [string(&alice.json(&["info"])["installation_id"])]);
    let (code, error) = alice.failure(&["inbox", "revoke", &address]);
    assert_eq!((code, error["code"].as_str()), (5, Some("identity.guard.recovery_leaves")));
    let left = alice.json(&["inbox", "revoke", &address, "--force"]);
    assert!(members(&left, "wallet").is_empty());
    assert_eq!(alice.failure(&["inbox", "revoke"]).0, 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_wallet_is_put_in_charge_of_removals() {
    let world = World::new().await;
    let keys = tempfile::tempdir().unwrap();
    let (own, safe) = (key_file(&keys, '1'), key_file(&keys, '4'));
    let (alice, tablet) = (init(&world, "alice", &own), init(&world, "tablet", &own));
    let lost = string(&tablet.json(&["info"])["installation_id"]);
    let changed = alice.json(&["inbox", "change-recovery", "--private-key-file", text(&safe)]);
    let recovery = string(&changed["recovery"]);
    assert_ne!(recovery, alice.address());
    assert!(alice.text(&["inbox"]).contains(&format!("{recovery} (not a member)")));
    let (code, error) = alice.failure(&["inbox", "revoke", &lost]);
    assert_eq!((code, error["code"].as_str()), (5, Some("inbox_change.not_recovery")));
    let left = alice.json(&["inbox", "revoke", &lost, "--recovery-key-file", text(&safe)]);
    assert_eq!(members(&left, "device").len(), 1);
    let own_address = alice.address();
    let arguments =
        ["inbox", "change-recovery", "--unproven", &own_address, "--recovery-key-file", text(&safe)];
    assert_eq!(string(&alice.json(&arguments)["recovery"]), own_address);
    assert_eq!(alice.failure(&["inbox", "change-recovery"]).0, 2);
    world.stop().await;
}
