//! Wallets whose keys this process holds.

use hexmtp_domain::identity::{Identifier, LegacyKey, LocalWallet, UnverifiedSignature};
use hexmtp_ports::port;
use hexmtp_ports::signer::{SignerError, WalletSigner};

/// Signs with a secp256k1 key in memory: for agents, servers and tests. People's keys stay in their wallets.
#[derive(Debug)]
pub struct LocalSigner(LocalWallet);

impl LocalSigner {
    /// Signs with this wallet.
    #[must_use]
    pub const fn new(wallet: LocalWallet) -> Self {
        Self(wallet)
    }
}

#[port]
impl WalletSigner for LocalSigner {
    fn identifier(&self) -> Identifier {
        self.0.identifier()
    }

    async fn sign(&self, text: &str) -> Result<UnverifiedSignature, SignerError> {
        self.0.sign_text(text).map_err(|error| SignerError::Backend(Box::new(error)))
    }
}

/// Signs with a key of XMTP version 2, for which a wallet vouched once: its owner registers without asking the wallet
/// again. Such a signature makes the inbox with nonce 0 and lets members in there; it revokes nobody (PROTOCOL.md 1.6).
#[derive(Debug)]
pub struct LegacySigner(LegacyKey);

impl LegacySigner {
    /// Signs with this key in its wallet's name.
    #[must_use]
    pub const fn new(key: LegacyKey) -> Self {
        Self(key)
    }
}

#[port]
impl WalletSigner for LegacySigner {
    fn identifier(&self) -> Identifier {
        self.0.wallet().into()
    }

    async fn sign(&self, text: &str) -> Result<UnverifiedSignature, SignerError> {
        self.0.sign_text(text).map_err(|error| SignerError::Backend(Box::new(error)))
    }
}
