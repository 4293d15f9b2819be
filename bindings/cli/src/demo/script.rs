//! What happens in the demo, step by step.

use std::path::Path;
use std::time::Instant;

use futures_util::StreamExt;
use hexmtp::domain::identity::Identifier;
use hexmtp::ports::store::MessageFilter;
use hexmtp::{Conversation, GroupOptions};
use hexmtp_delivery_memory::MemoryNetwork;

use crate::compose;
use crate::demo::person::{Device, Wallet};
use crate::demo::report::{Report, Step};
use crate::demo::transcript::{Names, transcripts};
use crate::error::CliError;

/// The running demo.
struct Stage {
    network: MemoryNetwork,
    alice: Device,
    bob: Device,
    carol: Device,
    wallets: [Wallet; 3],
    steps: Vec<Step>,
}

/// Plays the demo in a folder.
pub(crate) async fn play(folder: &Path, keep: bool) -> Result<Report, CliError> {
    let started = Instant::now();
    let mut stage = open(folder, keep).await?;
    can_message(&mut stage).await?;
    direct_conversation(&mut stage).await?;
    let group = form_group(&mut stage).await?;
    rename(&mut stage, &group).await?;
    let tablet = second_device(&mut stage, &group, folder, keep).await?;
    remove(&mut stage, &group).await?;
    restart(&mut stage, &group).await?;
    tablet.client.sync_all().await?;
    let names = names(&stage);
    let devices = [&stage.alice, &tablet, &stage.bob, &stage.carol];
    let transcripts = transcripts(&devices, &names).await?;
    for device in devices {
        device.client.close().await?;
    }
    let folder = keep.then(|| folder.to_path_buf());
    Ok(Report { steps: stage.steps, transcripts, total: started.elapsed(), folder })
}

async fn open(folder: &Path, keep: bool) -> Result<Stage, CliError> {
    let started = Instant::now();
    let network = compose::network();
    let wallets = [Wallet::new()?, Wallet::new()?, Wallet::new()?];
    let [alice, bob, carol] = &wallets;
    let alice = Device::register(&network, folder, ("Alice", "Alice", "alice"), alice, keep).await?;
    let bob = Device::register(&network, folder, ("Bob", "Bob", "bob"), bob, keep).await?;
    let carol = Device::register(&network, folder, ("Carol", "Carol", "carol"), carol, keep).await?;
    let outcome = "Alice, Bob and Carol each have an inbox and an encrypted database".to_owned();
    let steps = vec![Step { name: "register", outcome, took: started.elapsed() }];
    Ok(Stage { network, alice, bob, carol, wallets, steps })
}

impl Stage {
    /// Notes a step.
    fn done(&mut self, name: &'static str, started: Instant, outcome: impl Into<String>) {
        self.steps.push(Step { name, outcome: outcome.into(), took: started.elapsed() });
    }

    /// Everybody reads what there is to read.
    async fn sync_everybody(&self) -> Result<(), CliError> {
        for device in [&self.alice, &self.bob, &self.carol] {
            device.client.sync_all().await?;
        }
        Ok(())
    }
}

async fn can_message(stage: &mut Stage) -> Result<(), CliError> {
    let started = Instant::now();
    let stranger = Wallet::new()?;
    let asked: Vec<Identifier> = vec![stage.wallets[1].identifier().clone(), stranger.identifier().clone()];
    let answers = stage.alice.client.can_message(&asked).await?;
    let outcome = match answers.as_slice() {
        [true, false] => "Alice can message Bob; an address that never registered cannot be messaged",
        _ => return Err(CliError::Unexpected("canMessage gave a wrong answer")),
    };
    stage.done("canMessage", started, outcome);
    Ok(())
}

async fn direct_conversation(stage: &mut Stage) -> Result<(), CliError> {
    let started = Instant::now();
    let bob = stage.wallets[1].identifier();
    let dm = stage.alice.client.create_or_find_dm_by_identifier(bob).await?;
    dm.send_text("Hi Bob, are you there?").await?;
    stage.bob.client.sync_all().await?;
    let alice = stage.alice.client.inbox_id();
    let answer = stage.bob.client.create_or_find_dm(alice).await?;
    if answer.id() != dm.id() {
        return Err(CliError::Unexpected("Bob did not find the conversation that Alice opened"));
    }
    answer.send_text("I am. Nobody else can read this.").await?;
    stage.alice.client.sync_all().await?;
    stage.done("dm", started, "Alice and Bob talk in private");
    Ok(())
}

async fn form_group(stage: &mut Stage) -> Result<Conversation, CliError> {
    let started = Instant::now();
    let options = GroupOptions { name: "Weekend".to_owned(), ..GroupOptions::default() };
    let members = [stage.bob.client.inbox_id(), stage.carol.client.inbox_id()];
    let group = stage.alice.client.create_group(options, &members).await?;
    let mut stream = stage.carol.client.stream_messages().await?;
    group.send_text("Who comes along to the lake?").await?;
    // Carol learns of the group and of the message by her stream alone.
    let arrival = async {
        while let Some(streamed) = stream.next().await {
            if streamed?.message.body.as_text() == Some("Who comes along to the lake?") {
                return Ok(());
            }
        }
        Err(CliError::Unexpected("Carol's stream ended"))
    };
    let limit = std::time::Duration::from_secs(60);
    tokio::time::timeout(limit, arrival)
        .await
        .map_err(|_| CliError::Unexpected("the message did not reach Carol's stream"))??;
    drop(stream);
    stage.done("group", started, "Alice forms a group of three; Carol's stream delivers the first message");
    let started = Instant::now();
    stage.sync_everybody().await?;
    stage.bob.client.conversation(group.id()).await?.send_text("I do!").await?;
    stage.carol.client.conversation(group.id()).await?.send_text("Me too. I bring the tent.").await?;
    stage.sync_everybody().await?;
    stage.done("messages", started, "Bob and Carol answer");
    Ok(group)
}

async fn rename(stage: &mut Stage, group: &Conversation) -> Result<(), CliError> {
    let started = Instant::now();
    stage.bob.client.conversation(group.id()).await?.update_name("Weekend at the lake").await?;
    stage.sync_everybody().await?;
    if group.name().await? != "Weekend at the lake" {
        return Err(CliError::Unexpected("the new name did not arrive"));
    }
    stage.done("rename", started, "Bob renames the group, everybody sees it");
    Ok(())
}

async fn second_device(
    stage: &mut Stage,
    group: &Conversation,
    folder: &Path,
    keep: bool,
) -> Result<Device, CliError> {
    let started = Instant::now();
    let who = ("Alice", "Alice's tablet", "alice-tablet");
    let tablet = Device::register(&stage.network, folder, who, &stage.wallets[0], keep).await?;
    // Alice's first device sees that her inbox has a new installation and adds it to her conversations.
    stage.alice.client.sync_all().await?;
    tablet.client.sync_all().await?;
    tablet.client.conversation(group.id()).await?.send_text("Writing from my tablet now.").await?;
    stage.sync_everybody().await?;
    stage.done("second device", started, "Alice's tablet joins her conversations and writes");
    Ok(tablet)
}

async fn remove(stage: &mut Stage, group: &Conversation) -> Result<(), CliError> {
    let started = Instant::now();
    group.remove_members(&[stage.carol.client.inbox_id()]).await?;
    group.send_text("Carol has to work, so it is the two of us.").await?;
    stage.sync_everybody().await?;
    let carols = stage.carol.client.conversation(group.id()).await?;
    let last = carols.messages(MessageFilter::default()).await?;
    let reads_on =
        last.iter().any(|message| message.body.as_text().is_some_and(|text| text.starts_with("Carol has")));
    if reads_on || carols.is_active().await? {
        return Err(CliError::Unexpected("Carol reads on after her removal"));
    }
    if carols.send_text("Hello?").await.is_ok() {
        return Err(CliError::Unexpected("Carol writes on after her removal"));
    }
    stage.done("remove", started, "Alice removes Carol, who can neither read nor write on");
    Ok(())
}

async fn restart(stage: &mut Stage, group: &Conversation) -> Result<(), CliError> {
    let started = Instant::now();
    stage.bob.client.sync_all().await?;
    stage.bob.restart(&stage.network).await?;
    stage.bob.client.sync_all().await?;
    stage.bob.client.conversation(group.id()).await?.send_text("Back after a restart, nothing lost.").await?;
    stage.sync_everybody().await?;
    stage.done("restart", started, "Bob's client is closed, opened from its file and goes on");
    Ok(())
}

fn names(stage: &Stage) -> Names {
    [&stage.alice, &stage.bob, &stage.carol]
        .into_iter()
        .map(|device| (device.client.inbox_id(), device.owner))
        .collect()
}
