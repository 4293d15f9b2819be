//! Registration: key package first, then one identity update (PROTOCOL.md 1.9).
//!
//! Every step can be repeated. The installation's key is stored before anybody hears of it, so a crash at any
//! point leaves a registration that the next start completes.

use hexmtp_domain::identity::{
    AssociationState, Identifier, InstallationKey, MAX_INSTALLATIONS, MemberIdentifier, UnsignedUpdate,
    inbox_id,
};
use hexmtp_domain::{InboxId, Secret, SequenceId};
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::signer::WalletSigner;
use hexmtp_ports::store::{IdentityRecord, PreferencesRecord, RowChange, Scope};

use crate::context::{Context, ContextInner, Opening, Ports};
use crate::error::{IdentityError, RegisterError};
use crate::identity::standing::review_stored;
use crate::identity::states::stored_state_at;
use crate::identity::{latest_state, refresh};
use crate::key_package;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// How an installation is registered.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    /// The nonce of a new inbox.
    pub(crate) nonce: u64,
    /// How the client is opened then.
    pub(crate) opening: Opening,
}

/// The installation of this store, which must be registered.
pub(crate) async fn open(ports: Ports, opening: &Opening) -> Result<Context, RegisterError> {
    match ports.store.identity().await? {
        Some(identity) if identity.registered.is_some() => {
            let context = context_of(ports, &identity, opening).await?;
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
    options: Registration,
) -> Result<Context, RegisterError> {
    let identifier = signer.identifier();
    let stored = ports.store.identity().await?;
    if let Some(identity) = stored.as_ref().filter(|identity| identity.registered.is_some()) {
        let context = context_of(ports, identity, &options.opening).await?;
        confirm_owner(&context, &identifier, options.nonce).await?;
        review_stored(&context).await?;
        return if context.standing.is_revoked() { Err(RegisterError::Revoked) } else { Ok(context) };
    }
    let found =
        ports.identity_log.inbox_ids(std::slice::from_ref(&identifier)).await?.first().copied().flatten();
    let inbox = found.unwrap_or_else(|| inbox_id(&identifier, options.nonce));
    let identity = match stored {
        Some(identity) if identity.inbox_id == inbox => identity,
        Some(identity) => return Err(RegisterError::OtherInbox { stored: identity.inbox_id, signer: inbox }),
        None => prepare(&ports, inbox, &options.opening).await?,
    };
    let context = context_of(ports, &identity, &options.opening).await?;
    complete(&context, identity, signer, options.nonce).await?;
    Ok(context)
}

/// The context of a stored identity.
async fn context_of(
    ports: Ports,
    identity: &IdentityRecord,
    opening: &Opening,
) -> Result<Context, RegisterError> {
    let preferences = match ports.store.preferences().await? {
        Some(preferences) => preferences,
        None => make_preferences(&ports, identity, opening).await?,
    };
    Ok(ContextInner::new(ports, identity, &preferences, opening)?)
}

/// Makes preferences for an identity that was stored without any. Of several processes that do so one wins.
async fn make_preferences(
    ports: &Ports,
    identity: &IdentityRecord,
    opening: &Opening,
) -> Result<PreferencesRecord, RegisterError> {
    let made = new_preferences(ports)?;
    let context = ContextInner::new(ports.clone(), identity, &made, opening)?;
    let mut unit = Unit::load(&context, &[Scope::Installation]).await?;
    unit.change(RowChange::PutPreferences(made.clone()));
    match unit.commit(&context).await {
        Err(error) if is_conflict(&error) => Ok(ports.store.preferences().await?.unwrap_or(made)),
        other => Ok(other.map(|()| made)?),
    }
}

fn new_preferences(ports: &Ports) -> Result<PreferencesRecord, EntropyError> {
    let mut hmac_root = [0; 42];
    ports.entropy.fill(&mut hmac_root)?;
    Ok(PreferencesRecord { hmac_root: Secret::from(hmac_root), hmac_cycled_at: ports.clock.now() })
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
            match found.first().copied().flatten() {
                Some(signer) if signer == context.inbox_id => Ok(()),
                Some(signer) => Err(RegisterError::OtherInbox { stored: context.inbox_id, signer }),
                None => Err(RegisterError::OtherInbox {
                    stored: context.inbox_id,
                    signer: inbox_id(identifier, nonce),
                }),
            }
        }
        _ => Ok(()),
    }
}

/// Makes the installation's keys and stores them, known to nobody yet.
async fn prepare(
    ports: &Ports,
    inbox_id: InboxId,
    opening: &Opening,
) -> Result<IdentityRecord, RegisterError> {
    let mut seed = [0; 32];
    ports.entropy.fill(&mut seed)?;
    let identity = IdentityRecord {
        inbox_id,
        key: InstallationKey::from_seed(seed),
        created_at: ports.clock.now(),
        registered: None,
    };
    let preferences = new_preferences(ports)?;
    let context = ContextInner::new(ports.clone(), &identity, &preferences, opening)?;
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(&context, &[Scope::Installation]).await?;
        // Another process may have prepared this store in the meantime: its identity stands.
        if let Some(identity) = context.store.identity().await? {
            return Ok(identity);
        }
        unit.change(RowChange::PutIdentity(identity.clone()));
        unit.change(RowChange::PutPreferences(preferences.clone()));
        match unit.commit(&context).await {
            Err(error) if is_conflict(&error) => {}
            Err(error) => return Err(error.into()),
            Ok(()) => break,
        }
    }
    Ok(identity)
}

/// Makes the network know the installation.
async fn complete(
    context: &Context,
    mut identity: IdentityRecord,
    signer: &dyn WalletSigner,
    nonce: u64,
) -> Result<(), RegisterError> {
    let latest = refresh(context, &[context.inbox_id]).await?;
    let known = latest.get(&context.inbox_id).copied().unwrap_or_default();
    let state = match known {
        SequenceId(0) => None,
        _ => Some(latest_state(context, context.inbox_id).await?.1),
    };
    let own = MemberIdentifier::Installation(context.key.id());
    if !state.as_ref().is_some_and(|state| state.contains(&own)) {
        check_limit(context, state.as_deref())?;
        key_package::ensure_uploaded(context).await?;
        let update = sign(context, state.is_some(), signer, nonce).await?;
        context.identity_log.publish(&update).await?;
    }
    let (sequence_id, state) = latest_state(context, context.inbox_id).await?;
    if !state.contains(&own) {
        return Err(RegisterError::NotVisible);
    }
    identity.registered = Some(sequence_id);
    let mut unit = Unit::unconditional();
    unit.change(RowChange::PutIdentity(identity));
    Ok(unit.commit(context).await?)
}

/// R-IDN-040: an eleventh installation is refused before anything is published (PROTOCOL.md 1.9).
fn check_limit(context: &Context, state: Option<&AssociationState>) -> Result<(), RegisterError> {
    match state {
        Some(state) if state.installations().len() >= MAX_INSTALLATIONS => {
            Err(RegisterError::TooManyInstallations { inbox_id: context.inbox_id, limit: MAX_INSTALLATIONS })
        }
        _ => Ok(()),
    }
}

/// The identity update that adds this installation, and creates the inbox where there is none.
async fn sign(
    context: &Context,
    inbox_exists: bool,
    signer: &dyn WalletSigner,
    nonce: u64,
) -> Result<Vec<u8>, RegisterError> {
    let installation = context.key.id();
    let now = context.now().as_unsigned_nanos();
    let identifier = signer.identifier();
    let unsigned = if inbox_exists {
        UnsignedUpdate::add_member(context.inbox_id, installation.into(), identifier.into(), now)
    } else {
        UnsignedUpdate::create_inbox(&identifier, nonce, installation, now)
    };
    let text = unsigned.signature_text();
    let signatures = [signer.sign(&text).await?, context.key.sign_identity_text(&text)];
    Ok(unsigned.sign(&signatures)?.encode())
}
