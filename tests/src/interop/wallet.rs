//! Wallets that either side can use.

use std::sync::atomic::{AtomicU64, Ordering};

use hexmtp::LocalSigner;
use hexmtp_domain::identity::{Identifier, LocalWallet};

/// A test wallet: its key is a number that is not used twice in a test program.
#[derive(Clone, Debug)]
pub struct Wallet {
    key: [u8; 32],
}

impl Wallet {
    /// A wallet that nobody has used yet.
    #[must_use]
    pub fn new() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let mut key = [0x42; 32];
        key[24..].copy_from_slice(&NEXT.fetch_add(1, Ordering::Relaxed).to_be_bytes());
        Self { key }
    }

    /// The private key in hexadecimal, as the peer takes it.
    #[must_use]
    pub fn key_hex(&self) -> String {
        hex::encode(self.key)
    }

    /// What identifies it.
    ///
    /// # Panics
    /// Never: the key is a key.
    #[must_use]
    pub fn identifier(&self) -> Identifier {
        self.local().identifier()
    }

    /// Its address in lower case.
    #[must_use]
    pub fn address(&self) -> String {
        self.identifier().to_string()
    }

    /// Signs for its owner.
    ///
    /// # Panics
    /// Never: the key is a key.
    #[must_use]
    pub fn signer(&self) -> LocalSigner {
        LocalSigner::new(self.local())
    }

    fn local(&self) -> LocalWallet {
        LocalWallet::from_private_key(self.key).expect("a key")
    }
}

impl Default for Wallet {
    fn default() -> Self {
        Self::new()
    }
}
