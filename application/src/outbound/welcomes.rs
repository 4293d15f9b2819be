//! Sending welcomes, once the commit that added their recipients has been read back (PROTOCOL.md 5.1, 5.3).

use hexmtp_domain::intent::{IntentEvent, IntentState};
use hexmtp_domain::welcome::{
    PointerSecrets, PostCommit, WELCOME_BATCH, WelcomeMetadata, WelcomePointer, WelcomeRecipient,
    WrapperAlgorithm, plan_welcomes,
};
use hexmtp_domain::{GroupId, InstallationId, Secret, SequenceId};
use hexmtp_ports::Retry;
use hexmtp_ports::delivery::{DeliveryError, OutboundWelcome, WelcomePayload};
use hexmtp_ports::store::{CommitOutcome, IntentRecord, Scope};

use crate::context::Context;
use crate::error::{ChangeError, SyncError};
use crate::outbound::lease::{given_back, is_under_way, keeping};
use crate::outbound::publish::moved;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// Sends the welcomes of every commit of a group that was merged; the caller holds the lease. Sending them twice, as
/// after a crash, does no harm: a member ignores a welcome to a group that it is in already.
pub(crate) async fn send_welcomes(context: &Context, group_id: GroupId) -> Result<(), ChangeError> {
    for intent in context.store.open_intents(group_id).await? {
        let post_commit = intent.payload.as_ref().and_then(|payload| payload.post_commit.as_ref());
        let Some(post_commit) = post_commit.filter(|_| intent.state == IntentState::Committed) else {
            continue;
        };
        let message_cursor = commit_cursor(context, &intent).await?;
        let metadata = WelcomeMetadata { message_cursor }.encode();
        let welcomes = wrap_all(context, post_commit, &metadata)?;
        let sent = keeping(context, group_id, publish_all(context, &welcomes)).await;
        match &sent {
            Ok(()) => finish(context, &intent, IntentEvent::WelcomesSent, None).await?,
            // Refused for good: asking again and again would not bring the new members in.
            Err(error) if error.retry() == Retry::Never => {
                finish(context, &intent, IntentEvent::GaveUp, Some(error.code())).await?;
            }
            Err(_) => {}
        }
        sent?;
    }
    Ok(())
}

/// The welcomes of an intent are done with. When nothing else is under way, neither is the lease needed any longer.
async fn finish(
    context: &Context,
    intent: &IntentRecord,
    event: IntentEvent,
    code: Option<&str>,
) -> Result<(), ChangeError> {
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(context, &[Scope::Group(intent.group_id)]).await?;
        let open = context.store.open_intents(intent.group_id).await?;
        if open.iter().any(|open| open.id == intent.id && open.state == IntentState::Committed) {
            unit.change(moved(intent, event, code));
        }
        if !open.iter().any(|open| is_under_way(open) && open.id != intent.id)
            && let Some(change) = given_back(context, intent.group_id).await?
        {
            unit.change(change);
        }
        match unit.commit(context).await {
            Err(error) if is_conflict(&error) => {}
            other => return Ok(other?),
        }
    }
    Err(SyncError::Contention.into())
}

async fn publish_all(context: &Context, welcomes: &[OutboundWelcome]) -> Result<(), DeliveryError> {
    for batch in welcomes.chunks(WELCOME_BATCH) {
        context.delivery.publish_welcomes(batch.to_vec()).await?;
    }
    Ok(())
}

/// The place of an intent's commit, as the local commit log has it.
async fn commit_cursor(context: &Context, intent: &IntentRecord) -> Result<SequenceId, ChangeError> {
    let ended = intent.payload.as_ref().map(|payload| payload.epoch).unwrap_or_default();
    let log = context.store.commit_log(intent.group_id).await?;
    let applied = log.iter().rev().find(|line| {
        line.outcome == CommitOutcome::Applied
            && line.epoch.0 == ended.0 + 1
            && line.committer == Some(context.key.id())
    });
    Ok(applied.map(|line| line.sequence_id).unwrap_or_default())
}

/// Wraps the welcome for every recipient; the pointee of pointers goes first, so that nobody finds nothing.
fn wrap_all(
    context: &Context,
    post_commit: &PostCommit,
    metadata: &[u8],
) -> Result<Vec<OutboundWelcome>, ChangeError> {
    let recipients = plan_welcomes(post_commit);
    let mut welcomes = Vec::with_capacity(post_commit.recipients.len() + 1);
    if !recipients.pointer.is_empty() {
        welcomes.extend(wrap_by_pointer(context, &post_commit.welcome, metadata, &recipients.pointer)?);
    }
    for recipient in recipients.plain {
        let wrapped = context.welcome_crypto.wrap(
            recipient.algorithm,
            &recipient.public_key,
            &post_commit.welcome,
            metadata,
        )?;
        welcomes.push(OutboundWelcome {
            destination: recipient.installation_id,
            payload: WelcomePayload::Welcome {
                data: wrapped.data,
                hpke_public_key: recipient.public_key.clone(),
                algorithm: recipient.algorithm,
                metadata: wrapped.metadata,
            },
        });
    }
    Ok(welcomes)
}

/// One pointee under a random key at a random destination, and a pointer to it for each recipient.
fn wrap_by_pointer(
    context: &Context,
    welcome: &[u8],
    metadata: &[u8],
    recipients: &[&WelcomeRecipient],
) -> Result<Vec<OutboundWelcome>, ChangeError> {
    let pointer = WelcomePointer {
        destination: InstallationId::new(context.random()?),
        secrets: PointerSecrets {
            key: Secret::from(context.random::<32>()?),
            data_nonce: context.random()?,
            metadata_nonce: context.random()?,
        },
    };
    let sealed = context.welcome_crypto.seal_pointee(&pointer.secrets, welcome, metadata)?;
    let mut welcomes = vec![OutboundWelcome {
        destination: pointer.destination,
        payload: WelcomePayload::Welcome {
            data: sealed.data,
            hpke_public_key: Vec::new(),
            algorithm: WrapperAlgorithm::Symmetric,
            metadata: sealed.metadata,
        },
    }];
    let encoded = pointer.encode();
    for recipient in recipients {
        let wrapped =
            context.welcome_crypto.wrap(recipient.algorithm, &recipient.public_key, encoded.expose(), &[])?;
        welcomes.push(OutboundWelcome {
            destination: recipient.installation_id,
            payload: WelcomePayload::Pointer {
                data: wrapped.data,
                hpke_public_key: recipient.public_key.clone(),
                algorithm: recipient.algorithm,
            },
        });
    }
    Ok(welcomes)
}
