//! Messages as applications see them.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::message::{DeliveryStatus, MessageBody, MessageKind};
use hexmtp_domain::{Cursor, Epoch, GroupId, InboxId, InstallationId, MessageId, Timestamp};
use hexmtp_ports::store::MessageRecord;

/// A message of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// Its id, the same for every member.
    pub id: MessageId,
    /// The conversation.
    pub group_id: GroupId,
    /// The inbox that sent it.
    pub sender: InboxId,
    /// The installation that sent it.
    pub installation: InstallationId,
    /// When: by the server's clock once the network has it, by the own clock before.
    pub sent_at: Timestamp,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// Whether the network has it.
    pub delivery: DeliveryStatus,
    /// What it says.
    pub body: MessageBody,
    /// The content exactly as sent: a serialized `EncodedContent`.
    pub content: Vec<u8>,
    /// The key that the sender mixed into the id.
    pub idempotency_key: String,
    /// Its place in the group's log, once the network has it.
    pub cursor: Option<Cursor>,
    /// The epoch in which it was sent, where known.
    pub epoch: Option<Epoch>,
}

impl From<MessageRecord> for Message {
    fn from(record: MessageRecord) -> Self {
        let LeafMember { inbox_id, installation_id } = record.sender;
        Self {
            id: record.id,
            group_id: record.group_id,
            sender: inbox_id,
            installation: installation_id,
            sent_at: record.sent_at,
            kind: record.kind,
            delivery: record.delivery,
            body: MessageBody::decode(record.kind, &record.content),
            content: record.content,
            idempotency_key: record.idempotency_key,
            cursor: record.cursor,
            epoch: record.epoch,
        }
    }
}
