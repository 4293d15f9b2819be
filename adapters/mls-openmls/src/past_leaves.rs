//! Which epochs messages can be opened of, and who sat on a leaf in them.
//!
//! OpenMLS opens a message of a past epoch and tells its sender's credential, which names the inbox, but not the
//! signature key, which names the installation; the present tree may have somebody else on that leaf. So each merge
//! notes the leaves that it empties or hands over. Most merges note nothing.

use std::collections::BTreeMap;

use hexmtp_domain::InstallationId;
use openmls::prelude::{GroupId, LeafNodeIndex, MlsGroup};
use serde::{Deserialize, Serialize};

use crate::parameters::MAX_PAST_EPOCHS;
use crate::storage::{Kind, Overlay, StorageError};

/// The signature keys by leaf index.
type Keys = BTreeMap<u32, Vec<u8>>;

/// What is known of past epochs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct PastLeaves {
    /// The epoch at which this installation came into the group.
    first_epoch: u64,
    /// Per epoch, the leaves whose holder was another one in the next epoch.
    changed: BTreeMap<u64, Keys>,
}

impl PastLeaves {
    /// Of a group that was just made or joined.
    pub(crate) fn from(group: &MlsGroup) -> Self {
        Self { first_epoch: group.epoch().as_u64(), changed: BTreeMap::new() }
    }

    pub(crate) fn load(overlay: &Overlay, group_id: &GroupId) -> Result<Option<Self>, StorageError> {
        overlay.read(Kind::PastLeaves, group_id)
    }

    /// Whether the secrets of an epoch up to the group's present one are still there.
    pub(crate) fn reaches(&self, group: &MlsGroup, epoch: u64) -> bool {
        epoch >= self.first_epoch.max(oldest_epoch(group))
    }

    pub(crate) fn store(&self, overlay: &Overlay, group_id: &GroupId) -> Result<(), StorageError> {
        overlay.write(Kind::PastLeaves, group_id, self)
    }

    /// Notes what changed from the leaves of `epoch` to those of the group now, and forgets epochs whose messages
    /// cannot be opened any more.
    pub(crate) fn note(&mut self, epoch: u64, before: Keys, group: &MlsGroup) {
        let now = keys(group);
        let changed: Keys = before.into_iter().filter(|(index, key)| now.get(index) != Some(key)).collect();
        if !changed.is_empty() {
            self.changed.insert(epoch, changed);
        }
        let oldest = oldest_epoch(group);
        self.changed.retain(|epoch, _| *epoch >= oldest);
    }

    /// The installation that sat on a leaf in an epoch.
    pub(crate) fn installation(&self, group: &MlsGroup, epoch: u64, index: u32) -> Option<InstallationId> {
        let past = self.changed.range(epoch..).find_map(|(_, leaves)| leaves.get(&index));
        let key = past
            .cloned()
            .or_else(|| group.member_at(LeafNodeIndex::new(index)).map(|member| member.signature_key));
        InstallationId::from_slice(&key?).ok()
    }
}

fn oldest_epoch(group: &MlsGroup) -> u64 {
    group.epoch().as_u64().saturating_sub(MAX_PAST_EPOCHS)
}

/// The group's signature keys now.
pub(crate) fn keys(group: &MlsGroup) -> Keys {
    group.members().map(|member| (member.index.u32(), member.signature_key)).collect()
}
