use hexmtp_domain::{Cursor, InstallationId, Originator, SequenceId, Timestamp, VectorClock};
use hexmtp_ports::Retry;
use hexmtp_ports::commit_log::{CommitLog, CommitLogError};
use hexmtp_ports::delivery::{DeliveryError, DeliveryService, GroupEnvelope, Page};
use hexmtp_proto::xmtp::mls::api::v1::{
    BatchQueryCommitLogResponse, FetchKeyPackagesResponse, GetNewestGroupMessageResponse, GroupMessage,
    PagingInfo, QueryCommitLogResponse, QueryGroupMessagesRequest, QueryGroupMessagesResponse,
    QueryWelcomeMessagesResponse, SortDirection, WelcomeMessage, fetch_key_packages_response,
    get_newest_group_message_response, group_message, welcome_message,
};
use hexmtp_proto::xmtp::mls::message_contents::CommitLogEntry;
use tonic::Status;

use super::fake::{End, Fake, GROUP, OTHER, Reply, ids, logged, mls_message, with_data};
use crate::{GrpcNetwork, GrpcOptions, Method};

/// An answer with these messages, which says where to go on.
fn page(messages: Vec<GroupMessage>, id_cursor: u64) -> Reply {
    let paging_info = PagingInfo { direction: SortDirection::Ascending.into(), limit: 100, id_cursor };
    Reply::ok(&QueryGroupMessagesResponse { messages, paging_info: Some(paging_info) })
}

fn full_page(ids: std::ops::RangeInclusive<u64>) -> Reply {
    let last = *ids.end();
    page(ids.map(|id| logged(GROUP, id)).collect(), last)
}

async fn query(
    network: &GrpcNetwork,
    after: u64,
    limit: usize,
) -> Result<Page<GroupEnvelope>, DeliveryError> {
    let clock = VectorClock::from_iter([Cursor::new(Originator::COMMITS, SequenceId(after))]);
    network.query_group_messages(GROUP, &clock, limit).await
}

fn numbers(page: &Page<GroupEnvelope>) -> Vec<SequenceId> {
    page.items.iter().map(|it| it.cursor.sequence_id).collect()
}

fn is_malformed<T>(outcome: &Result<T, DeliveryError>) -> bool {
    matches!(outcome, Err(error @ DeliveryError::Malformed(_)) if error.retry() == Retry::Never)
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn pages_are_read_up_to_the_limit() {
    let fake =
        Fake::of(Method::QueryGroupMessages, [full_page(11..=110), full_page(111..=210), page(vec![], 0)]);
    let found = query(&fake.network(), 10, 250).await.unwrap();
    assert_eq!(numbers(&found), ids(11..=210));
    assert!(!found.has_more);
    let requests: Vec<QueryGroupMessagesRequest> = fake.requests(Method::QueryGroupMessages);
    let asked = requests.iter().map(|it| it.paging_info.unwrap());
    let asked: Vec<_> = asked.map(|it| (it.direction(), it.limit, it.id_cursor)).collect();
    let ascending = SortDirection::Ascending;
    assert_eq!(asked, [(ascending, 100, 10), (ascending, 100, 110), (ascending, 50, 210)]);
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn one_more_than_asked_for_tells_whether_there_is_more() {
    let fake = Fake::of(Method::QueryGroupMessages, [full_page(1..=4), page(vec![logged(GROUP, 1)], 0)]);
    let network = fake.network();
    let found = query(&network, 0, 3).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids(1..=3), true));
    let found = query(&network, 0, 3).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids([1]), false));
    let requests: Vec<QueryGroupMessagesRequest> = fake.requests(Method::QueryGroupMessages);
    assert!(requests.iter().all(|it| it.paging_info.unwrap().limit == 4));
    // A whole page costs one call; the server says whether it may go on.
    let fake = Fake::of(Method::QueryGroupMessages, [full_page(1..=100)]);
    let found = query(&fake.network(), 0, 100).await.unwrap();
    assert_eq!((found.items.len(), found.has_more, fake.questions().len()), (100, true, 1));
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn a_server_with_smaller_pages_is_read_to_the_end() {
    let replies = [full_page(1..=2), full_page(3..=4), page(vec![logged(GROUP, 5)], 0)];
    let found = query(&Fake::of(Method::QueryGroupMessages, replies).network(), 0, 90).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids(1..=5), false));
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn a_page_that_brings_nothing_new_is_the_last() {
    let replies = [full_page(1..=2), full_page(1..=2), full_page(1..=2)];
    let fake = Fake::of(Method::QueryGroupMessages, replies);
    let found = query(&fake.network(), 0, 90).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids(1..=2), false));
    assert_eq!(fake.questions().len(), 2);
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn pages_that_are_too_large_are_asked_for_in_parts() {
    let too_large = || Reply::failure(Status::out_of_range("the message is too large"));
    let sent = "grpc: trying to send message larger than max (31457280 vs. 26214400)";
    let refused = Reply::failure(Status::resource_exhausted(sent));
    let fake = Fake::of(
        Method::QueryGroupMessages,
        [too_large(), refused, full_page(1..=25), page(vec![logged(GROUP, 26)], 0)],
    );
    let found = query(&fake.network(), 0, 100).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids(1..=26), false));
    let requests: Vec<QueryGroupMessagesRequest> = fake.requests(Method::QueryGroupMessages);
    let limits: Vec<u32> = requests.iter().map(|it| it.paging_info.unwrap().limit).collect();
    assert_eq!(limits, [100, 50, 25, 25]);
    // A single message that is too large cannot be had.
    let fake = Fake::of(Method::QueryGroupMessages, (0..20).map(|_| too_large()));
    let outcome = query(&fake.network(), 0, 100).await;
    assert!(matches!(outcome, Err(DeliveryError::Rejected { .. })), "{outcome:?}");
    assert_eq!(fake.questions().len(), 7);
}

/// R-NET-165
#[tokio::test(start_paused = true)]
async fn pages_above_the_own_limit_are_asked_for_in_parts() {
    let large = |id| with_data(logged(GROUP, id), vec![1; 100]);
    let one_by_one = |ids: std::ops::RangeInclusive<u64>| page(ids.clone().map(large).collect(), *ids.end());
    let fake = Fake::of(Method::QueryGroupMessages, [one_by_one(1..=10), one_by_one(1..=5), page(vec![], 0)]);
    let network = fake.network_with(GrpcOptions::new("http://fake").max_message_bytes(1_000));
    let found = query(&network, 0, 9).await.unwrap();
    assert_eq!((numbers(&found), found.has_more), (ids(1..=5), false));
    let requests: Vec<QueryGroupMessagesRequest> = fake.requests(Method::QueryGroupMessages);
    let limits: Vec<u32> = requests.iter().map(|it| it.paging_info.unwrap().limit).collect();
    assert_eq!(limits, [10, 5, 5]);
}

/// R-NET-166
#[tokio::test(start_paused = true)]
async fn answers_that_make_no_sense_are_errors() {
    let no_version = GroupMessage { version: None };
    let mut odd_id = logged(GROUP, 1);
    if let Some(group_message::Version::V1(v1)) = &mut odd_id.version {
        v1.group_id = vec![7; 15];
    }
    let one = |message| page(vec![message], 0);
    let replies = [
        page(vec![logged(GROUP, 2), logged(GROUP, 1)], 0),
        page(vec![logged(GROUP, 2), logged(GROUP, 2)], 0),
        one(logged(GROUP, 0)),
        one(logged(OTHER, 1)),
        one(no_version),
        one(odd_id),
        Reply::Messages(vec![vec![0xff; 9].into()], End::Orderly),
    ];
    let count = replies.len();
    let fake = Fake::of(Method::QueryGroupMessages, replies);
    let network = fake.network();
    for number in 0..count {
        let outcome = query(&network, 0, 10).await;
        assert!(is_malformed(&outcome), "{number}: {outcome:?}");
    }
    assert_eq!(fake.questions().len(), count, "nothing was repeated");
}

/// R-NET-167
#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_keeps_its_place() {
    let messages = vec![
        with_data(logged(GROUP, 3), b"no MLS message".to_vec()),
        with_data(logged(GROUP, 4), mls_message(OTHER, 1, 0)),
        with_data(logged(GROUP, 5), Vec::new()),
        with_data(logged(GROUP, 6), mls_message(GROUP, 3, 0)),
    ];
    let found =
        query(&Fake::of(Method::QueryGroupMessages, [page(messages, 0)]).network(), 0, 10).await.unwrap();
    let places: Vec<_> =
        found.items.iter().map(|it| (it.cursor.originator, it.cursor.sequence_id.0)).collect();
    let other = Originator::APPLICATION_MESSAGES;
    assert_eq!(places, [(other, 3), (other, 4), (other, 5), (Originator::COMMITS, 6)]);
    assert_eq!(found.items[0].data, b"no MLS message");
    assert_eq!(found.items[0].server_time, Timestamp::from_nanos(1_003));
}

/// R-NET-167
#[tokio::test(start_paused = true)]
async fn what_official_servers_may_leave_out_is_not_missed() {
    let mut bare = logged(GROUP, 4);
    if let Some(group_message::Version::V1(v1)) = &mut bare.version {
        *v1 = group_message::V1 { id: 4, data: v1.data.clone(), ..group_message::V1::default() };
    }
    let mut late = logged(GROUP, 5);
    if let Some(group_message::Version::V1(v1)) = &mut late.version {
        v1.created_ns = u64::MAX;
    }
    let answer =
        QueryGroupMessagesResponse { messages: vec![logged(GROUP, 2), bare, late], paging_info: None };
    let found =
        query(&Fake::of(Method::QueryGroupMessages, [Reply::ok(&answer)]).network(), 2, 10).await.unwrap();
    assert_eq!(numbers(&found), ids([4, 5]), "what was read before may be repeated");
    assert_eq!((found.items[0].group_id, found.items[0].server_time), (GROUP, Timestamp::ZERO));
    assert_eq!(found.items[1].server_time, Timestamp::from_nanos(i64::MAX));
}

/// R-NET-166
#[tokio::test(start_paused = true)]
async fn welcomes_of_somebody_else_or_of_no_version_are_errors() {
    let (own, other) = (InstallationId::new([1; 32]), InstallationId::new([2; 32]));
    let welcome = |owner: &[u8], id| {
        let v1 =
            welcome_message::V1 { id, installation_key: owner.to_vec(), data: vec![9], ..Default::default() };
        WelcomeMessage { version: Some(welcome_message::Version::V1(v1)) }
    };
    let answer = |messages| Reply::ok(&QueryWelcomeMessagesResponse { messages, paging_info: None });
    let bad = [
        welcome(other.as_bytes(), 1),
        welcome(own.as_bytes(), 0),
        welcome(&[1; 31], 1),
        WelcomeMessage { version: None },
    ];
    for message in bad {
        let fake = Fake::of(Method::QueryWelcomeMessages, [answer(vec![message])]);
        let outcome = fake.network().query_welcomes(own, SequenceId(0), 10).await;
        assert!(is_malformed(&outcome), "{outcome:?}");
    }
    let fake =
        Fake::of(Method::QueryWelcomeMessages, [answer(vec![welcome(&[], 1), welcome(own.as_bytes(), 2)])]);
    let found = fake.network().query_welcomes(own, SequenceId(0), 10).await.unwrap();
    assert_eq!(found.items.iter().map(|it| it.destination).collect::<Vec<_>>(), [own, own]);
}

/// R-NET-168
#[tokio::test(start_paused = true)]
async fn the_newest_message_belongs_to_the_group_that_it_names() {
    let answer = |messages: Vec<Option<GroupMessage>>| {
        let response = |group_message| get_newest_group_message_response::Response { group_message };
        let responses = messages.into_iter().map(response).collect();
        Fake::of(Method::GetNewestGroupMessage, [Reply::ok(&GetNewestGroupMessageResponse { responses })])
    };
    let asked = [GROUP, OTHER];
    let swapped = answer(vec![Some(logged(OTHER, 2)), Some(logged(GROUP, 1))]);
    let newest = swapped.network().newest_group_messages(&asked).await.unwrap();
    let found: Vec<_> = newest.iter().map(|it| it.map(|it| it.cursor.sequence_id.0)).collect();
    assert_eq!(found, [Some(1), Some(2)]);
    let stranger = hexmtp_domain::GroupId::new([9; 16]);
    for bad in
        [vec![None], vec![None; 3], vec![Some(logged(stranger, 1)), None], vec![Some(logged(GROUP, 0)), None]]
    {
        let outcome = answer(bad).network().newest_group_messages(&asked).await;
        assert!(is_malformed(&outcome), "{outcome:?}");
    }
}

/// R-NET-168
#[tokio::test(start_paused = true)]
async fn a_key_package_belongs_to_the_installation_that_it_names() {
    let package =
        |owner: u8, rest: &[u8]| [&[0, 1, 0, 3, 1, 5, 2, 6, 6, 32][..], &[owner; 32], rest].concat();
    let answer = |packages: Vec<Vec<u8>>| {
        let package = |bytes| fetch_key_packages_response::KeyPackage { key_package_tls_serialized: bytes };
        let key_packages = packages.into_iter().map(package).collect();
        Fake::of(Method::FetchKeyPackages, [Reply::ok(&FetchKeyPackagesResponse { key_packages })])
    };
    let asked = [1, 2, 3].map(|number| InstallationId::new([number; 32]));
    let swapped = answer(vec![package(2, b"b"), package(1, b"a"), b"unreadable".to_vec()]);
    let packages = swapped.network().fetch_key_packages(&asked).await.unwrap();
    let unreadable = Some(b"unreadable".to_vec());
    assert_eq!(packages, [Some(package(1, b"a")), Some(package(2, b"b")), unreadable]);
    let partial = answer(vec![Vec::new(), package(2, b"b"), Vec::new()]);
    let packages = partial.network().fetch_key_packages(&asked).await.unwrap();
    assert_eq!(packages, [None, Some(package(2, b"b")), None]);
    for count in [0, 2, 4] {
        let outcome = answer(vec![Vec::new(); count]).network().fetch_key_packages(&asked).await;
        assert!(is_malformed(&outcome), "{outcome:?}");
    }
}

/// R-NET-169
#[tokio::test(start_paused = true)]
async fn commit_logs_are_read_on_group_by_group() {
    let log = |group: hexmtp_domain::GroupId, ids: std::ops::RangeInclusive<u64>, id_cursor| {
        let entry = |sequence_id| CommitLogEntry { sequence_id, ..CommitLogEntry::default() };
        QueryCommitLogResponse {
            group_id: group.to_vec(),
            commit_log_entries: ids.map(entry).collect(),
            paging_info: Some(PagingInfo { id_cursor, ..PagingInfo::default() }),
        }
    };
    let answer = |responses| Reply::ok(&BatchQueryCommitLogResponse { responses });
    let zero = SequenceId(0);
    let fake = Fake::of(
        Method::BatchQueryCommitLog,
        [
            answer(vec![log(OTHER, 1..=3, 0), log(GROUP, 1..=100, 100)]),
            answer(vec![log(GROUP, 101..=120, 0)]),
            // The group that was asked for twice.
            answer(vec![log(GROUP, 6..=7, 0)]),
        ],
    );
    let asked = [(GROUP, zero), (OTHER, zero), (GROUP, SequenceId(5))];
    let pages = fake.network().query(&asked, 500).await.unwrap();
    let lengths: Vec<_> = pages.iter().map(|page| (page.items.len(), page.has_more)).collect();
    assert_eq!(lengths, [(120, false), (3, false), (2, false)]);
    for bad in [vec![], vec![log(OTHER, 1..=1, 0)], vec![log(GROUP, 0..=1, 0)]] {
        let fake = Fake::of(Method::BatchQueryCommitLog, [answer(bad)]);
        let outcome = fake.network().query(&[(GROUP, zero)], 10).await;
        assert!(matches!(outcome, Err(CommitLogError::Malformed(_))), "{outcome:?}");
    }
}
