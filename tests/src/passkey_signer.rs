//! A passkey of a site, and the browser that asks it to sign.

#![allow(clippy::expect_used, reason = "a passkey that cannot sign fails the test that asked for it")]

use base64ct::{Base64UrlUnpadded, Encoding};
use hexmtp_domain::identity::{Identifier, PasskeyKey, PasskeySignature, UnverifiedSignature};
use hexmtp_ports::port;
use hexmtp_ports::signer::{SignerError, WalletSigner};
use p256::ecdsa::signature::Signer;
use p256::ecdsa::{Signature, SigningKey};
use sha2::{Digest, Sha256};

/// A person is present, and was verified.
const FLAGS: u8 = 0b101;

/// Signs as an authenticator does that a browser asks (WebAuthn level 2, 7.2).
pub struct PasskeySigner {
    key: SigningKey,
    /// The site's domain, to which the passkey is bound.
    site: String,
    /// The site that asks.
    origin: String,
}

impl PasskeySigner {
    /// The passkey of a site whose key is made of one byte.
    ///
    /// # Panics
    /// When the byte is zero.
    #[must_use]
    pub fn new(byte: u8, site: &str) -> Self {
        let key = SigningKey::from_slice(&[byte; 32]).expect("a key");
        Self { key, site: site.to_owned(), origin: format!("https://{site}") }
    }

    /// The same passkey, as another site makes it sign.
    #[must_use]
    pub fn asked_by(mut self, origin: &str) -> Self {
        origin.clone_into(&mut self.origin);
        self
    }

    fn public_key(&self) -> Vec<u8> {
        self.key.verifying_key().to_sec1_bytes().into_vec()
    }
}

#[port]
impl WalletSigner for PasskeySigner {
    fn identifier(&self) -> Identifier {
        PasskeyKey::new(self.public_key(), Some(self.origin.clone())).into()
    }

    async fn sign(&self, text: &str) -> Result<UnverifiedSignature, SignerError> {
        let challenge = Base64UrlUnpadded::encode_string(text.as_bytes());
        let client_data = serde_json::json!({
            "type": "webauthn.get",
            "challenge": challenge,
            "origin": self.origin,
            "crossOrigin": false,
        });
        let client_data_json = client_data.to_string().into_bytes();
        let mut authenticator_data = Sha256::digest(&self.site).to_vec();
        authenticator_data.extend([FLAGS, 0, 0, 0, 1]);
        let signed = [&authenticator_data[..], &Sha256::digest(&client_data_json)[..]].concat();
        let signature: Signature = self.key.sign(&signed);
        Ok(UnverifiedSignature::Passkey(PasskeySignature {
            public_key: self.public_key(),
            signature: signature.to_der().as_bytes().to_vec(),
            authenticator_data,
            client_data_json,
        }))
    }
}
