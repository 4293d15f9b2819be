//! Direct conversations and groups, one command after the other: every command starts from the files.

use std::process::Stdio;

use serde_json::Value;

use crate::world::{World, string};

#[tokio::test(flavor = "multi_thread")]
async fn two_people_talk_in_private() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let dm = alice.json(&["dm", &bob.address(), "Hi Bob"]);
    assert_eq!(
        (dm["kind"].as_str(), dm["peer"]["address"].as_str()),
        (Some("dm"), Some(bob.address().as_str()))
    );
    assert_eq!(string(&dm["message_id"]).len(), 64);

    // Bob answers by Alice's address, and it is the same conversation.
    let sent = bob.json(&["send", &alice.address(), "Hi Alice"]);
    assert_eq!(sent["conversation"], dm["id"]);
    let id = string(&dm["id"]);
    for (person, name) in [(&alice, bob.address()), (&bob, alice.address()), (&alice, id[..8].to_owned())] {
        assert_eq!(person.texts(&name), ["Hi Bob", "Hi Alice"]);
    }
    let messages = alice.json_lines(&["messages", &id]);
    let last = messages.last().unwrap();
    assert_eq!(last["sender"]["address"], bob.address());
    assert_eq!((&last["sender"]["me"], &last["delivery"]), (&Value::Bool(false), &Value::from("published")));
    assert_eq!(last["id"], sent["message_id"]);

    let text = alice.text(&["messages", &bob.address()]);
    let lines: Vec<&str> = text.lines().collect();
    let start = lines.len() - 2;
    assert!(lines[start].ends_with("you: Hi Bob"), "{text}");
    assert!(lines[start + 1].ends_with(": Hi Alice") && lines[start + 1].contains("…"), "{text}");
    assert!(!text.contains('\u{1b}'), "colours in a pipe");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_is_created_changed_and_followed_by_everybody() {
    let world = World::new().await;
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    let group =
        alice.json(&["group", "create", "--name", "Weekend", "--description", "By the lake", &bob.address()]);
    assert_eq!(
        (&group["kind"], &group["name"], &group["members"]),
        (&"group".into(), &"Weekend".into(), &2.into())
    );
    alice.json(&["send", "Weekend", "Who comes along?"]);
    bob.json(&["send", "weekend", "I do!"]);

    assert_eq!(bob.json(&["group", "add", "Weekend", &carol.address()])["members"], 3);
    assert_eq!(
        carol.json(&["group", "rename", "Weekend", "Weekend at the lake"])["name"],
        "Weekend at the lake"
    );
    carol.json(&["send", "Weekend at the lake", "I bring the tent"]);
    assert_eq!(carol.texts("Weekend at the lake"), ["I bring the tent"]);
    let members = alice.json_lines(&["group", "members", "weekend at the lake"]);
    let mut addresses: Vec<String> = members.iter().map(|member| string(&member["address"])).collect();
    let mut expected = vec![alice.address(), bob.address(), carol.address()];
    addresses.sort();
    expected.sort();
    assert_eq!(addresses, expected);
    assert!(members.iter().any(|member| member["me"] == true && member["role"] == "super_admin"));

    assert_eq!(alice.json(&["group", "remove", "Weekend at the lake", &bob.address()])["members"], 2);
    alice.json(&["send", "Weekend at the lake", "Without Bob"]);
    assert_eq!(
        alice.texts("Weekend at the lake"),
        ["Who comes along?", "I do!", "I bring the tent", "Without Bob"]
    );
    assert_eq!(bob.texts("Weekend at the lake"), ["Who comes along?", "I do!", "I bring the tent"]);
    let (code, error) = bob.failure(&["send", "Weekend at the lake", "Hello?"]);
    assert_eq!((code, error["code"].as_str()), (5, Some("change.not_a_member")));

    let list = bob.json_lines(&["group", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["active"]), (&"Weekend at the lake".into(), &false.into()));
    assert!(bob.text(&["group", "list"]).contains("no longer a member"));
    let changes = alice.text(&["messages", "Weekend at the lake"]);
    for change in [" added ", "named the group \"Weekend at the lake\"", " removed "] {
        assert!(changes.contains(change), "{change}: {changes}");
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_show_groups_and_direct_conversations_by_last_activity() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    assert_eq!(alice.text(&["group", "list"]), "no conversations yet\n");
    assert_eq!(alice.json_lines(&["group", "list"]), Vec::<Value>::new());
    let group = alice.json(&["group", "create", "--name", "Books", &bob.address()]);
    let dm = alice.json(&["dm", &bob.address(), "psst"]);
    let ids = |offline: &[&str]| -> Vec<Value> {
        let list = bob.json_lines(&[&["group", "list"], offline].concat());
        list.iter().map(|line| line["id"].clone()).collect()
    };
    assert_eq!(ids(&["--offline"]), Vec::<Value>::new());
    assert_eq!(ids(&[]), [dm["id"].clone(), group["id"].clone()]);
    alice.json(&["send", "Books", "chapter one"]);
    assert_eq!(ids(&["--offline"]), [dm["id"].clone(), group["id"].clone()]);
    assert_eq!(ids(&[]), [group["id"].clone(), dm["id"].clone()]);
    let table = alice.text(&["group", "list"]);
    assert!(table.starts_with("ID ") && table.contains("Books") && table.contains(&bob.address()), "{table}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_limit_shows_the_newest_messages_and_offline_what_is_stored() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "one"]);
    bob.json(&["sync"]);
    for text in ["two", "three"] {
        alice.json(&["send", &bob.address(), text]);
    }
    let said = |arguments: &[&str]| -> Vec<String> {
        let lines = bob.json_lines(&[&["messages", &alice.address()], arguments].concat());
        lines.iter().filter(|line| line["kind"] == "text").map(|line| string(&line["text"])).collect()
    };
    assert_eq!(said(&["--offline"]), ["one"]);
    assert_eq!(said(&["-n", "2"]), ["two", "three"]);
    assert_eq!(said(&["--offline", "--limit", "1"]), ["three"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sync_tells_what_it_did() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "Hi"]);
    let summary = bob.json(&["sync"]);
    assert_eq!((&summary["joined"], &summary["failed"]), (&1.into(), &0.into()));
    let summary = bob.json(&["sync"]);
    assert_eq!((&summary["joined"], &summary["synced"]), (&0.into(), &0.into()));
    assert_eq!(bob.text(&["sync"]), "0 conversations joined, 0 with news\n");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_prints_what_comes_and_what_was_missed() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let group = alice.json(&["group", "create", "--name", "Birds", &bob.address()]);
    alice.json(&["send", "Birds", "missed"]);
    let everything = bob.start(&["stream", "--json"]);
    let missed = everything.expect_json("missed", |line| line["text"] == "missed");
    assert_eq!(missed["conversation"], group["id"]);
    let (birds, counted) = (bob.start(&["stream", "Birds"]), bob.start(&["stream", "--count", "1"]));
    let dm = alice.json(&["dm", &bob.address(), "in private"]);
    alice.json(&["send", "Birds", "a heron"]);
    assert_eq!(
        everything.expect_json("in private", |line| line["text"] == "in private")["conversation"],
        dm["id"]
    );
    everything.expect_json("a heron", |line| line["text"] == "a heron");
    let line = birds.expect("a heron");
    assert!(line.ends_with(": a heron") && !line.contains("[Birds]"), "{line}");
    let (code, printed, errors) = counted.end();
    assert_eq!((code, printed.len(), errors), (Some(0), 1, vec![]));
    #[cfg(unix)]
    {
        everything.interrupt();
        assert_eq!(everything.end().0, Some(0));
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_of_any_kind_arrive_as_they_were_sent() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let strange = "Grüße 👩‍👩‍👧\n\u{1b}[2J\u{202e}evil\tend ";
    alice.json(&["dm", &bob.address(), strange]);
    let mut command = alice.command(&["send", &bob.address(), "-"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"from a pipe\nin two lines\n").unwrap();
    assert!(child.wait().unwrap().success());
    assert_eq!(bob.texts(&alice.address()), [strange, "from a pipe\nin two lines"]);
    let shown = bob.text(&["messages", &alice.address()]);
    assert!(shown.contains("Grüße 👩‍👩‍👧") && !shown.contains(['\u{1b}', '\u{202e}']), "{shown:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn people_are_named_by_inbox_as_well() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let inbox = string(&bob.json(&["info"])["inbox_id"]);
    let dm = alice.json(&["dm", &inbox, "by inbox"]);
    assert_eq!(dm["peer"]["inbox_id"], inbox);
    assert_eq!(alice.json(&["send", &inbox, "again"])["conversation"], dm["id"]);
    assert_eq!(bob.texts(&alice.address()), ["by inbox", "again"]);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_admins_change_a_group_that_is_made_so() {
    let world = World::new().await;
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.json(&["group", "create", "--name", "Board", "--admins-only", &bob.address()]);
    bob.json(&["sync"]);
    for arguments in [["group", "rename", "Board", "Mine"], ["group", "add", "Board", &carol.address()]] {
        let (code, error) = bob.failure(&arguments);
        assert_eq!((code, error["class"].as_str()), (5, Some("refused")), "{error}");
    }
    assert_eq!(alice.json(&["group", "rename", "Board", "Ours"])["name"], "Ours");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_leaves_a_group() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["group", "create", "--name", "Choir", &bob.address()]);
    let leaving = bob.json(&["group", "leave", "Choir"]);
    assert_eq!(leaving["leaving"], true);
    let (code, error) = bob.failure(&["send", "Choir", "one more thing"]);
    assert_eq!((code, error["code"].as_str()), (5, Some("change.leaving")));
    alice.json(&["sync"]);
    let members = alice.json_lines(&["group", "members", "Choir"]);
    assert_eq!(members.len(), 1, "{members:?}");
    assert!(alice.text(&["messages", "Choir"]).contains(" asked to leave"));
    assert_eq!(bob.json_lines(&["group", "list"])[0]["active"], false);
    let (code, error) = alice.failure(&["group", "leave", "Choir"]);
    assert_eq!((code, error["class"].as_str()), (5, Some("refused")), "{error}");
    world.stop().await;
}
