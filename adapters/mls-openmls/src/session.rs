//! One open group.

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{Epoch, EpochAuthenticator, GroupId};
use hexmtp_ports::mls::{CommitPlan, Keep, MlsError, MlsSession, OutboundCommit, Processed, SessionState};
use hexmtp_ports::store::{MlsRowChange, MlsRows};
use openmls::prelude::{
    ContentType, MlsGroup, ProcessedMessage, ProcessedMessageContent, ProtocolMessage, Sender, StagedCommit,
};
use tls_codec::Serialize as _;

use crate::errors::{self, SessionError, backend, corrupt, invalid};
use crate::past_leaves::{self, PastLeaves};
use crate::provider::{InstallationSigner, Provider};
use crate::storage::Snapshot;
use crate::summary::{member_at, summarise};
use crate::{leaf, wire};

/// What was written before a commit was processed.
enum Checkpoint {
    /// No commit was processed.
    None,
    /// As far as this.
    Before(Snapshot),
    /// A message was sealed after the commit: going back would use its key a second time.
    Spent,
}

/// One group, open in memory.
pub(crate) struct GroupSession {
    group_id: GroupId,
    pub(crate) provider: Provider,
    pub(crate) signer: InstallationSigner,
    pub(crate) group: MlsGroup,
    past_leaves: PastLeaves,
    staged: Option<Box<StagedCommit>>,
    checkpoint: Checkpoint,
}

impl GroupSession {
    /// A group that was just made or joined.
    pub(crate) fn new(
        group_id: GroupId,
        provider: Provider,
        signer: InstallationSigner,
        group: MlsGroup,
    ) -> Result<Self, MlsError> {
        let past_leaves = PastLeaves::from(&group);
        past_leaves.store(&provider.overlay, group.group_id())?;
        let checkpoint = Checkpoint::None;
        Ok(Self { group_id, provider, signer, group, past_leaves, staged: None, checkpoint })
    }

    /// Opens a stored group.
    pub(crate) fn open(
        group_id: GroupId,
        provider: Provider,
        key: &InstallationKey,
        rows: MlsRows,
    ) -> Result<Self, MlsError> {
        let signer = InstallationSigner::new(key)?;
        provider.overlay.load_group(group_id, rows)?;
        let group = load(&provider, group_id)?;
        let past_leaves = load_past_leaves(&provider, &group)?;
        let checkpoint = Checkpoint::None;
        Ok(Self { group_id, provider, signer, group, past_leaves, staged: None, checkpoint })
    }

    /// The group's epoch.
    pub(crate) fn epoch(&self) -> Epoch {
        Epoch(self.group.epoch().as_u64())
    }

    /// Writes the message secrets if they changed since they were last written.
    fn flush(&mut self) -> Result<(), MlsError> {
        if !self.provider.overlay.secrets_are_stale() {
            return Ok(());
        }
        let policy = self.group.past_epoch_deletion_policy().clone();
        self.provider.overlay.set_writes_secrets(true);
        let result = self.group.set_past_epoch_deletion_policy(&self.provider, policy);
        self.provider.overlay.set_writes_secrets(false);
        result.map_err(|error| self.provider.failed(error, backend))
    }

    /// From here on, the changes made before the last commit cannot be had alone.
    pub(crate) fn spend_checkpoint(&mut self) {
        if let Checkpoint::Before(_) = self.checkpoint {
            self.checkpoint = Checkpoint::Spent;
        }
    }

    /// Goes back to the state before a commit was processed.
    fn rewind(&mut self, before: Snapshot) -> Result<(), MlsError> {
        self.provider.overlay.restore(before);
        self.group = load(&self.provider, self.group_id)?;
        self.past_leaves = load_past_leaves(&self.provider, &self.group)?;
        Ok(())
    }

    /// Who sent a message, by the leaf it names and the credential that OpenMLS verified it with.
    fn sender(&self, message: &ProcessedMessage) -> Result<LeafMember, MlsError> {
        let Sender::Member(index) = message.sender() else {
            return Err(invalid(SessionError::NotFromAMember));
        };
        if message.epoch() == self.group.epoch() {
            return member_at(&self.group, index.u32());
        }
        let installation = self.past_leaves.installation(&self.group, message.epoch().as_u64(), index.u32());
        let key = installation.ok_or_else(|| invalid(SessionError::NotFromAMember))?;
        leaf::leaf_member(message.credential(), key.as_ref()).map_err(corrupt)
    }

    fn processed(&mut self, message: ProcessedMessage) -> Result<Processed, MlsError> {
        if matches!(message.content(), ProcessedMessageContent::OwnPrivateMessage) {
            return Ok(Processed::Own);
        }
        let sender = self.sender(&message)?;
        let epoch = Epoch(message.epoch().as_u64());
        match message.into_content() {
            ProcessedMessageContent::ApplicationMessage(message) => {
                Ok(Processed::Application { sender, epoch, plaintext: message.into_bytes() })
            }
            ProcessedMessageContent::StagedCommitMessage(staged) => {
                let summary = summarise(&self.group, &staged, sender)?;
                self.staged = Some(staged);
                Ok(Processed::Commit(Box::new(summary)))
            }
            ProcessedMessageContent::ProposalMessage(_) => Ok(Processed::Proposal { sender }),
            ProcessedMessageContent::OwnPrivateMessage | ProcessedMessageContent::OwnPendingCommit => {
                Ok(Processed::Own)
            }
            ProcessedMessageContent::ExternalJoinProposalMessage(_) => {
                Err(invalid(SessionError::NotFromAMember))
            }
        }
    }

    /// Moves the group to its next epoch, and notes who left which leaf.
    fn merge(
        &mut self,
        run: impl FnOnce(&mut MlsGroup, &Provider) -> Result<(), MlsError>,
    ) -> Result<(), MlsError> {
        let before = past_leaves::keys(&self.group);
        let epoch = self.group.epoch().as_u64();
        self.staged = None;
        run(&mut self.group, &self.provider)?;
        let noted = self.past_leaves.clone();
        self.past_leaves.note(epoch, before, &self.group);
        if self.past_leaves != noted {
            self.past_leaves.store(&self.provider.overlay, self.group.group_id())?;
        }
        Ok(())
    }
}

/// The group as its rows have it.
fn load(provider: &Provider, group_id: GroupId) -> Result<MlsGroup, MlsError> {
    let id = openmls::prelude::GroupId::from_slice(group_id.as_bytes());
    MlsGroup::load(&provider.overlay, &id)?.ok_or(MlsError::MissingRow("group"))
}

fn load_past_leaves(provider: &Provider, group: &MlsGroup) -> Result<PastLeaves, MlsError> {
    let stored = PastLeaves::load(&provider.overlay, group.group_id())?;
    stored.ok_or(MlsError::MissingRow("list of past leaves"))
}

impl MlsSession for GroupSession {
    fn state(&self) -> Result<SessionState, MlsError> {
        let members: Result<Vec<_>, _> =
            self.group.members().map(|member| leaf::of_member(&member)).collect();
        Ok(SessionState {
            group_id: self.group_id,
            epoch: self.epoch(),
            authenticator: EpochAuthenticator::from_slice(self.group.epoch_authenticator().as_slice())
                .map_err(|_| MlsError::Malformed("epoch authenticator"))?,
            extensions: wire::raw_extensions(self.group.extensions().iter())?,
            members: members.map_err(corrupt)?,
            is_active: self.group.is_active(),
        })
    }

    fn process(&mut self, data: &[u8]) -> Result<Processed, MlsError> {
        let message = ProtocolMessage::from(wire::private_message(data)?);
        if message.group_id() != self.group.group_id() {
            return Err(MlsError::Malformed("a message of another group"));
        }
        if !self.group.is_active() {
            return Err(MlsError::NotAMember);
        }
        let (of_message, of_group) = (Epoch(message.epoch().as_u64()), self.epoch());
        let is_late = of_message < of_group
            && (message.is_handshake_message() || !self.past_leaves.reaches(&self.group, of_message.0));
        if of_message > of_group || is_late {
            return Err(MlsError::WrongEpoch { message: of_message, group: of_group });
        }
        let before = if message.content_type() == ContentType::Commit {
            self.flush()?;
            Some(self.provider.overlay.snapshot())
        } else {
            None
        };
        let result = self.group.process_message(&self.provider, message);
        let processed = result
            .map_err(|error| {
                self.provider.failed(error, |error| errors::process(error, of_message, of_group))
            })
            .and_then(|message| self.processed(message));
        match (&processed, before) {
            (Ok(Processed::Commit(_)), Some(before)) => self.checkpoint = Checkpoint::Before(before),
            (Err(_), Some(before)) => self.rewind(before)?,
            _ => {}
        }
        processed
    }

    fn merge_staged(&mut self) -> Result<(), MlsError> {
        let staged = self.staged.take().ok_or_else(|| backend(SessionError::NothingStaged))?;
        self.merge(|group, provider| {
            group.merge_staged_commit(provider, *staged).map_err(|error| provider.failed(error, backend))
        })
    }

    fn discard_staged(&mut self) -> Result<(), MlsError> {
        if self.staged.take().is_none() {
            return Ok(());
        }
        match std::mem::replace(&mut self.checkpoint, Checkpoint::None) {
            Checkpoint::Before(before) => self.rewind(before),
            Checkpoint::None => Ok(()),
            Checkpoint::Spent => Err(backend(SessionError::SealedSinceCommit)),
        }
    }

    fn merge_pending(&mut self) -> Result<(), MlsError> {
        if self.group.pending_commit().is_none() {
            return Err(backend(SessionError::NothingPending));
        }
        self.merge(|group, provider| {
            group.merge_pending_commit(provider).map_err(|error| provider.failed(error, backend))
        })
    }

    fn commit(&mut self, plan: &CommitPlan) -> Result<OutboundCommit, MlsError> {
        crate::commit::commit(self, plan)
    }

    fn seal(&mut self, plaintext: &[u8]) -> Result<Vec<u8>, MlsError> {
        if !self.group.is_active() {
            return Err(MlsError::NotAMember);
        }
        self.spend_checkpoint();
        let result = self.group.create_message(&self.provider, &self.signer, plaintext);
        let message = result.map_err(|error| self.provider.failed(error, backend))?;
        message.tls_serialize_detached().map_err(backend)
    }

    fn take_changes(&mut self, keep: Keep) -> Result<Vec<MlsRowChange>, MlsError> {
        self.staged = None;
        match (keep, std::mem::replace(&mut self.checkpoint, Checkpoint::None)) {
            (Keep::BeforeStagedCommit, Checkpoint::Before(before)) => self.rewind(before)?,
            (Keep::BeforeStagedCommit, Checkpoint::Spent) => {
                return Err(backend(SessionError::SealedSinceCommit));
            }
            (Keep::All, _) | (Keep::BeforeStagedCommit, Checkpoint::None) => self.flush()?,
        }
        Ok(self.provider.overlay.take_changes())
    }
}
