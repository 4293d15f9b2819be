//! Publishing, from many connections at the same time.

use std::time::{Duration, Instant};

use hexmtp_domain::GroupId;
use tokio::task::JoinSet;

use crate::connection::{connect, group, request};
use crate::figures::{Report, Spans};
use crate::node_process::NodeProcess;
use crate::{Failure, Options};

const BATCH: usize = 50;

/// One message a call. Returns the groups that have messages now.
pub(crate) async fn one_by_one(
    options: &Options,
    node: &NodeProcess,
    report: &mut Report,
) -> Result<Vec<GroupId>, Failure> {
    let (total, spans) = publish(options, node, 1, options.messages, 1).await?;
    report.rate("publish, messages one by one", options.messages, total, &spans);
    Ok((0..options.groups).map(|number| group(1, number)).collect())
}

/// Many messages a call; the spans are those of the calls.
pub(crate) async fn in_batches(
    options: &Options,
    node: &NodeProcess,
    report: &mut Report,
) -> Result<(), Failure> {
    let (total, spans) = publish(options, node, 2, options.messages, BATCH).await?;
    report.rate(&format!("publish, messages in calls of {BATCH}"), options.messages, total, &spans);
    Ok(())
}

async fn publish(
    options: &Options,
    node: &NodeProcess,
    run: u8,
    messages: usize,
    batch: usize,
) -> Result<(Duration, Spans), Failure> {
    let mut senders = JoinSet::new();
    let began = Instant::now();
    for sender in 0..options.senders {
        let (options, url) = (options.clone(), node.url().to_owned());
        senders.spawn(async move {
            let mut client = connect(&url).await?;
            let mut spans = Spans::new()?;
            let own: Vec<usize> = (sender..messages).step_by(options.senders).collect();
            for (call, numbers) in own.chunks(batch).enumerate() {
                let to = group(run, (sender + call) % options.groups);
                let request = request(to, numbers.iter().copied(), options.size);
                let began = Instant::now();
                client.send_group_messages(request).await?;
                spans.add(began.elapsed())?;
            }
            Ok::<_, Failure>(spans)
        });
    }
    let mut all = Spans::new()?;
    while let Some(spans) = senders.join_next().await {
        all.merge(&spans??)?;
    }
    Ok((began.elapsed(), all))
}
