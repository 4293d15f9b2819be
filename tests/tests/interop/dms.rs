//! Direct conversations.

use hexmtp_tests::interop::{Scene, assert_same, settle};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn they_create_a_dm_and_we_answer() {
    let scene = Scene::begin("DM: they create, we answer").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let their_dm = theirs.create_dm(ours.inbox_id()).await;
    their_dm.send("from them").await;
    let our_dm = ours.joined(their_dm.id).await;
    assert_eq!(our_dm.dm_peer().await.expect("a DM"), Some(theirs.inbox_id()));
    our_dm.send_text("from us").await.expect("sent");
    their_dm.sync().await;
    their_dm.send("and again").await;
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(their_dm.texts().await, ["from them", "from us", "and again"]);
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 3);
    scene.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn we_create_a_dm_and_they_answer() {
    let scene = Scene::begin("DM: we create, they answer").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let our_dm = ours.client.create_or_find_dm(theirs.inbox_id()).await.expect("a DM");
    our_dm.send_text("from us").await.expect("sent");
    let their_dm = theirs.joined(our_dm.id()).await;
    their_dm.send("from them").await;
    our_dm.sync().await.expect("a sync");
    our_dm.send_text("and again").await.expect("sent");
    settle(&[&our_dm], &[&their_dm]).await;
    assert_eq!(their_dm.texts().await, ["from us", "from them", "and again"]);
    assert_eq!(assert_same(&our_dm, &their_dm).await.messages, 3);
    let state = their_dm.state().await;
    assert_eq!(state.peer, Some(ours.inbox_id().to_string()));
    scene.end().await;
}

/// R-NET-209
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_dm_created_from_both_sides_at_once_is_one_conversation() {
    let scene = Scene::begin("DM: created from both sides at once").await;
    let (ours, theirs) = (scene.ours().await, scene.official().await);
    let (our_dm, their_dm) = tokio::join!(
        async { ours.client.create_or_find_dm(theirs.inbox_id()).await.expect("a DM") },
        theirs.create_dm(ours.inbox_id()),
    );
    assert_ne!(our_dm.id(), their_dm.id, "neither knew of the other");
    our_dm.send_text("in ours").await.expect("sent");
    their_dm.send("in theirs").await;

    let ours_of_theirs = ours.joined(their_dm.id).await;
    let theirs_of_ours = theirs.joined(our_dm.id()).await;
    settle(&[&our_dm], &[&theirs_of_ours]).await;
    settle(&[&ours_of_theirs], &[&their_dm]).await;
    assert_eq!(assert_same(&our_dm, &theirs_of_ours).await.messages, 1);
    assert_eq!(assert_same(&ours_of_theirs, &their_dm).await.messages, 1);

    // Both list one conversation that holds both messages.
    assert_eq!(theirs.list().await.len(), 1);
    let listed = ours.client.conversations(hexmtp::ports::store::ConversationFilter::default()).await;
    let [listed] = listed.expect("a list").try_into().ok().expect("one conversation");
    let mut our_texts = crate::texts(&listed).await;
    let mut their_texts = theirs.conversation(theirs.list().await[0]).texts().await;
    our_texts.sort();
    their_texts.sort();
    assert_eq!(our_texts, ["in ours", "in theirs"]);
    assert_eq!(their_texts, ["in ours", "in theirs"]);
    scene.end().await;
}
