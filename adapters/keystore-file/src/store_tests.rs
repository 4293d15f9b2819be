//! What is special to files: rights, links, what is left on the disk. The rest is in the suite of the port.

use std::error::Error;
use std::fs;
use std::path::PathBuf;

use futures_util::FutureExt;
use hexmtp_domain::Secret;
use hexmtp_ports::secret_store::{SecretStore, SecretStoreError};
use tempfile::TempDir;

use crate::FileSecretStore;

struct Keys {
    _folder: TempDir,
    store: FileSecretStore,
}

impl Keys {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = FileSecretStore::new(folder.path().join("above/keys"));
        Self { _folder: folder, store }
    }

    /// With a secret "a" in it.
    fn with_secret() -> Self {
        let keys = Self::new();
        keys.save("a").unwrap();
        keys
    }

    fn save(&self, name: &str) -> Result<(), SecretStoreError> {
        self.store.save(name, &Secret::from([1, 2, 3])).now_or_never().unwrap()
    }

    fn load(&self, name: &str) -> Result<Option<Secret>, SecretStoreError> {
        self.store.load(name).now_or_never().unwrap()
    }

    fn file(&self) -> PathBuf {
        self.store.folder().join("a.secret")
    }

    /// Loading must fail for this reason.
    fn refused(&self, reason: &str) {
        match self.load("a") {
            Err(SecretStoreError::Unusable(given)) => assert!(given.contains(reason), "{given}"),
            other => panic!("{other:?}"),
        }
    }

    fn names(&self) -> Vec<String> {
        let names = fs::read_dir(self.store.folder()).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}

#[test]
fn nothing_but_the_secret_is_left_in_the_folder() {
    let keys = Keys::with_secret();
    keys.save("a").unwrap();
    assert_eq!(keys.names(), ["a.secret"]);
    keys.store.delete("a").now_or_never().unwrap().unwrap();
    assert_eq!(keys.names(), Vec::<String>::new());
}

#[test]
fn reading_and_deleting_make_no_folder() {
    let keys = Keys::new();
    assert_eq!(keys.load("a").unwrap(), None);
    keys.store.delete("a").now_or_never().unwrap().unwrap();
    assert!(!keys.store.folder().exists());
}

#[test]
fn a_failed_write_keeps_the_old_secret_and_leaves_nothing_behind() {
    let keys = Keys::with_secret();
    fs::create_dir(keys.store.folder().join("b.secret")).unwrap();
    let error = keys.save("b").unwrap_err();
    assert_eq!(error.code(), "secret_store.backend");
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("b.secret cannot be written"), "{cause}");
    assert_eq!(keys.names().iter().filter(|name| name.starts_with('.')).count(), 0);
    assert!(keys.load("a").unwrap().is_some());
}

#[test]
fn what_is_not_a_file_of_this_store_is_refused() {
    let keys = Keys::with_secret();
    fs::write(keys.file(), "0102").unwrap();
    keys.refused("not written by this version");
    fs::write(keys.file(), "hexmtp secret 1\n00").unwrap();
    keys.refused("cut off");
    // Longer than anything that this store writes, and read only to that length.
    fs::write(keys.file(), format!("hexmtp secret 1\n{}\n", "00".repeat(1_000_000))).unwrap();
    keys.refused("cut off");
    fs::remove_file(keys.file()).unwrap();
    fs::create_dir(keys.file()).unwrap();
    keys.refused("not a file");
}

#[test]
fn a_file_in_the_place_of_the_folder_is_refused() {
    let keys = Keys::with_secret();
    fs::remove_dir_all(keys.store.folder()).unwrap();
    fs::write(keys.store.folder(), "").unwrap();
    keys.refused("not a folder");
    assert!(keys.save("a").is_err());
}

#[cfg(unix)]
mod on_unix {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn set_mode(path: &std::path::Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    fn mode(path: &std::path::Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn only_the_owner_has_rights() {
        let keys = Keys::with_secret();
        assert_eq!(mode(keys.store.folder()), 0o700);
        assert_eq!(mode(&keys.file()), 0o600);
        // Also after a file with other rights was replaced.
        set_mode(&keys.file(), 0o644);
        keys.save("a").unwrap();
        assert_eq!(mode(&keys.file()), 0o600);
    }

    #[test]
    fn a_file_that_others_can_read_or_write_is_refused() {
        for others in [0o640, 0o604, 0o620, 0o602, 0o610] {
            let keys = Keys::with_secret();
            set_mode(&keys.file(), others);
            keys.refused("others can read the file");
            set_mode(&keys.file(), 0o400);
            assert!(keys.load("a").unwrap().is_some());
        }
    }

    #[test]
    fn a_folder_that_others_can_enter_is_refused() {
        for others in [0o750, 0o701, 0o770] {
            let keys = Keys::with_secret();
            set_mode(keys.store.folder(), others);
            keys.refused("others have access to the folder");
            assert!(matches!(keys.save("a"), Err(SecretStoreError::Unusable(_))));
            let deleted = keys.store.delete("a").now_or_never().unwrap();
            assert!(matches!(deleted, Err(SecretStoreError::Unusable(_))));
        }
    }

    #[test]
    fn symbolic_links_are_refused() {
        let keys = Keys::with_secret();
        let elsewhere = keys.store.folder().join("elsewhere");
        fs::rename(keys.file(), &elsewhere).unwrap();
        symlink(&elsewhere, keys.file()).unwrap();
        keys.refused("the file is a symbolic link");
        // A new secret takes the place of the link, and what it points to stays as it was.
        let before = fs::read(&elsewhere).unwrap();
        keys.store.save("a", &Secret::from([9])).now_or_never().unwrap().unwrap();
        assert_eq!(fs::read(&elsewhere).unwrap(), before);
        assert_eq!(keys.load("a").unwrap(), Some(Secret::from([9])));
    }

    #[test]
    fn a_link_in_the_place_of_the_folder_is_refused() {
        let keys = Keys::with_secret();
        let folder = keys.store.folder();
        let moved = folder.with_file_name("moved");
        fs::rename(folder, &moved).unwrap();
        symlink(&moved, folder).unwrap();
        keys.refused("the folder of the secrets is a symbolic link");
    }
}
