use hexmtp_domain::identity::{Identifier, InstallationKey, LocalWallet, UnsignedUpdate};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::identity_log::{IdentityLog, IdentityLogError};
use hexmtp_proto::xmtp::identity::api::v1::{
    GetIdentityUpdatesRequest, GetIdentityUpdatesResponse, GetInboxIdsRequest, GetInboxIdsResponse,
    PublishIdentityUpdateRequest, get_identity_updates_response, get_inbox_ids_response,
};
use hexmtp_proto::xmtp::identity::associations::IdentityUpdate;
use prost::Message;
use tonic::Status;

use super::fake::{End, Fake, Reply};
use crate::Method;

fn inbox(number: u8) -> InboxId {
    InboxId::new([number; 32])
}

/// The log of an inbox with these numbers.
fn log(inbox: InboxId, numbers: &[u64]) -> get_identity_updates_response::Response {
    let entry = |number: &u64| get_identity_updates_response::IdentityUpdateLog {
        sequence_id: *number,
        server_timestamp_ns: 5,
        update: Some(IdentityUpdate { client_timestamp_ns: *number, ..IdentityUpdate::default() }),
    };
    get_identity_updates_response::Response {
        inbox_id: inbox.to_string(),
        updates: numbers.iter().map(entry).collect(),
    }
}

fn logs(responses: Vec<get_identity_updates_response::Response>) -> Reply {
    Reply::ok(&GetIdentityUpdatesResponse { responses })
}

fn wallet() -> LocalWallet {
    LocalWallet::from_private_key([7; 32]).unwrap()
}

/// A signed registration, and its inbox.
fn registration() -> (InboxId, Vec<u8>) {
    let (wallet, installation) = (wallet(), InstallationKey::from_seed([8; 32]));
    let unsigned = UnsignedUpdate::create_inbox(&wallet.identifier(), 0, installation.id(), 1);
    let text = unsigned.signature_text();
    let signatures = [wallet.sign_text(&text).unwrap(), installation.sign_identity_text(&text)];
    let update = unsigned.sign(&signatures).unwrap();
    (hexmtp_domain::identity::inbox_id(&wallet.identifier(), 0), update.encode())
}

/// R-NET-170
#[tokio::test(start_paused = true)]
async fn logs_are_told_apart_by_the_inbox_that_they_name() {
    let replies = [logs(vec![log(inbox(2), &[4, 9]), log(inbox(1), &[1, 2, 3])])];
    let fake = Fake::of(Method::GetIdentityUpdates, replies);
    let asked = [(inbox(1), SequenceId(0)), (inbox(2), SequenceId(4)), (inbox(1), SequenceId(2))];
    let found = fake.network().updates_after(&asked).await.unwrap();
    let numbers: Vec<Vec<u64>> =
        found.iter().map(|log| log.iter().map(|it| it.sequence_id.0).collect()).collect();
    assert_eq!(numbers, [vec![1, 2, 3], vec![9], vec![3]], "what was known already may be repeated");
    let mut requests: Vec<GetIdentityUpdatesRequest> = fake.requests(Method::GetIdentityUpdates);
    let mut requests = requests.remove(0).requests;
    requests.sort_by_key(|it| it.inbox_id.clone());
    let requests: Vec<_> = requests.into_iter().map(|it| (it.inbox_id, it.sequence_id)).collect();
    assert_eq!(requests, [(inbox(1).to_string(), 0), (inbox(2).to_string(), 4)]);
}

/// R-NET-170
#[tokio::test(start_paused = true)]
async fn inboxes_are_asked_for_fifty_at_a_time() {
    let part = |range: std::ops::Range<u8>| logs(range.map(|number| log(inbox(number), &[1])).collect());
    let fake = Fake::of(Method::GetIdentityUpdates, [part(0..50), part(50..100), part(100..120)]);
    let asked: Vec<_> = (0..120).map(|number| (inbox(number), SequenceId(0))).collect();
    assert_eq!(fake.network().updates_after(&asked).await.unwrap().len(), 120);
    let requests: Vec<GetIdentityUpdatesRequest> = fake.requests(Method::GetIdentityUpdates);
    assert_eq!(requests.iter().map(|it| it.requests.len()).collect::<Vec<_>>(), [50, 50, 20]);
}

/// R-NET-170
#[tokio::test(start_paused = true)]
async fn identity_answers_that_make_no_sense_are_errors() {
    let mut empty = log(inbox(1), &[1]);
    empty.updates[0].update = None;
    let mut nobody = log(inbox(1), &[1]);
    nobody.inbox_id = "somebody".to_owned();
    let bad = [
        vec![],
        vec![log(inbox(2), &[1])],
        vec![log(inbox(1), &[1]), log(inbox(1), &[2])],
        vec![log(inbox(1), &[1]), log(inbox(2), &[2])],
        vec![log(inbox(1), &[2, 1])],
        vec![log(inbox(1), &[0])],
        vec![empty],
        vec![nobody],
    ];
    for answer in bad {
        let fake = Fake::of(Method::GetIdentityUpdates, [logs(answer.clone())]);
        let outcome = fake.network().updates_after(&[(inbox(1), SequenceId(0))]).await;
        assert!(matches!(outcome, Err(IdentityLogError::Malformed(_))), "{answer:?}: {outcome:?}");
    }
}

/// R-NET-171
#[tokio::test(start_paused = true)]
async fn the_bytes_of_an_update_stay_as_they_are_both_ways() {
    // A field of a later schema, and fields out of order: the message type of today would change both.
    let (inbox, registration) = registration();
    let odd = [&[0xf8, 0x3f, 1][..], &registration].concat();
    assert_ne!(IdentityUpdate::decode(&odd[..]).unwrap().encode_to_vec(), odd);
    let answer = {
        let entry = [&[0x08, 3, 0x1a][..], &varint(odd.len()), &odd].concat();
        let log =
            [&[0x0a, 64][..], inbox.to_string().as_bytes(), &[0x12], &varint(entry.len()), &entry].concat();
        [&[0x0a][..], &varint(log.len()), &log].concat()
    };
    let fake = Fake::of(Method::GetIdentityUpdates, [Reply::Messages(vec![answer.into()], End::Orderly)]);
    fake.add(Method::PublishIdentityUpdate, [Reply::empty()]);
    let network = fake.network();
    let found = network.updates_after(&[(inbox, SequenceId(0))]).await.unwrap();
    assert_eq!(found[0][0].update, odd);
    network.publish(&odd).await.unwrap();
    let body = fake.questions().pop().unwrap().body;
    assert!(body.ends_with(&odd));
    assert!(PublishIdentityUpdateRequest::decode(body).unwrap().identity_update.is_some());
}

fn varint(length: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    prost::encoding::encode_varint(length.try_into().unwrap(), &mut bytes);
    bytes
}

/// R-NET-172
#[tokio::test(start_paused = true)]
async fn a_refused_update_that_the_log_holds_was_published() {
    let (inbox, update) = registration();
    let holding = || {
        let entry = get_identity_updates_response::IdentityUpdateLog {
            sequence_id: 1,
            server_timestamp_ns: 1,
            update: Some(Message::decode(&update[..]).unwrap()),
        };
        let log =
            get_identity_updates_response::Response { inbox_id: inbox.to_string(), updates: vec![entry] };
        logs(vec![log])
    };
    let refusals = [
        Status::invalid_argument("the update does not apply"),
        Status::unknown("multiple create operations"),
        Status::already_exists("it is there"),
        Status::unknown("inbox log is full"),
    ];
    for refusal in refusals {
        for (is_held, log) in [(true, holding()), (false, logs(vec![log(inbox, &[1])]))] {
            let replies = (0..9).map(|_| Reply::failure(refusal.clone()));
            let fake = Fake::of(Method::PublishIdentityUpdate, replies);
            fake.add(Method::GetIdentityUpdates, [log]);
            assert_eq!(fake.network().publish(&update).await.is_ok(), is_held, "{refusal:?}");
        }
    }
}

/// R-NET-172
#[tokio::test(start_paused = true)]
async fn an_update_that_could_not_be_sent_is_not_looked_for() {
    let (_, update) = registration();
    let fake = Fake::of(Method::PublishIdentityUpdate, (0..9).map(|_| Reply::Break));
    let outcome = fake.network().publish(&update).await;
    assert!(matches!(outcome, Err(IdentityLogError::Unavailable(_))), "{outcome:?}");
    assert!(fake.questions().iter().all(|it| it.method == Method::PublishIdentityUpdate));
}

/// R-NET-172
#[tokio::test(start_paused = true)]
async fn refused_updates_say_why() {
    let (inbox, update) = registration();
    let outcome = async |refusal: Status| {
        let replies = (0..9).map(|_| Reply::failure(refusal.clone()));
        let fake = Fake::of(Method::PublishIdentityUpdate, replies);
        fake.add(Method::GetIdentityUpdates, [logs(vec![log(inbox, &[])])]);
        fake.network().publish(&update).await
    };
    let refusals =
        [Status::invalid_argument("the update does not apply"), Status::unknown("the update does not apply")];
    for refusal in refusals {
        let refused = outcome(refusal).await;
        assert!(
            matches!(&refused, Err(IdentityLogError::Rejected { reason }) if reason.contains("not apply")),
            "{refused:?}"
        );
    }
    let texts = [
        Status::unknown("inbox log is full"),
        Status::resource_exhausted("the identity log of the inbox is full"),
    ];
    for text in texts {
        let full = outcome(text).await;
        assert!(matches!(full, Err(IdentityLogError::Full)), "{full:?}");
    }
    let fake = Fake::default();
    for bad in [&[][..], &[0xff; 40]] {
        let outcome = fake.network().publish(bad).await;
        assert!(matches!(outcome, Err(IdentityLogError::Rejected { .. })), "{outcome:?}");
    }
    assert!(fake.questions().is_empty(), "what is no update is not sent");
}

/// R-NET-173
#[tokio::test(start_paused = true)]
async fn inboxes_are_found_by_the_identifier_that_the_answer_names() {
    let known = wallet().identifier();
    let unknown = LocalWallet::from_private_key([9; 32]).unwrap().identifier();
    let answer = |identifier: &Identifier, inbox: Option<&str>| get_inbox_ids_response::Response {
        identifier: identifier.to_string(),
        inbox_id: inbox.map(str::to_owned),
        identifier_kind: 0,
    };
    let found = inbox(3).to_string();
    let responses = vec![answer(&unknown, None), answer(&known, Some(&found))];
    let fake = Fake::of(Method::GetInboxIds, [Reply::ok(&GetInboxIdsResponse { responses })]);
    let asked = [known.clone(), unknown.clone()];
    assert_eq!(fake.network().inbox_ids(&asked).await.unwrap(), [Some(inbox(3)), None]);
    let requests: Vec<GetInboxIdsRequest> = fake.requests(Method::GetInboxIds);
    assert_eq!(requests[0].requests[0].identifier, known.to_string());
    assert_eq!(requests[0].requests[0].identifier_kind, 1);
    for bad in [vec![answer(&known, Some(&found))], vec![answer(&known, Some("x")), answer(&unknown, None)]] {
        let fake = Fake::of(Method::GetInboxIds, [Reply::ok(&GetInboxIdsResponse { responses: bad })]);
        let outcome = fake.network().inbox_ids(&asked).await;
        assert!(matches!(outcome, Err(IdentityLogError::Malformed(_))), "{outcome:?}");
    }
}
