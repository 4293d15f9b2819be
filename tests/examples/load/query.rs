//! Reading logs page by page, from many connections at the same time.

use std::time::Instant;

use hexmtp_domain::GroupId;
use hexmtp_proto::xmtp::mls::api::v1::{PagingInfo, QueryGroupMessagesRequest, SortDirection, group_message};
use tokio::task::JoinSet;

use crate::connection::connect;
use crate::figures::{Report, Spans};
use crate::node_process::NodeProcess;
use crate::{Failure, Options};

const PAGE: u32 = 100;

/// Reads the groups' logs from their beginnings, over and over.
pub(crate) async fn pages(
    options: &Options,
    node: &NodeProcess,
    groups: &[GroupId],
    report: &mut Report,
) -> Result<(), Failure> {
    let mut readers = JoinSet::new();
    let began = Instant::now();
    for reader in 0..options.senders {
        let (url, groups) = (node.url().to_owned(), groups.to_vec());
        let pages = options.pages / options.senders;
        readers.spawn(async move {
            let mut client = connect(&url).await?;
            let (mut spans, mut read) = (Spans::new()?, 0_usize);
            let (mut place, mut cursor) = (reader, 0);
            for _ in 0..pages {
                let group = groups[place % groups.len()];
                let direction = SortDirection::Ascending.into();
                let request = QueryGroupMessagesRequest {
                    group_id: group.as_bytes().to_vec(),
                    paging_info: Some(PagingInfo { direction, limit: PAGE, id_cursor: cursor }),
                };
                let began = Instant::now();
                let messages = client.query_group_messages(request).await?.into_inner().messages;
                spans.add(began.elapsed())?;
                read += messages.len();
                cursor = match messages.last().and_then(|message| message.version.as_ref()) {
                    Some(group_message::Version::V1(last)) if messages.len() == PAGE as usize => last.id,
                    _ => {
                        place += 1;
                        0
                    }
                };
            }
            Ok::<_, Failure>((spans, read))
        });
    }
    let (mut all, mut messages) = (Spans::new()?, 0);
    while let Some(result) = readers.join_next().await {
        let (spans, read) = result??;
        all.merge(&spans)?;
        messages += read;
    }
    report.rate("query, messages in pages of 100", messages, began.elapsed(), &all);
    Ok(())
}
