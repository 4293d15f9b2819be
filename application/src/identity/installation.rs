//! This installation: its key, kept in the store or in a store of secrets, and the context that is made of both.

use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{InboxId, InstallationId, Secret};
use hexmtp_ports::platform::EntropyError;
use hexmtp_ports::secret_store::SecretStore;
use hexmtp_ports::store::{HeldKey, IdentityRecord, PreferencesRecord, RowChange, Scope};

use crate::context::{Context, ContextInner, Opening, Ports};
use crate::error::RegisterError;
use crate::unit::{MAX_CONFLICTS, Unit, is_conflict};

/// Under which name a store of secrets keeps the key of an installation: each has its own, so that several
/// installations share one store of secrets.
pub(crate) fn secret_name(installation: InstallationId) -> String {
    format!("installation-{installation}")
}

/// R-IDN-224: the key, from wherever it is.
async fn key_of(ports: &Ports, held: &HeldKey) -> Result<InstallationKey, RegisterError> {
    let installation = match held {
        HeldKey::Here(key) => return Ok((**key).clone()),
        HeldKey::Elsewhere(installation) => *installation,
    };
    let missing = || RegisterError::KeyMissing { installation };
    let secrets = ports.secrets.as_ref().ok_or_else(missing)?;
    let secret = secrets.load(&secret_name(installation)).await?.ok_or_else(missing)?;
    let seed: [u8; 32] = secret.expose().try_into().map_err(|_| missing())?;
    let key = InstallationKey::from_seed(seed);
    if key.id() == installation { Ok(key) } else { Err(missing()) }
}

/// The context of a stored identity.
pub(crate) async fn context_of(
    ports: Ports,
    identity: &IdentityRecord,
    opening: &Opening,
) -> Result<Context, RegisterError> {
    let key = key_of(&ports, &identity.key).await?;
    let preferences = match ports.store.preferences().await? {
        Some(preferences) => preferences,
        None => make_preferences(&ports, (identity.inbox_id, &key), opening).await?,
    };
    Ok(ContextInner::new(ports, (identity.inbox_id, &key), &preferences, opening)?)
}

/// Makes preferences for an identity that was stored without any. Of several processes that do so one wins.
async fn make_preferences(
    ports: &Ports,
    installation: (InboxId, &InstallationKey),
    opening: &Opening,
) -> Result<PreferencesRecord, RegisterError> {
    let made = new_preferences(ports)?;
    let context = ContextInner::new(ports.clone(), installation, &made, opening)?;
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

/// Makes the installation's keys and keeps them, known to nobody yet. The store of secrets comes first: an identity
/// whose key is lost would be of no use.
pub(crate) async fn prepare_identity(
    ports: &Ports,
    inbox_id: InboxId,
    opening: &Opening,
) -> Result<IdentityRecord, RegisterError> {
    let mut seed = [0; 32];
    ports.entropy.fill(&mut seed)?;
    let key = InstallationKey::from_seed(seed);
    let held = match &ports.secrets {
        Some(secrets) => {
            secrets.save(&secret_name(key.id()), key.seed()).await?;
            HeldKey::Elsewhere(key.id())
        }
        None => key.clone().into(),
    };
    let identity = IdentityRecord { inbox_id, key: held, created_at: ports.clock.now(), registered: None };
    let preferences = new_preferences(ports)?;
    let context = ContextInner::new(ports.clone(), (inbox_id, &key), &preferences, opening)?;
    for _ in 0..MAX_CONFLICTS {
        let mut unit = Unit::load(&context, &[Scope::Installation]).await?;
        // Another process may have prepared this store in the meantime: its identity stands.
        if let Some(other) = context.store.identity().await? {
            forget_key(ports.secrets.as_deref(), key.id()).await?;
            return Ok(other);
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

/// Removes the key of an installation from the store of secrets, if there is one.
pub(crate) async fn forget_key(
    secrets: Option<&dyn SecretStore>,
    installation: InstallationId,
) -> Result<(), hexmtp_ports::secret_store::SecretStoreError> {
    match secrets {
        Some(secrets) => secrets.delete(&secret_name(installation)).await,
        None => Ok(()),
    }
}
