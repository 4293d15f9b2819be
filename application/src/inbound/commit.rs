//! Judging a commit: the facts are fetched with nothing open and nothing changed, then the rules decide.

use std::collections::BTreeSet;

use hexmtp_domain::group::commit_rules::{
    CommitEffects, CommitViolation, Verdict, facts_needed, judge_commit,
};
use hexmtp_domain::group::{CommitSummary, GroupContext, LeafMember, transcript};
use hexmtp_domain::message::{DeliveryStatus, MessageKind, group_updated, message_id};
use hexmtp_domain::{Epoch, InboxId};
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::store::MessageRecord;

use crate::context::Context;
use crate::error::SyncError;
use crate::identity::installation_states;

/// What is to be done with a commit.
pub(crate) enum Judged {
    Accept(Box<CommitEffects>),
    Reject(CommitViolation),
    Pause(String),
    Wait(SyncError),
}

/// Judges a staged commit by the rules of the group.
pub(crate) async fn judge(
    context: &Context,
    group: &GroupContext,
    leaves: &[LeafMember],
    summary: &CommitSummary,
) -> Judged {
    let needed = match facts_needed(group, leaves, summary) {
        Ok(needed) => needed,
        Err(violation) => return Judged::Reject(violation),
    };
    let states = match installation_states(context, &needed).await {
        Ok(states) => states,
        Err(error) => return Judged::Wait(error.into()),
    };
    match judge_commit(group, leaves, summary, &states, &context.claimed_version) {
        Ok(Verdict::Accept(effects)) => Judged::Accept(effects),
        Ok(Verdict::Pause { minimum }) => Judged::Pause(minimum),
        Err(violation) => Judged::Reject(violation),
    }
}

/// The message that tells people what a commit changed; `None` when there is nothing to tell. Of the removed
/// inboxes it says of `leavers` that they left.
pub(crate) fn change_message(
    context: &Context,
    envelope: &GroupEnvelope,
    committer: LeafMember,
    effects: &CommitEffects,
    (leavers, epoch): (&BTreeSet<InboxId>, Epoch),
) -> Option<MessageRecord> {
    let mut update = transcript::group_updated(committer.inbox_id, effects)?;
    transcript::mark_left(&mut update, leavers);
    let key = envelope.server_time.as_nanos().to_string();
    let content = group_updated::encode(&update);
    let bytes = content.encode();
    Some(MessageRecord {
        id: message_id(envelope.group_id, &key, &bytes),
        group_id: envelope.group_id,
        sender: committer,
        sent_at: envelope.server_time,
        inserted_at: context.now(),
        expires_at: None,
        kind: MessageKind::MembershipChange,
        delivery: DeliveryStatus::Published,
        content_type: Some(content.content_type),
        content: bytes,
        reference: None,
        idempotency_key: key,
        cursor: Some(envelope.cursor),
        epoch: Some(epoch),
    })
}
