//! The people of the demo.

use std::path::{Path, PathBuf};

use hexmtp::domain::Secret;
use hexmtp::domain::identity::{Identifier, LocalWallet};
use hexmtp::ports::platform::Entropy;
use hexmtp::{Client, LocalSigner};
use hexmtp_delivery_memory::MemoryNetwork;
use hexmtp_platform_native::OsEntropy;
use zeroize::Zeroizing;

use crate::compose;
use crate::error::CliError;

/// A wallet, which can have several devices.
pub(crate) struct Wallet {
    signer: LocalSigner,
    identifier: Identifier,
}

impl Wallet {
    pub(crate) fn new() -> Result<Self, CliError> {
        let mut key = Zeroizing::new([0; 32]);
        OsEntropy.fill(key.as_mut())?;
        let wallet = LocalWallet::from_private_key(*key)?;
        Ok(Self { identifier: wallet.identifier(), signer: LocalSigner::new(wallet) })
    }

    pub(crate) const fn identifier(&self) -> &Identifier {
        &self.identifier
    }
}

/// One device of one person: a client and the database that it lives in.
pub(crate) struct Device {
    /// How the transcript calls it, such as "Alice" or "Alice's tablet".
    pub(crate) label: String,
    /// Whose it is.
    pub(crate) owner: &'static str,
    pub(crate) client: Client,
    database: PathBuf,
    key: Secret,
}

impl Device {
    /// A new device with an empty encrypted database.
    pub(crate) async fn register(
        network: &MemoryNetwork,
        folder: &Path,
        (owner, label, file): (&'static str, &str, &str),
        wallet: &Wallet,
        keep: bool,
    ) -> Result<Self, CliError> {
        let mut bytes = Zeroizing::new([0; 32]);
        OsEntropy.fill(bytes.as_mut())?;
        let key = Secret::from(*bytes);
        let database = folder.join(format!("{file}.db"));
        if keep {
            write_key(&folder.join(format!("{file}.key")), &key)?;
        }
        let ports = compose::ports(network, &database, key.clone()).await?;
        let client = Client::builder(ports).register(&wallet.signer).await?;
        Ok(Self { label: label.to_owned(), owner, client, database, key })
    }

    /// Stops the client and starts it again from its file.
    pub(crate) async fn restart(&mut self, network: &MemoryNetwork) -> Result<(), CliError> {
        self.client.close().await?;
        let ports = compose::ports(network, &self.database, self.key.clone()).await?;
        self.client = Client::builder(ports).open().await?;
        Ok(())
    }
}

/// Writes a database key where only its owner can read it.
fn write_key(path: &Path, key: &Secret) -> Result<(), CliError> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let text = Zeroizing::new(hex::encode(key.expose()));
    Ok(std::io::Write::write_all(&mut options.open(path)?, text.as_bytes())?)
}
