//! Handing messages to many subscriptions of one group.

use std::sync::Arc;
use std::time::Instant;

use hexmtp_proto::xmtp::mls::api::v1::SubscribeGroupMessagesRequest;
use hexmtp_proto::xmtp::mls::api::v1::subscribe_group_messages_request::Filter;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use crate::connection::{connect, group, request};
use crate::figures::{Report, Spans};
use crate::node_process::NodeProcess;
use crate::{Failure, Options};

/// HTTP/2 allows about a hundred streams a connection.
const PER_CONNECTION: usize = 50;

/// Publishes to a group that all subscribe to; a span is from before the publishing to one subscriber's receipt.
pub(crate) async fn to_subscriptions(
    options: &Options,
    node: &NodeProcess,
    report: &mut Report,
) -> Result<(), Failure> {
    let to = group(3, 0);
    let published: Arc<Mutex<Vec<Instant>>> = Arc::default();
    let mut readers = JoinSet::new();
    let mut client = connect(node.url()).await?;
    for number in 0..options.subscriptions {
        if number % PER_CONNECTION == 0 {
            client = connect(node.url()).await?;
        }
        let filters = vec![Filter { group_id: to.as_bytes().to_vec(), id_cursor: 0 }];
        let request = SubscribeGroupMessagesRequest { filters };
        // The headers are here: whatever is published now is for this subscriber too.
        let mut stream = client.subscribe_group_messages(request).await?.into_inner();
        let (published, messages) = (published.clone(), options.fan_out);
        readers.spawn(async move {
            let mut receipts = Vec::with_capacity(messages);
            while receipts.len() < messages {
                stream.message().await?.ok_or("the subscription ended")?;
                receipts.push(Instant::now());
            }
            let (mut spans, published) = (Spans::new()?, published.lock().await);
            for (receipt, began) in receipts.iter().zip(published.iter()) {
                spans.add(receipt.duration_since(*began))?;
            }
            Ok::<_, Failure>(spans)
        });
    }
    report.memory(&format!("node with {} subscriptions", options.subscriptions), node.memory()?);
    let began = Instant::now();
    {
        // Readers take the times only when they have read everything: held until all are noted.
        let mut times = published.lock().await;
        for number in 0..options.fan_out {
            times.push(Instant::now());
            client.send_group_messages(request(to, [number], options.size)).await?;
        }
    }
    let mut all = Spans::new()?;
    while let Some(spans) = readers.join_next().await {
        all.merge(&spans??)?;
    }
    let name = format!("deliver to {} subscriptions", options.subscriptions);
    report.rate(&name, options.subscriptions * options.fan_out, began.elapsed(), &all);
    Ok(())
}
