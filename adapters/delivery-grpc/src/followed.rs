//! The two kinds of logs that can be followed.

use std::collections::BTreeMap;
use std::fmt;

use hexmtp_domain::{GroupId, SequenceId, WelcomeDestination};
use hexmtp_ports::delivery::Envelope;
use hexmtp_proto::xmtp::mls::api::v1::{
    GroupMessage, SubscribeGroupMessagesRequest, SubscribeWelcomeMessagesRequest, WelcomeMessage,
    subscribe_group_messages_request, subscribe_welcome_messages_request,
};
use prost::Message;
use prost::bytes::Bytes;

use crate::envelope::{group_envelope, welcome_envelope};
use crate::failure::Failure;
use crate::method::Method;

/// How far each log was read.
pub(crate) type Places<K> = BTreeMap<K, SequenceId>;

/// What names a log.
pub(crate) trait Followed: Copy + Ord + fmt::Debug + Send + 'static {
    /// Follows logs of this kind.
    const METHOD: Method;

    /// Asks for what comes behind these places.
    fn request(places: &Places<Self>) -> Bytes;

    /// An envelope, whose it is, and its number.
    fn read(message: Bytes) -> Result<(Self, SequenceId, Envelope), Failure>;
}

impl Followed for GroupId {
    const METHOD: Method = Method::SubscribeGroupMessages;

    fn request(places: &Places<Self>) -> Bytes {
        let filters = places.iter().map(|(group, place)| subscribe_group_messages_request::Filter {
            group_id: group.to_vec(),
            id_cursor: place.0,
        });
        SubscribeGroupMessagesRequest { filters: filters.collect() }.encode_to_vec().into()
    }

    fn read(message: Bytes) -> Result<(Self, SequenceId, Envelope), Failure> {
        let envelope = group_envelope(decode::<GroupMessage>(message)?, None)?;
        Ok((envelope.group_id, envelope.cursor.sequence_id, Envelope::Group(envelope)))
    }
}

impl Followed for WelcomeDestination {
    const METHOD: Method = Method::SubscribeWelcomeMessages;

    fn request(places: &Places<Self>) -> Bytes {
        let filters = places.iter().map(|(destination, place)| subscribe_welcome_messages_request::Filter {
            installation_key: destination.to_vec(),
            id_cursor: place.0,
        });
        SubscribeWelcomeMessagesRequest { filters: filters.collect() }.encode_to_vec().into()
    }

    fn read(message: Bytes) -> Result<(Self, SequenceId, Envelope), Failure> {
        let envelope = welcome_envelope(decode::<WelcomeMessage>(message)?, None)?;
        Ok((envelope.destination, envelope.cursor.sequence_id, Envelope::Welcome(envelope)))
    }
}

fn decode<M: Message + Default>(message: Bytes) -> Result<M, Failure> {
    M::decode(message).map_err(|_| Failure::Malformed("an envelope is not of its type"))
}
