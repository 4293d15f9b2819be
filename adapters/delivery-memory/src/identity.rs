//! The identity log: takes only what applies, and knows which inbox an identifier belongs to.

use std::collections::HashMap;

use hexmtp_domain::identity::{
    Action, AssociationState, ContractVerdicts, Identifier, IdentityUpdate, MAX_UPDATES,
};
use hexmtp_domain::{InboxId, SequenceId, Timestamp};
use hexmtp_ports::contract_wallet::ContractWalletError;
use hexmtp_ports::identity_log::{IdentityLog, IdentityLogError, LoggedUpdate};
use hexmtp_ports::port;

use crate::calls::Call;
use crate::network::{MemoryNetwork, State};

/// The log of one inbox and what it amounts to.
#[derive(Debug, Default)]
struct InboxLog {
    updates: Vec<LoggedUpdate>,
    state: Option<AssociationState>,
    /// Whether a test has put an update into the log that does not apply: then nothing applies any more.
    spoilt: bool,
}

/// All inboxes.
#[derive(Debug, Default)]
pub(crate) struct Inboxes {
    last: u64,
    logs: HashMap<InboxId, InboxLog>,
    /// The inboxes that an identifier is a member of, the latest association last.
    by_identifier: HashMap<Identifier, Vec<InboxId>>,
}

fn rejected(reason: impl ToString) -> IdentityLogError {
    IdentityLogError::Rejected { reason: reason.to_string() }
}

/// What no chain can be asked about is refused; what a chain does not know yet may come again.
fn unanswered(error: ContractWalletError) -> IdentityLogError {
    match error {
        ContractWalletError::UnsupportedChain | ContractWalletError::Malformed(_) => rejected(error),
        error => IdentityLogError::Unavailable(Box::new(error)),
    }
}

impl InboxLog {
    fn holds(&self, bytes: &[u8]) -> bool {
        self.updates.iter().any(|logged| logged.update == bytes)
    }

    fn apply(
        &self,
        update: &IdentityUpdate,
        verdicts: &ContractVerdicts,
    ) -> Result<AssociationState, IdentityLogError> {
        if self.spoilt {
            return Err(rejected("the log of this inbox holds an update that does not apply"));
        }
        AssociationState::apply_with(self.state.clone(), update, verdicts).map_err(rejected)
    }
}

impl Inboxes {
    fn append(&mut self, inbox: InboxId, server_time: Timestamp, update: &[u8]) -> SequenceId {
        self.last += 1;
        let sequence_id = SequenceId(self.last);
        let logged = LoggedUpdate { sequence_id, server_time, update: update.to_vec() };
        self.logs.entry(inbox).or_default().updates.push(logged);
        sequence_id
    }

    fn adopt(&mut self, inbox: InboxId, update: &IdentityUpdate, state: AssociationState) {
        for action in &update.actions {
            match action {
                Action::CreateInbox { identifier, .. } => self.associate(identifier.clone(), inbox),
                Action::Add { new_member, .. } => {
                    new_member.as_identifier().into_iter().for_each(|it| self.associate(it, inbox));
                }
                Action::Revoke { member, .. } => {
                    member.as_identifier().into_iter().for_each(|it| self.dissociate(&it, inbox));
                }
                Action::ChangeRecovery { .. } => {}
            }
        }
        self.logs.entry(inbox).or_default().state = Some(state);
    }

    fn associate(&mut self, identifier: Identifier, inbox: InboxId) {
        self.dissociate(&identifier, inbox);
        self.by_identifier.entry(identifier).or_default().push(inbox);
    }

    fn dissociate(&mut self, identifier: &Identifier, inbox: InboxId) {
        if let Some(inboxes) = self.by_identifier.get_mut(identifier) {
            inboxes.retain(|known| *known != inbox);
        }
    }

    fn updates_after(&self, inbox: InboxId, after: SequenceId) -> Vec<LoggedUpdate> {
        let updates = self.logs.get(&inbox).map_or(&[][..], |log| &log.updates);
        let read = updates.partition_point(|logged| logged.sequence_id <= after);
        updates.get(read..).unwrap_or_default().to_vec()
    }

    fn inbox_of(&self, identifier: &Identifier) -> Option<InboxId> {
        self.by_identifier.get(identifier)?.last().copied()
    }
}

impl State {
    /// Appends an update if it applies, or is there already.
    fn publish_identity_update(&mut self, bytes: &[u8]) -> Result<(), IdentityLogError> {
        let update = IdentityUpdate::decode(bytes).map_err(rejected)?;
        let inbox = update.inbox_id;
        let unknown = InboxLog::default();
        let log = self.inboxes.logs.get(&inbox).unwrap_or(&unknown);
        if log.holds(bytes) {
            return Ok(());
        }
        if log.updates.len() >= MAX_UPDATES {
            return Err(IdentityLogError::Full);
        }
        let verdicts = self.chains.ask(&update).map_err(unanswered)?;
        let state = log.apply(&update, &verdicts)?;
        let server_time = self.stamp();
        self.inboxes.append(inbox, server_time, bytes);
        self.inboxes.adopt(inbox, &update, state);
        Ok(())
    }

    /// Appends an update whatever it holds.
    pub(crate) fn append_identity_update(&mut self, inbox: InboxId, bytes: &[u8]) -> SequenceId {
        let server_time = self.stamp();
        let id = self.inboxes.append(inbox, server_time, bytes);
        let log = self.inboxes.logs.entry(inbox).or_default();
        let chains = &self.chains;
        let applied =
            IdentityUpdate::decode(bytes).ok().filter(|update| update.inbox_id == inbox).and_then(|update| {
                let verdicts = chains.ask(&update).ok()?;
                log.apply(&update, &verdicts).ok().map(|state| (update, state))
            });
        match applied {
            Some((update, state)) => self.inboxes.adopt(inbox, &update, state),
            None => log.spoilt = true,
        }
        id
    }
}

#[port]
impl IdentityLog for MemoryNetwork {
    async fn publish(&self, update: &[u8]) -> Result<(), IdentityLogError> {
        self.serve(Call::PublishIdentityUpdate, |state| state.publish_identity_update(update)).await
    }

    async fn updates_after(
        &self,
        inboxes: &[(InboxId, SequenceId)],
    ) -> Result<Vec<Vec<LoggedUpdate>>, IdentityLogError> {
        self.serve(Call::IdentityUpdatesAfter, |state| {
            Ok(inboxes.iter().map(|(inbox, after)| state.inboxes.updates_after(*inbox, *after)).collect())
        })
        .await
    }

    async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, IdentityLogError> {
        self.serve(Call::InboxIds, |state| {
            Ok(identifiers.iter().map(|identifier| state.inboxes.inbox_of(identifier)).collect())
        })
        .await
    }
}
