//! Welcomes, pointers, and pointees.

use hexmtp_proto::xmtp::mls::api::v1 as wire;
use hexmtp_proto::xmtp::mls::api::v1::welcome_message_input::{V1, Version, WelcomePointer};
use tonic::{Code, Status};

use super::peer::{Peer, Running, code, fresh};

fn plain(destination: [u8; 32], data: &[u8]) -> Version {
    Version::V1(V1 {
        installation_key: destination.to_vec(),
        data: data.to_vec(),
        hpke_public_key: vec![3; 32],
        wrapper_algorithm: 1,
        welcome_metadata: vec![4; 5],
    })
}

fn pointee(destination: [u8; 32]) -> Version {
    Version::V1(V1 {
        installation_key: destination.to_vec(),
        data: b"pointee".to_vec(),
        hpke_public_key: Vec::new(),
        wrapper_algorithm: 3,
        welcome_metadata: Vec::new(),
    })
}

fn pointer(destination: [u8; 32]) -> WelcomePointer {
    WelcomePointer {
        installation_key: destination.to_vec(),
        welcome_pointer: vec![5; 1240],
        hpke_public_key: vec![6; 1216],
        wrapper_algorithm: wire_pointer_xwing(),
    }
}

/// The number of X-Wing among the algorithms of pointers.
fn wire_pointer_xwing() -> i32 {
    hexmtp_proto::xmtp::mls::message_contents::WelcomePointerWrapperAlgorithm::XwingMlkem768Draft6.into()
}

pub(crate) async fn send(peer: &Peer, welcomes: Vec<Version>) -> Result<(), Status> {
    let message = |version| wire::WelcomeMessageInput { version: Some(version) };
    let messages = welcomes.into_iter().map(message).collect();
    peer.mls.clone().send_welcome_messages(wire::SendWelcomeMessagesRequest { messages }).await.map(drop)
}

pub(crate) fn some_welcome(destination: [u8; 32], text: &str) -> Version {
    plain(destination, text.as_bytes())
}

async fn read(peer: &Peer, destination: [u8; 32]) -> wire::QueryWelcomeMessagesResponse {
    let paging_info =
        Some(wire::PagingInfo { direction: wire::SortDirection::Ascending.into(), limit: 100, id_cursor: 0 });
    let request = wire::QueryWelcomeMessagesRequest { installation_key: destination.to_vec(), paging_info };
    peer.mls.clone().query_welcome_messages(request).await.unwrap().into_inner()
}

/// R-NET-110
pub(crate) async fn welcomes_and_pointers_come_back_as_they_were_sent(node: &Running) {
    let peer = node.peer().await;
    let (destination, target) = (fresh(), fresh());
    let sent =
        vec![plain(destination, b"one"), pointee(target), Version::WelcomePointer(pointer(destination))];
    send(&peer, sent).await.unwrap();
    let page = read(&peer, destination).await;
    assert_eq!(page.paging_info.unwrap().id_cursor, 0);
    let [first, second] = &page.messages[..] else { panic!("two welcomes, not {}", page.messages.len()) };
    let (
        Some(wire::welcome_message::Version::V1(first)),
        Some(wire::welcome_message::Version::WelcomePointer(second)),
    ) = (&first.version, &second.version)
    else {
        panic!("a welcome and a pointer")
    };
    assert_eq!((first.id, second.id), (1, 3));
    assert!(0 < first.created_ns && first.created_ns < second.created_ns);
    assert_eq!(first.installation_key, destination);
    assert_eq!((&first.data[..], &first.hpke_public_key[..]), (&b"one"[..], &[3; 32][..]));
    assert_eq!((first.wrapper_algorithm, &first.welcome_metadata[..]), (1, &[4; 5][..]));
    let WelcomePointer { installation_key, welcome_pointer, hpke_public_key, wrapper_algorithm } =
        pointer(destination);
    assert_eq!(
        *second,
        wire::welcome_message::WelcomePointer {
            id: 3,
            created_ns: second.created_ns,
            installation_key,
            welcome_pointer,
            hpke_public_key,
            wrapper_algorithm,
        }
    );
    let page = read(&peer, target).await;
    let [wire::WelcomeMessage { version: Some(wire::welcome_message::Version::V1(pointee)) }] =
        &page.messages[..]
    else {
        panic!("the pointee")
    };
    assert_eq!((pointee.id, &pointee.data[..], pointee.wrapper_algorithm), (2, &b"pointee"[..], 3));
}

/// R-NET-111
pub(crate) async fn a_welcome_is_stored_once_per_destination(node: &Running) {
    let peer = node.peer().await;
    let (destination, other) = (fresh(), fresh());
    for _ in 0..2 {
        send(&peer, vec![plain(destination, b"same"), plain(other, b"same")]).await.unwrap();
    }
    assert_eq!(read(&peer, destination).await.messages.len(), 1);
    assert_eq!(read(&peer, other).await.messages.len(), 1);
}

/// R-NET-112
pub(crate) async fn welcomes_without_content_are_refused(node: &Running) {
    let peer = node.peer().await;
    let destination = fresh();
    let V1 { .. } = V1::default();
    let with = |change: fn(&mut V1)| {
        let Version::V1(mut welcome) = plain(destination, b"data") else { panic!("made so above") };
        change(&mut welcome);
        Version::V1(welcome)
    };
    let bad_pointer = |change: fn(&mut WelcomePointer)| {
        let mut bad = pointer(destination);
        change(&mut bad);
        Version::WelcomePointer(bad)
    };
    for bad in [
        with(|it| it.data.clear()),
        with(|it| it.hpke_public_key.clear()),
        with(|it| it.installation_key.truncate(31)),
        bad_pointer(|it| it.wrapper_algorithm = 0),
        bad_pointer(|it| it.welcome_pointer.clear()),
        bad_pointer(|it| it.hpke_public_key.clear()),
    ] {
        let outcome = send(&peer, vec![plain(destination, b"good"), bad.clone()]).await;
        assert_eq!(code(outcome), Code::InvalidArgument, "{bad:?}");
    }
    assert!(read(&peer, destination).await.messages.is_empty());
}
