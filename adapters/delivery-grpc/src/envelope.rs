//! Messages of the schema and values of the ports, both ways.

use hexmtp_domain::framing::classify;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{Cursor, GroupId, Originator, SequenceId, Timestamp, WelcomeDestination};
use hexmtp_ports::delivery::{
    GroupEnvelope, OutboundGroupMessage, OutboundWelcome, WelcomeEnvelope, WelcomePayload,
};
use hexmtp_proto::xmtp::mls::api::v1::{
    GroupMessage, GroupMessageInput, WelcomeMessage, WelcomeMessageInput, group_message, group_message_input,
    welcome_message, welcome_message_input,
};

use crate::failure::Failure;

/// A number that a server gave; none gives zero, which stands for "nothing read" (PEER.md 4).
pub(crate) fn sequence_id(number: u64) -> Result<SequenceId, Failure> {
    if number == 0 { Err(Failure::Malformed("an entry has no number")) } else { Ok(SequenceId(number)) }
}

/// A server's time. One that cannot be is the latest there is: the place in the log matters more.
pub(crate) fn timestamp(nanos: u64) -> Timestamp {
    Timestamp::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX))
}

/// A group message of a log. Official servers name the group in each message; in the answer to a question about one
/// group it may be missing.
pub(crate) fn group_envelope(
    message: GroupMessage,
    asked: Option<GroupId>,
) -> Result<GroupEnvelope, Failure> {
    let Some(group_message::Version::V1(v1)) = message.version else {
        return Err(Failure::Malformed("a group message is of no known version"));
    };
    let group_id = owner(GroupId::from_slice(&v1.group_id).ok(), v1.group_id.is_empty(), asked)?;
    // Whatever cannot be read keeps its place: it is for the members to judge and to pass by.
    let originator = classify(group_id, &v1.data).unwrap_or(Originator::APPLICATION_MESSAGES);
    Ok(GroupEnvelope {
        group_id,
        cursor: Cursor::new(originator, sequence_id(v1.id)?),
        server_time: timestamp(v1.created_ns),
        data: v1.data,
        sender_hmac: v1.sender_hmac,
        should_push: v1.should_push,
    })
}

/// A welcome of a log; as [`group_envelope`].
pub(crate) fn welcome_envelope(
    message: WelcomeMessage,
    asked: Option<WelcomeDestination>,
) -> Result<WelcomeEnvelope, Failure> {
    let (id, created_ns, key, payload) = match message.version {
        Some(welcome_message::Version::V1(v1)) => {
            let payload = WelcomePayload::Welcome {
                data: v1.data,
                hpke_public_key: v1.hpke_public_key,
                algorithm: WrapperAlgorithm::from_wire(v1.wrapper_algorithm),
                metadata: v1.welcome_metadata,
            };
            (v1.id, v1.created_ns, v1.installation_key, payload)
        }
        Some(welcome_message::Version::WelcomePointer(pointer)) => {
            let payload = WelcomePayload::Pointer {
                data: pointer.welcome_pointer,
                hpke_public_key: pointer.hpke_public_key,
                algorithm: WrapperAlgorithm::from_wire(pointer.wrapper_algorithm),
            };
            (pointer.id, pointer.created_ns, pointer.installation_key, payload)
        }
        None => return Err(Failure::Malformed("a welcome is of no known version")),
    };
    Ok(WelcomeEnvelope {
        destination: owner(WelcomeDestination::from_slice(&key).ok(), key.is_empty(), asked)?,
        cursor: Cursor::new(Originator::WELCOMES, sequence_id(id)?),
        server_time: timestamp(created_ns),
        payload,
    })
}

/// Whose entry it is: the one that it names, or, when it names none, the one that was asked for.
fn owner<K: Copy + PartialEq>(named: Option<K>, is_unnamed: bool, asked: Option<K>) -> Result<K, Failure> {
    match (named, asked) {
        (Some(named), Some(asked)) if named != asked => Err(Failure::Malformed("an entry is of another log")),
        (Some(named), _) => Ok(named),
        (None, Some(asked)) if is_unnamed => Ok(asked),
        (None, _) => Err(Failure::Malformed("an entry does not say of which log it is")),
    }
}

/// A group message to send. The schema does not name the group: servers read it from the MLS message.
pub(crate) fn group_message_input(message: OutboundGroupMessage) -> GroupMessageInput {
    let OutboundGroupMessage { group_id: _, data, sender_hmac, should_push } = message;
    let v1 = group_message_input::V1 { data, sender_hmac, should_push };
    GroupMessageInput { version: Some(group_message_input::Version::V1(v1)) }
}

/// A welcome to send.
pub(crate) fn welcome_message_input(welcome: OutboundWelcome) -> WelcomeMessageInput {
    let installation_key = welcome.destination.to_vec();
    let version = match welcome.payload {
        WelcomePayload::Welcome { data, hpke_public_key, algorithm, metadata } => {
            welcome_message_input::Version::V1(welcome_message_input::V1 {
                installation_key,
                data,
                hpke_public_key,
                wrapper_algorithm: algorithm.to_wire(),
                welcome_metadata: metadata,
            })
        }
        WelcomePayload::Pointer { data, hpke_public_key, algorithm } => {
            welcome_message_input::Version::WelcomePointer(welcome_message_input::WelcomePointer {
                installation_key,
                welcome_pointer: data,
                hpke_public_key,
                wrapper_algorithm: algorithm.to_wire(),
            })
        }
    };
    WelcomeMessageInput { version: Some(version) }
}
