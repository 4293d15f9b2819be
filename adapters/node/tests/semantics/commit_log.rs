//! The commit log.

use hexmtp_proto::xmtp::identity::associations::RecoverableEd25519Signature;
use hexmtp_proto::xmtp::mls::api::v1 as wire;
use tonic::{Code, Status};

use super::peer::{Peer, Running, code, fresh};

fn entry(group: [u8; 16], text: &str) -> wire::PublishCommitLogRequest {
    wire::PublishCommitLogRequest {
        group_id: group.to_vec(),
        serialized_commit_log_entry: text.as_bytes().to_vec(),
        signature: Some(RecoverableEd25519Signature { bytes: vec![1; 64], public_key: vec![2; 32] }),
    }
}

async fn publish(peer: &Peer, requests: Vec<wire::PublishCommitLogRequest>) -> Result<(), Status> {
    peer.mls.clone().batch_publish_commit_log(wire::BatchPublishCommitLogRequest { requests }).await.map(drop)
}

async fn query(
    peer: &Peer,
    asked: &[([u8; 16], u32, u64)],
) -> Result<Vec<wire::QueryCommitLogResponse>, Status> {
    let request = |(group, limit, id_cursor): &([u8; 16], u32, u64)| wire::QueryCommitLogRequest {
        group_id: group.to_vec(),
        paging_info: Some(wire::PagingInfo { direction: 0, limit: *limit, id_cursor: *id_cursor }),
    };
    let requests = asked.iter().map(request).collect();
    let answer =
        peer.mls.clone().batch_query_commit_log(wire::BatchQueryCommitLogRequest { requests }).await?;
    Ok(answer.into_inner().responses)
}

/// R-NET-122
pub(crate) async fn entries_come_back_in_order(node: &Running) {
    let peer = node.peer().await;
    let (first, second) = (fresh(), fresh());
    publish(&peer, vec![entry(first, "a"), entry(second, "b"), entry(first, "c")]).await.unwrap();
    // The same entry again is another entry: whether it counts is for its readers to say.
    publish(&peer, vec![entry(first, "a")]).await.unwrap();
    let answers =
        query(&peer, &[(second, 100, 0), (first, 2, 0), (fresh(), 0, 0), (first, 2, 3)]).await.unwrap();
    let found: Vec<Vec<(u64, &[u8])>> = answers
        .iter()
        .map(|answer| {
            let entries = answer.commit_log_entries.iter();
            entries.map(|it| (it.sequence_id, &it.serialized_commit_log_entry[..])).collect()
        })
        .collect();
    assert_eq!(found, [vec![(2, &b"b"[..])], vec![(1, b"a"), (3, b"c")], vec![], vec![(4, b"a")]]);
    let cursors: Vec<u64> = answers.iter().map(|it| it.paging_info.unwrap().id_cursor).collect();
    assert_eq!(cursors, [0, 3, 0, 0]);
    assert_eq!(answers[1].group_id, first);
    let signature = answers[0].commit_log_entries[0].signature.clone().unwrap();
    assert_eq!((signature.bytes, signature.public_key), (vec![1; 64], vec![2; 32]));
}

/// R-NET-123
pub(crate) async fn only_signed_entries_and_small_batches_are_taken(node: &Running) {
    let peer = node.peer().await;
    let group = fresh();
    let ten: Vec<_> = (0..10).map(|it| entry(group, &it.to_string())).collect();
    let eleven: Vec<_> = (0..11).map(|it| entry(group, &it.to_string())).collect();
    assert_eq!(code(publish(&peer, eleven).await), Code::InvalidArgument);
    let unsigned = wire::PublishCommitLogRequest { signature: None, ..entry(group, "x") };
    let no_group = wire::PublishCommitLogRequest { group_id: vec![1; 8], ..entry(group, "x") };
    let empty = entry(group, "");
    let large = entry(group, &"x".repeat(9 * 1024));
    for bad in [unsigned, no_group, empty, large] {
        assert_eq!(code(publish(&peer, vec![entry(group, "good"), bad]).await), Code::InvalidArgument);
    }
    assert!(query(&peer, &[(group, 0, 0)]).await.unwrap()[0].commit_log_entries.is_empty());
    publish(&peer, ten).await.unwrap();
    assert_eq!(query(&peer, &[(group, 0, 0); 20]).await.unwrap().len(), 20);
    assert_eq!(code(query(&peer, &[(group, 0, 0); 21]).await), Code::InvalidArgument);
}
