//! What its author would regret about a change of an inbox, found before anybody signs (W-05, W-24).
//!
//! A log that breaks none of the association rules is valid however unwise it is, and official clients follow it. So
//! nothing here is part of the fold: the guard stands before our own client, and a risk that a person takes knowingly
//! passes it.

use std::collections::BTreeSet;

use thiserror::Error;

use super::{
    Action, AssociationState, Identifier, MAX_INSTALLATIONS, MAX_UPDATES, MemberIdentifier, UnsignedUpdate,
};

/// A risk that the author of a change may take knowingly.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum AcceptedRisk {
    /// The new recovery identifier does not prove that somebody holds its key. If nobody does, nothing can ever be
    /// revoked again.
    UnprovenRecovery,
    /// The recovery identifier is taken out of the inbox. It stays in charge of removals, but the inbox is no longer
    /// found by it.
    RecoveryLeaves,
    /// No identifier remains, so that nobody finds the inbox; only its installations know it.
    NoIdentifierLeft,
}

/// Why a change of an inbox should not be signed as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum InboxGuardError {
    /// The inbox would have more installations than it should.
    #[error("the inbox would have {count} installations; {limit} are allowed", limit = MAX_INSTALLATIONS)]
    TooManyInstallations {
        /// How many it would have.
        count: usize,
    },
    /// The log of the inbox takes no more updates.
    #[error("the log of the inbox is full: it has {limit} updates", limit = MAX_UPDATES)]
    LogFull,
    /// The change does nothing.
    #[error("the change does nothing")]
    NothingToDo,
    /// The new recovery identifier is one that nobody can sign as.
    #[error("nobody can sign as the new recovery identifier")]
    UnclaimableRecovery,
    /// The recovery identifier would leave the inbox: [`AcceptedRisk::RecoveryLeaves`].
    #[error("the recovery identifier would leave the inbox")]
    RecoveryLeaves,
    /// The last identifier would leave the inbox: [`AcceptedRisk::NoIdentifierLeft`].
    #[error("the last identifier would leave the inbox")]
    NoIdentifierLeft,
}

impl InboxGuardError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::TooManyInstallations { .. } => "identity.guard.too_many_installations",
            Self::LogFull => "identity.guard.log_full",
            Self::NothingToDo => "identity.guard.nothing_to_do",
            Self::UnclaimableRecovery => "identity.guard.unclaimable_recovery",
            Self::RecoveryLeaves => "identity.guard.recovery_leaves",
            Self::NoIdentifierLeft => "identity.guard.no_identifier_left",
        }
    }
}

/// The inbox before a change, as its author knows it.
#[derive(Clone, Debug, Default)]
pub struct InboxGuard {
    members: BTreeSet<MemberIdentifier>,
    recovery: Option<Identifier>,
    updates: usize,
    accepted: BTreeSet<AcceptedRisk>,
}

impl InboxGuard {
    /// Before an inbox that does not exist yet.
    #[must_use]
    pub fn new_inbox() -> Self {
        Self::default()
    }

    /// Before an inbox in this state, whose log has `updates` updates.
    #[must_use]
    pub fn of(state: &AssociationState, updates: usize) -> Self {
        Self {
            members: state.members().map(|member| member.identifier.clone()).collect(),
            recovery: Some(state.recovery_identifier().clone()),
            updates,
            accepted: BTreeSet::new(),
        }
    }

    /// Lets a risk pass that the author takes knowingly.
    #[must_use]
    pub fn accept(mut self, risk: AcceptedRisk) -> Self {
        self.accepted.insert(risk);
        self
    }

    /// Judges a change.
    ///
    /// # Errors
    /// [`InboxGuardError`] names the first thing that its author would regret.
    pub fn check(&self, update: &UnsignedUpdate) -> Result<(), InboxGuardError> {
        if update.actions.is_empty() {
            return Err(InboxGuardError::NothingToDo);
        }
        if self.updates >= MAX_UPDATES {
            return Err(InboxGuardError::LogFull);
        }
        let mut after = self.clone();
        for action in &update.actions {
            after.follow(action)?;
        }
        self.check_installations(&after)?;
        self.check_identifiers(&after)
    }

    /// Whose possession of a key must be proved beside those who sign the update: a new recovery identifier that was no
    /// member before has proved nothing, and the protocol does not ask it to. It signs the text too, and its signature is
    /// not published (W-24).
    #[must_use]
    pub fn proofs(&self, update: &UnsignedUpdate) -> BTreeSet<MemberIdentifier> {
        if self.accepted.contains(&AcceptedRisk::UnprovenRecovery) {
            return BTreeSet::new();
        }
        let new_recovery = |action: &Action<_>| match action {
            Action::ChangeRecovery { new_recovery, .. } => Some(MemberIdentifier::from(new_recovery)),
            _ => None,
        };
        let current = self.recovery.as_ref().map(MemberIdentifier::from);
        let proved = |it: &MemberIdentifier| self.members.contains(it) || current.as_ref() == Some(it);
        update.actions.iter().filter_map(new_recovery).filter(|it| !proved(it)).collect()
    }

    /// As the fold does, without signatures and without the installations that go with whoever let them in: a guard may
    /// count too many that remain, never too few.
    fn follow(&mut self, action: &Action<MemberIdentifier>) -> Result<(), InboxGuardError> {
        match action {
            Action::CreateInbox { identifier, .. } => {
                self.members.insert(identifier.into());
                self.recovery = Some(identifier.clone());
            }
            Action::Add { new_member, .. } => {
                self.members.insert(new_member.clone());
            }
            Action::Revoke { member, .. } => {
                self.members.remove(member);
            }
            Action::ChangeRecovery { new_recovery: Identifier::Unclaimable(_), .. } => {
                return Err(InboxGuardError::UnclaimableRecovery);
            }
            Action::ChangeRecovery { new_recovery, .. } => self.recovery = Some(new_recovery.clone()),
        }
        Ok(())
    }

    /// A change that makes it no worse passes: an inbox with too many installations can still lose some.
    fn check_installations(&self, after: &Self) -> Result<(), InboxGuardError> {
        let count = after.installations();
        if count > MAX_INSTALLATIONS && count > self.installations() {
            return Err(InboxGuardError::TooManyInstallations { count });
        }
        Ok(())
    }

    fn check_identifiers(&self, after: &Self) -> Result<(), InboxGuardError> {
        let accepts = |risk| self.accepted.contains(&risk);
        let recovery = after.recovery.as_ref().map(MemberIdentifier::from);
        let left =
            |member: &MemberIdentifier| self.members.contains(member) && !after.members.contains(member);
        if recovery.as_ref().is_some_and(left) && !accepts(AcceptedRisk::RecoveryLeaves) {
            return Err(InboxGuardError::RecoveryLeaves);
        }
        let is_person = |member: &MemberIdentifier| member.as_identifier().is_some();
        let lost_all = self.members.iter().any(is_person) && !after.members.iter().any(is_person);
        if lost_all && !accepts(AcceptedRisk::NoIdentifierLeft) {
            return Err(InboxGuardError::NoIdentifierLeft);
        }
        Ok(())
    }

    fn installations(&self) -> usize {
        self.members.iter().filter(|member| member.as_installation().is_some()).count()
    }
}
