//! What every [`SecretStore`] does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a case fails by panicking")]

use std::sync::Arc;

use hexmtp_domain::Secret;
use hexmtp_ports::Retry;
use hexmtp_ports::secret_store::{MAX_SECRET_LENGTH, SecretStore, SecretStoreError};

/// Runs all cases: `secret_store_suite!(test, make)`, where `#[test]` runs a case and `make()` is a [`SecretStores`]
/// of an empty place of its own.
#[macro_export]
macro_rules! secret_store_suite {
    ($test:meta, $make:expr) => {
        $crate::suite_cases!(
            $test,
            $make,
            secret_store,
            [
                a_secret_comes_back,
                a_secret_that_was_never_kept_is_none,
                secrets_of_every_length_come_back,
                a_longer_secret_is_refused_and_changes_nothing,
                a_secret_takes_the_place_of_the_one_before,
                a_deleted_secret_is_gone,
                names_are_apart,
                names_of_every_form_are_taken,
                other_names_are_refused,
                secrets_are_there_after_reopening,
                of_concurrent_saves_one_wins_whole,
            ]
        );
    };
}

/// Stores of secrets on one place.
pub struct SecretStores(Box<dyn Fn() -> Arc<dyn SecretStore>>);

impl SecretStores {
    /// `open` gives a new handle on the same place each time.
    pub fn new(open: impl Fn() -> Arc<dyn SecretStore> + 'static) -> Self {
        Self(Box::new(open))
    }

    /// Another handle.
    #[must_use]
    pub fn open(&self) -> Arc<dyn SecretStore> {
        (self.0)()
    }
}

fn secret(length: usize, first: u8) -> Secret {
    Secret::new((first..=u8::MAX).chain(0..first).cycle().take(length).collect())
}

/// Bytes that are no text.
pub async fn a_secret_comes_back(stores: SecretStores) {
    let store = stores.open();
    let kept = Secret::new(vec![0, 0xff, b'\n', 0xc3, 0x28, 0, 0x80]);
    store.save("key", &kept).await.unwrap();
    assert_eq!(store.load("key").await.unwrap(), Some(kept.clone()));
    assert_eq!(store.load("key").await.unwrap(), Some(kept));
}

/// Also in a place where nothing was ever kept, and beside others.
pub async fn a_secret_that_was_never_kept_is_none(stores: SecretStores) {
    let store = stores.open();
    assert_eq!(store.load("key").await.unwrap(), None);
    store.save("key", &secret(32, 1)).await.unwrap();
    assert_eq!(store.load("other").await.unwrap(), None);
}

/// None at all is a secret, too.
pub async fn secrets_of_every_length_come_back(stores: SecretStores) {
    let store = stores.open();
    for length in [0, 1, 31, 32, 33, 255, 256, MAX_SECRET_LENGTH] {
        store.save("key", &secret(length, 9)).await.unwrap();
        assert_eq!(store.load("key").await.unwrap(), Some(secret(length, 9)), "{length} bytes");
    }
}

/// What was there before stays.
pub async fn a_longer_secret_is_refused_and_changes_nothing(stores: SecretStores) {
    let store = stores.open();
    let length = MAX_SECRET_LENGTH + 1;
    for before in [None, Some(secret(32, 1))] {
        if let Some(before) = &before {
            store.save("key", before).await.unwrap();
        }
        let error = store.save("key", &secret(length, 0)).await.unwrap_err();
        assert!(matches!(error, SecretStoreError::TooLong(given) if given == length), "{error:?}");
        assert_eq!(error.retry(), Retry::Never);
        assert_eq!(store.load("key").await.unwrap(), before);
    }
}

/// Longer or shorter than before.
pub async fn a_secret_takes_the_place_of_the_one_before(stores: SecretStores) {
    let store = stores.open();
    for (length, first) in [(32, 1), (100, 2), (16, 3), (16, 4)] {
        store.save("key", &secret(length, first)).await.unwrap();
        assert_eq!(store.load("key").await.unwrap(), Some(secret(length, first)));
    }
}

/// Deleting again, and deleting what never was, is no error; a deleted name can be used again.
pub async fn a_deleted_secret_is_gone(stores: SecretStores) {
    let store = stores.open();
    store.delete("key").await.unwrap();
    store.save("key", &secret(32, 1)).await.unwrap();
    store.save("other", &secret(32, 2)).await.unwrap();
    store.delete("key").await.unwrap();
    assert_eq!(store.load("key").await.unwrap(), None);
    assert_eq!(store.load("other").await.unwrap(), Some(secret(32, 2)));
    store.delete("key").await.unwrap();
    store.save("key", &secret(32, 3)).await.unwrap();
    assert_eq!(store.load("key").await.unwrap(), Some(secret(32, 3)));
}

/// Also those that a careless store might take for the same.
pub async fn names_are_apart(stores: SecretStores) {
    let store = stores.open();
    let names = ["a", "a.", "a..", "aa", "a-", "a_", "a.secret", "a.tmp", "0", "00"];
    for (name, first) in names.into_iter().zip(0..) {
        store.save(name, &secret(32, first)).await.unwrap();
    }
    for (name, first) in names.into_iter().zip(0..) {
        assert_eq!(store.load(name).await.unwrap(), Some(secret(32, first)), "{name}");
    }
}

/// Every allowed character, and the longest name.
pub async fn names_of_every_form_are_taken(stores: SecretStores) {
    let store = stores.open();
    let longest = "x".repeat(128);
    for name in ["abcdefghijklmnopqrstuvwxyz", "0123456789", "-", "_", "-._", &longest] {
        store.save(name, &secret(8, 1)).await.unwrap();
        assert_eq!(store.load(name).await.unwrap(), Some(secret(8, 1)), "{name}");
        store.delete(name).await.unwrap();
        assert_eq!(store.load(name).await.unwrap(), None, "{name}");
    }
}

/// By every call, whatever they would mean to a file system or a keychain.
pub async fn other_names_are_refused(stores: SecretStores) {
    let store = stores.open();
    let too_long = "x".repeat(129);
    let strange =
        ["", ".", "..", ".a", "A", "a b", "a/b", "../a", "/a", "a\\b", "a:b", "a\0", "a\n", "ä", "a*"];
    for name in strange.into_iter().chain([too_long.as_str()]) {
        let invalid = |error: SecretStoreError| {
            assert!(matches!(error, SecretStoreError::InvalidName), "{name:?}: {error:?}");
            assert_eq!(error.retry(), Retry::Never);
        };
        invalid(store.load(name).await.unwrap_err());
        invalid(store.save(name, &secret(32, 1)).await.unwrap_err());
        invalid(store.delete(name).await.unwrap_err());
    }
}

/// By another handle, as after a restart.
pub async fn secrets_are_there_after_reopening(stores: SecretStores) {
    let first = stores.open();
    first.save("key", &secret(32, 1)).await.unwrap();
    let second = stores.open();
    assert_eq!(second.load("key").await.unwrap(), Some(secret(32, 1)));
    second.save("key", &secret(32, 2)).await.unwrap();
    assert_eq!(first.load("key").await.unwrap(), Some(secret(32, 2)));
    drop((first, second));
    let third = stores.open();
    assert_eq!(third.load("key").await.unwrap(), Some(secret(32, 2)));
    third.delete("key").await.unwrap();
    assert_eq!(stores.open().load("key").await.unwrap(), None);
}

/// Whoever reads meanwhile reads one of them. The cases run on several threads, for stores that never suspend.
pub async fn of_concurrent_saves_one_wins_whole(stores: SecretStores) {
    let candidates: Vec<Secret> = (0..8).map(|first| secret(32 + usize::from(first), first)).collect();
    stores.open().save("key", &candidates[0]).await.unwrap();
    for _ in 0..4 {
        let mut tasks = Vec::new();
        for candidate in candidates.clone() {
            let store = stores.open();
            tasks.push(tokio::spawn(async move {
                store.save("key", &candidate).await.unwrap();
                store.load("key").await.unwrap().unwrap()
            }));
        }
        for task in tasks {
            assert!(candidates.contains(&task.await.unwrap()));
        }
        assert!(candidates.contains(&stores.open().load("key").await.unwrap().unwrap()));
    }
}
