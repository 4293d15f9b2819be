//! A key package is stored with all its private keys before it is uploaded, and kept for a while after a newer
//! one took its place: welcomes made for it may still be on their way (PROTOCOL.md 2.2).
//!
//! What is due outlives the process: by age the packages' own records say so, and after a welcome a task, which is stored
//! in the commit that joins the group and goes in the one that notes the new package.

use hexmtp_domain::PayloadHash;
use hexmtp_domain::key_package::{GRACE_PERIOD, ROTATION_INTERVAL};
use hexmtp_ports::mls::KeyPackageParams;
use hexmtp_ports::store::{KeyPackageRecord, RowChange, Scope, TaskId, TaskRecord};

use crate::context::Context;
use crate::error::PortError;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// The kind of the task to rotate. There is one at most, however many welcomes want it.
const ROTATION: &str = "key_package.rotate";

fn rotation() -> TaskId {
    TaskId(*PayloadHash::of(ROTATION.as_bytes()).as_bytes())
}

/// Wants a rotation: the present key package is known to whoever used it, and the next welcome should get a fresh one.
pub(crate) fn rotation_wanted(context: &Context) -> RowChange {
    let now = context.now();
    RowChange::InsertTask(TaskRecord {
        id: rotation(),
        kind: ROTATION.to_owned(),
        data: Vec::new(),
        created_at: now,
        due_at: now,
        expires_at: None,
        attempts: 0,
        error: None,
    })
}

/// Makes a key package, stores it, and uploads it in place of the present one.
pub(crate) async fn rotate(context: &Context) -> Result<(), PortError> {
    let (wrapper_public, wrapper_seed) = context.welcome_crypto.generate_wrapper_key()?;
    let made = context.mls.create_key_package(KeyPackageParams {
        key: &context.key,
        inbox_id: context.inbox_id,
        now: context.now(),
        wrapper_public_key: Some(&wrapper_public),
    })?;
    let record = KeyPackageRecord {
        reference: made.reference,
        init_key: (made.init_public_key, made.init_private_key),
        wrapper_key: (wrapper_public, wrapper_seed),
        created_at: context.now(),
        uploaded: false,
        superseded_at: None,
    };
    let scope = Scope::KeyPackage(record.reference);
    let mut unit = Unit::load(context, &[scope]).await?;
    unit.change_mls(made.changes);
    unit.change(RowChange::PutKeyPackage(record.clone()));
    unit.commit(context).await?;
    context.delivery.upload_key_package(made.tls).await?;
    supersede_others(context, record).await
}

/// Marks a key package as the one that the network hands out.
async fn supersede_others(context: &Context, current: KeyPackageRecord) -> Result<(), PortError> {
    let now = context.now();
    let mut unit = Unit::unconditional();
    for mut older in context.store.key_packages().await? {
        if older.reference != current.reference && older.superseded_at.is_none() {
            older.superseded_at = Some(now);
            unit.change(RowChange::PutKeyPackage(older));
        }
    }
    unit.change(RowChange::PutKeyPackage(KeyPackageRecord { uploaded: true, ..current }));
    unit.change(RowChange::DeleteTask(rotation()));
    Ok(unit.commit(context).await?)
}

/// Uploads a first key package. One that was made and perhaps not uploaded is replaced: its bytes are gone.
pub(crate) async fn ensure_uploaded(context: &Context) -> Result<(), PortError> {
    let uploaded = context.store.key_packages().await?.iter().any(|record| record.uploaded);
    if uploaded { Ok(()) } else { rotate(context).await }
}

/// R-IDN-226: rotates when a welcome has used the present key package, when that is old, or when it never reached the
/// network.
pub(crate) async fn rotate_if_due(context: &Context) -> Result<(), PortError> {
    let now = context.now();
    let fresh = context.store.key_packages().await?.iter().any(|record| {
        record.uploaded && record.superseded_at.is_none() && now.since(record.created_at) < ROTATION_INTERVAL
    });
    if fresh && context.store.task(rotation()).await?.is_none() { Ok(()) } else { rotate(context).await }
}

/// Deletes key packages that were replaced long enough ago, with their private keys.
pub(crate) async fn delete_outdated(context: &Context) -> Result<(), PortError> {
    let now = context.now();
    for record in context.store.key_packages().await? {
        let outdated = record.superseded_at.is_some_and(|at| now.since(at) >= GRACE_PERIOD);
        if !outdated {
            continue;
        }
        let scope = Scope::KeyPackage(record.reference);
        for _ in 0..MAX_CONFLICTS {
            let mut unit = Unit::load(context, &[scope]).await?;
            let deletions = unit.deletions(context, scope).await?;
            unit.change_mls(deletions);
            unit.change(RowChange::DeleteKeyPackage(record.reference));
            match unit.commit(context).await {
                Err(error) if is_conflict(&error) => {}
                other => {
                    other?;
                    break;
                }
            }
        }
    }
    Ok(())
}
