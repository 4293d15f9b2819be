//! Several processes on one profile at the same time.

use crate::world::{Running, World};

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_sees_what_another_process_of_the_profile_sends() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "first"]);
    let stream = alice.start(&["stream", "--json"]);
    let mut chat = alice.start(&["chat", &bob.address(), "--json"]);
    chat.expect_json("first", |line| line["text"] == "first");
    for number in 0..3 {
        let text = format!("from another process {number}");
        alice.json(&["send", &bob.address(), &text]);
        stream.expect_json(&text, |line| line["text"] == text.as_str());
        chat.expect_json(&text, |line| line["text"] == text.as_str());
        let answer = format!("answer {number}");
        bob.json(&["send", &alice.address(), &answer]);
        stream.expect_json(&answer, |line| line["text"] == answer.as_str());
        chat.expect_json(&answer, |line| line["text"] == answer.as_str());
        let typed = format!("typed {number}");
        chat.say(&typed);
        stream.expect_json(&typed, |line| line["text"] == typed.as_str());
    }
    assert_eq!(chat.end().0, Some(0));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn processes_that_send_at_once_lose_and_double_nothing() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["group", "create", "--name", "Busy", &bob.address()]);
    let mut expected: Vec<String> = (0..8).map(|number| format!("message {number}")).collect();
    let running: Vec<Running> =
        expected.iter().map(|text| alice.start(&["send", "Busy", text.as_str()])).collect();
    for process in running {
        let (code, _, errors) = process.end();
        assert_eq!((code, errors), (Some(0), vec![]));
    }
    expected.sort();
    for person in [&alice, &bob] {
        let mut texts = person.texts("Busy");
        texts.sort();
        assert_eq!(texts, expected);
    }
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_init_at_once_both_get_the_same_account() {
    let world = World::new().await;
    let alice = world.stranger("alice");
    let running: Vec<Running> = (0..3).map(|_| alice.start(&["init", "--json"])).collect();
    let mut made: Vec<Vec<String>> = Vec::new();
    for process in running {
        let (code, printed, errors) = process.end();
        assert_eq!((code, errors), (Some(0), vec![]));
        made.push(printed);
    }
    assert!(made.iter().all(|printed| printed.len() == 1 && printed == &made[0]), "{made:#?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_is_killed_leaves_the_profile_usable() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "first"]);
    for number in 0..3 {
        let mut chat = alice.start(&["chat", &bob.address()]);
        chat.say(&format!("before the end {number}"));
        chat.expect(&format!("you: before the end {number}"));
        // Killed, not ended.
        drop(chat);
        alice.json(&["send", &bob.address(), &format!("after it {number}")]);
    }
    let texts = bob.texts(&alice.address());
    for number in 0..3 {
        for text in [format!("before the end {number}"), format!("after it {number}")] {
            assert_eq!(texts.iter().filter(|said| **said == text).count(), 1, "{text}: {texts:?}");
        }
    }
    world.stop().await;
}
