//! What remains to be done once an own commit is confirmed: sending its welcome (PROTOCOL.md 4.1, 5.1, 5.3).

use hexmtp_proto::xmtp::mls::database as wire;
use hexmtp_proto::xmtp::mls::message_contents::WelcomePointeeEncryptionAeadTypesExtension;
use prost::Message;
use thiserror::Error;

use super::WrapperAlgorithm;
use crate::ids::InstallationId;
use crate::key_package::CHACHA20_POLY1305;

/// From this many recipients that can follow a pointer, the welcome is sent once and pointed to.
pub const MIN_POINTER_RECIPIENTS: usize = 3;

/// At most this many welcomes go into one call.
pub const WELCOME_BATCH: usize = 50;

/// The welcome of a commit, and whom it is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostCommit {
    /// The TLS encoding of the `MLSMessage` that holds the welcome, the same one for all recipients.
    pub welcome: Vec<u8>,
    /// The installations that the commit added.
    pub recipients: Vec<WelcomeRecipient>,
}

/// An installation that gets a welcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WelcomeRecipient {
    /// The installation.
    pub installation_id: InstallationId,
    /// The public key for which the welcome is wrapped.
    pub public_key: Vec<u8>,
    /// How it is wrapped.
    pub algorithm: WrapperAlgorithm,
    /// Whether its key package says that it can follow a welcome pointer.
    pub supports_pointers: bool,
}

impl WelcomeRecipient {
    /// Whether it can be sent a pointer: those are only ever wrapped with X-Wing.
    #[must_use]
    pub fn takes_pointer(&self) -> bool {
        self.supports_pointers && self.algorithm == WrapperAlgorithm::XWing
    }
}

/// Who gets a pointer and who the welcome itself, both in their order in the commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WelcomePlan<'a> {
    /// Those who get a pointer to a welcome that is sent once.
    pub pointer: Vec<&'a WelcomeRecipient>,
    /// Those who get the welcome itself.
    pub plain: Vec<&'a WelcomeRecipient>,
}

/// Decides who gets a pointer (rule R-WEL-105).
#[must_use]
pub fn plan_welcomes(action: &PostCommit) -> WelcomePlan<'_> {
    let (pointer, plain): (Vec<_>, Vec<_>) =
        action.recipients.iter().partition(|recipient| recipient.takes_pointer());
    if pointer.len() < MIN_POINTER_RECIPIENTS {
        return WelcomePlan { pointer: Vec::new(), plain: action.recipients.iter().collect() };
    }
    WelcomePlan { pointer, plain }
}

/// Stored bytes do not describe welcomes to send.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("stored bytes do not describe welcomes to send")]
pub struct PostCommitDecodeError;

impl PostCommitDecodeError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "welcome.malformed_post_commit"
    }
}

impl PostCommit {
    /// The bytes to store beside an intent.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let welcomes = wire::post_commit_action::SendWelcomes {
            installations: self.recipients.iter().map(encode_recipient).collect(),
            welcome_message: self.welcome.clone(),
        };
        let kind = Some(wire::post_commit_action::Kind::SendWelcomes(welcomes));
        wire::PostCommitAction { kind }.encode_to_vec()
    }

    /// Reads stored bytes.
    ///
    /// # Errors
    /// [`PostCommitDecodeError`].
    pub fn decode(bytes: &[u8]) -> Result<Self, PostCommitDecodeError> {
        let action = wire::PostCommitAction::decode(bytes).map_err(|_| PostCommitDecodeError)?;
        let wire::post_commit_action::Kind::SendWelcomes(welcomes) =
            action.kind.ok_or(PostCommitDecodeError)?;
        Ok(Self {
            welcome: welcomes.welcome_message,
            recipients: welcomes.installations.into_iter().map(decode_recipient).collect::<Result<_, _>>()?,
        })
    }
}

fn encode_recipient(recipient: &WelcomeRecipient) -> wire::post_commit_action::Installation {
    let pointers =
        WelcomePointeeEncryptionAeadTypesExtension { supported_aead_types: vec![CHACHA20_POLY1305] };
    wire::post_commit_action::Installation {
        installation_key: recipient.installation_id.to_vec(),
        hpke_public_key: recipient.public_key.clone(),
        welcome_wrapper_algorithm: recipient.algorithm.to_wire(),
        welcome_pointee_encryption_aead_types: recipient.supports_pointers.then_some(pointers),
    }
}

fn decode_recipient(
    stored: wire::post_commit_action::Installation,
) -> Result<WelcomeRecipient, PostCommitDecodeError> {
    let algorithm = WrapperAlgorithm::from_wire(stored.welcome_wrapper_algorithm);
    if algorithm == WrapperAlgorithm::Symmetric {
        // It wraps for a destination, never for an installation.
        return Err(PostCommitDecodeError);
    }
    Ok(WelcomeRecipient {
        installation_id: InstallationId::from_slice(&stored.installation_key)
            .map_err(|_| PostCommitDecodeError)?,
        public_key: stored.hpke_public_key,
        algorithm,
        supports_pointers: stored
            .welcome_pointee_encryption_aead_types
            .is_some_and(|types| types.supported_aead_types.contains(&CHACHA20_POLY1305)),
    })
}
