//! The version of the protocol's rules that this software implements (PROTOCOL.md 4.5, 6.1).

use std::fmt;
use std::str::FromStr;

use semver::Version;
use thiserror::Error;

/// The libxmtp version whose rules this software implements. It is what a group's minimum version is compared
/// with, and what the header `x-libxmtp-version` says.
pub const CLAIMED: &str = "1.10.0";

/// A version, in the order of semantic versioning: a pre-release comes before its release, and build
/// information does not count.
#[derive(Clone, Debug)]
pub struct ProtocolVersion(Version);

/// A text is not a semantic version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the text is not a semantic version")]
pub struct VersionError;

impl VersionError {
    /// The stable code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "version.malformed"
    }
}

impl ProtocolVersion {
    /// The version of [`CLAIMED`].
    #[must_use]
    pub const fn claimed() -> Self {
        // A test holds the numbers and the text together.
        Self(Version::new(1, 10, 0))
    }

    /// Reads a version.
    ///
    /// # Errors
    /// [`VersionError`] for text that is not a semantic version.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        Version::parse(text).map(Self).map_err(|_| VersionError)
    }

    /// Whether software of this version may take part in a group that asks for at least `minimum`; otherwise
    /// the group pauses (rule R-MSG-011).
    ///
    /// A minimum that is not a version asks for nothing: it names no version that could ever be reached, so a
    /// pause would never end, and one bad value would silence the group for good. A commit that writes such a
    /// value can be refused by [`ProtocolVersion::parse`] beforehand.
    #[must_use]
    pub fn supports(&self, minimum: &str) -> bool {
        Self::parse(minimum).map_or(true, |minimum| minimum <= *self)
    }
}

impl PartialEq for ProtocolVersion {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for ProtocolVersion {}

impl PartialOrd for ProtocolVersion {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ProtocolVersion {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp_precedence(&other.0)
    }
}

impl FromStr for ProtocolVersion {
    type Err = VersionError;

    fn from_str(text: &str) -> Result<Self, VersionError> {
        Self::parse(text)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
