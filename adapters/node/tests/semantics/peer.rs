//! A node under test and a client of it that knows no more than gRPC.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hexmtp_domain::identity::{IdentityUpdate, InstallationKey, LocalWallet, UnsignedUpdate, inbox_id};
use hexmtp_domain::{InboxId, Timestamp};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_node::{Node, NodeOptions, RunningNode};
use hexmtp_ports::mls::{KeyPackageParams, MlsEngine};
use hexmtp_proto::xmtp::identity::api::v1::identity_api_client::IdentityApiClient;
use hexmtp_proto::xmtp::identity::associations::IdentityUpdate as WireUpdate;
use hexmtp_proto::xmtp::mls::api::v1 as wire;
use hexmtp_proto::xmtp::mls::api::v1::mls_api_client::MlsApiClient;
use tempfile::TempDir;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How long a case waits for something. Only a failing case ever waits that long.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A node, and what has to live as long as it does.
pub(crate) struct Running {
    pub(crate) node: RunningNode,
    folder: Option<TempDir>,
}

impl Running {
    /// Starts a node.
    pub(crate) async fn start(options: NodeOptions, folder: Option<TempDir>) -> Self {
        Self { node: Node::start(options).await.expect("the node starts"), folder }
    }

    /// A client with a connection of its own.
    pub(crate) async fn peer(&self) -> Peer {
        Peer::connect(&self.node.url()).await
    }

    /// Stops the node.
    pub(crate) async fn stop(self) {
        self.node.shutdown().await.expect("the node stops");
        drop(self.folder);
    }
}

/// A client.
#[derive(Clone)]
pub(crate) struct Peer {
    pub(crate) mls: MlsApiClient<Channel>,
    pub(crate) identity: IdentityApiClient<Channel>,
}

impl Peer {
    /// Connects.
    pub(crate) async fn connect(url: &str) -> Self {
        let endpoint = Endpoint::from_shared(url.to_owned()).unwrap();
        Self::on(endpoint.connect().await.expect("the node answers"))
    }

    /// Connects when it is used, and again when the connection broke.
    pub(crate) fn connect_lazily(url: &str) -> Self {
        Self::on(Endpoint::from_shared(url.to_owned()).unwrap().connect_lazy())
    }

    fn on(channel: Channel) -> Self {
        let limit = 25 * 1024 * 1024;
        Self {
            mls: MlsApiClient::new(channel.clone())
                .max_decoding_message_size(limit)
                .max_encoding_message_size(limit),
            identity: IdentityApiClient::new(channel).max_decoding_message_size(limit),
        }
    }

    /// Sends messages in one call.
    pub(crate) async fn send(&self, messages: &[Vec<u8>]) -> Result<(), Status> {
        let messages = messages.iter().map(|data| message_input(data)).collect();
        self.mls.clone().send_group_messages(wire::SendGroupMessagesRequest { messages }).await.map(drop)
    }

    /// A page of a group.
    pub(crate) async fn query(
        &self,
        group: [u8; 16],
        paging: Option<(wire::SortDirection, u32, u64)>,
    ) -> wire::QueryGroupMessagesResponse {
        let paging_info = paging.map(|(direction, limit, id_cursor)| wire::PagingInfo {
            direction: direction.into(),
            limit,
            id_cursor,
        });
        let request = wire::QueryGroupMessagesRequest { group_id: group.to_vec(), paging_info };
        self.mls.clone().query_group_messages(request).await.unwrap().into_inner()
    }

    /// Whether a group can be read now.
    pub(crate) async fn query_outcome(&self, group: [u8; 16]) -> Result<(), Status> {
        let request = wire::QueryGroupMessagesRequest { group_id: group.to_vec(), paging_info: None };
        self.mls.clone().query_group_messages(request).await.map(drop)
    }

    /// A whole group, ascending, page by page as official clients read it.
    pub(crate) async fn read(&self, group: [u8; 16]) -> Vec<wire::group_message::V1> {
        let (mut found, mut cursor) = (Vec::new(), 0);
        loop {
            let page = self.query(group, Some((wire::SortDirection::Ascending, 100, cursor))).await;
            found.extend(page.messages.into_iter().map(v1));
            cursor = page.paging_info.unwrap().id_cursor;
            if cursor == 0 {
                return found;
            }
        }
    }

    /// Publishes an identity update.
    pub(crate) async fn publish(&self, update: &IdentityUpdate) -> Result<(), Status> {
        let request = hexmtp_proto::xmtp::identity::api::v1::PublishIdentityUpdateRequest {
            identity_update: Some(update.to_wire()),
        };
        self.identity.clone().publish_identity_update(request).await.map(drop)
    }

    /// The log of an inbox.
    pub(crate) async fn log_of(&self, inbox: InboxId, after: u64) -> Vec<(u64, u64, WireUpdate)> {
        use hexmtp_proto::xmtp::identity::api::v1::{
            GetIdentityUpdatesRequest, get_identity_updates_request,
        };
        let request =
            get_identity_updates_request::Request { inbox_id: inbox.to_string(), sequence_id: after };
        let request = GetIdentityUpdatesRequest { requests: vec![request] };
        let mut responses =
            self.identity.clone().get_identity_updates(request).await.unwrap().into_inner().responses;
        assert_eq!(responses.len(), 1);
        let response = responses.remove(0);
        assert_eq!(response.inbox_id, inbox.to_string());
        let entry =
            |it: hexmtp_proto::xmtp::identity::api::v1::get_identity_updates_response::IdentityUpdateLog| {
                (it.sequence_id, it.server_timestamp_ns, it.update.unwrap())
            };
        response.updates.into_iter().map(entry).collect()
    }
}

/// The message within its version.
pub(crate) fn v1(message: wire::GroupMessage) -> wire::group_message::V1 {
    let Some(wire::group_message::Version::V1(message)) = message.version else {
        panic!("the message has a version")
    };
    message
}

/// A message as sent.
pub(crate) fn message_input(data: &[u8]) -> wire::GroupMessageInput {
    let version = wire::group_message_input::Version::V1(wire::group_message_input::V1 {
        data: data.to_vec(),
        sender_hmac: vec![7; 32],
        should_push: true,
    });
    wire::GroupMessageInput { version: Some(version) }
}

/// A folder for a database.
pub(crate) fn new_folder() -> TempDir {
    tempfile::tempdir().unwrap()
}

static NEXT: AtomicU64 = AtomicU64::new(1);

/// Bytes that nobody else has.
pub(crate) fn fresh<const N: usize>() -> [u8; N] {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let mut bytes = [0x5a; N];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    bytes
}

/// The content types of MLS (RFC 9420 section 6).
pub(crate) const APPLICATION: u8 = 1;
pub(crate) const COMMIT: u8 = 3;

/// A private message of a group with these bytes as its ciphertext (RFC 9420 section 6.3).
pub(crate) fn private_message(group: [u8; 16], content_type: u8, ciphertext: &[u8]) -> Vec<u8> {
    let mut message = vec![0, 1, 0, 2, 16];
    message.extend(group);
    message.extend(5_u64.to_be_bytes());
    message.extend([content_type, 0, 0]);
    let length = u32::try_from(ciphertext.len()).unwrap();
    match length {
        0..0x40 => message.push(u8::try_from(length).unwrap()),
        0x40..0x4000 => message.extend((u16::try_from(length).unwrap() | 0x4000).to_be_bytes()),
        _ => message.extend((length | 0x8000_0000).to_be_bytes()),
    }
    message.extend(ciphertext);
    message
}

/// An application message with some text.
pub(crate) fn text(group: [u8; 16], text: &str) -> Vec<u8> {
    private_message(group, APPLICATION, text.as_bytes())
}

/// A wallet with an installation.
pub(crate) struct Person {
    pub(crate) wallet: LocalWallet,
    pub(crate) installation: InstallationKey,
}

impl Person {
    /// Somebody new.
    pub(crate) fn new() -> Self {
        let wallet = LocalWallet::from_private_key(fresh()).unwrap();
        Self { wallet, installation: InstallationKey::from_seed(fresh()) }
    }

    /// The inbox with a nonce.
    pub(crate) fn inbox(&self, nonce: u64) -> InboxId {
        inbox_id(&self.wallet.identifier(), nonce)
    }

    /// Creates the inbox and adds the installation.
    pub(crate) fn registration(&self, nonce: u64) -> IdentityUpdate {
        let id = self.installation.id();
        self.sign(UnsignedUpdate::create_inbox(&self.wallet.identifier(), nonce, id, 1), &[])
    }

    /// Signs with the own keys and those of others.
    pub(crate) fn sign(&self, update: UnsignedUpdate, others: &[&LocalWallet]) -> IdentityUpdate {
        let text = update.signature_text();
        let mut signatures =
            vec![self.wallet.sign_text(&text).unwrap(), self.installation.sign_identity_text(&text)];
        signatures.extend(others.iter().map(|wallet| wallet.sign_text(&text).unwrap()));
        update.sign(&signatures).unwrap()
    }

    /// Adds another wallet. The text shows whole seconds, so every update needs another one.
    pub(crate) fn adding(&self, other: &LocalWallet, second: u64) -> IdentityUpdate {
        let sponsor = self.wallet.identifier().into();
        let new = other.identifier().into();
        let update = UnsignedUpdate::add_member(self.inbox(0), new, sponsor, second * 1_000_000_000);
        self.sign(update, &[other])
    }

    /// A key package made at a time.
    pub(crate) fn key_package(&self, now: Timestamp, wrapper: Option<&[u8]>) -> Vec<u8> {
        let params = KeyPackageParams {
            key: &self.installation,
            inbox_id: self.inbox(0),
            now,
            wrapper_public_key: wrapper,
        };
        OpenMlsEngine::new().create_key_package(params).unwrap().tls
    }
}

/// The system's clock.
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    Timestamp::ZERO.plus(since)
}

/// The code of a refusal.
pub(crate) fn code<T: std::fmt::Debug>(outcome: Result<T, Status>) -> Code {
    outcome.expect_err("the call is refused").code()
}
