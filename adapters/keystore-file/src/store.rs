//! The store.

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

use hexmtp_domain::Secret;
use hexmtp_ports::port;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError, check_length, check_name};
use thiserror::Error;
use zeroize::Zeroizing;

use crate::access::{create_private_folder, is_open_to_others, is_same_file, sync_folder};
use crate::format::{MAX_FILE_LENGTH, decode, encode};

/// Why a file was not read that somebody saves all the time.
const REPLACED: &str = "the file was replaced while it was opened";
/// How often a reader looks.
const LOOKS: usize = 100;

/// How the names of files end. Without an ending, some systems would take "a" and "a." for the same name.
const ENDING: &str = ".secret";

/// How the names of files begin that are being written. Names of secrets do not begin with a dot.
const TEMPORARY: &str = ".new-";

/// What the file system answered. It comes as the source of [`SecretStoreError::Backend`].
#[derive(Debug, Error)]
#[error("{} {what}", path.display())]
pub struct FileProblem {
    /// The file or folder.
    path: PathBuf,
    /// What cannot be done with it.
    what: &'static str,
    /// Why.
    #[source]
    source: std::io::Error,
}

/// Keeps secrets as files of a folder.
///
/// The files are tiny and read when a program starts, so calls block for as long as the file system takes.
#[derive(Clone, Debug)]
pub struct FileSecretStore {
    folder: PathBuf,
}

impl FileSecretStore {
    /// Keeps secrets in this folder. It is made with the first secret.
    #[must_use]
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// The folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn path(&self, name: &str) -> Result<PathBuf, SecretStoreError> {
        check_name(name)?;
        Ok(self.folder.join(format!("{name}{ENDING}")))
    }

    /// Refuses a folder in which others could look or replace files. `None` when there is no folder.
    fn check_folder(&self) -> Result<Option<()>, SecretStoreError> {
        let metadata = match std::fs::symlink_metadata(&self.folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            result => result.map_err(|error| problem(&self.folder, "cannot be examined", error))?,
        };
        if metadata.is_symlink() {
            return Err(SecretStoreError::Unusable("the folder of the secrets is a symbolic link"));
        }
        if !metadata.is_dir() {
            return Err(SecretStoreError::Unusable("the folder of the secrets is not a folder"));
        }
        if is_open_to_others(&metadata) {
            return Err(SecretStoreError::Unusable(
                "others have access to the folder of the secrets; its mode has to be 0700",
            ));
        }
        Ok(Some(()))
    }

    /// Who saves puts a new file in the place of the old one. A reader that comes between looks again.
    fn read(&self, path: &Path) -> Result<Option<Secret>, SecretStoreError> {
        for _ in 0..LOOKS {
            match self.read_once(path) {
                Err(SecretStoreError::Unusable(REPLACED)) => {}
                other => return other,
            }
        }
        Err(SecretStoreError::Unusable(REPLACED))
    }

    fn read_once(&self, path: &Path) -> Result<Option<Secret>, SecretStoreError> {
        if self.check_folder()?.is_none() {
            return Ok(None);
        }
        let failed = |error| problem(path, "cannot be read", error);
        let named = match std::fs::symlink_metadata(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            result => result.map_err(failed)?,
        };
        if named.is_symlink() {
            return Err(SecretStoreError::Unusable("the file is a symbolic link"));
        }
        if !named.is_file() {
            return Err(SecretStoreError::Unusable("it is not a file"));
        }
        let mut file = File::open(path).map_err(failed)?;
        let opened = file.metadata().map_err(failed)?;
        if !is_same_file(&named, &opened) {
            return Err(SecretStoreError::Unusable(REPLACED));
        }
        if is_open_to_others(&opened) {
            return Err(SecretStoreError::Unusable("others can read the file; its mode has to be 0600"));
        }
        decode(&contents(&mut file).map_err(failed)?).map(Some)
    }

    fn write(&self, path: &Path, secret: &Secret) -> Result<(), SecretStoreError> {
        create_private_folder(&self.folder)
            .map_err(|error| problem(&self.folder, "cannot be made", error))?;
        self.check_folder()?;
        let failed = |error| problem(path, "cannot be written", error);
        // It is made with mode 0600 on Unix, and removed when anything below fails.
        let mut file =
            tempfile::Builder::new().prefix(TEMPORARY).tempfile_in(&self.folder).map_err(failed)?;
        file.write_all(&encode(secret)).map_err(failed)?;
        file.as_file().sync_all().map_err(failed)?;
        file.persist(path).map_err(|error| failed(error.error))?;
        sync_folder(&self.folder).map_err(failed)
    }

    fn remove(&self, path: &Path) -> Result<(), SecretStoreError> {
        if self.check_folder()?.is_none() {
            return Ok(());
        }
        let failed = |error| problem(path, "cannot be deleted", error);
        match std::fs::remove_file(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            result => result.and_then(|()| sync_folder(&self.folder)).map_err(failed),
        }
    }
}

/// The file's bytes, in a buffer that does not grow; one byte more than any good file has, so that a longer one shows.
fn contents(file: &mut File) -> std::io::Result<Zeroizing<Vec<u8>>> {
    let mut buffer = Zeroizing::new(vec![0; MAX_FILE_LENGTH + 1]);
    let mut filled = 0;
    while let Some(rest) = buffer.get_mut(filled..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    buffer.truncate(filled);
    Ok(buffer)
}

fn problem(path: &Path, what: &'static str, source: std::io::Error) -> SecretStoreError {
    SecretStoreError::Backend(Box::new(FileProblem { path: path.to_owned(), what, source }))
}

#[port]
impl SecretStore for FileSecretStore {
    async fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        self.read(&self.path(name)?)
    }

    async fn save(&self, name: &str, secret: &Secret) -> Result<(), SecretStoreError> {
        check_length(secret)?;
        self.write(&self.path(name)?, secret)
    }

    async fn delete(&self, name: &str) -> Result<(), SecretStoreError> {
        self.remove(&self.path(name)?)
    }
}
