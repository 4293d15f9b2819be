//! An opened profile.

use std::sync::Arc;

use hexmtp::domain::identity::EthereumAddress;
use hexmtp::ports::store::Store;
use hexmtp::{Client, Conversation};

use crate::arguments::{GlobalOptions, KeyStoreChoice};
use crate::compose;
use crate::error::CliError;
use crate::people::People;
use crate::profile::{DATABASE_KEY, Folder, KeyStoreKind, Record, Secrets};

/// The server of a new profile.
pub(crate) const LOCAL_NODE: &str = "http://127.0.0.1:5556";

/// The account of a profile, ready to work.
pub(crate) struct Session {
    pub(crate) client: Client,
    pub(crate) store: Arc<dyn Store>,
    pub(crate) people: People,
    pub(crate) folder: Folder,
    pub(crate) record: Record,
    pub(crate) url: String,
}

impl Session {
    /// Opens the profile that the options name. Does not touch the network.
    pub(crate) async fn open(options: &GlobalOptions) -> Result<Self, CliError> {
        let folder = Folder::of(options)?;
        let missing = || CliError::NotInitialised {
            profile: folder.name().to_owned(),
            folder: folder.path().to_owned(),
        };
        let record = Record::read(&folder)?.ok_or_else(missing)?;
        check_key_store(options.key_store, record.key_store)?;
        let key = Secrets::of(&folder, &record).get(DATABASE_KEY).await?;
        // Opening a database that is not there would make one.
        if !folder.database().exists() {
            return Err(missing());
        }
        let url = options.url.clone().unwrap_or_else(|| record.url.clone());
        let ports = compose::ports(&compose::connect(&url)?, &folder.database(), key).await?;
        let store = Arc::clone(&ports.store);
        let client = Client::builder(ports).open().await?;
        let people = People::new(Arc::clone(&store), client.inbox_id());
        Ok(Self { client, store, people, folder, record, url })
    }

    /// The own address.
    pub(crate) fn address(&self) -> Option<EthereumAddress> {
        self.record.address
    }

    /// Lets go of the database.
    pub(crate) async fn close(self) -> Result<(), CliError> {
        Ok(self.client.close().await?)
    }

    /// Brings everything up to date; what could not be read is told at the end.
    pub(crate) async fn sync_all(&self) -> Result<hexmtp::SyncSummary, CliError> {
        Ok(self.client.sync_all().await?)
    }

    /// Whether two ids name the same conversation: several groups of a pair are one.
    pub(crate) async fn is_same(
        &self,
        conversation: &Conversation,
        group_id: hexmtp::domain::GroupId,
    ) -> Result<bool, CliError> {
        if conversation.id() == group_id {
            return Ok(true);
        }
        let Some(pair) = conversation.record().await?.dm_pair else { return Ok(false) };
        Ok(self.store.conversation(group_id).await?.is_some_and(|other| other.dm_pair == Some(pair)))
    }
}

/// A profile stays with its key store.
pub(crate) fn check_key_store(choice: KeyStoreChoice, stored: KeyStoreKind) -> Result<(), CliError> {
    let wanted = match choice {
        KeyStoreChoice::Auto => return Ok(()),
        KeyStoreChoice::File => KeyStoreKind::File,
        KeyStoreChoice::Os => KeyStoreKind::Os,
    };
    if wanted == stored { Ok(()) } else { Err(CliError::OtherKeyStore { stored: stored.name() }) }
}
