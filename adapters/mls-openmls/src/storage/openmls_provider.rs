//! OpenMLS's storage trait on the overlay.

use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use serde::{Deserialize, Serialize};
use zeroize::{Zeroize, ZeroizeOnDrop};

use super::overlay::{Kind, Overlay, StorageError};

const V: u16 = CURRENT_VERSION;

/// The private keys of a group's path, with the epoch that they belong to: one row per group, which a later epoch
/// replaces, so that a group that is joined anew leaves nothing behind.
#[derive(Serialize, Deserialize, Zeroize, ZeroizeOnDrop)]
struct EpochKeyPairs {
    epoch: Vec<u8>,
    leaf_index: u32,
    key_pairs: Vec<u8>,
}

impl EpochKeyPairs {
    fn is_of(&self, epoch: &[u8], leaf_index: u32) -> bool {
        self.epoch == epoch && self.leaf_index == leaf_index
    }
}

fn encoded<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, StorageError> {
    postcard::to_stdvec(value).map_err(|_| StorageError::Encode("part of a row"))
}

/// One row per group that is written, read and deleted as a whole.
macro_rules! group_rows {
    ($($kind:ident: $entity:ident, $write:ident, $read:ident, $delete:ident;)*) => { $(
        fn $write<I: traits::GroupId<V>, T: traits::$entity<V>>(&self, id: &I, value: &T) -> Result<(), StorageError> {
            self.write(Kind::$kind, id, value)
        }

        fn $read<I: traits::GroupId<V>, T: traits::$entity<V>>(&self, id: &I) -> Result<Option<T>, StorageError> {
            self.read(Kind::$kind, id)
        }

        fn $delete<I: traits::GroupId<V>>(&self, id: &I) -> Result<(), StorageError> {
            self.delete(Kind::$kind, id)
        }
    )* };
}

/// References and proposals, encoded, in the order in which they came.
type Queue = Vec<(Vec<u8>, Vec<u8>)>;

impl StorageProvider<V> for Overlay {
    type Error = StorageError;

    group_rows! {
        JoinConfig: MlsGroupJoinConfig, write_mls_join_config, mls_group_join_config, delete_group_config;
        Tree: TreeSync, write_tree, tree, delete_tree;
        InterimTranscriptHash: InterimTranscriptHash, write_interim_transcript_hash, interim_transcript_hash,
            delete_interim_transcript_hash;
        Context: GroupContext, write_context, group_context, delete_context;
        ConfirmationTag: ConfirmationTag, write_confirmation_tag, confirmation_tag, delete_confirmation_tag;
        ResumptionPsks: ResumptionPskStore, write_resumption_psk_store, resumption_psk_store,
            delete_all_resumption_psk_secrets;
        OwnLeafIndex: LeafNodeIndex, write_own_leaf_index, own_leaf_index, delete_own_leaf_index;
        EpochSecrets: GroupEpochSecrets, write_group_epoch_secrets, group_epoch_secrets, delete_group_epoch_secrets;
    }

    fn write_group_state<T: traits::GroupState<V>, I: traits::GroupId<V>>(
        &self,
        id: &I,
        value: &T,
    ) -> Result<(), StorageError> {
        self.write(Kind::GroupState, id, value)
    }

    fn group_state<T: traits::GroupState<V>, I: traits::GroupId<V>>(
        &self,
        id: &I,
    ) -> Result<Option<T>, StorageError> {
        self.read(Kind::GroupState, id)
    }

    fn delete_group_state<I: traits::GroupId<V>>(&self, id: &I) -> Result<(), StorageError> {
        self.delete(Kind::GroupState, id)
    }

    /// OpenMLS writes the secrets of all epochs anew for every message, up to 200 kB in large groups. The write
    /// is only noted; the session writes the row once, when its changes are taken (OPENMLS.md 3, gap 3).
    fn write_message_secrets<I: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        id: &I,
        value: &T,
    ) -> Result<(), StorageError> {
        if self.writes_secrets() {
            return self.write(Kind::MessageSecrets, id, value);
        }
        self.mark_secrets_stale();
        Ok(())
    }

    fn message_secrets<I: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        id: &I,
    ) -> Result<Option<T>, StorageError> {
        self.read(Kind::MessageSecrets, id)
    }

    fn delete_message_secrets<I: traits::GroupId<V>>(&self, id: &I) -> Result<(), StorageError> {
        self.delete(Kind::MessageSecrets, id)
    }

    fn append_own_leaf_node<I: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        id: &I,
        leaf_node: &T,
    ) -> Result<(), StorageError> {
        // Read as bytes of the same codec, so that the nodes that are there need no decoding.
        let mut nodes: Vec<Vec<u8>> = self.read(Kind::OwnLeafNodes, id)?.unwrap_or_default();
        nodes.push(encoded(leaf_node)?);
        self.write(Kind::OwnLeafNodes, id, &nodes)
    }

    fn own_leaf_nodes<I: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        id: &I,
    ) -> Result<Vec<T>, StorageError> {
        let nodes: Vec<Vec<u8>> = self.read(Kind::OwnLeafNodes, id)?.unwrap_or_default();
        nodes.iter().map(|node| decoded(Kind::OwnLeafNodes, node)).collect()
    }

    fn delete_own_leaf_nodes<I: traits::GroupId<V>>(&self, id: &I) -> Result<(), StorageError> {
        self.delete(Kind::OwnLeafNodes, id)
    }

    // The proposals of a group are one row, so that clearing the queue leaves none behind.

    fn queue_proposal<I: traits::GroupId<V>, R: traits::ProposalRef<V>, T: traits::QueuedProposal<V>>(
        &self,
        id: &I,
        reference: &R,
        proposal: &T,
    ) -> Result<(), StorageError> {
        let mut queue = self.queue(id)?;
        let reference = encoded(reference)?;
        queue.retain(|(queued, _)| *queued != reference);
        queue.push((reference, encoded(proposal)?));
        self.write(Kind::Proposals, id, &queue)
    }

    fn queued_proposal_refs<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        id: &I,
    ) -> Result<Vec<R>, StorageError> {
        self.queue(id)?.iter().map(|(reference, _)| decoded(Kind::Proposals, reference)).collect()
    }

    fn queued_proposals<I: traits::GroupId<V>, R: traits::ProposalRef<V>, T: traits::QueuedProposal<V>>(
        &self,
        id: &I,
    ) -> Result<Vec<(R, T)>, StorageError> {
        let entry = |(reference, proposal): &(Vec<u8>, Vec<u8>)| {
            Ok((decoded(Kind::Proposals, reference)?, decoded(Kind::Proposals, proposal)?))
        };
        self.queue(id)?.iter().map(entry).collect()
    }

    fn remove_proposal<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        id: &I,
        reference: &R,
    ) -> Result<(), StorageError> {
        let mut queue = self.queue(id)?;
        let reference = encoded(reference)?;
        queue.retain(|(queued, _)| *queued != reference);
        if queue.is_empty() {
            self.delete(Kind::Proposals, id)
        } else {
            self.write(Kind::Proposals, id, &queue)
        }
    }

    fn clear_proposal_queue<I: traits::GroupId<V>, R: traits::ProposalRef<V>>(
        &self,
        id: &I,
    ) -> Result<(), StorageError> {
        self.delete(Kind::Proposals, id)
    }

    fn write_encryption_epoch_key_pairs<
        I: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
        key_pairs: &[T],
    ) -> Result<(), StorageError> {
        let row = EpochKeyPairs { epoch: encoded(epoch)?, leaf_index, key_pairs: encoded(key_pairs)? };
        self.write(Kind::EpochKeyPairs, id, &row)
    }

    fn encryption_epoch_key_pairs<
        I: traits::GroupId<V>,
        E: traits::EpochKey<V>,
        T: traits::HpkeKeyPair<V>,
    >(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<Vec<T>, StorageError> {
        let epoch = encoded(epoch)?;
        match self.read::<I, EpochKeyPairs>(Kind::EpochKeyPairs, id)? {
            Some(row) if row.is_of(&epoch, leaf_index) => decoded(Kind::EpochKeyPairs, &row.key_pairs),
            _ => Ok(Vec::new()),
        }
    }

    /// OpenMLS deletes an epoch's keys after it wrote the next epoch's, which have taken their place by then.
    fn delete_encryption_epoch_key_pairs<I: traits::GroupId<V>, E: traits::EpochKey<V>>(
        &self,
        id: &I,
        epoch: &E,
        leaf_index: u32,
    ) -> Result<(), StorageError> {
        let epoch = encoded(epoch)?;
        match self.read::<I, EpochKeyPairs>(Kind::EpochKeyPairs, id)? {
            Some(row) if row.is_of(&epoch, leaf_index) => self.delete(Kind::EpochKeyPairs, id),
            _ => Ok(()),
        }
    }

    fn write_encryption_key_pair<K: traits::EncryptionKey<V>, T: traits::HpkeKeyPair<V>>(
        &self,
        public_key: &K,
        key_pair: &T,
    ) -> Result<(), StorageError> {
        self.write(Kind::EncryptionKeyPair, public_key, key_pair)
    }

    fn encryption_key_pair<T: traits::HpkeKeyPair<V>, K: traits::EncryptionKey<V>>(
        &self,
        public_key: &K,
    ) -> Result<Option<T>, StorageError> {
        self.read(Kind::EncryptionKeyPair, public_key)
    }

    fn delete_encryption_key_pair<K: traits::EncryptionKey<V>>(
        &self,
        public_key: &K,
    ) -> Result<(), StorageError> {
        self.delete(Kind::EncryptionKeyPair, public_key)
    }

    fn write_key_package<R: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        reference: &R,
        key_package: &T,
    ) -> Result<(), StorageError> {
        self.write(Kind::KeyPackage, reference, key_package)
    }

    /// OpenMLS tries every key package that a welcome names, to find the own one among those of all joiners. The
    /// others are asked for in vain: this is the one read for which "not loaded" means "not ours".
    fn key_package<R: traits::HashReference<V>, T: traits::KeyPackage<V>>(
        &self,
        reference: &R,
    ) -> Result<Option<T>, StorageError> {
        if self.is_loaded(Kind::KeyPackage, reference)? {
            self.read(Kind::KeyPackage, reference)
        } else {
            Ok(None)
        }
    }

    fn delete_key_package<R: traits::HashReference<V>>(&self, reference: &R) -> Result<(), StorageError> {
        self.delete(Kind::KeyPackage, reference)
    }

    // Signature keys come with each call, and pre-shared keys are refused: neither is kept.

    fn write_signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        _: &K,
        _: &T,
    ) -> Result<(), StorageError> {
        self.not_kept("signature key pair")
    }

    fn signature_key_pair<K: traits::SignaturePublicKey<V>, T: traits::SignatureKeyPair<V>>(
        &self,
        _: &K,
    ) -> Result<Option<T>, StorageError> {
        self.not_kept("signature key pair")
    }

    fn delete_signature_key_pair<K: traits::SignaturePublicKey<V>>(&self, _: &K) -> Result<(), StorageError> {
        self.not_kept("signature key pair")
    }

    fn write_psk<K: traits::PskId<V>, T: traits::PskBundle<V>>(
        &self,
        _: &K,
        _: &T,
    ) -> Result<(), StorageError> {
        self.not_kept("pre-shared key")
    }

    /// No pre-shared key is known, whichever a peer names: that is the peer's fault, not the storage's.
    fn psk<T: traits::PskBundle<V>, K: traits::PskId<V>>(&self, _: &K) -> Result<Option<T>, StorageError> {
        Ok(None)
    }

    fn delete_psk<K: traits::PskId<V>>(&self, _: &K) -> Result<(), StorageError> {
        self.not_kept("pre-shared key")
    }
}

impl Overlay {
    fn queue<I: Serialize>(&self, id: &I) -> Result<Queue, StorageError> {
        Ok(self.read(Kind::Proposals, id)?.unwrap_or_default())
    }
}

fn decoded<T: serde::de::DeserializeOwned>(kind: Kind, bytes: &[u8]) -> Result<T, StorageError> {
    postcard::from_bytes(bytes).map_err(|_| StorageError::Corrupt(kind.name()))
}
