//! Registration: key package first, then one identity update (PROTOCOL.md 1.9).
//!
//! Every step can be repeated. The installation's key is kept before anybody hears of it, so a crash at any point
//! leaves a registration that the next start completes.

use hexmtp_domain::identity::{
    AssociationState, Identifier, InboxGuard, MAX_INSTALLATIONS, MemberIdentifier, SignatureRequest,
    UnsignedUpdate, UnverifiedSignature, inbox_id,
};
use hexmtp_domain::{InboxId, SequenceId};
use hexmtp_ports::signer::WalletSigner;
use hexmtp_ports::store::{IdentityRecord, RowChange};

use crate::context::{Context, Opening, Ports};
use crate::error::{IdentityError, RegisterError};
use crate::identity::change::{add_signature, verified};
use crate::identity::installation::{context_of, prepare_identity};
use crate::identity::standing::review_stored;
use crate::identity::states::stored_state_at;
use crate::identity::{latest_state, refresh};
use crate::key_package;
use crate::unit::Unit;

/// How an installation is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// The nonce of a new inbox.
    pub(crate) nonce: u64,
    /// The inbox that the application expects, if it expects one.
    pub(crate) inbox_id: Option<InboxId>,
    /// How the client is opened then.
    pub(crate) opening: Opening,
}

impl Registration {
    fn expect(&self, found: InboxId) -> Result<(), RegisterError> {
        match self.inbox_id {
            Some(expected) if expected != found => Err(RegisterError::UnexpectedInbox { expected, found }),
            _ => Ok(()),
        }
    }
}

/// A registration that waits for signatures, or one that needs none.
pub(crate) enum Prepared {
    Ready(Context),
    Pending(Box<Pending>),
}

/// A registration that waits for signatures.
pub(crate) struct Pending {
    context: Context,
    identity: IdentityRecord,
    request: SignatureRequest,
}

/// The installation of this store, which must be registered. Neither network nor wallet is asked.
pub(crate) async fn open(ports: Ports, options: &Registration) -> Result<Context, RegisterError> {
    match ports.store.identity().await? {
        Some(identity) if identity.registered.is_some() => {
            options.expect(identity.inbox_id)?;
            let context = context_of(ports, &identity, &options.opening).await?;
            review_stored(&context).await?;
            Ok(context)
        }
        _ => Err(RegisterError::NotRegistered),
    }
}

/// The installation of this store; registers one, or completes a registration, where there is none.
pub(crate) async fn register(
    ports: Ports,
    signer: &dyn WalletSigner,
    options: &Registration,
) -> Result<Context, RegisterError> {
    match prepare(ports, &signer.identifier(), options).await? {
        Prepared::Ready(context) => Ok(context),
        Prepared::Pending(mut pending) => {
            let signature = signer.sign(&pending.request.signature_text()).await?;
            pending.add_signature(signature).await?;
            pending.complete().await
        }
    }
}

/// Opens the installation of this store, or gets as far with its registration as is possible without a signature.
pub(crate) async fn prepare(
    ports: Ports,
    identifier: &Identifier,
    options: &Registration,
) -> Result<Prepared, RegisterError> {
    let stored = ports.store.identity().await?;
    if let Some(identity) = stored.as_ref().filter(|identity| identity.registered.is_some()) {
        options.expect(identity.inbox_id)?;
        let context = context_of(ports, identity, &options.opening).await?;
        confirm_owner(&context, identifier, options.nonce).await?;
        review_stored(&context).await?;
        return match context.standing.is_revoked() {
            true => Err(RegisterError::Revoked),
            false => Ok(Prepared::Ready(context)),
        };
    }
    let found = ports.identity_log.inbox_ids(std::slice::from_ref(identifier)).await?;
    let inbox = found.first().copied().flatten().unwrap_or_else(|| inbox_id(identifier, options.nonce));
    options.expect(inbox)?;
    let identity = match stored {
        Some(identity) if identity.inbox_id == inbox => identity,
        Some(identity) => return Err(RegisterError::OtherInbox { stored: identity.inbox_id, signer: inbox }),
        None => prepare_identity(&ports, inbox, &options.opening).await?,
    };
    let context = context_of(ports, &identity, &options.opening).await?;
    let state = state_of_own_inbox(&context).await?;
    let own = MemberIdentifier::Installation(context.key.id());
    if state.as_ref().is_some_and(|state| state.contains(&own)) {
        finish(&context, identity).await?;
        return Ok(Prepared::Ready(context));
    }
    check_limit(&context, state.as_ref())?;
    let request = request(&context, state.as_ref(), identifier, options.nonce).await?;
    Ok(Prepared::Pending(Box::new(Pending { context, identity, request })))
}

impl Pending {
    /// What is to be signed, with the signatures that there are.
    pub(crate) const fn request(&self) -> &SignatureRequest {
        &self.request
    }

    pub(crate) async fn add_signature(
        &mut self,
        signature: UnverifiedSignature,
    ) -> Result<(), RegisterError> {
        Ok(add_signature(&*self.context.contract_wallets, &mut self.request, signature).await?)
    }

    /// Makes the network know the installation.
    pub(crate) async fn complete(self) -> Result<Context, RegisterError> {
        let Self { context, identity, request } = self;
        let update = request.build()?;
        let state = state_of_own_inbox(&context).await?;
        check_limit(&context, state.as_ref())?;
        verified(&*context.contract_wallets, state.as_ref(), &update).await?;
        key_package::ensure_uploaded(&context).await?;
        context.identity_log.publish(&update.encode()).await?;
        finish(&context, identity).await?;
        Ok(context)
    }
}

/// The signer of a store that is registered already must belong to its inbox, as far as this device knows it.
async fn confirm_owner(context: &Context, identifier: &Identifier, nonce: u64) -> Result<(), RegisterError> {
    let latest = context.store.latest_identity_updates(&[context.inbox_id]).await?;
    let latest = latest.first().copied().unwrap_or_default();
    // A log that is missing, or does not fold, says nothing.
    let state = match stored_state_at(context, context.inbox_id, latest).await {
        Ok(state) => Some(state),
        Err(IdentityError::Port(error)) => return Err(error.into()),
        Err(_) => None,
    };
    match state {
        Some(state) if !state.contains(&MemberIdentifier::from(identifier.clone())) => {
            let found = context.identity_log.inbox_ids(std::slice::from_ref(identifier)).await?;
            let signer = found.first().copied().flatten().unwrap_or_else(|| inbox_id(identifier, nonce));
            match signer == context.inbox_id {
                true => Ok(()),
                false => Err(RegisterError::OtherInbox { stored: context.inbox_id, signer }),
            }
        }
        _ => Ok(()),
    }
}

/// The own inbox as the network has it, if it exists.
async fn state_of_own_inbox(context: &Context) -> Result<Option<AssociationState>, RegisterError> {
    let latest = refresh(context, &[context.inbox_id]).await?;
    match latest.get(&context.inbox_id).copied().unwrap_or_default() {
        SequenceId(0) => Ok(None),
        known => Ok(Some((*stored_state_at(context, context.inbox_id, known).await?).clone())),
    }
}

/// R-IDN-040: an eleventh installation is refused before anybody signs (PROTOCOL.md 1.9).
fn check_limit(context: &Context, state: Option<&AssociationState>) -> Result<(), RegisterError> {
    match state {
        Some(state) if state.installations().len() >= MAX_INSTALLATIONS => Err(too_many(context)),
        _ => Ok(()),
    }
}

fn too_many(context: &Context) -> RegisterError {
    RegisterError::TooManyInstallations { inbox_id: context.inbox_id, limit: MAX_INSTALLATIONS }
}

/// The request for the update that adds this installation, and creates the inbox where there is none. The installation
/// has signed it.
async fn request(
    context: &Context,
    state: Option<&AssociationState>,
    identifier: &Identifier,
    nonce: u64,
) -> Result<SignatureRequest, RegisterError> {
    let (installation, now) = (context.key.id(), context.now().as_unsigned_nanos());
    let (update, guard) = match state {
        Some(state) => (
            UnsignedUpdate::add_member(context.inbox_id, installation.into(), identifier.into(), now),
            InboxGuard::of(
                state,
                context.store.identity_updates(context.inbox_id, SequenceId(0)).await?.len(),
            ),
        ),
        None => (UnsignedUpdate::create_inbox(identifier, nonce, installation, now), InboxGuard::new_inbox()),
    };
    let mut request = SignatureRequest::new(update, &guard)?;
    request.add_signature(context.key.sign_identity_text(&request.signature_text()))?;
    Ok(request)
}

/// Notes that the network knows the installation.
async fn finish(context: &Context, mut identity: IdentityRecord) -> Result<(), RegisterError> {
    let (sequence_id, state) = latest_state(context, context.inbox_id).await?;
    if !state.contains(&MemberIdentifier::Installation(context.key.id())) {
        return Err(RegisterError::NotVisible);
    }
    if state.installations().len() > MAX_INSTALLATIONS && came_too_late(context).await? {
        return Err(too_many(context));
    }
    identity.registered = Some(sequence_id);
    let mut unit = Unit::unconditional();
    unit.change(RowChange::PutIdentity(identity));
    Ok(unit.commit(context).await?)
}

/// R-IDN-042: of installations that registered at the same time, and together are too many, those that come last in the
/// log do not count as registered. All of them agree on who that is.
async fn came_too_late(context: &Context) -> Result<bool, RegisterError> {
    let own = MemberIdentifier::Installation(context.key.id());
    for logged in context.store.identity_updates(context.inbox_id, SequenceId(0)).await? {
        let state = stored_state_at(context, context.inbox_id, logged.sequence_id).await?;
        if state.contains(&own) {
            return Ok(state.installations().len() > MAX_INSTALLATIONS);
        }
    }
    Ok(false)
}
