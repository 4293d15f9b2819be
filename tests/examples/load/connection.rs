//! Connections to the node, without the client's rate limit and retries: the node is measured, not the client.

use hexmtp_domain::GroupId;
use hexmtp_proto::xmtp::mls::api::v1::mls_api_client::MlsApiClient;
use hexmtp_proto::xmtp::mls::api::v1::{GroupMessageInput, SendGroupMessagesRequest, group_message_input};
use hexmtp_tests::conformance::network::{ContentType, private_message};
use tonic::transport::{Channel, Endpoint};

use crate::Failure;

/// Opens a connection of its own.
pub(crate) async fn connect(url: &str) -> Result<MlsApiClient<Channel>, Failure> {
    Ok(MlsApiClient::new(Endpoint::from_shared(url.to_owned())?.tcp_nodelay(true).connect().await?))
}

/// A group that nobody else uses: `run` tells the parts of one load apart.
pub(crate) fn group(run: u8, number: usize) -> GroupId {
    let mut id = [run; 16];
    id[8..].copy_from_slice(&(number as u64).to_be_bytes());
    GroupId::new(id)
}

/// A request with one message whose ciphertext is unique.
pub(crate) fn request(
    group: GroupId,
    numbers: impl IntoIterator<Item = usize>,
    size: usize,
) -> SendGroupMessagesRequest {
    let messages = numbers.into_iter().map(|number| {
        let mut ciphertext = vec![0x5a; size.max(8)];
        ciphertext[..8].copy_from_slice(&(number as u64).to_be_bytes());
        let data = private_message(group, 1, ContentType::Application, &ciphertext);
        let v1 = group_message_input::V1 { data, sender_hmac: vec![0xab; 32], should_push: true };
        GroupMessageInput { version: Some(group_message_input::Version::V1(v1)) }
    });
    SendGroupMessagesRequest { messages: messages.collect() }
}
