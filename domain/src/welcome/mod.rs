//! Welcomes: how they are wrapped, what a pointer says, and when a group may be joined (PROTOCOL.md 5).

pub mod metadata;
pub mod pointer;
pub mod post_commit;

#[cfg(test)]
mod metadata_tests;
#[cfg(test)]
mod pointer_tests;
#[cfg(test)]
mod post_commit_tests;

pub use metadata::{WelcomeMetadata, WelcomeMetadataError};
pub use pointer::{PointerSecrets, WelcomePointer, WelcomePointerError};
pub use post_commit::{PostCommit, WELCOME_BATCH, WelcomePlan, WelcomeRecipient, plan_welcomes};

/// How a welcome is wrapped for its recipient (`xmtp.mls.message_contents.WelcomeWrapperAlgorithm`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum WrapperAlgorithm {
    /// HPKE with X25519, for the key package's init key. Also assumed for unspecified and unknown numbers.
    Curve25519,
    /// HPKE with X-Wing (ML-KEM-768 and X25519, draft 6), for the key package's wrapper key.
    XWing,
    /// ChaCha20-Poly1305 under a key that a welcome pointer carries.
    Symmetric,
}

impl WrapperAlgorithm {
    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Curve25519 => 1,
            Self::XWing => 2,
            Self::Symmetric => 3,
        }
    }

    /// Reads the number on the wire (PROTOCOL.md 5.1).
    #[must_use]
    pub const fn from_wire(number: i32) -> Self {
        match number {
            2 => Self::XWing,
            3 => Self::Symmetric,
            _ => Self::Curve25519,
        }
    }
}
