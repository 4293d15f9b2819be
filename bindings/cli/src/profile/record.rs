//! What is known about a profile before its database is opened. Nothing here is secret.

use std::io::{ErrorKind, Write};

use hexmtp::domain::identity::EthereumAddress;
use serde_json::{Value, json};

use crate::error::CliError;
use crate::profile::Folder;

/// The form of the file. A later form gets another number.
const VERSION: u64 = 1;

/// Where the secrets of a profile are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KeyStoreKind {
    /// In files of the profile.
    File,
    /// In the keychain of the operating system.
    Os,
}

impl KeyStoreKind {
    /// As it is written and typed.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Os => "os",
        }
    }

    fn named(name: &str) -> Option<Self> {
        [Self::File, Self::Os].into_iter().find(|kind| kind.name() == name)
    }
}

/// What is known about a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Random digits that tell the profile's secrets from those of others in the same keychain.
    pub(crate) id: String,
    /// Where the secrets are.
    pub(crate) key_store: KeyStoreKind,
    /// The server.
    pub(crate) url: String,
    /// The wallet, once it is known.
    pub(crate) address: Option<EthereumAddress>,
}

impl Record {
    /// Reads the record of a profile; `None` when there is none.
    pub(crate) fn read(folder: &Folder) -> Result<Option<Self>, CliError> {
        let path = folder.record();
        let text = match std::fs::read_to_string(&path) {
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(None);
            }
            result => result.map_err(CliError::file(format!("{} cannot be read", path.display())))?,
        };
        Self::parse(&text).map(Some).map_err(|what| CliError::Profile { path, what })
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        let value: Value = serde_json::from_str(text).map_err(|_| "it is not JSON")?;
        if value.get("version").and_then(Value::as_u64) != Some(VERSION) {
            return Err("it was written by another version");
        }
        let text = |field| value.get(field).and_then(Value::as_str);
        let id = text("id").filter(|id| is_id(id)).ok_or("it has no id")?;
        let key_store = text("key_store").and_then(KeyStoreKind::named).ok_or("it names no key store")?;
        let url = text("url").ok_or("it names no server")?;
        let address = text("address").map(EthereumAddress::parse).transpose();
        let address = address.map_err(|_| "its address is none")?;
        Ok(Self { id: id.to_owned(), key_store, url: url.to_owned(), address })
    }

    fn to_json(&self) -> Value {
        json!({
            "version": VERSION,
            "id": self.id,
            "key_store": self.key_store.name(),
            "url": self.url,
            "address": self.address.map(|address| address.to_string()),
        })
    }

    /// Writes the record, all or nothing.
    pub(crate) fn write(&self, folder: &Folder) -> Result<(), CliError> {
        let path = folder.record();
        let failed = || CliError::file(format!("{} cannot be written", path.display()));
        let mut file =
            tempfile::Builder::new().prefix(".profile-").tempfile_in(folder.path()).map_err(failed())?;
        file.write_all(format!("{:#}\n", self.to_json()).as_bytes()).map_err(failed())?;
        file.as_file().sync_all().map_err(failed())?;
        file.persist(&path).map_err(|error| failed()(error.error))?;
        Ok(())
    }
}

/// It becomes a part of names in keychains.
fn is_id(text: &str) -> bool {
    text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_read_as_it_was_written() {
        for (key_store, address) in
            [(KeyStoreKind::File, None), (KeyStoreKind::Os, Some(EthereumAddress::new([7; 20])))]
        {
            let url = "http://127.0.0.1:5556".to_owned();
            let record = Record { id: "0f".repeat(16), key_store, url, address };
            assert_eq!(Record::parse(&record.to_json().to_string()), Ok(record));
        }
    }

    #[test]
    fn what_is_no_record_is_refused() {
        let good = json!({"version": 1, "id": "0f".repeat(16), "key_store": "file", "url": "http://a:1"});
        assert!(Record::parse(&good.to_string()).is_ok());
        for (field, bad) in [
            ("version", json!(2)),
            ("version", json!(null)),
            ("id", json!("../../etc")),
            ("id", json!(7)),
            ("key_store", json!("paper")),
            ("url", json!(null)),
            ("address", json!("0x12")),
        ] {
            let mut record = good.clone();
            record[field] = bad.clone();
            assert!(Record::parse(&record.to_string()).is_err(), "{field}: {bad}");
        }
        for text in ["", "{", "[]", "null"] {
            assert!(Record::parse(text).is_err(), "{text}");
        }
    }
}
