//! Which installations an inbox had at which place of its identity log, and what follows for the tree.

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use crate::cursor::SequenceId;
use crate::group::commit_summary::LeafMember;
use crate::group::membership::GroupMembership;
use crate::ids::{InboxId, InstallationId};

/// The installations of inboxes at given sequence ids of their identity logs.
///
/// A state belongs here only when the log has an update with exactly that sequence id (PROTOCOL.md 1.8). At
/// sequence id zero there are no installations; that state need not be put in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstallationStates {
    known: BTreeMap<(InboxId, SequenceId), BTreeSet<InstallationId>>,
    gaps: BTreeSet<(InboxId, SequenceId, SequenceId)>,
}

/// The installations of an inbox at a sequence id are not known: its log has no such update, or nobody looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the state of inbox {inbox_id} at {sequence_id} is not known")]
pub struct UnknownState {
    /// The inbox.
    pub inbox_id: InboxId,
    /// The place in its identity log.
    pub sequence_id: SequenceId,
}

impl UnknownState {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "group.unknown_state"
    }
}

/// How the leaves of a group should change when its membership changes (PROTOCOL.md 4.3).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExpectedInstallations {
    /// Installations that belong to the later membership only.
    pub added: BTreeSet<LeafMember>,
    /// Installations that belong to the earlier membership only.
    pub removed: BTreeSet<InstallationId>,
}

impl InstallationStates {
    /// Nothing known.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Puts in the installations of an inbox after the update with this sequence id.
    pub fn insert(
        &mut self,
        inbox_id: InboxId,
        sequence_id: SequenceId,
        installations: BTreeSet<InstallationId>,
    ) {
        self.known.insert((inbox_id, sequence_id), installations);
    }

    /// Puts in that the log of an inbox has no update after `from` up to and including `to`. Then official
    /// clients take a membership entry that moves from the one to the other as no change.
    pub fn insert_gap(&mut self, inbox_id: InboxId, from: SequenceId, to: SequenceId) {
        self.gaps.insert((inbox_id, from, to));
    }

    /// The installations of an inbox after the update with this sequence id.
    ///
    /// # Errors
    /// [`UnknownState`]; also at sequence id zero, where no log has an update.
    pub fn get(
        &self,
        inbox_id: InboxId,
        sequence_id: SequenceId,
    ) -> Result<&BTreeSet<InstallationId>, UnknownState> {
        if sequence_id == SequenceId::default() {
            return Err(UnknownState { inbox_id, sequence_id });
        }
        self.known.get(&(inbox_id, sequence_id)).ok_or(UnknownState { inbox_id, sequence_id })
    }

    /// How the leaves should change from one membership to another. An entry of zero stands for no
    /// installations when it is raised; an inbox cannot be taken away from it nor added with it.
    ///
    /// # Errors
    /// [`UnknownState`] when a state of [`GroupMembership::changed_states`] is missing.
    pub fn expected(
        &self,
        before: &GroupMembership,
        after: &GroupMembership,
    ) -> Result<ExpectedInstallations, UnknownState> {
        let none = BTreeSet::new();
        let mut expected = ExpectedInstallations::default();
        for (inbox_id, new) in &after.members {
            let old = before.sequence_id(*inbox_id);
            if old == Some(*new) {
                continue;
            }
            let old = old.unwrap_or_default();
            let earlier = if old == SequenceId::default() { &none } else { self.get(*inbox_id, old)? };
            let later = if self.gaps.contains(&(*inbox_id, old, *new)) && old != SequenceId::default() {
                earlier
            } else {
                self.get(*inbox_id, *new)?
            };
            expected.added.extend(later.difference(earlier).map(|installation_id| LeafMember {
                inbox_id: *inbox_id,
                installation_id: *installation_id,
            }));
            expected.removed.extend(earlier.difference(later));
        }
        for (inbox_id, old) in &before.members {
            if !after.members.contains_key(inbox_id) {
                expected.removed.extend(self.get(*inbox_id, *old)?);
            }
        }
        Ok(expected)
    }
}

impl GroupMembership {
    /// The states that tell how the leaves should change from this membership to `after`.
    #[must_use]
    pub fn changed_states(&self, after: &Self) -> BTreeSet<(InboxId, SequenceId)> {
        let mine = self.members.iter().filter(|(inbox_id, id)| after.members.get(*inbox_id) != Some(*id));
        let theirs = after.members.iter().filter(|(inbox_id, id)| self.members.get(*inbox_id) != Some(*id));
        mine.chain(theirs)
            .map(|(inbox_id, sequence_id)| (*inbox_id, *sequence_id))
            .filter(|(_, sequence_id)| *sequence_id > SequenceId::default())
            .collect()
    }
}
