//! The unit of work: load, decide, commit. The only caller of [`UnitOfWork::commit`] is here.
//!
//! [`UnitOfWork::commit`]: hexmtp_ports::store::UnitOfWork::commit

use hexmtp_ports::store::{ChangeSet, MlsRowChange, MlsRows, Revision, RowChange, Scope, StoreError};

use crate::context::Context;

/// How often a unit of work is decided anew when other processes or tasks got in between.
pub(crate) const MAX_CONFLICTS: usize = 32;

/// Scopes as they were loaded, and what was decided to change.
#[must_use = "nothing is written until the unit is committed"]
pub(crate) struct Unit {
    expect: Vec<(Scope, Revision)>,
    loaded: Vec<(Scope, MlsRows)>,
    mls: Vec<MlsRowChange>,
    rows: Vec<RowChange>,
}

impl Unit {
    /// Loads scopes: from the cache while its revision stands, else from the store.
    pub(crate) async fn load(context: &Context, scopes: &[Scope]) -> Result<Self, StoreError> {
        let mut unit = Self { expect: Vec::new(), loaded: Vec::new(), mls: Vec::new(), rows: Vec::new() };
        if let [scope] = scopes
            && let Some((revision, rows)) = context.scopes.get(*scope)
        {
            unit.expect.push((*scope, revision));
            unit.loaded.push((*scope, rows));
            return Ok(unit);
        }
        for snapshot in context.store.load(scopes).await? {
            unit.expect.push((snapshot.scope, snapshot.revision));
            unit.loaded.push((snapshot.scope, snapshot.rows));
        }
        Ok(unit)
    }

    /// Whether somebody else has changed a scope since it was loaded. What was read beside it can be newer than it is
    /// then, and an error that came of that says nothing: the caller decides again.
    pub(crate) async fn is_outdated(&self, context: &Context) -> Result<bool, StoreError> {
        let scopes: Vec<Scope> = self.expect.iter().map(|(scope, _)| *scope).collect();
        let found = context.store.load(&scopes).await?;
        let outdated = self.expect.iter().zip(&found).any(|((_, loaded), now)| now.revision != *loaded);
        if outdated {
            context.scopes.forget(&self.expect);
        }
        Ok(outdated)
    }

    /// A unit for rows that no decision depends on.
    pub(crate) fn unconditional() -> Self {
        Self { expect: Vec::new(), loaded: Vec::new(), mls: Vec::new(), rows: Vec::new() }
    }

    /// The MLS rows of a loaded scope.
    pub(crate) fn mls_rows(&self, scope: Scope) -> MlsRows {
        self.loaded
            .iter()
            .find(|(loaded, _)| *loaded == scope)
            .map(|(_, rows)| rows.clone())
            .unwrap_or_default()
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
        if !self.has_changes() {
            return Ok(());
        }
        let changes = ChangeSet { expect: self.expect.clone(), mls: self.mls.clone(), rows: self.rows };
        match context.store.commit(changes).await {
            Ok(_) => {
                context.scopes.refresh(&self.expect, self.loaded, &self.mls);
                Ok(())
            }
            Err(error) => {
                context.scopes.forget(&self.expect);
                Err(error)
            }
        }
    }
}

/// Whether a unit of work must be decided again.
pub(crate) fn is_conflict(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict { .. })
}
