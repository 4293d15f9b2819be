//! What `Debug` shows in place of what people wrote.

use std::fmt;

/// Stands for this many bytes of a message, so that no log can hold them.
pub(super) struct Hidden(pub(super) usize);

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{} bytes>", self.0)
    }
}

impl Hidden {
    /// Stands for a text that may be absent.
    pub(super) fn text(text: Option<&String>) -> Option<Self> {
        text.map(|text| Self(text.len()))
    }
}
