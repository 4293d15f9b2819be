//! The unit of work: load, decide, commit. The only caller of [`UnitOfWork::commit`] is here.
//!
//! [`UnitOfWork::commit`]: hexmtp_ports::store::UnitOfWork::commit

use hexmtp_domain::GroupId;
use hexmtp_ports::mls::{MlsError, MlsSession};
use hexmtp_ports::store::{ChangeSet, MlsRowChange, MlsRows, Revision, RowChange, Scope, StoreError};

use crate::context::Context;
use crate::session_cache::Held;

/// How often a unit of work is decided anew when other processes or tasks got in between.
pub(crate) const MAX_CONFLICTS: usize = 32;

/// Scopes as they were loaded, and what was decided to change.
#[must_use = "nothing is written until the unit is committed"]
pub(crate) struct Unit {
    expect: Vec<(Scope, Revision)>,
    held: Vec<(Scope, Held)>,
    mls: Vec<MlsRowChange>,
    rows: Vec<RowChange>,
}

impl Unit {
    /// Loads scopes: groups from the cache while their revision stands, all else from the store.
    pub(crate) async fn load(context: &Context, scopes: &[Scope]) -> Result<Self, StoreError> {
        let mut unit = Self::unconditional();
        if let [scope @ Scope::Group(group_id)] = scopes
            && let Some((revision, held)) = context.sessions.take(*group_id)
        {
            unit.expect.push((*scope, revision));
            unit.held.push((*scope, held));
            return Ok(unit);
        }
        for snapshot in context.store.load(scopes).await? {
            unit.expect.push((snapshot.scope, snapshot.revision));
            unit.held.push((snapshot.scope, Held::Rows(snapshot.rows)));
        }
        Ok(unit)
    }

    /// Whether somebody else has changed a scope since it was loaded. What was read beside it can be newer than it is
    /// then, and an error that came of that says nothing: the caller decides again.
    pub(crate) fn is_outdated<'a>(
        &self,
        context: &'a Context,
    ) -> impl Future<Output = Result<bool, StoreError>> + use<'a> {
        // An open group cannot be borrowed by who waits.
        let expect = self.expect.clone();
        async move {
            let scopes: Vec<Scope> = expect.iter().map(|(scope, _)| *scope).collect();
            let found = context.store.load(&scopes).await?;
            Ok(expect.iter().zip(&found).any(|((_, loaded), now)| now.revision != *loaded))
        }
    }

    /// A unit for rows that no decision depends on.
    pub(crate) const fn unconditional() -> Self {
        Self { expect: Vec::new(), held: Vec::new(), mls: Vec::new(), rows: Vec::new() }
    }

    /// A unit that expects a scope to stand as its caller has it.
    pub(crate) fn expecting(scope: Scope, revision: Revision) -> Self {
        Self { expect: vec![(scope, revision)], ..Self::unconditional() }
    }

    /// The revision at which a scope was loaded.
    pub(crate) fn revision(&self, scope: Scope) -> Revision {
        let loaded = self.expect.iter().find(|(loaded, _)| *loaded == scope);
        loaded.map(|(_, revision)| *revision).unwrap_or_default()
    }

    /// Takes the group of a loaded scope out, open.
    pub(crate) fn open(
        &mut self,
        context: &Context,
        group_id: GroupId,
    ) -> Result<Box<dyn MlsSession>, MlsError> {
        match self.take(Scope::Group(group_id)) {
            Some(Held::Session(session)) => Ok(session),
            Some(Held::Rows(rows)) => context.mls.open_group(&context.key, group_id, rows),
            None => context.mls.open_group(&context.key, group_id, MlsRows::new()),
        }
    }

    /// Keeps a group open for later: the changes of the session must be part of this unit.
    pub(crate) fn keep(&mut self, group_id: GroupId, session: Box<dyn MlsSession>) {
        self.held.push((Scope::Group(group_id), Held::Session(session)));
    }

    /// Takes the MLS rows of a key package's loaded scope out.
    pub(crate) fn take_rows(&mut self, scope: Scope) -> MlsRows {
        match self.take(scope) {
            Some(Held::Rows(rows)) => rows,
            Some(Held::Session(_)) | None => MlsRows::new(),
        }
    }

    /// The changes that delete all rows of a loaded scope. It is not kept for later then.
    pub(crate) async fn deletions(
        &mut self,
        context: &Context,
        scope: Scope,
    ) -> Result<Vec<MlsRowChange>, StoreError> {
        let rows = match self.take(scope) {
            Some(Held::Rows(rows)) => rows,
            // What an open group is stored as is for its engine to know. Should it be stored otherwise meanwhile, the
            // commit conflicts.
            Some(Held::Session(_)) | None => {
                let loaded = context.store.load(&[scope]).await?;
                loaded.into_iter().map(|snapshot| snapshot.rows).next().unwrap_or_default()
            }
        };
        Ok(rows.into_keys().map(|key| MlsRowChange { scope, key, value: None }).collect())
    }

    fn take(&mut self, scope: Scope) -> Option<Held> {
        let index = self.held.iter().position(|(held, _)| *held == scope)?;
        Some(self.held.swap_remove(index).1)
    }

    /// Adds MLS row changes.
    pub(crate) fn change_mls(&mut self, changes: Vec<MlsRowChange>) {
        self.mls.extend(changes);
    }

    /// Adds a row change.
    pub(crate) fn change(&mut self, change: RowChange) {
        self.rows.push(change);
    }

    /// Whether there is anything to write.
    pub(crate) fn has_changes(&self) -> bool {
        !self.mls.is_empty() || !self.rows.is_empty()
    }

    /// Writes everything, or nothing. [`StoreError::Conflict`] asks the caller to load and decide again.
    pub(crate) async fn commit(self, context: &Context) -> Result<(), StoreError> {
        let Self { expect, held, mls, rows } = self;
        let is_written = !mls.is_empty() || !rows.is_empty();
        // Of an open group, the store gets the changes and the cache the session. Rows need the changes themselves.
        let of_rows: Vec<MlsRowChange> = match held.iter().any(|(_, held)| matches!(held, Held::Rows(_))) {
            true => mls.clone(),
            false => Vec::new(),
        };
        if is_written {
            context.store.commit(ChangeSet { expect: expect.clone(), mls, rows }).await?;
        }
        for (scope, held) in held {
            let Scope::Group(group_id) = scope else { continue };
            let expected = expect.iter().find(|(expected, _)| *expected == scope);
            let Some((_, Revision(number))) = expected else { continue };
            let revision = Revision(number + u64::from(is_written));
            let held = held.after(of_rows.iter().filter(|change| change.scope == scope));
            context.sessions.put(group_id, revision, held);
        }
        Ok(())
    }
}

/// Whether a unit of work must be decided again.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}
