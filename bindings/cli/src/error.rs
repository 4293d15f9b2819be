//! What can go wrong, told to a person or to a program.

use std::error::Error as _;
use std::io::{ErrorKind, Write};
use std::path::PathBuf;

use hexmtp::domain::identity::{Identifier, SignatureError};
use hexmtp::error::{ChangeError, IdentityError, InboxChangeError, RegisterError, SyncError};
use hexmtp::ports::platform::EntropyError;
use hexmtp::ports::secret_store::SecretStoreError;
use hexmtp::ports::signer::SignerError;
use hexmtp::ports::store::StoreError;
use hexmtp_delivery_grpc::GrpcConnectError;
use hexmtp_platform_native::NoTokio;
use serde_json::{Value, json};
use thiserror::Error;

use crate::exit::Class;
use crate::hint;

/// Why a command failed.
#[derive(Debug, Error)]
pub(crate) enum CliError {
    #[error(transparent)]
    Register(#[from] RegisterError),
    #[error(transparent)]
    Change(ChangeError),
    #[error(transparent)]
    Sync(#[from] SyncError),
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Inbox(#[from] InboxChangeError),
    #[error(transparent)]
    Signer(SignerError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no keychain that can be used")]
    NoKeychain(#[source] SecretStoreError),
    #[error(transparent)]
    Connect(#[from] GrpcConnectError),
    #[error(transparent)]
    Entropy(#[from] EntropyError),
    #[error(transparent)]
    Wallet(#[from] SignatureError),
    #[error(transparent)]
    Runtime(#[from] NoTokio),
    /// The command line cannot be understood.
    #[error("{0}")]
    Usage(String),
    /// Nobody has these addresses.
    #[error("nobody is registered at {}", .0.join(", "))]
    NotRegistered(Vec<String>),
    /// There is no account in this profile.
    #[error("there is no account in profile \"{profile}\" ({})", folder.display())]
    NotInitialised { profile: String, folder: PathBuf },
    /// The profile was made for another wallet.
    #[error("the profile belongs to {stored}, the given key to {given}")]
    OtherWallet { stored: String, given: String },
    /// The profile's secrets are in another key store.
    #[error("the secrets of this profile are in the key store \"{stored}\"")]
    OtherKeyStore { stored: &'static str },
    /// A secret is missing.
    #[error("the key store has no \"{0}\" for this profile")]
    KeyMissing(&'static str),
    /// The profile's file cannot be read.
    #[error("{} is damaged: {what}", path.display())]
    Profile { path: PathBuf, what: &'static str },
    /// No conversation is meant by this.
    #[error("there is no conversation \"{0}\"")]
    NoConversation(String),
    /// Several conversations are meant by this.
    #[error("\"{wanted}\" can mean several conversations: {}", candidates.join(", "))]
    Ambiguous { wanted: String, candidates: Vec<String> },
    /// A message waits for the network.
    #[error("the message is stored and not sent yet")]
    NotSentYet(#[source] ChangeError),
    /// The key store of the profile cannot be used.
    #[error("the key store of the profile ({place}) cannot be used")]
    KeyStore {
        place: String,
        #[source]
        source: SecretStoreError,
    },
    /// Some conversations could not be read.
    #[error("{0} conversations could not be read to their end")]
    PartlySynced(usize),
    /// A file or the standard input failed.
    #[error("{what}")]
    File {
        what: String,
        #[source]
        source: std::io::Error,
    },
    /// The standard output failed.
    #[error("cannot write")]
    Io(#[from] std::io::Error),
    #[error("cannot write JSON")]
    Json(#[from] serde_json::Error),
    #[error("{0}")]
    Unexpected(&'static str),
}

impl From<ChangeError> for CliError {
    /// Tells who is meant: the library's own sentence only counts them, because it may be logged.
    fn from(error: ChangeError) -> Self {
        match error {
            ChangeError::UnknownIdentifiers(who) => {
                Self::NotRegistered(who.iter().map(Identifier::to_string).collect())
            }
            ChangeError::UnknownInboxes(who) => {
                Self::NotRegistered(who.iter().map(|inbox| format!("inbox {inbox}")).collect())
            }
            error => Self::Change(error),
        }
    }
}

impl CliError {
    /// A file that failed, in words.
    pub(crate) fn file(what: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        let what = what.into();
        move |source| Self::File { what, source }
    }

    /// The stable code.
    pub(crate) const fn code(&self) -> &'static str {
        match self {
            Self::Register(error) => error.code(),
            Self::Change(error) => error.code(),
            Self::Sync(error) => error.code(),
            Self::Identity(error) => error.code(),
            Self::Inbox(error) => error.code(),
            Self::Signer(error) => error.code(),
            Self::Store(error) => error.code(),
            Self::NoKeychain(error) => error.code(),
            Self::KeyStore { source, .. } => source.code(),
            Self::Connect(error) => error.code(),
            Self::Entropy(_) => "cli.entropy",
            Self::Wallet(error) => error.code(),
            Self::Runtime(_) => "cli.runtime",
            Self::Usage(_) => "cli.usage",
            Self::NotRegistered(_) => "cli.not_registered",
            Self::NotInitialised { .. } => "cli.not_initialised",
            Self::OtherWallet { .. } => "cli.other_wallet",
            Self::OtherKeyStore { .. } => "cli.other_key_store",
            Self::KeyMissing(_) => "cli.key_missing",
            Self::Profile { .. } => "cli.profile",
            Self::NoConversation(_) => "cli.no_conversation",
            Self::Ambiguous { .. } => "cli.ambiguous_conversation",
            Self::PartlySynced(_) => "cli.partly_synced",
            Self::NotSentYet(_) => "cli.not_sent_yet",
            Self::File { .. } => "cli.file",
            Self::Io(_) => "cli.output",
            Self::Json(_) => "cli.json",
            Self::Unexpected(_) => "cli.unexpected",
        }
    }

    /// What kind of failure it is.
    pub(crate) fn class(&self) -> Class {
        match self {
            Self::Usage(_) | Self::Ambiguous { .. } | Self::OtherKeyStore { .. } => Class::Usage,
            Self::NotRegistered(_) | Self::NotInitialised { .. } | Self::NoConversation(_) => Class::NotFound,
            Self::OtherWallet { .. } => Class::Refused,
            Self::KeyMissing(_) | Self::Profile { .. } | Self::File { .. } | Self::Io(_) => Class::Storage,
            Self::PartlySynced(_) | Self::NotSentYet(_) => Class::Unsettled,
            Self::Entropy(_) | Self::Runtime(_) | Self::Json(_) | Self::Unexpected(_) => Class::Internal,
            _ => Class::of(self.code()),
        }
    }

    /// Whether the reader of the standard output went away, which is no failure: `hexmtp messages … | head`.
    pub(crate) fn is_broken_pipe(&self) -> bool {
        match self {
            Self::Io(error) => error.kind() == ErrorKind::BrokenPipe,
            Self::Json(error) => error.io_error_kind() == Some(ErrorKind::BrokenPipe),
            _ => false,
        }
    }

    /// The causes behind it, the nearest first.
    fn causes(&self) -> Vec<String> {
        let mut causes = Vec::new();
        let mut source = self.source();
        while let Some(cause) = source {
            causes.push(cause.to_string());
            source = cause.source();
        }
        causes.dedup();
        causes
    }

    /// One line for programs, or a few for people.
    pub(crate) fn rendered(&self, as_json: bool) -> String {
        let (code, causes, hint) = (self.code(), self.causes(), hint::for_code(self.code()));
        if as_json {
            return error_json(self.class(), code, &self.to_string(), &causes, hint).to_string();
        }
        let mut text = format!("error: {self} ({code})");
        for cause in &causes {
            text.push_str(&format!("\n  because: {cause}"));
        }
        if let Some(hint) = hint {
            text.push_str(&format!("\n  hint: {hint}"));
        }
        text
    }

    /// Writes it to standard error.
    pub(crate) fn report(&self, as_json: bool) {
        // Nobody is left to tell when standard error is closed.
        let _ = writeln!(std::io::stderr().lock(), "{}", self.rendered(as_json));
    }
}

/// An error as programs read it.
pub(crate) fn error_json(
    class: Class,
    code: &str,
    message: &str,
    causes: &[String],
    hint: Option<&str>,
) -> Value {
    json!({"error": {
        "class": class.name(),
        "exit_code": class.number(),
        "code": code,
        "message": message,
        "causes": causes,
        "hint": hint,
    }})
}
