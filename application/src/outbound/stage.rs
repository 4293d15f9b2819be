//! Making payloads: MLS encrypts or commits, and the result is stored before anybody sees it.

use hexmtp_domain::group::commit_rules::{Verdict, judge_commit};
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::group::leaving::leavers_to_remove;
use hexmtp_domain::group::membership::InstallationStates;
use hexmtp_domain::group::{CommitSummary, GroupContext, LeafMember};
use hexmtp_domain::intent::{Intent, IntentEvent, IntentId, IntentState, StagedPayload};
use hexmtp_domain::welcome::{PostCommit, WelcomeRecipient};
use hexmtp_domain::{Epoch, GroupId, InboxId, PayloadHash};
use hexmtp_ports::Retry;
use hexmtp_ports::mls::{CommitPlan, Keep, MlsSession, SessionState};
use hexmtp_ports::store::{ConversationRecord, IntentRecord, Scope};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::group::{ensure_writable, load};
use crate::identity::installation_states;
use crate::outbound::lease::{is_under_way, taken};
use crate::outbound::publish::{given_up, moved};
use crate::outbound::settle::Failures;
use crate::outbound::stage_context::changed_extensions;
use crate::outbound::stage_membership::plan_membership_commit;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// A commit that is about to be made, and what receivers need to judge it.
pub(crate) struct PlannedCommit {
    pub(crate) plan: CommitPlan,
    pub(crate) added: Vec<LeafMember>,
    pub(crate) removed: Vec<LeafMember>,
    pub(crate) states: InstallationStates,
    pub(crate) recipients: Vec<WelcomeRecipient>,
}

/// Stages the open intents of a group in turn, any number of messages or one commit, and gives those that are to be
/// published now; with them the lease of the outbox is taken. One that can never succeed is given up, and the reason
/// is handed to whoever waits for it.
pub(crate) async fn stage(
    context: &Context,
    group_id: GroupId,
    failures: &mut Failures,
) -> Result<Vec<IntentRecord>, ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(group_id)]).await?;
        let record = load(context, group_id).await?;
        ensure_writable(context, &record)?;
        let open = context.store.open_intents(group_id).await?;
        if open.iter().any(is_under_way) {
            // Another process was faster: what it has sent is read back first.
            return Ok(Vec::new());
        }
        let (made, refused) = match decide(context, &mut unit, &record, &open).await {
            Ok(decided) => decided,
            Err(_) if unit.is_outdated(context).await? => continue,
            Err(error) => return Err(error),
        };
        if !made.is_empty() {
            unit.change(taken(context, group_id));
        }
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => {
                failures.extend(refused);
                return Ok(made);
            }
        }
    }
    Err(SyncError::Contention.into())
}

/// What was made, and what was given up for what reason.
type Decided = (Vec<IntentRecord>, Option<(IntentId, ChangeError)>);

/// Makes the payloads of the intents whose turn it is, and adds to the unit what they change.
async fn decide(
    context: &Context,
    unit: &mut Unit,
    record: &ConversationRecord,
    open: &[IntentRecord],
) -> Result<Decided, ChangeError> {
    let (mut made, mut refused) = (Vec::new(), None);
    let mut session = unit.open(context, record.id)?;
    for intent in in_turn(open) {
        if let Intent::SendMessage { envelope } = &intent.intent {
            let data = session.seal(envelope)?;
            made.push(staged(intent, data, record.epoch, None));
            continue;
        }
        if !made.is_empty() {
            // The messages before it are published first.
            break;
        }
        match stage_commit(context, intent, record, session.as_mut()).await {
            Ok(Some(intent)) => made.push(intent),
            Ok(None) => unit.change(moved(intent, IntentEvent::NothingToDo, None)),
            Err(error) if error.retry() == Retry::Never => {
                given_up(intent, error.code()).into_iter().for_each(|change| unit.change(change));
                refused = Some((intent.id, error));
            }
            Err(error) => return Err(error),
        }
        break;
    }
    unit.change_mls(session.take_changes(Keep::All)?);
    if refused.is_none() {
        // After a failure it may not be what is stored.
        unit.keep(record.id, session);
    }
    made.iter().for_each(|intent| unit.change(moved(intent, IntentEvent::Staged, None)));
    Ok((made, refused))
}

/// The intents to stage, in their order, but for what makes the group ready for messages: new installations of
/// members should read what waits, and it should go out under new keys.
fn in_turn(open: &[IntentRecord]) -> Vec<&IntentRecord> {
    let mut intents: Vec<&IntentRecord> =
        open.iter().filter(|intent| intent.state == IntentState::ToPublish).collect();
    intents.sort_by_key(|intent| !intent.intent.is_preparation());
    intents
}

/// The intent with its payload fixed.
fn staged(
    intent: &IntentRecord,
    data: Vec<u8>,
    epoch: Epoch,
    post_commit: Option<PostCommit>,
) -> IntentRecord {
    let payload = StagedPayload { hash: PayloadHash::of(&data), data, epoch, post_commit };
    IntentRecord { payload: Some(payload), attempts: intent.attempts + 1, ..intent.clone() }
}

/// Plans, judges and makes a commit. It is judged by the rules that receivers apply: a commit that they would
/// refuse would part this member from the group. `None` when there is nothing to do.
async fn stage_commit(
    context: &Context,
    intent: &IntentRecord,
    record: &ConversationRecord,
    session: &mut dyn MlsSession,
) -> Result<Option<IntentRecord>, ChangeError> {
    let state = session.state()?;
    let group = GroupContext::parse(&state.extensions)?;
    let planned = match &intent.intent {
        Intent::UpdateMembership { add, remove } => {
            plan_membership_commit(context, &state, &group, (add, remove)).await?
        }
        Intent::RemoveLeavers => {
            let leavers = leavers_to_remove(&group, &record.pending_removals, context.inbox_id);
            match leavers.is_empty() {
                true => None,
                false => {
                    let leavers: Vec<InboxId> = leavers.into_iter().collect();
                    plan_membership_commit(context, &state, &group, (&[], &leavers)).await?
                }
            }
        }
        Intent::UpdateMetadata { .. }
        | Intent::UpdateAttributes { .. }
        | Intent::UpdateRoles(_)
        | Intent::UpdatePolicy(_) => match changed_extensions(&intent.intent, &state, &group) {
            Some(extensions) => Some(planned_extensions(context, &group, Some(extensions)).await?),
            None => None,
        },
        Intent::KeyUpdate | Intent::SendMessage { .. } => {
            Some(planned_extensions(context, &group, None).await?)
        }
    };
    let Some(planned) = planned else { return Ok(None) };
    judge(context, &state, &group, &planned)?;
    let outbound = session.commit(&planned.plan)?;
    let post_commit = outbound
        .welcome
        .filter(|_| !planned.recipients.is_empty())
        .map(|welcome| PostCommit { welcome, recipients: planned.recipients });
    Ok(Some(staged(intent, outbound.data, state.epoch, post_commit)))
}

/// A commit that changes nothing but, perhaps, the extensions.
async fn planned_extensions(
    context: &Context,
    group: &GroupContext,
    extensions: Option<Vec<RawExtension>>,
) -> Result<PlannedCommit, ChangeError> {
    let own = context.own_leaf();
    let states = match group.membership.members.get(&own.inbox_id) {
        Some(sequence_id) => installation_states(context, &[(own.inbox_id, *sequence_id)]).await?,
        None => InstallationStates::default(),
    };
    Ok(PlannedCommit {
        plan: CommitPlan { extensions, ..CommitPlan::default() },
        added: Vec::new(),
        removed: Vec::new(),
        states,
        recipients: Vec::new(),
    })
}

/// R-INT-020: the own commit must be one that every receiver accepts.
fn judge(
    context: &Context,
    state: &SessionState,
    group: &GroupContext,
    planned: &PlannedCommit,
) -> Result<(), ChangeError> {
    let own = context.own_leaf();
    let summary = CommitSummary {
        epoch: state.epoch,
        committer: own,
        added: planned.added.clone(),
        removed: planned.removed.clone(),
        updated: vec![(own, own)],
        extensions: planned.plan.extensions.clone(),
        removes_own_leaf: false,
        forbidden_proposals: Vec::new(),
    };
    match judge_commit(group, &state.members, &summary, &planned.states, &context.claimed_version) {
        Ok(Verdict::Accept(_)) => Ok(()),
        Ok(Verdict::Pause { minimum }) => Err(ChangeError::Paused { minimum }),
        Err(violation) => Err(ChangeError::Refused(violation)),
    }
}
