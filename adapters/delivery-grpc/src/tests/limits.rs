use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{GroupId, InstallationId, SequenceId};
use hexmtp_ports::commit_log::{CommitLog, OutboundCommitLogEntry};
use hexmtp_ports::delivery::{
    DeliveryError, DeliveryService, OutboundGroupMessage, OutboundWelcome, WelcomePayload,
};
use hexmtp_proto::xmtp::mls::api::v1::{
    BatchPublishCommitLogRequest, BatchQueryCommitLogRequest, BatchQueryCommitLogResponse,
    FetchKeyPackagesRequest, FetchKeyPackagesResponse, GetNewestGroupMessageRequest,
    GetNewestGroupMessageResponse, QueryCommitLogResponse, SendGroupMessagesRequest,
    SendWelcomeMessagesRequest, fetch_key_packages_response, get_newest_group_message_response,
};

use super::fake::{Fake, GROUP, OTHER, Reply, mls_message};
use crate::limits::batches;
use crate::{GrpcOptions, Method};

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

fn group(number: usize) -> GroupId {
    GroupId::new(u128::try_from(number).unwrap().to_be_bytes())
}

fn message(size: usize) -> OutboundGroupMessage {
    let sender_hmac = vec![1; size];
    OutboundGroupMessage { group_id: GROUP, data: mls_message(GROUP, 1, 0), sender_hmac, should_push: true }
}

#[test]
fn batches_hold_everything_in_order_within_both_limits() {
    let sizes = vec![10, 10, 10, 100, 1, 1, 1, 1, 60, 60];
    let split = batches(sizes.clone(), 3, 100, |size| *size);
    assert_eq!(split, [vec![10, 10, 10], vec![100], vec![1, 1, 1], vec![1, 60], vec![60]]);
    assert!(batches(Vec::<usize>::new(), 3, 100, |size| *size).is_empty());
}

/// R-NET-164
#[tokio::test(start_paused = true)]
async fn publications_are_split_as_servers_demand() {
    let fake = Fake::of(Method::SendWelcomeMessages, (0..3).map(|_| Reply::empty()));
    fake.add(Method::BatchPublishCommitLog, (0..3).map(|_| Reply::empty()));
    let network = fake.network();
    let welcome = |number: u8| OutboundWelcome {
        destination: InstallationId::new([number; 32]),
        payload: WelcomePayload::Pointer {
            data: vec![number],
            hpke_public_key: vec![1],
            algorithm: WrapperAlgorithm::XWing,
        },
    };
    network.publish_welcomes((0..120).map(welcome).collect()).await.unwrap();
    let requests: Vec<SendWelcomeMessagesRequest> = fake.requests(Method::SendWelcomeMessages);
    assert_eq!(requests.iter().map(|it| it.messages.len()).collect::<Vec<_>>(), [50, 50, 20]);
    let entry = |number: u8| OutboundCommitLogEntry {
        group_id: GROUP,
        entry: vec![number],
        public_key: vec![1; 32],
        signature: vec![2; 64],
    };
    network.publish((0..25).map(entry).collect()).await.unwrap();
    let requests: Vec<BatchPublishCommitLogRequest> = fake.requests(Method::BatchPublishCommitLog);
    assert_eq!(requests.iter().map(|it| it.requests.len()).collect::<Vec<_>>(), [10, 10, 5]);
    let entries = requests.into_iter().flat_map(|it| it.requests).map(|it| it.serialized_commit_log_entry);
    assert_eq!(entries.collect::<Vec<_>>(), (0..25).map(|number| vec![number]).collect::<Vec<_>>());
}

/// R-NET-164
#[tokio::test(start_paused = true)]
async fn large_messages_go_in_several_calls_and_one_that_is_too_large_not_at_all() {
    let fake = Fake::of(Method::SendGroupMessages, (0..3).map(|_| Reply::empty()));
    let network = fake.network_with(GrpcOptions::new("http://fake").max_message_bytes(10_000));
    network.publish_group_messages(vec![message(4_000), message(4_000), message(4_000)]).await.unwrap();
    let requests: Vec<SendGroupMessagesRequest> = fake.requests(Method::SendGroupMessages);
    assert_eq!(requests.iter().map(|it| it.messages.len()).collect::<Vec<_>>(), [2, 1]);
    let outcome = network.publish_group_messages(vec![message(10_000)]).await;
    assert!(matches!(outcome, Err(DeliveryError::Rejected { .. })), "{outcome:?}");
    assert_eq!(fake.questions().len(), 2);
}

/// R-NET-164
#[tokio::test(start_paused = true)]
async fn lookups_are_split_and_put_together_in_order() {
    let newest = |count: usize| {
        let responses = vec![get_newest_group_message_response::Response { group_message: None }; count];
        Reply::ok(&GetNewestGroupMessageResponse { responses })
    };
    let fake = Fake::of(Method::GetNewestGroupMessage, [newest(1_000), newest(200)]);
    let packages = |range: std::ops::Range<usize>| {
        let package = |number: usize| fetch_key_packages_response::KeyPackage {
            key_package_tls_serialized: format!("package {number}").into_bytes(),
        };
        Reply::ok(&FetchKeyPackagesResponse { key_packages: range.map(package).collect() })
    };
    fake.add(Method::FetchKeyPackages, [packages(0..250), packages(250..300)]);
    let network = fake.network();
    let groups: Vec<GroupId> = (0..1_200).map(group).collect();
    assert_eq!(network.newest_group_messages(&groups).await.unwrap(), vec![None; 1_200]);
    let requests: Vec<GetNewestGroupMessageRequest> = fake.requests(Method::GetNewestGroupMessage);
    assert!(requests.iter().all(|it| !it.include_content));
    let asked: Vec<usize> = requests.iter().flat_map(|it| &it.group_ids).map(|id| number(id)).collect();
    assert_eq!(asked, (0..1_200).collect::<Vec<_>>());

    let installation =
        |number: u16| InstallationId::new([number.to_be_bytes(); 16].concat().try_into().unwrap());
    let installations: Vec<InstallationId> = (0..300).map(installation).collect();
    let packages = network.fetch_key_packages(&installations).await.unwrap();
    let expected: Vec<_> = (0..300).map(|number| Some(format!("package {number}").into_bytes())).collect();
    assert_eq!(packages, expected);
    let requests: Vec<FetchKeyPackagesRequest> = fake.requests(Method::FetchKeyPackages);
    assert_eq!(requests.iter().map(|it| it.installation_keys.len()).collect::<Vec<_>>(), [250, 50]);
}

/// R-NET-164
#[tokio::test(start_paused = true)]
async fn commit_logs_are_asked_for_twenty_at_a_time() {
    let empty = |groups: std::ops::Range<usize>| {
        let response = |number: usize| QueryCommitLogResponse {
            group_id: group(number).to_vec(),
            ..QueryCommitLogResponse::default()
        };
        Reply::ok(&BatchQueryCommitLogResponse { responses: groups.rev().map(response).collect() })
    };
    let fake = Fake::of(Method::BatchQueryCommitLog, [empty(0..20), empty(20..40), empty(40..45)]);
    let asked: Vec<_> = (0..45).map(|number| (group(number), SequenceId(3))).collect();
    let pages = fake.network().query(&asked, 10).await.unwrap();
    assert_eq!(pages.len(), 45);
    let requests: Vec<BatchQueryCommitLogRequest> = fake.requests(Method::BatchQueryCommitLog);
    assert_eq!(requests.iter().map(|it| it.requests.len()).collect::<Vec<_>>(), [20, 20, 5]);
    let mut queries = requests.iter().flat_map(|it| &it.requests);
    assert!(
        queries.all(|it| it.paging_info.is_some_and(|paging| (paging.id_cursor, paging.limit) == (3, 11)))
    );
}

/// R-NET-164
#[tokio::test(start_paused = true)]
async fn a_message_of_another_group_is_not_sent() {
    let fake = Fake::of(Method::SendGroupMessages, [Reply::empty()]);
    let stranger = OutboundGroupMessage { group_id: OTHER, ..message(1) };
    let outcome = fake.network().publish_group_messages(vec![message(1), stranger]).await;
    assert!(matches!(outcome, Err(DeliveryError::Rejected { .. })), "{outcome:?}");
    assert!(fake.questions().is_empty());
}
