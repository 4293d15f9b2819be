//! What the transcript of a conversation says about a commit or about joining (PROTOCOL.md 4.6).
//!
//! Every installation writes these messages for itself; nothing on the wire depends on them.

use std::collections::BTreeSet;

use hexmtp_proto::xmtp::mls::message_contents as wire;
use hexmtp_proto::xmtp::mls::message_contents::group_updated::{Inbox, MetadataFieldChange};

use crate::group::commit_rules::CommitEffects;
use crate::group::mutable_metadata::{MetadataChange, SUPER_ADMIN_PREFIX};
use crate::ids::InboxId;

/// What an accepted commit says to people; `None` when it changes nothing that they see: installations, keys,
/// policies. Attributes that belong to the protocol are left out, since one of them is a secret.
#[must_use]
pub fn group_updated(initiator: InboxId, effects: &CommitEffects) -> Option<wire::GroupUpdated> {
    let visible =
        effects.metadata_changes.iter().filter(|change| !change.field.starts_with(SUPER_ADMIN_PREFIX));
    let update = wire::GroupUpdated {
        initiated_by_inbox_id: initiator.to_string(),
        added_inboxes: inboxes(&effects.added_inboxes),
        removed_inboxes: inboxes(&effects.removed_inboxes),
        metadata_field_changes: visible.map(field_change).collect(),
        left_inboxes: Vec::new(),
        added_admin_inboxes: inboxes(&effects.added_admins),
        removed_admin_inboxes: inboxes(&effects.removed_admins),
        added_super_admin_inboxes: inboxes(&effects.added_super_admins),
        removed_super_admin_inboxes: inboxes(&effects.removed_super_admins),
    };
    let silent = wire::GroupUpdated { initiated_by_inbox_id: initiator.to_string(), ..Default::default() };
    (update != silent).then_some(update)
}

/// What is said when this installation joins: the adding inbox has added the own one.
#[must_use]
pub fn group_joined(adder: InboxId, own_inbox: InboxId) -> wire::GroupUpdated {
    wire::GroupUpdated {
        initiated_by_inbox_id: adder.to_string(),
        added_inboxes: inboxes(&[own_inbox]),
        ..Default::default()
    }
}

/// Says of those among the removed inboxes that had asked to leave that they left (PROTOCOL.md 4.7).
pub fn mark_left(update: &mut wire::GroupUpdated, leavers: &BTreeSet<InboxId>) {
    let removed = std::mem::take(&mut update.removed_inboxes);
    let has_left = |inbox: &Inbox| inbox.inbox_id.parse().is_ok_and(|inbox_id| leavers.contains(&inbox_id));
    let (left, removed): (Vec<Inbox>, Vec<Inbox>) = removed.into_iter().partition(has_left);
    update.left_inboxes.extend(left);
    update.removed_inboxes = removed;
}

fn inboxes(inbox_ids: &[InboxId]) -> Vec<Inbox> {
    inbox_ids.iter().map(|inbox_id| Inbox { inbox_id: inbox_id.to_string() }).collect()
}

fn field_change(change: &MetadataChange) -> MetadataFieldChange {
    MetadataFieldChange {
        field_name: change.field.clone(),
        old_value: change.old_value.clone(),
        new_value: change.new_value.clone(),
    }
}
