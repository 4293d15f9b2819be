//! `init`: an account.

use hexmtp::domain::Secret;
use hexmtp::domain::identity::LocalWallet;
use hexmtp::{Client, LocalSigner};

use crate::arguments::{GlobalOptions, InitArguments, KeyStoreChoice};
use crate::commands::account::account;
use crate::compose;
use crate::error::CliError;
use crate::output::Output;
use crate::people::People;
use crate::private_key::{opened, read_private_key};
use crate::profile::{
    DATABASE_KEY, Folder, KeyStoreKind, Record, Secrets, WALLET_KEY, kind_for_new_profile, random_key,
};
use crate::session::{LOCAL_NODE, Session, check_key_store};
use crate::show::Account;

/// Makes the account of the profile, or completes what was interrupted.
///
/// The order is such that nothing is lost wherever it stops: first the record says where the secrets go, then the
/// secrets are kept, and only then anything is made that they open or sign.
pub(crate) async fn init(
    options: &GlobalOptions,
    output: Output,
    arguments: &InitArguments,
) -> Result<(), CliError> {
    let folder = Folder::of(options)?;
    // Read first: a key that is mistyped shall leave nothing behind.
    let imported = match &arguments.private_key_file {
        Some(path) => Some(read_private_key(path)?),
        None => None,
    };
    let _lock = folder.create_and_lock()?;
    let (mut record, secrets, database_key) = prepare(options, &folder).await?;
    let wallet = wallet(&secrets, imported).await?;
    if let Some(url) = &options.url {
        record.url.clone_from(url);
    }
    record.address = Some(wallet.address());
    record.write(&folder)?;
    let ports = compose::ports(&compose::connect(&record.url)?, &folder.database(), database_key).await?;
    let is_new = ports.store.identity().await?.is_none_or(|identity| identity.registered.is_none());
    let store = std::sync::Arc::clone(&ports.store);
    let client = Client::builder(ports).register(&LocalSigner::new(wallet)).await?;
    let people = People::new(std::sync::Arc::clone(&store), client.inbox_id());
    let url = record.url.clone();
    let session = Session { client, store, people, folder, record, url };
    let news = if is_new { "The account is ready." } else { "There is an account already." };
    let account = Account { news: Some(news), ..account(&session) };
    session.close().await?;
    output.show(&account)
}

/// The record of the profile, its secrets, and the key of its database, made where they are not there yet.
async fn prepare(options: &GlobalOptions, folder: &Folder) -> Result<(Record, Secrets, Secret), CliError> {
    if let Some(record) = Record::read(folder)? {
        check_key_store(options.key_store, record.key_store)?;
        let secrets = Secrets::of(folder, &record);
        let key = database_key(folder, &secrets).await?;
        return Ok((record, secrets, key));
    }
    let id = hex::encode(random_key()?.expose().get(..16).unwrap_or_default());
    let key_store = kind_for_new_profile(options.key_store, &id).await?;
    let url = options.url.clone().unwrap_or_else(|| LOCAL_NODE.to_owned());
    let mut record = Record { id, key_store, url, address: None };
    record.write(folder)?;
    let secrets = Secrets::of(folder, &record);
    match database_key(folder, &secrets).await {
        Ok(key) => Ok((record, secrets, key)),
        // A keychain that answers can still decline, for example because nobody is there to unlock it.
        Err(CliError::KeyStore { source: error, .. })
            if options.key_store == KeyStoreChoice::Auto && key_store == KeyStoreKind::Os =>
        {
            tracing::warn!(code = error.code(), "the keychain keeps nothing; secrets are kept in files");
            record.key_store = KeyStoreKind::File;
            record.write(folder)?;
            let secrets = Secrets::of(folder, &record);
            let key = database_key(folder, &secrets).await?;
            Ok((record, secrets, key))
        }
        Err(error) => Err(error),
    }
}

/// The key of the database. A database that is there already opens with no other.
async fn database_key(folder: &Folder, secrets: &Secrets) -> Result<Secret, CliError> {
    if let Some(key) = secrets.find(DATABASE_KEY).await? {
        return Ok(key);
    }
    if folder.database().exists() {
        return Err(CliError::KeyMissing(DATABASE_KEY));
    }
    let key = random_key()?;
    secrets.keep(DATABASE_KEY, &key).await?;
    Ok(key)
}

/// The wallet of the profile: the one that is kept, the imported one, or a new one.
async fn wallet(secrets: &Secrets, imported: Option<Secret>) -> Result<LocalWallet, CliError> {
    let kept = secrets.find(WALLET_KEY).await?;
    match (kept, imported) {
        (Some(kept), None) => opened(&kept),
        (Some(kept), Some(imported)) => {
            let (kept, imported) = (opened(&kept)?, opened(&imported)?);
            if kept.address() == imported.address() {
                Ok(kept)
            } else {
                let (stored, given) = (kept.address().to_string(), imported.address().to_string());
                Err(CliError::OtherWallet { stored, given })
            }
        }
        (None, imported) => {
            let key = match imported {
                Some(key) => key,
                None => random_key()?,
            };
            let wallet = opened(&key)?;
            secrets.keep(WALLET_KEY, &key).await?;
            Ok(wallet)
        }
    }
}
