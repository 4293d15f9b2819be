//! A member of a group on stock OpenMLS: the baseline. It starts from the rows that a store holds of the group, so it
//! opens the very messages that our client opens.

use std::cell::Cell;

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{GroupId, Secret};
use hexmtp_ports::store::MlsRows;
use openmls::prelude::{
    MlsGroup, MlsMessageBodyIn, MlsMessageIn, OpenMlsProvider, ProcessedMessageContent, ProtocolMessage,
};
use openmls_basic_credential::SignatureKeyPair;
use openmls_rust_crypto::RustCrypto;
use openmls_traits::storage::{CURRENT_VERSION, StorageProvider, traits};
use openmls_traits::types::SignatureScheme;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tls_codec::{Deserialize as _, Serialize as _};

const V: u16 = CURRENT_VERSION;

/// What the storage does when OpenMLS writes the message secrets, as it does for every message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Secrets {
    /// Nothing: only cryptography is left.
    Dropped,
    /// They are written to memory with postcard.
    Kept,
}

/// A method of the storage that messages do not need, or a row that is not there.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not there")]
pub(crate) struct Missing(&'static str);

/// The rows of one group.
pub(crate) struct Rows {
    rows: MlsRows,
    secrets: Secrets,
    written: Cell<Vec<u8>>,
}

impl Rows {
    /// Reads a row as `mls-openmls` writes it: the key is the kind and the group, the value a format and the data.
    fn read<T: DeserializeOwned>(&self, kind: u8, id: &impl Serialize) -> Result<Option<T>, Missing> {
        let mut key = vec![kind];
        key.extend(postcard::to_stdvec(id).map_err(|_| Missing("a key"))?);
        let value = match self.rows.get(&key).and_then(|row| row.split_first()) {
            None => return Ok(None),
            Some((1, data)) => postcard::from_bytes(data).ok(),
            Some((_, data)) => serde_json::from_slice(data).ok(),
        };
        value.map(Some).ok_or(Missing("a readable row"))
    }
}

macro_rules! read {
    ($($kind:literal $name:ident: $entity:ident;)*) => { $(
        fn $name<I: traits::GroupId<V>, T: traits::$entity<V>>(&self, id: &I) -> Result<Option<T>, Missing> {
            self.read($kind, id)
        }
    )* };
}

macro_rules! not_used {
    ($($name:ident<$($parameter:ident: $bound:ident),*>($($argument:ty),*) -> $result:ty;)*) => { $(
        fn $name<$($parameter: traits::$bound<V>),*>(&self, $(_: $argument),*) -> Result<$result, Missing> {
            Err(Missing(stringify!($name)))
        }
    )* };
}

impl StorageProvider<V> for Rows {
    type Error = Missing;

    read! {
        0x01 mls_group_join_config: MlsGroupJoinConfig;
        0x04 tree: TreeSync;
        0x05 interim_transcript_hash: InterimTranscriptHash;
        0x06 group_context: GroupContext;
        0x07 confirmation_tag: ConfirmationTag;
        0x09 message_secrets: MessageSecrets;
        0x0a resumption_psk_store: ResumptionPskStore;
        0x0b own_leaf_index: LeafNodeIndex;
        0x0c group_epoch_secrets: GroupEpochSecrets;
    }

    fn group_state<T: traits::GroupState<V>, I: traits::GroupId<V>>(
        &self,
        id: &I,
    ) -> Result<Option<T>, Missing> {
        self.read(0x08, id)
    }

    fn own_leaf_nodes<I: traits::GroupId<V>, T: traits::LeafNode<V>>(
        &self,
        _: &I,
    ) -> Result<Vec<T>, Missing> {
        Ok(Vec::new())
    }

    fn queued_proposals<I: traits::GroupId<V>, R: traits::ProposalRef<V>, T: traits::QueuedProposal<V>>(
        &self,
        _: &I,
    ) -> Result<Vec<(R, T)>, Missing> {
        Ok(Vec::new())
    }

    fn write_message_secrets<I: traits::GroupId<V>, T: traits::MessageSecrets<V>>(
        &self,
        _: &I,
        value: &T,
    ) -> Result<(), Missing> {
        if self.secrets == Secrets::Kept {
            self.written.set(postcard::to_stdvec(value).map_err(|_| Missing("a value"))?);
        }
        Ok(())
    }

    not_used! {
        write_mls_join_config<I: GroupId, T: MlsGroupJoinConfig>(&I, &T) -> ();
        append_own_leaf_node<I: GroupId, T: LeafNode>(&I, &T) -> ();
        queue_proposal<I: GroupId, R: ProposalRef, T: QueuedProposal>(&I, &R, &T) -> ();
        write_tree<I: GroupId, T: TreeSync>(&I, &T) -> ();
        write_interim_transcript_hash<I: GroupId, T: InterimTranscriptHash>(&I, &T) -> ();
        write_context<I: GroupId, T: GroupContext>(&I, &T) -> ();
        write_confirmation_tag<I: GroupId, T: ConfirmationTag>(&I, &T) -> ();
        write_group_state<T: GroupState, I: GroupId>(&I, &T) -> ();
        write_resumption_psk_store<I: GroupId, T: ResumptionPskStore>(&I, &T) -> ();
        write_own_leaf_index<I: GroupId, T: LeafNodeIndex>(&I, &T) -> ();
        write_group_epoch_secrets<I: GroupId, T: GroupEpochSecrets>(&I, &T) -> ();
        write_signature_key_pair<K: SignaturePublicKey, T: SignatureKeyPair>(&K, &T) -> ();
        write_encryption_key_pair<K: EncryptionKey, T: HpkeKeyPair>(&K, &T) -> ();
        write_encryption_epoch_key_pairs<I: GroupId, E: EpochKey, T: HpkeKeyPair>(&I, &E, u32, &[T]) -> ();
        write_key_package<R: HashReference, T: KeyPackage>(&R, &T) -> ();
        write_psk<K: PskId, T: PskBundle>(&K, &T) -> ();
        queued_proposal_refs<I: GroupId, R: ProposalRef>(&I) -> Vec<R>;
        signature_key_pair<K: SignaturePublicKey, T: SignatureKeyPair>(&K) -> Option<T>;
        encryption_key_pair<T: HpkeKeyPair, K: EncryptionKey>(&K) -> Option<T>;
        encryption_epoch_key_pairs<I: GroupId, E: EpochKey, T: HpkeKeyPair>(&I, &E, u32) -> Vec<T>;
        key_package<R: HashReference, T: KeyPackage>(&R) -> Option<T>;
        psk<T: PskBundle, K: PskId>(&K) -> Option<T>;
        remove_proposal<I: GroupId, R: ProposalRef>(&I, &R) -> ();
        delete_own_leaf_nodes<I: GroupId>(&I) -> ();
        delete_group_config<I: GroupId>(&I) -> ();
        delete_tree<I: GroupId>(&I) -> ();
        delete_confirmation_tag<I: GroupId>(&I) -> ();
        delete_group_state<I: GroupId>(&I) -> ();
        delete_context<I: GroupId>(&I) -> ();
        delete_interim_transcript_hash<I: GroupId>(&I) -> ();
        delete_message_secrets<I: GroupId>(&I) -> ();
        delete_all_resumption_psk_secrets<I: GroupId>(&I) -> ();
        delete_own_leaf_index<I: GroupId>(&I) -> ();
        delete_group_epoch_secrets<I: GroupId>(&I) -> ();
        clear_proposal_queue<I: GroupId, R: ProposalRef>(&I) -> ();
        delete_signature_key_pair<K: SignaturePublicKey>(&K) -> ();
        delete_encryption_key_pair<K: EncryptionKey>(&K) -> ();
        delete_encryption_epoch_key_pairs<I: GroupId, E: EpochKey>(&I, &E, u32) -> ();
        delete_key_package<R: HashReference>(&R) -> ();
        delete_psk<K: PskId>(&K) -> ();
    }
}

struct Provider {
    crypto: RustCrypto,
    rows: Rows,
}

impl OpenMlsProvider for Provider {
    type CryptoProvider = RustCrypto;
    type RandProvider = RustCrypto;
    type StorageProvider = Rows;

    fn storage(&self) -> &Rows {
        &self.rows
    }

    fn crypto(&self) -> &RustCrypto {
        &self.crypto
    }

    fn rand(&self) -> &RustCrypto {
        &self.crypto
    }
}

/// The member.
pub(crate) struct StockMember {
    provider: Provider,
    group: MlsGroup,
    signer: SignatureKeyPair,
}

impl StockMember {
    pub(crate) fn open(key: &InstallationKey, group: GroupId, rows: MlsRows, secrets: Secrets) -> Self {
        let rows = Rows { rows, secrets, written: Cell::default() };
        let provider = Provider { crypto: RustCrypto::default(), rows };
        let id = openmls::prelude::GroupId::from_slice(group.as_bytes());
        let group =
            MlsGroup::load(&provider.rows, &id).expect("readable rows").expect("the rows of the group");
        let seed: &Secret = key.seed();
        let public = key.id().to_vec();
        let signer = SignatureKeyPair::from_raw(SignatureScheme::ED25519, seed.expose().to_vec(), public);
        Self { provider, group, signer }
    }

    /// The plaintext of a message of another member.
    pub(crate) fn receive(&mut self, data: &[u8]) -> Vec<u8> {
        let message = MlsMessageIn::tls_deserialize_exact(data).expect("an MLS message");
        let MlsMessageBodyIn::PrivateMessage(message) = message.extract() else {
            panic!("only private messages are sent")
        };
        let message = self.group.process_message(&self.provider, ProtocolMessage::from(message));
        match message.expect("the message opens").into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => message.into_bytes(),
            other => panic!("not an application message: {other:?}"),
        }
    }

    /// The MLS message that carries a plaintext.
    pub(crate) fn send(&mut self, plaintext: &[u8]) -> Vec<u8> {
        let message = self.group.create_message(&self.provider, &self.signer, plaintext);
        message.expect("a message").tls_serialize_detached().expect("its bytes")
    }
}
