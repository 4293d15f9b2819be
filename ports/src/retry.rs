//! Whether trying again can help.

use std::time::Duration;

/// What a caller can do about a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail again.
    Never,
    /// The same call may succeed once this span has passed.
    After(Duration),
    /// The call may succeed after the local state has caught up with the network's.
    AfterSync,
    /// The call needs a newer version of this software.
    AfterUpgrade,
}

impl Retry {
    /// A short wait, for failures of the environment that pass by themselves.
    pub const SOON: Self = Self::After(Duration::from_millis(100));

    /// Whether anything can make the call succeed without a newer version.
    #[must_use]
    pub const fn is_worth_it(self) -> bool {
        matches!(self, Self::After(_) | Self::AfterSync)
    }
}
