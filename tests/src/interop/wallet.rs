//! Wallets that either side can use.

use hexmtp::LocalSigner;
use hexmtp_domain::identity::{Identifier, LocalWallet};
use hexmtp_platform_native::OsEntropy;
use hexmtp_ports::platform::Entropy;

/// A test wallet. Its key is random: nodes outlive test programs.
#[derive(Clone, Debug)]
pub struct Wallet {
    key: [u8; 32],
}

impl Wallet {
    /// A wallet that nobody has used yet.
    ///
    /// # Panics
    /// When the system has no randomness.
    #[must_use]
    pub fn new() -> Self {
        let mut key = [0; 32];
        OsEntropy.fill(&mut key).expect("randomness");
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

    /// The wallet itself, for whoever signs in another name with it.
    ///
    /// # Panics
    /// Never: the key is a key.
    #[must_use]
    pub fn local(&self) -> LocalWallet {
        LocalWallet::from_private_key(self.key).expect("a key")
    }
}

impl Default for Wallet {
    fn default() -> Self {
        Self::new()
    }
}
