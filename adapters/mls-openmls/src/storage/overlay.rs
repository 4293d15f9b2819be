//! The rows and their changes.

use std::cell::RefCell;
use std::collections::BTreeMap;

use hexmtp_domain::{GroupId, KeyPackageRef};
use hexmtp_ports::store::{MlsRowChange, MlsRows, Scope};
use openmls::prelude as mls;
use serde::Serialize;
use serde::de::DeserializeOwned;
use thiserror::Error;
use zeroize::Zeroizing;

use super::codec::{decode, encode, encode_json};

/// Why a row could not be read or written. It names the kind of row, never what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum StorageError {
    /// The row belongs to a scope that was not loaded.
    #[error("the {0} belongs to a scope that was not loaded")]
    NotLoaded(&'static str),
    /// The row's bytes are not what they should be.
    #[error("the {0} cannot be read")]
    Corrupt(&'static str),
    /// The value cannot be written.
    #[error("the {0} cannot be written")]
    Encode(&'static str),
    /// Rows of this kind are not kept here.
    #[error("the {0} is not kept by the MLS storage")]
    NotKept(&'static str),
}

/// What a row holds. The number begins the row's key, so it never changes its meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Kind {
    JoinConfig = 0x01,
    OwnLeafNodes = 0x02,
    Proposals = 0x03,
    Tree = 0x04,
    InterimTranscriptHash = 0x05,
    Context = 0x06,
    ConfirmationTag = 0x07,
    GroupState = 0x08,
    MessageSecrets = 0x09,
    ResumptionPsks = 0x0a,
    OwnLeafIndex = 0x0b,
    EpochSecrets = 0x0c,
    EpochKeyPairs = 0x0d,
    EncryptionKeyPair = 0x0e,
    /// Not of OpenMLS but of this adapter: see `past_leaves`.
    PastLeaves = 0x40,
    KeyPackage = 0x80,
}

impl Kind {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::JoinConfig => "group configuration",
            Self::OwnLeafNodes => "list of own leaf nodes",
            Self::Proposals => "proposal queue",
            Self::Tree => "ratchet tree",
            Self::InterimTranscriptHash => "interim transcript hash",
            Self::Context => "group context",
            Self::ConfirmationTag => "confirmation tag",
            Self::GroupState => "group state",
            Self::MessageSecrets => "message secrets",
            Self::ResumptionPsks => "resumption secrets",
            Self::OwnLeafIndex => "own leaf index",
            Self::EpochSecrets => "epoch secrets",
            Self::EpochKeyPairs => "epoch key pairs",
            Self::EncryptionKeyPair => "encryption key pair",
            Self::PastLeaves => "list of past leaves",
            Self::KeyPackage => "key package",
        }
    }
}

type Row = Zeroizing<Vec<u8>>;

/// What was written since the rows were loaded; `None` for deleted rows.
#[derive(Clone, Default)]
pub(crate) struct Snapshot(BTreeMap<Vec<u8>, (Scope, Option<Row>)>);

#[derive(Default)]
struct State {
    /// The loaded scopes, by OpenMLS's own identifiers as they stand in the rows' keys.
    scopes: BTreeMap<Vec<u8>, Scope>,
    loaded: BTreeMap<Vec<u8>, Row>,
    written: Snapshot,
    accepts_new_key_package: bool,
    writes_secrets: bool,
    secrets_are_stale: bool,
    failure: Option<StorageError>,
}

/// Rows of the loaded scopes with the changes made to them. OpenMLS reads and writes it through a shared
/// reference, hence the cell; nothing else reaches in while it does.
///
/// A row that is not there is absent only when its scope was loaded, else reading it fails: "not loaded" must
/// never be taken for "not there".
#[derive(Default)]
pub(crate) struct Overlay {
    state: RefCell<State>,
}

impl Overlay {
    /// Adds a group, with all its rows. For a new group there are none.
    pub(crate) fn load_group(&self, group_id: GroupId, rows: MlsRows) -> Result<(), StorageError> {
        let id = mls::GroupId::from_slice(group_id.as_bytes());
        self.load(encode_id("group id", &id)?, Scope::Group(group_id), rows);
        Ok(())
    }

    /// Lets a key package be written whose reference is not known before it is made.
    pub(crate) fn accept_new_key_package(&self) {
        self.state.borrow_mut().accepts_new_key_package = true;
    }

    /// Adds a key package, with all its rows.
    pub(crate) fn load_key_package(
        &self,
        reference: KeyPackageRef,
        id: &mls::KeyPackageRef,
        rows: MlsRows,
    ) -> Result<(), StorageError> {
        self.load(encode_id("key package reference", id)?, Scope::KeyPackage(reference), rows);
        Ok(())
    }

    fn load(&self, id: Vec<u8>, scope: Scope, rows: MlsRows) {
        let mut state = self.state.borrow_mut();
        state.scopes.insert(id, scope);
        state.loaded.extend(rows.into_iter().map(|(key, value)| (key, Zeroizing::new(value))));
    }

    /// The failure that made the last OpenMLS call fail, if the storage was the reason. OpenMLS hides it in many
    /// different error variants, some of which drop it.
    pub(crate) fn take_failure(&self) -> Option<StorageError> {
        self.state.borrow_mut().failure.take()
    }

    /// Whether the row of message secrets is older than the group in memory (see `write_message_secrets`).
    pub(crate) fn secrets_are_stale(&self) -> bool {
        self.state.borrow().secrets_are_stale
    }

    /// Whether writes of message secrets are carried out; else they are noted only.
    pub(crate) fn set_writes_secrets(&self, writes: bool) {
        self.state.borrow_mut().writes_secrets = writes;
    }

    pub(super) fn writes_secrets(&self) -> bool {
        self.state.borrow().writes_secrets
    }

    pub(super) fn mark_secrets_stale(&self) {
        self.state.borrow_mut().secrets_are_stale = true;
    }

    /// What was written so far.
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.state.borrow().written.clone()
    }

    /// Takes back what was written after the snapshot, which was taken when no secrets were stale.
    pub(crate) fn restore(&self, snapshot: Snapshot) {
        let mut state = self.state.borrow_mut();
        state.written = snapshot;
        state.secrets_are_stale = false;
    }

    /// What a store has to change: rows that were written and whose bytes differ from what was loaded. They count as
    /// loaded from then on.
    pub(crate) fn take_changes(&self) -> Vec<MlsRowChange> {
        let mut state = self.state.borrow_mut();
        let written = std::mem::take(&mut state.written);
        let mut changes = Vec::new();
        for (key, (scope, value)) in written.0 {
            if state.loaded.get(&key) == value.as_ref() {
                continue;
            }
            let copy = value.as_ref().map(|value| value.to_vec());
            changes.push(MlsRowChange { scope, key: key.clone(), value: copy });
            match value {
                Some(value) => state.loaded.insert(key, value),
                None => state.loaded.remove(&key),
            };
        }
        changes
    }

    /// Whether a row is there. Its scope must be loaded.
    pub(crate) fn has<K: Serialize>(&self, kind: Kind, id: &K) -> Result<bool, StorageError> {
        self.noting(|state| Ok(state.get(&state.key(kind, id)?.0).is_some()))
    }

    /// Whether the scope of this identifier was loaded.
    pub(super) fn is_loaded<K: Serialize>(&self, kind: Kind, id: &K) -> Result<bool, StorageError> {
        self.noting(|state| Ok(state.scopes.contains_key(&encode_id(kind.name(), id)?)))
    }

    pub(crate) fn read<K: Serialize, T: DeserializeOwned>(
        &self,
        kind: Kind,
        id: &K,
    ) -> Result<Option<T>, StorageError> {
        self.noting(|state| {
            let (key, _) = state.key(kind, id)?;
            state.get(&key).map(|row| decode(kind.name(), row)).transpose()
        })
    }

    pub(crate) fn write<K: Serialize, T: Serialize>(
        &self,
        kind: Kind,
        id: &K,
        value: &T,
    ) -> Result<(), StorageError> {
        self.noting(|state| {
            let row = if kind == Kind::JoinConfig {
                encode_json(kind.name(), value)
            } else {
                encode(kind.name(), value)
            };
            let (key, scope) = state.key(kind, id)?;
            if kind == Kind::MessageSecrets {
                state.secrets_are_stale = false;
            }
            state.written.0.insert(key, (scope, Some(row?)));
            Ok(())
        })
    }

    pub(crate) fn delete<K: Serialize>(&self, kind: Kind, id: &K) -> Result<(), StorageError> {
        self.noting(|state| {
            let (key, scope) = state.key(kind, id)?;
            state.written.0.insert(key, (scope, None));
            Ok(())
        })
    }

    /// Records that a kind of row was asked for that is never kept.
    pub(super) fn not_kept<T>(&self, row: &'static str) -> Result<T, StorageError> {
        self.noting(|_| Err(StorageError::NotKept(row)))
    }

    fn noting<T>(&self, run: impl FnOnce(&mut State) -> Result<T, StorageError>) -> Result<T, StorageError> {
        let mut state = self.state.borrow_mut();
        let result = run(&mut state);
        if let Err(error) = &result {
            state.failure = Some(*error);
        }
        result
    }
}

impl State {
    fn get(&self, key: &[u8]) -> Option<&Row> {
        match self.written.0.get(key) {
            Some((_, value)) => value.as_ref(),
            None => self.loaded.get(key),
        }
    }

    /// A row's key and scope. The key is the kind and then OpenMLS's identifier.
    fn key<K: Serialize>(&self, kind: Kind, id: &K) -> Result<(Vec<u8>, Scope), StorageError> {
        let id = encode_id(kind.name(), id)?;
        let scope = match kind {
            // OpenMLS identifies it by its public key alone; it is of the one group that is open.
            Kind::EncryptionKeyPair => {
                self.scopes.values().find(|scope| matches!(scope, Scope::Group(_))).copied()
            }
            Kind::KeyPackage if self.accepts_new_key_package => new_key_package(&id),
            _ => self.scopes.get(&id).copied(),
        };
        let scope = scope.ok_or(StorageError::NotLoaded(kind.name()))?;
        let mut key = Vec::with_capacity(1 + id.len());
        key.push(kind as u8);
        key.extend_from_slice(&id);
        Ok((key, scope))
    }
}

/// The scope of a key package, from its reference as it stands in a row's key: the length and 32 bytes.
fn new_key_package(id: &[u8]) -> Option<Scope> {
    let (_, reference) = id.split_first()?;
    KeyPackageRef::from_slice(reference).ok().map(Scope::KeyPackage)
}

fn encode_id<K: Serialize>(row: &'static str, id: &K) -> Result<Vec<u8>, StorageError> {
    postcard::to_stdvec(id).map_err(|_| StorageError::Encode(row))
}
