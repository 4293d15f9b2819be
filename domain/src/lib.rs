//! The rules of the XMTP protocol as plain data and total functions.
//!
//! Nothing here performs input or output, reads a clock, draws randomness or knows an MLS library: time and
//! random bytes are arguments, and untrusted input has its own type (`XIn`) until it has been verified.
//! The numbered rules are listed in `docs/rules.md`; each names its source and its test.

pub mod consent;
pub mod cursor;
pub mod framing;
pub mod group;
pub mod hmac;
pub mod identity;
pub mod ids;
pub mod intent;
pub mod key_package;
pub mod message;
pub mod secret;
pub mod time;
pub mod topic;
pub mod version;
pub mod welcome;

#[cfg(test)]
mod captured;
#[cfg(test)]
mod consent_tests;
#[cfg(test)]
mod cursor_tests;
#[cfg(test)]
mod framing_tests;
#[cfg(test)]
mod hmac_tests;
#[cfg(test)]
mod ids_tests;
#[cfg(test)]
mod intent_tests;
#[cfg(test)]
mod key_package_tests;
#[cfg(test)]
mod secret_tests;
#[cfg(test)]
mod time_tests;
#[cfg(test)]
mod topic_tests;
#[cfg(test)]
mod version_tests;

pub use cursor::{Cursor, Originator, SequenceId, VectorClock};
pub use ids::{
    Epoch, EpochAuthenticator, GroupId, IdError, InboxId, InstallationId, KeyPackageRef, MessageId,
    PayloadHash,
};
pub use secret::Secret;
pub use time::Timestamp;
pub use topic::{Topic, WelcomeDestination};
