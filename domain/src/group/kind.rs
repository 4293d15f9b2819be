//! What a conversation is for.

/// The kind of a conversation, fixed when it is created (`xmtp.mls.message_contents.ConversationType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConversationKind {
    /// Any number of inboxes, with roles and policies.
    Group,
    /// Two inboxes; several MLS groups of one pair are shown as one conversation.
    Dm,
    /// The installations of one inbox among themselves; never shown.
    Sync,
    /// Carries one control message in its welcome and is then dropped; never shown.
    Oneshot,
}

impl ConversationKind {
    /// The number on the wire.
    #[must_use]
    pub const fn to_wire(self) -> i32 {
        match self {
            Self::Group => 1,
            Self::Dm => 2,
            Self::Sync => 3,
            Self::Oneshot => 4,
        }
    }

    /// Reads the number on the wire; `None` for unspecified and unknown kinds.
    #[must_use]
    pub const fn from_wire(number: i32) -> Option<Self> {
        Some(match number {
            1 => Self::Group,
            2 => Self::Dm,
            3 => Self::Sync,
            4 => Self::Oneshot,
            _ => return None,
        })
    }

    /// Whether people see such conversations in their lists.
    #[must_use]
    pub const fn is_visible(self) -> bool {
        matches!(self, Self::Group | Self::Dm)
    }
}
