//! `chat` over pipes. Line editing needs a terminal; what a line means and what is shown is the same.

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn two_people_chat_and_see_each_other_at_once() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let mut alices = alice.start(&["chat", &bob.address()]);
    alices.say("Hi Bob");
    alices.expect("you: Hi Bob");
    let mut bobs = bob.start(&["chat", &alice.address()]);
    bobs.expect(": Hi Bob");
    for round in 0..5 {
        bobs.say(&format!("ping {round}"));
        alices.expect(&format!(": ping {round}"));
        alices.say(&format!("pong {round}"));
        bobs.expect(&format!(": pong {round}"));
    }
    for running in [alices, bobs] {
        let (code, rest, errors) = running.end();
        assert_eq!((code, errors), (Some(0), vec![]), "{rest:?}");
    }
    let last: Vec<String> = alice.texts(&bob.address());
    assert_eq!(last.len(), 11);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_end_of_the_input_waits_for_what_was_typed() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let mut chat = alice.start(&["chat", &bob.address()]);
    let texts: Vec<String> = (0..20).map(|number| format!("line {number}")).collect();
    for text in &texts {
        chat.say(text);
    }
    let (code, printed, errors) = chat.end();
    assert_eq!((code, errors), (Some(0), vec![]));
    let own: Vec<&String> = printed.iter().filter(|line| line.contains("you: line")).collect();
    assert_eq!(own.len(), texts.len(), "each is shown once: {printed:#?}");
    assert_eq!(bob.texts(&alice.address()), texts);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_change_the_conversation() {
    let world = World::new().await;
    let (alice, bob, carol) = (world.person("alice"), world.person("bob"), world.person("carol"));
    alice.json(&["group", "create", "--name", "Weekend", &bob.address()]);
    let bobs = bob.start(&["chat", "Weekend"]);
    let mut alices = alice.start(&["chat", "Weekend"]);
    alices.say("/members");
    alices.expect(&alice.address());
    alices.say(&format!("/add {}", carol.address()));
    alices.expect("you added");
    bobs.expect(" added ");
    alices.say("/rename Weekend at the lake");
    alices.expect("you named the group \"Weekend at the lake\"");
    bobs.expect("named the group \"Weekend at the lake\"");
    alices.say("//shrug");
    bobs.expect(": /shrug");
    alices.say("/help");
    alices.expect("/quit");
    alices.say(&format!("/remove {}", carol.address()));
    bobs.expect(" removed ");
    alices.say("/quit");
    assert_eq!(alices.wait(), Some(0));
    assert_eq!(bobs.end().0, Some(0));
    assert_eq!(bob.json_lines(&["group", "members", "Weekend at the lake"]).len(), 2);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_chat_in_json() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let mut alices = alice.start(&["chat", &bob.address(), "--json"]);
    alices.say("Hi Bob");
    let own = alices.expect_json("Hi Bob", |line| line["text"] == "Hi Bob");
    assert_eq!(own["sender"]["me"], true);
    bob.json(&["send", &alice.address(), "Hi Alice"]);
    let answer = alices.expect_json("Hi Alice", |line| line["text"] == "Hi Alice");
    assert_eq!(answer["sender"]["address"], bob.address());
    alices.say("/members");
    alices.expect_json("a member", |line| line["address"] == bob.address().as_str());
    assert_eq!(alices.end().0, Some(0));
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mistake_in_a_script_ends_the_chat_with_its_exit_code() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    let mut chat = alice.start(&["chat", &bob.address()]);
    chat.say("/nonsense");
    let (code, _, errors) = chat.end();
    assert_eq!(code, Some(2));
    assert!(errors.iter().any(|line| line.contains("cli.usage")), "{errors:?}");
    // A direct conversation has no other members.
    let carol = world.person("carol");
    let mut chat = alice.start(&["chat", &bob.address(), "--json"]);
    chat.say(&format!("/add {}", carol.address()));
    let (code, _, errors) = chat.end();
    assert_eq!(code, Some(5), "{errors:?}");
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_came_during_the_chat_is_shown_before_it_ends() {
    let world = World::new().await;
    let (alice, bob) = (world.person("alice"), world.person("bob"));
    alice.json(&["dm", &bob.address(), "first"]);
    // Whether the subscription was quick enough or not.
    for number in 0..3 {
        let mut bobs = bob.start(&["chat", &alice.address(), "--limit", "0"]);
        let text = format!("question {number}");
        alice.json(&["send", &bob.address(), &text]);
        bobs.say(&format!("answer {number}"));
        let (code, printed, errors) = bobs.end();
        assert_eq!((code, errors), (Some(0), vec![]));
        let seen = printed.iter().filter(|line| line.contains(&text)).count();
        assert_eq!(seen, 1, "{printed:#?}");
    }
    world.stop().await;
}
