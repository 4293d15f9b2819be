//! Messages as applications see them.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::intent::IntentState;
use hexmtp_domain::message::{DeliveryStatus, MessageBody, MessageKind};
use hexmtp_domain::{Cursor, Epoch, GroupId, InboxId, InstallationId, MessageId, Timestamp};
use hexmtp_ports::store::{IntentRecord, MessageRecord, RowChange, Scope};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::outbound::given_up;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

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
    /// When this installation stored it first, by its own clock.
    pub inserted_at: Timestamp,
    /// When it disappears from this device; `None` for a message that stays (PROTOCOL.md 3.5).
    pub expires_at: Option<Timestamp>,
    /// What kind of message it is.
    pub kind: MessageKind,
    /// Whether the network has it.
    pub delivery: DeliveryStatus,
    /// What it says.
    pub body: MessageBody,
    /// The content exactly as sent: a serialized `EncodedContent`.
    pub content: Vec<u8>,
    /// The message that this one answers or reacts to.
    pub reference: Option<MessageId>,
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
            inserted_at: record.inserted_at,
            expires_at: record.expires_at,
            kind: record.kind,
            delivery: record.delivery,
            body: MessageBody::decode(record.kind, &record.content),
            content: record.content,
            reference: record.reference,
            idempotency_key: record.idempotency_key,
            cursor: record.cursor,
            epoch: record.epoch,
        }
    }
}

/// Removes a message from this device. The intent to send it is given up as long as nothing was staged for it; what
/// was staged may be with the network already, and is read back as usual.
pub(crate) async fn delete(context: &Context, id: MessageId) -> Result<bool, ChangeError> {
    let Some(message) = context.store.message(id).await? else { return Ok(false) };
    let group_id = message.group_id;
    let _guard = context.locks.lock(group_id).await;
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        if message.delivery == DeliveryStatus::Unpublished {
            let open = context.store.open_intents(group_id).await?;
            let unsent = |intent: &&IntentRecord| {
                intent.message_id == Some(id) && intent.state == IntentState::ToPublish
            };
            for intent in open.iter().filter(unsent) {
                given_up(intent, "change.message_deleted").into_iter().for_each(|change| unit.change(change));
            }
        }
        unit.change(RowChange::DeleteMessage(id));
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other.map(|()| true)?),
        }
    }
    Err(SyncError::Contention.into())
}
