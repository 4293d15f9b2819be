//! Joining groups: each welcome is opened, judged and stored, or refused and recorded (PROTOCOL.md 5.2).

use std::time::Duration;

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord, ConsentState};
use hexmtp_domain::group::join_rules::{JoinVerdict, facts_needed, judge_join};
use hexmtp_domain::group::{GroupContext, transcript::group_joined};
use hexmtp_domain::intent::Intent;
use hexmtp_domain::message::{DeliveryStatus, MessageKind, group_updated, message_id};
use hexmtp_domain::{Cursor, Epoch, GroupId, Originator, Topic};
use hexmtp_ports::delivery::WelcomeEnvelope;
use hexmtp_ports::mls::{Joined, Keep};
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{
    CommitLogRecord, CommitOutcome, ConversationRecord, DeferredWelcome, IntentRecord, MessageRecord,
    MlsRowChange, RejectedRecord, RowChange, Scope,
};

use crate::context::Context;
use crate::error::{PortError, SyncError, WelcomeRejection};
use crate::group::{inherited_consent, initial_consent, is_introduced, new_record};
use crate::identity::installation_states;
use crate::inbound::sync::is_behind;
use crate::inbound::unwrap::{Opened, Unwrapped, open};
use crate::key_package;
use crate::outbound::new_intent;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// The page size of the protocol (FEATURES.md K-12).
const PAGE: usize = 100;

/// How long a pointer may wait for its pointee (PROTOCOL.md 5.3).
const POINTEE_PATIENCE: Duration = Duration::from_secs(3 * 24 * 60 * 60);

/// What became of one welcome.
enum Outcome {
    Joined,
    /// The group was joined before, or somebody else has just stored it.
    Known,
    Refused(WelcomeRejection),
    NotYet,
}

/// Takes in all welcomes that wait for this installation. Gives the number of conversations that were joined.
pub(crate) async fn sync_welcomes(context: &Context) -> Result<usize, SyncError> {
    let _guard = context.welcome_lock.lock().await;
    let mut joined = retry_deferred(context).await?;
    let topic = Topic::Welcome(context.key.id());
    loop {
        let after = context.store.cursor(topic).await?.get(Originator::WELCOMES);
        let page = context.delivery.query_welcomes(context.key.id(), after, PAGE).await?;
        for envelope in &page.items {
            joined += usize::from(take_in(context, envelope).await?);
        }
        if !page.has_more || page.items.is_empty() {
            break;
        }
    }
    if joined > 0 && !context.standing.is_revoked() {
        key_package::rotate_if_due(context).await?;
    }
    Ok(joined)
}

/// Takes in welcomes that a subscription delivered.
pub(crate) async fn take_in_welcomes(
    context: &Context,
    envelopes: &[WelcomeEnvelope],
) -> Result<usize, SyncError> {
    let topic = Topic::Welcome(context.key.id());
    {
        let _guard = context.welcome_lock.lock().await;
        let clock = context.store.cursor(topic).await?;
        if envelopes.iter().all(|envelope| clock.covers(envelope.cursor)) {
            return Ok(0);
        }
    }
    sync_welcomes(context).await
}

/// Tries the pointers again whose pointees were not there.
async fn retry_deferred(context: &Context) -> Result<usize, SyncError> {
    let mut joined = 0;
    for deferred in context.store.deferred_welcomes().await? {
        let cursor = deferred.envelope.cursor;
        let outcome = join(context, &deferred.envelope, &[RowChange::ForgetDeferredWelcome(cursor)]).await?;
        let mut unit = Unit::unconditional();
        match outcome {
            Outcome::Joined => joined += 1,
            Outcome::Known => unit.change(RowChange::ForgetDeferredWelcome(cursor)),
            Outcome::Refused(rejection) => {
                unit.change(RowChange::ForgetDeferredWelcome(cursor));
                unit.change(rejected(context, &deferred.envelope, rejection.code(), &rejection.to_string()));
            }
            Outcome::NotYet if context.now().since(deferred.since) > POINTEE_PATIENCE => {
                unit.change(RowChange::ForgetDeferredWelcome(cursor));
                let detail = "the welcome that it points to never came";
                unit.change(rejected(context, &deferred.envelope, "welcome.pointee_missing", detail));
            }
            Outcome::NotYet => {}
        }
        unit.commit(context).await?;
    }
    Ok(joined)
}

/// Takes one welcome in, and moves the cursor past it in the same commit.
async fn take_in(context: &Context, envelope: &WelcomeEnvelope) -> Result<bool, SyncError> {
    let passed =
        RowChange::AdvanceCursor { topic: Topic::Welcome(context.key.id()), cursor: envelope.cursor };
    let outcome = join(context, envelope, std::slice::from_ref(&passed)).await?;
    let mut unit = Unit::unconditional();
    match outcome {
        Outcome::Joined => return Ok(true),
        Outcome::Known => {}
        Outcome::Refused(rejection) => {
            tracing::warn!(code = rejection.code(), "refused a welcome");
            unit.change(rejected(context, envelope, rejection.code(), &rejection.to_string()));
        }
        Outcome::NotYet => unit.change(RowChange::DeferWelcome(DeferredWelcome {
            envelope: envelope.clone(),
            since: context.now(),
        })),
    }
    unit.change(passed);
    unit.commit(context).await?;
    Ok(false)
}

/// Opens and judges a welcome; when the group is joined, `with` is stored in the same commit.
async fn join(
    context: &Context,
    envelope: &WelcomeEnvelope,
    with: &[RowChange],
) -> Result<Outcome, SyncError> {
    let unwrapped = match open(context, envelope).await? {
        Opened::Welcome(unwrapped) => *unwrapped,
        Opened::Refused(rejection) => return Ok(Outcome::Refused(rejection)),
        Opened::NotYet => return Ok(Outcome::NotYet),
    };
    for _ in 0..MAX_CONFLICTS {
        match attempt(context, envelope, &unwrapped, with).await {
            Err(SyncError::Port(PortError::Store(error))) if is_conflict(&error) => {}
            other => return other,
        }
    }
    Err(SyncError::Contention)
}

/// One attempt to join, from what is stored now.
async fn attempt(
    context: &Context,
    envelope: &WelcomeEnvelope,
    unwrapped: &Unwrapped,
    with: &[RowChange],
) -> Result<Outcome, SyncError> {
    let reference = unwrapped.key_package.reference;
    let mut key_package = Unit::load(context, &[Scope::KeyPackage(reference)]).await?;
    let rows = key_package.take_rows(Scope::KeyPackage(reference));
    let Joined { mut session, sender } =
        match context.mls.join(&context.key, &unwrapped.welcome, (reference, rows)) {
            Ok(joined) => joined,
            Err(error) => return Ok(Outcome::Refused(error.into())),
        };
    let state = session.state()?;
    let group_id = state.group_id;
    let _guard = context.locks.lock(group_id).await;
    let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
    let existing = context.store.conversation(group_id).await?;
    if existing.as_ref().is_some_and(|known| is_superseded(known, state.epoch)) {
        return Ok(Outcome::Known);
    }
    let group = match GroupContext::parse(&state.extensions) {
        Ok(group) => group,
        Err(error) => return Ok(Outcome::Refused(error.into())),
    };
    let needed = match facts_needed(&group) {
        Ok(needed) => needed,
        Err(violation) => return Ok(Outcome::Refused(violation.into())),
    };
    let states = installation_states(context, &needed).await?;
    let verdict =
        judge_join(&group, &state.members, &states, &sender, context.inbox_id, &context.claimed_version);
    let paused_for = match verdict {
        Ok(JoinVerdict::Join) => None,
        Ok(JoinVerdict::JoinPaused { minimum }) => Some(minimum),
        Err(violation) => return Ok(Outcome::Refused(violation.into())),
    };
    let mut record = new_record(context, state, &group, sender.inbox_id);
    record.paused_for = paused_for;
    record.welcome_sequence_id = Some(envelope.cursor.sequence_id);
    let changes = session.take_changes(Keep::All)?;
    delete_outdated_rows(context, &mut unit, group_id, &changes).await?;
    unit.change_mls(changes);
    if existing.is_some_and(|known| known.pending_removals.contains(&context.inbox_id)) {
        // Who left and is brought back decides anew whether to stay (PROTOCOL.md 8.10).
        let entity = ConsentEntity::Conversation(group_id);
        unit.change(RowChange::PutConsent(ConsentRecord {
            entity,
            state: ConsentState::Unknown,
            at: context.now(),
        }));
    }
    if let Some(consent) = inherited_consent(context, &record).await? {
        unit.change(consent);
    }
    if let Some(intent) = to_be_told(context, &record).await? {
        unit.change(RowChange::InsertIntent(intent));
    }
    let introduced = is_introduced(context, &record).await?;
    store(context, &mut unit, envelope, record, unwrapped, introduced);
    unit.change(key_package::rotation_wanted(context));
    with.iter().cloned().for_each(|change| unit.change(change));
    unit.commit(context).await?;
    Ok(Outcome::Joined)
}

/// The intent to tell a group what the own identity log says, when whoever added this installation knew less of it
/// than this device does.
async fn to_be_told(
    context: &Context,
    record: &ConversationRecord,
) -> Result<Option<IntentRecord>, SyncError> {
    let latest = context.store.latest_identity_updates(&[context.inbox_id]).await?;
    let own_log = latest.first().copied().unwrap_or_default();
    if !is_behind(context, record, own_log) {
        return Ok(None);
    }
    let intent = Intent::UpdateMembership { add: Vec::new(), remove: Vec::new() };
    Ok(Some(new_intent(context, record.id, intent)?))
}

/// Whether a group that is stored needs no welcome of this epoch.
fn is_superseded(known: &ConversationRecord, epoch: Epoch) -> bool {
    known.membership != MembershipState::Removed && known.needs_readd.is_none() && known.epoch >= epoch
}

/// A group that is joined anew keeps nothing of its former MLS state.
async fn delete_outdated_rows(
    context: &Context,
    unit: &mut Unit,
    group_id: GroupId,
    changes: &[MlsRowChange],
) -> Result<(), SyncError> {
    let mut outdated = unit.deletions(context, Scope::Group(group_id)).await?;
    outdated.retain(|deletion| !changes.iter().any(|change| change.key == deletion.key));
    unit.change_mls(outdated);
    Ok(())
}

/// The rows of a group that is joined.
fn store(
    context: &Context,
    unit: &mut Unit,
    envelope: &WelcomeEnvelope,
    mut record: ConversationRecord,
    unwrapped: &Unwrapped,
    introduced: bool,
) {
    let group_id = record.id;
    unit.change(RowChange::AppendCommitLog(CommitLogRecord {
        group_id,
        sequence_id: unwrapped.message_cursor,
        last_authenticator: None,
        outcome: CommitOutcome::Applied,
        epoch: record.epoch,
        authenticator: record.authenticator,
        committer: None,
    }));
    // The commit that added this installation is part of the state that the welcome carries.
    unit.change(RowChange::AdvanceCursor {
        topic: Topic::Group(group_id),
        cursor: Cursor::new(Originator::COMMITS, unwrapped.message_cursor),
    });
    let own = record.creator == context.inbox_id;
    if let Some(consent) = initial_consent(context, group_id, own) {
        unit.change(consent);
    }
    if record.kind.is_visible() {
        let message = joined_message(context, envelope, &record);
        record.last_message_at = Some(message.sent_at);
        unit.change(RowChange::PutConversation(Box::new(record)));
        if !introduced {
            unit.change(RowChange::InsertMessage(message));
        }
    } else {
        unit.change(RowChange::PutConversation(Box::new(record)));
    }
}

/// The message that tells people that they were added, and by whom.
fn joined_message(
    context: &Context,
    envelope: &WelcomeEnvelope,
    record: &ConversationRecord,
) -> MessageRecord {
    let content = group_updated::encode(&group_joined(record.added_by, context.inbox_id));
    let bytes = content.encode();
    let key = format!("{}_welcome_added", envelope.server_time.as_nanos());
    MessageRecord {
        id: message_id(record.id, &key, &bytes),
        group_id: record.id,
        sender: record
            .members
            .iter()
            .find(|leaf| leaf.inbox_id == record.added_by)
            .copied()
            .unwrap_or_else(|| context.own_leaf()),
        sent_at: envelope.server_time,
        inserted_at: context.now(),
        expires_at: None,
        kind: MessageKind::MembershipChange,
        delivery: DeliveryStatus::Published,
        content_type: Some(content.content_type),
        content: bytes,
        reference: None,
        idempotency_key: key,
        cursor: None,
        epoch: Some(record.epoch),
    }
}

fn rejected(context: &Context, envelope: &WelcomeEnvelope, code: &str, detail: &str) -> RowChange {
    RowChange::RecordRejected(RejectedRecord {
        topic: Topic::Welcome(context.key.id()),
        cursor: envelope.cursor,
        code: code.to_owned(),
        detail: detail.to_owned(),
        at: context.now(),
    })
}
