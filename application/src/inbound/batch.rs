//! Envelopes of one group, taken in one after the other, with what they change collected for one commit per page.

use std::collections::BTreeMap;

use hexmtp_domain::group::commit_rules::CommitEffects;
use hexmtp_domain::group::{ConversationKind, GroupContext, LeafMember};
use hexmtp_domain::intent::{IntentEvent, IntentState};
use hexmtp_domain::message::{DeliveryStatus, PlaintextEnvelope};
use hexmtp_domain::{Epoch, Originator, PayloadHash, Topic, VectorClock};
use hexmtp_ports::delivery::GroupEnvelope;
use hexmtp_ports::mls::{Keep, MlsError, MlsSession, Processed};
use hexmtp_ports::store::record::MembershipState;
use hexmtp_ports::store::{
    CommitLogRecord, CommitOutcome, ConversationRecord, IntentRecord, MlsRowChange, RejectedRecord, RowChange,
};

use crate::context::Context;
use crate::error::SyncError;
use crate::group::{is_introduced, take_over};
use crate::inbound::commit::{Judged, change_message, judge};
use crate::inbound::leavers::{self, sent_type};
use crate::inbound::received::received;
use crate::outbound::{given_up, is_outdated, moved};

/// A group while envelopes are taken in.
pub(crate) struct Batch<'a> {
    pub(crate) context: &'a Context,
    pub(crate) record: ConversationRecord,
    pub(crate) group: GroupContext,
    pub(crate) session: Box<dyn MlsSession>,
    /// Own payloads that may be in the log.
    own: BTreeMap<PayloadHash, IntentRecord>,
    /// Own intents that have no payload yet.
    unpublished: Vec<IntentRecord>,
    rows: Vec<RowChange>,
    keep: Keep,
    waiting: Option<Waiting>,
    /// How far the log was read, and whether something was read since the last part was taken out.
    clock: VectorClock,
    taken: usize,
    /// Whether own payloads were read back since then, and whether welcomes follow from one of them.
    read_back: bool,
    welcomes_due: bool,
    /// Whether the transcript says in another group of the same DM that its two members talk, once that matters.
    introduced: Option<bool>,
}

/// What has to be stored of the envelopes since the part before.
pub(crate) struct Part {
    /// The changes of the group's MLS rows; none once all of them are to be deleted.
    pub(crate) mls: Vec<MlsRowChange>,
    pub(crate) rows: Vec<RowChange>,
    /// How many envelopes it accounts for.
    pub(crate) taken: usize,
    /// Whether it dealt with the last payloads that were under way.
    pub(crate) outbox_is_empty: bool,
}

/// Why the batch ends before its last envelope.
enum Waiting {
    /// Facts could not be fetched; the next sync tries again.
    For(SyncError),
    /// The group asks for a newer version.
    Paused,
}

impl<'a> Batch<'a> {
    pub(crate) fn new(
        context: &'a Context,
        record: ConversationRecord,
        session: Box<dyn MlsSession>,
        open: Vec<IntentRecord>,
        clock: VectorClock,
    ) -> Result<Self, SyncError> {
        let group = GroupContext::parse(&record.extensions)?;
        let welcomes_due = open.iter().any(|intent| intent.state == IntentState::Committed);
        let (published, unpublished): (Vec<_>, Vec<_>) =
            open.into_iter().partition(|intent| intent.state == IntentState::Published);
        let own = published
            .into_iter()
            .filter_map(|intent| Some((intent.payload.as_ref()?.hash, intent)))
            .collect();
        Ok(Self {
            context,
            record,
            group,
            session,
            own,
            unpublished,
            rows: Vec::new(),
            keep: Keep::All,
            waiting: None,
            clock,
            taken: 0,
            read_back: false,
            welcomes_due,
            introduced: None,
        })
    }

    /// Whether no further envelope can be taken in now. What a group says after this installation was removed is not
    /// for it. It is not accounted for either: a welcome may bring this installation back at any place of it.
    pub(crate) fn is_at_its_end(&self) -> bool {
        self.waiting.is_some() || self.is_left()
    }

    /// Whether this installation is no longer in the group.
    pub(crate) fn is_left(&self) -> bool {
        self.record.membership == MembershipState::Removed
    }

    /// How far the log was read.
    pub(crate) const fn clock(&self) -> &VectorClock {
        &self.clock
    }

    /// Takes consecutive envelopes in, up to one that has to wait. Those that are accounted for are passed over.
    pub(crate) async fn take_in_all(&mut self, envelopes: &[GroupEnvelope]) -> Result<(), SyncError> {
        for envelope in envelopes {
            if self.is_at_its_end() {
                break;
            }
            if !self.clock.covers(envelope.cursor) {
                self.take_in(envelope).await?;
            }
        }
        Ok(())
    }

    /// Takes one envelope in. What is wrong with it is recorded; an error means that the group's own state
    /// cannot be worked with.
    async fn take_in(&mut self, envelope: &GroupEnvelope) -> Result<(), SyncError> {
        if let Some(intent) = self.own.remove(&PayloadHash::of(&envelope.data)) {
            self.confirm(envelope, &intent).await?;
        } else {
            self.process(envelope).await?;
        }
        if self.waiting.is_none() {
            self.taken += 1;
            self.clock.advance(envelope.cursor);
            let topic = Topic::Group(self.record.id);
            self.rows.push(RowChange::AdvanceCursor { topic, cursor: envelope.cursor });
        }
        Ok(())
    }

    /// Takes in what somebody else has sent.
    async fn process(&mut self, envelope: &GroupEnvelope) -> Result<(), SyncError> {
        match self.session.process(&envelope.data) {
            Ok(Processed::Application { sender, epoch, plaintext }) => {
                self.store_message(envelope, sender, epoch, &plaintext);
            }
            Ok(Processed::Commit(summary)) => {
                let judged = judge(self.context, &self.group, &self.record.members, &summary).await;
                self.settle(envelope, summary.committer, judged).await?;
            }
            Ok(Processed::Proposal { .. }) => {
                let detail = "proposals by reference are not used".to_owned();
                self.reject(envelope, "inbound.proposal", detail);
            }
            // An own message without an intent: another process has settled it, or a copy came twice.
            Ok(Processed::Own) => {}
            // The fault is in the own state, not in the envelope: it waits until the state is healed.
            Err(error @ (MlsError::MissingRow(_) | MlsError::CorruptRow(_))) => {
                self.waiting = Some(Waiting::For(error.into()));
            }
            Err(error) => self.refused(envelope, &error),
        }
        Ok(())
    }

    /// Does what was decided about a staged commit. One that has to wait will be processed again: nothing of it
    /// is kept.
    async fn settle(
        &mut self,
        envelope: &GroupEnvelope,
        committer: LeafMember,
        judged: Judged,
    ) -> Result<(), SyncError> {
        match judged {
            Judged::Accept(effects) => {
                self.session.merge_staged()?;
                return self.applied(envelope, committer, &effects).await;
            }
            Judged::Reject(violation) => {
                self.session.discard_staged()?;
                self.reject(envelope, violation.code(), violation.to_string());
                self.log_commit(envelope, CommitOutcome::Invalid, Some(committer));
                return Ok(());
            }
            Judged::Pause(minimum) => {
                self.record.paused_for = Some(minimum);
                self.waiting = Some(Waiting::Paused);
            }
            Judged::Wait(error) => self.waiting = Some(Waiting::For(error)),
        }
        self.keep = Keep::BeforeStagedCommit;
        Ok(())
    }

    /// An own payload was read back.
    async fn confirm(&mut self, envelope: &GroupEnvelope, intent: &IntentRecord) -> Result<(), SyncError> {
        let Some(payload) = &intent.payload else { return Ok(()) };
        self.read_back = true;
        if is_outdated(intent, payload.epoch, self.record.epoch) {
            // Others were faster: at this place in the log nobody applies the commit, or can read the message.
            self.rows.push(moved(intent, IntentEvent::LostRace, None));
            let again = IntentRecord { state: IntentState::ToPublish, payload: None, ..intent.clone() };
            self.unpublished.push(again);
            if intent.intent.is_commit() {
                self.log_commit(envelope, CommitOutcome::WrongEpoch, Some(self.context.own_leaf()));
            }
            return Ok(());
        }
        if !intent.intent.is_commit() {
            self.rows.push(moved(intent, IntentEvent::Confirmed { welcomes: false }, None));
            let (own, content_type) = (self.context.inbox_id, sent_type(&intent.intent));
            leavers::note(&mut self.record, &self.group, own, content_type.as_ref());
            if let Some(id) = intent.message_id {
                let published = Some((envelope.server_time, envelope.cursor));
                self.rows.push(RowChange::SetDelivery { id, status: DeliveryStatus::Published, published });
                self.record.last_message_at = self.record.last_message_at.max(Some(envelope.server_time));
            }
            return Ok(());
        }
        let before = self.group.clone();
        self.session.merge_pending()?;
        let welcomes = payload.post_commit.is_some();
        self.welcomes_due |= welcomes;
        self.rows.push(moved(intent, IntentEvent::Confirmed { welcomes }, None));
        self.record.rotated_at = self.context.now();
        let own = self.context.own_leaf();
        let after = GroupContext::parse(&self.session.state()?.extensions)?;
        let effects = CommitEffects::between(own.inbox_id, &before, after);
        self.applied(envelope, own, &effects).await
    }

    /// A commit was merged.
    async fn applied(
        &mut self,
        envelope: &GroupEnvelope,
        committer: LeafMember,
        effects: &CommitEffects,
    ) -> Result<(), SyncError> {
        let last = self.record.authenticator;
        take_over(&mut self.record, self.session.state()?);
        self.group = GroupContext::parse(&self.record.extensions)?;
        self.rows.push(RowChange::AppendCommitLog(CommitLogRecord {
            last_authenticator: Some(last),
            ..self.commit_line(envelope, CommitOutcome::Applied, Some(committer))
        }));
        let (leavers, epoch) = (&self.record.pending_removals, self.record.epoch);
        let introduced = match self.introduced {
            Some(introduced) => introduced,
            None => is_introduced(self.context, &self.record).await?,
        };
        self.introduced = Some(introduced);
        let told = if introduced {
            let effects = CommitEffects { added_inboxes: Vec::new(), ..effects.clone() };
            change_message(self.context, envelope, committer, &effects, (leavers, epoch))
        } else {
            change_message(self.context, envelope, committer, effects, (leavers, epoch))
        };
        leavers::forget(&mut self.record, effects);
        if let Some(message) = told {
            self.record.last_message_at = self.record.last_message_at.max(Some(message.sent_at));
            self.rows.push(RowChange::InsertMessage(message));
        }
        Ok(())
    }

    /// A message of another member was decrypted.
    fn store_message(
        &mut self,
        envelope: &GroupEnvelope,
        sender: LeafMember,
        epoch: Epoch,
        plaintext: &[u8],
    ) {
        if !self.group.membership.members.contains_key(&sender.inbox_id) {
            self.reject(
                envelope,
                "inbound.sender_not_a_member",
                "the sender's inbox is no member".to_owned(),
            );
            return;
        }
        let opened = match PlaintextEnvelope::decode(plaintext) {
            Ok(opened) => opened,
            Err(error) => {
                self.reject(envelope, error.code(), error.to_string());
                return;
            }
        };
        if self.record.kind != ConversationKind::Oneshot {
            self.record.last_message_at = self.record.last_message_at.max(Some(envelope.server_time));
        }
        let message = received(self.context, &self.group, envelope, (sender, epoch), opened);
        leavers::note(&mut self.record, &self.group, sender.inbox_id, message.content_type.as_ref());
        self.rows.push(RowChange::InsertMessage(message));
    }

    /// MLS refused an envelope.
    fn refused(&mut self, envelope: &GroupEnvelope, error: &MlsError) {
        let is_commit = envelope.cursor.originator == Originator::COMMITS;
        match error {
            // A commit that lost a race is part of every group's life.
            MlsError::WrongEpoch { message, group } if is_commit && message < group => {
                self.log_commit(envelope, CommitOutcome::WrongEpoch, None);
                return;
            }
            MlsError::ExpiredKeyPackageInCommit => self.record.needs_readd = Some(error.code().to_owned()),
            _ => {}
        }
        self.reject(envelope, error.code(), error.to_string());
        if is_commit {
            self.log_commit(envelope, CommitOutcome::Undecryptable, None);
        }
    }

    fn reject(&mut self, envelope: &GroupEnvelope, code: &str, detail: String) {
        tracing::warn!(group = %self.record.id, sequence_id = %envelope.cursor.sequence_id, code, "refused");
        self.rows.push(RowChange::RecordRejected(RejectedRecord {
            topic: Topic::Group(self.record.id),
            cursor: envelope.cursor,
            code: code.to_owned(),
            detail,
            at: self.context.now(),
        }));
    }

    fn log_commit(
        &mut self,
        envelope: &GroupEnvelope,
        outcome: CommitOutcome,
        committer: Option<LeafMember>,
    ) {
        let line = self.commit_line(envelope, outcome, committer);
        self.rows.push(RowChange::AppendCommitLog(line));
    }

    fn commit_line(
        &self,
        envelope: &GroupEnvelope,
        outcome: CommitOutcome,
        committer: Option<LeafMember>,
    ) -> CommitLogRecord {
        CommitLogRecord {
            group_id: self.record.id,
            sequence_id: envelope.cursor.sequence_id,
            last_authenticator: Some(self.record.authenticator),
            outcome,
            epoch: self.record.epoch,
            authenticator: self.record.authenticator,
            committer: committer.map(|leaf| leaf.installation_id),
        }
    }

    /// Takes out what has to be stored of the envelopes since the last time; nothing of them is kept here.
    pub(crate) fn take_part(&mut self) -> Result<Part, SyncError> {
        let taken = std::mem::take(&mut self.taken);
        let read_back = std::mem::take(&mut self.read_back);
        let mut rows = Vec::with_capacity(self.rows.len() + 2);
        if taken == 0 && self.rows.is_empty() && self.waiting.is_none() {
            return Ok(Part { mls: Vec::new(), rows, taken, outbox_is_empty: false });
        }
        let removed = self.is_left();
        let outbox_is_empty = removed || (read_back && self.own.is_empty() && !self.welcomes_due);
        if self.waiting.is_none() {
            let open = self.own.values().chain(&self.unpublished);
            if let Some(intent) = leavers::removal(self.context, &self.record, &self.group, open)? {
                rows.push(RowChange::InsertIntent(intent.clone()));
                self.unpublished.push(intent);
            }
        }
        // The keys of a group that was left open nothing more, and must not lie about.
        let mls = if removed { Vec::new() } else { self.session.take_changes(self.keep)? };
        rows.push(RowChange::PutConversation(Box::new(self.record.clone())));
        rows.append(&mut self.rows);
        if removed {
            // Nothing of this installation can reach the group any more.
            let open = self.own.values().chain(&self.unpublished);
            rows.extend(open.flat_map(|intent| given_up(intent, "change.not_a_member")));
        }
        Ok(Part { mls, rows, taken, outbox_is_empty })
    }

    /// Ends the batch: the group, unless it should be opened anew, and why there are not more envelopes.
    pub(crate) fn end(self) -> (Option<Box<dyn MlsSession>>, Option<SyncError>) {
        match self.waiting {
            Some(Waiting::For(error)) => (None, Some(error)),
            Some(Waiting::Paused) => (None, None),
            None if self.is_left() => (None, None),
            None => (Some(self.session), None),
        }
    }
}
