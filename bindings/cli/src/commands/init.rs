//! `init`: an account.

use std::io::{IsTerminal, Read};
use std::path::Path;

use hexmtp::domain::Secret;
use hexmtp::domain::identity::{LocalWallet, SignatureError};
use hexmtp::{Client, LocalSigner};
use zeroize::Zeroizing;

use crate::arguments::{GlobalOptions, InitArguments, KeyStoreChoice};
use crate::commands::account::account;
use crate::compose;
use crate::error::CliError;
use crate::output::Output;
use crate::people::People;
use crate::profile::{
    DATABASE_KEY, Folder, KeyStoreKind, Record, Secrets, WALLET_KEY, kind_for_new_profile, random_key,
};
use crate::session::{LOCAL_NODE, Session, check_key_store};
use crate::show::Account;

/// More than a key with white space around it; a file that is longer is something else.
const MAX_KEY_FILE: u64 = 4096;

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

fn opened(key: &Secret) -> Result<LocalWallet, CliError> {
    let mut bytes = Zeroizing::new([0; 32]);
    if key.len() != bytes.len() {
        return Err(SignatureError::InvalidPrivateKey.into());
    }
    bytes.copy_from_slice(key.expose());
    Ok(LocalWallet::from_private_key(*bytes)?)
}

/// Reads a private key from a file, or from standard input for `-`.
fn read_private_key(path: &Path) -> Result<Secret, CliError> {
    let text = if path != Path::new("-") {
        let failed = || CliError::file(format!("{} cannot be read", path.display()));
        read_all(std::fs::File::open(path).map_err(failed())?).map_err(failed())?
    } else if std::io::stdin().is_terminal() {
        let typed = rpassword::prompt_password("Private key (hidden): ");
        Zeroizing::new(typed.map_err(CliError::file("the key cannot be read from the terminal"))?)
    } else {
        read_all(std::io::stdin().lock())
            .map_err(CliError::file("the key cannot be read from standard input"))?
    };
    let key = parse_private_key(&text)?;
    opened(&key)?;
    Ok(key)
}

/// In a buffer that does not grow, so that no copies of it are left.
fn read_all(from: impl Read) -> std::io::Result<Zeroizing<String>> {
    let capacity = usize::try_from(MAX_KEY_FILE).unwrap_or_default() + 64;
    let mut text = Zeroizing::new(String::with_capacity(capacity));
    from.take(MAX_KEY_FILE).read_to_string(&mut text)?;
    Ok(text)
}

/// 64 hexadecimal digits, with or without `0x`, white space around them.
fn parse_private_key(text: &str) -> Result<Secret, CliError> {
    let digits = text.trim();
    let digits = digits.strip_prefix("0x").unwrap_or(digits);
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(digits, bytes.as_mut()).map_err(|_| SignatureError::InvalidPrivateKey)?;
    Ok(Secret::from(*bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_keys_are_read_as_people_keep_them() {
        let digits = "4f".repeat(32);
        for text in [digits.clone(), format!("0x{digits}"), format!("  {digits}\r\n"), digits.to_uppercase()]
        {
            assert_eq!(parse_private_key(&text).unwrap().expose(), [0x4f; 32], "{text:?}");
        }
    }

    #[test]
    fn what_is_no_private_key_is_refused_without_being_repeated() {
        let digits = "5e".repeat(31);
        for text in
            ["", "0x", &digits, &format!("{digits}5"), &format!("{digits}5e5e"), &format!("{digits}zz")]
        {
            let error = parse_private_key(text).unwrap_err();
            assert_eq!(error.code(), "identity.invalid_private_key");
            assert!(!error.rendered(false).contains("5e5e") && !format!("{error:?}").contains("5e5e"));
        }
        let zero = parse_private_key(&"00".repeat(32)).unwrap();
        assert_eq!(opened(&zero).unwrap_err().code(), "identity.invalid_private_key");
        assert_eq!(opened(&Secret::from([1; 31])).unwrap_err().code(), "identity.invalid_private_key");
    }

    #[test]
    fn a_long_file_is_read_only_in_part() {
        let long = "4".repeat(100_000);
        assert_eq!(read_all(long.as_bytes()).unwrap().len(), 4096);
        assert!(read_all([0xff_u8, 0xfe].as_slice()).is_err());
    }
}
