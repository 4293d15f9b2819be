//! A wallet whose key this process holds.

use hexmtp_domain::identity::{Identifier, LocalWallet, UnverifiedSignature};
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
