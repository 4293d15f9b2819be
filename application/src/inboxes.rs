//! Inboxes without a client: looked at, and changed by whoever has the wallets at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use hexmtp_domain::identity::{
    AcceptedRisk, AssociationState, Identifier, IdentityUpdate, InboxGuard, MemberIdentifier, SignatureKind,
    SignatureRequest, UnsignedUpdate, UnverifiedSignature,
};
use hexmtp_domain::{InboxId, InstallationId, SequenceId};
use hexmtp_ports::contract_wallet::ContractWalletVerifier;
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::identity_log::{IdentityLog, LoggedUpdate};
use hexmtp_ports::mls::MlsEngine;
use hexmtp_ports::platform::Clock;

use crate::context::Ports;
use crate::error::{IdentityError, InboxChangeError, PortError};
use crate::identity::{self, Before, InboxChange, KeyPackageStatus, Reachability};

/// The adapters that it takes to look at inboxes, and to change them.
#[derive(Clone)]
pub struct InboxPorts {
    /// The network's identity log.
    pub identity_log: Arc<dyn IdentityLog>,
    /// Who is asked about signatures of contract wallets.
    pub contract_wallets: Arc<dyn ContractWalletVerifier>,
    /// The network for key packages.
    pub delivery: Arc<dyn DeliveryService>,
    /// Checks key packages.
    pub mls: Arc<dyn MlsEngine>,
    /// The present time.
    pub clock: Arc<dyn Clock>,
}

impl From<&Ports> for InboxPorts {
    fn from(ports: &Ports) -> Self {
        Self {
            identity_log: Arc::clone(&ports.identity_log),
            contract_wallets: Arc::clone(&ports.contract_wallets),
            delivery: Arc::clone(&ports.delivery),
            mls: Arc::clone(&ports.mls),
            clock: Arc::clone(&ports.clock),
        }
    }
}

/// Everybody's inboxes, asked from the network each time. For tools, servers, and people who have lost all their
/// devices but not their wallet.
#[derive(Clone)]
pub struct Inboxes {
    ports: InboxPorts,
}

/// One inbox as the network has it.
struct Seen {
    log: Vec<LoggedUpdate>,
    state: AssociationState,
}

impl Inboxes {
    /// Looks at inboxes through these adapters.
    #[must_use]
    pub const fn new(ports: InboxPorts) -> Self {
        Self { ports }
    }

    /// For each identifier, in the order asked, the inbox that it belongs to.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn inbox_ids(&self, identifiers: &[Identifier]) -> Result<Vec<Option<InboxId>>, IdentityError> {
        Ok(self.ports.identity_log.inbox_ids(identifiers).await?)
    }

    /// For each identifier, in the order asked, whether it belongs to an inbox: the answer of official clients.
    /// [`Inboxes::reachability`] says more.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn can_message(&self, identifiers: &[Identifier]) -> Result<Vec<bool>, IdentityError> {
        Ok(self.inbox_ids(identifiers).await?.iter().map(Option::is_some).collect())
    }

    /// For each identifier, in the order asked, whether it belongs to an inbox, and whether an installation of that can
    /// be invited.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn reachability(&self, identifiers: &[Identifier]) -> Result<Vec<Reachability>, IdentityError> {
        let found = self.inbox_ids(identifiers).await?;
        let inboxes: BTreeSet<InboxId> = found.iter().flatten().copied().collect();
        let inboxes: Vec<InboxId> = inboxes.into_iter().collect();
        let mut installations = BTreeMap::new();
        for (inbox_id, state) in inboxes.iter().zip(self.states(&inboxes).await?) {
            match state {
                Ok(state) => drop(installations.insert(*inbox_id, state.installations())),
                Err(error) => passed_over(error)?,
            }
        }
        let InboxPorts { delivery, mls, clock, .. } = &self.ports;
        let reach = identity::reachability(&**delivery, &**mls, clock.now(), found, &installations);
        Ok(reach.await?)
    }

    /// For each installation, in the order asked, what can be done with its key package.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn key_package_statuses(
        &self,
        installations: &[InstallationId],
    ) -> Result<Vec<KeyPackageStatus>, IdentityError> {
        let InboxPorts { delivery, mls, clock, .. } = &self.ports;
        Ok(identity::key_package_statuses(&**delivery, &**mls, clock.now(), installations).await?)
    }

    /// For each inbox, in the order asked, its state, or why it has none.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails; each state by itself fails when the log cannot be folded, or a
    /// contract cannot be asked.
    pub async fn states(
        &self,
        inboxes: &[InboxId],
    ) -> Result<Vec<Result<AssociationState, IdentityError>>, IdentityError> {
        let mut states = Vec::with_capacity(inboxes.len());
        for (inbox_id, log) in inboxes.iter().zip(self.logs(inboxes).await?) {
            let state = identity::fold(&*self.ports.contract_wallets, *inbox_id, &log).await;
            states.push(state.and_then(|state| state.ok_or(IdentityError::UnknownInbox(*inbox_id))));
        }
        Ok(states)
    }

    /// The state of an inbox.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn state(&self, inbox_id: InboxId) -> Result<AssociationState, IdentityError> {
        Ok(self.seen(inbox_id).await?.state)
    }

    /// For each inbox, in the order asked, how many updates its log has; none for one that does not exist.
    ///
    /// # Errors
    /// [`IdentityError`] when the network fails.
    pub async fn update_counts(&self, inboxes: &[InboxId]) -> Result<Vec<usize>, IdentityError> {
        Ok(self.logs(inboxes).await?.iter().map(Vec::len).collect())
    }

    /// How the inbox's first identifier signed: tells wallets with a key from contracts, passkeys and legacy keys.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn creation_signature_kind(
        &self,
        inbox_id: InboxId,
    ) -> Result<Option<SignatureKind>, IdentityError> {
        identity::creation_signature_kind(inbox_id, &self.seen(inbox_id).await?.log)
    }

    /// Whether an identifier or an installation is a member of the inbox.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub async fn is_member(
        &self,
        inbox_id: InboxId,
        member: &MemberIdentifier,
    ) -> Result<bool, IdentityError> {
        Ok(self.state(inbox_id).await?.contains(member))
    }

    /// A request for the signatures that make a new inbox with its first installation.
    ///
    /// # Errors
    /// [`InboxChangeError::AccountTaken`] when the identifier belongs to an inbox.
    pub async fn creation_request(
        &self,
        identifier: &Identifier,
        nonce: u64,
        installation: InstallationId,
    ) -> Result<SignatureRequest, InboxChangeError> {
        let found = self.inbox_ids(std::slice::from_ref(identifier)).await?;
        if let Some(inbox_id) = found.first().copied().flatten() {
            return Err(InboxChangeError::AccountTaken { inbox_id });
        }
        let now = self.ports.clock.now().as_unsigned_nanos();
        let update = UnsignedUpdate::create_inbox(identifier, nonce, installation, now);
        Ok(SignatureRequest::new(update, &InboxGuard::new_inbox())?)
    }

    /// A request for the signatures that a change of an inbox needs, after a guard has looked at it. Risks that are
    /// accepted pass.
    ///
    /// # Errors
    /// [`InboxChangeError`] names what its author would regret.
    pub async fn change_request(
        &self,
        inbox_id: InboxId,
        change: &InboxChange,
        accepted: &[AcceptedRisk],
    ) -> Result<SignatureRequest, InboxChangeError> {
        let seen = self.seen(inbox_id).await?;
        if let InboxChange::Add { new_member, .. } = change
            && let Some(identifier) = new_member.as_identifier()
        {
            let found = self.inbox_ids(&[identifier]).await?;
            identity::check_free(inbox_id, found.first().copied().flatten())?;
        }
        let before = Before {
            state: &seen.state,
            updates: seen.log.len(),
            client_timestamp_ns: self.ports.clock.now().as_unsigned_nanos(),
        };
        before.request(change, accepted)
    }

    /// Takes a signature, after asking the contract about it if it is a contract wallet's.
    ///
    /// # Errors
    /// [`InboxChangeError`]; nothing is taken then.
    pub async fn add_signature(
        &self,
        request: &mut SignatureRequest,
        signature: UnverifiedSignature,
    ) -> Result<(), InboxChangeError> {
        identity::add_signature(&*self.ports.contract_wallets, request, signature).await
    }

    /// Verifies a request that all have signed against the inbox as it is now, publishes it, and gives the state that
    /// it leads to. What is published already is passed over, so that a lost answer can be asked for again.
    ///
    /// # Errors
    /// [`InboxChangeError`].
    pub async fn apply(&self, request: &SignatureRequest) -> Result<AssociationState, InboxChangeError> {
        let update: IdentityUpdate = request.build()?;
        let inbox_id = update.inbox_id;
        let log = self.logs(&[inbox_id]).await?.pop().unwrap_or_default();
        let verifier = &*self.ports.contract_wallets;
        let state = identity::fold(verifier, inbox_id, &log).await?;
        let bytes = update.encode();
        if log.iter().any(|logged| logged.update == bytes)
            && let Some(state) = state
        {
            return Ok(state);
        }
        let after = identity::verified(verifier, state.as_ref(), &update).await?;
        self.ports.identity_log.publish(&bytes).await?;
        Ok(after)
    }

    async fn logs(&self, inboxes: &[InboxId]) -> Result<Vec<Vec<LoggedUpdate>>, PortError> {
        let asked: Vec<_> = inboxes.iter().map(|inbox_id| (*inbox_id, SequenceId::default())).collect();
        Ok(self.ports.identity_log.updates_after(&asked).await?)
    }

    async fn seen(&self, inbox_id: InboxId) -> Result<Seen, IdentityError> {
        let log = self.logs(&[inbox_id]).await?.pop().unwrap_or_default();
        let state = identity::fold(&*self.ports.contract_wallets, inbox_id, &log).await?;
        Ok(Seen { state: state.ok_or(IdentityError::UnknownInbox(inbox_id))?, log })
    }
}

/// An inbox whose log breaks the rules has no installations; what can heal is an error.
fn passed_over(error: IdentityError) -> Result<(), IdentityError> {
    match error {
        IdentityError::Port(_) => Err(error),
        _ => Ok(()),
    }
}
