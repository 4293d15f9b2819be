//! What kind of message is stored, and how far a sent one has come.

/// Where a stored message comes from. The numbers are those of the reference's database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MessageKind {
    /// A member sent it as MLS application data.
    Application,
    /// This installation wrote it down from a commit that it accepted; nobody sent it (PROTOCOL.md 4.6).
    MembershipChange,
}

impl MessageKind {
    /// The number of the kind, as stored.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::Application => 1,
            Self::MembershipChange => 2,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_stored(number: i16) -> Option<Self> {
        Some(match number {
            1 => Self::Application,
            2 => Self::MembershipChange,
            _ => return None,
        })
    }
}

/// How far a message has come. Messages of others are always [`DeliveryStatus::Published`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeliveryStatus {
    /// Only this installation knows it.
    Unpublished,
    /// It was read in the group's log.
    Published,
    /// It was given up.
    Failed,
}

impl DeliveryStatus {
    /// The number of the status, as stored.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::Unpublished => 1,
            Self::Published => 2,
            Self::Failed => 3,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_stored(number: i16) -> Option<Self> {
        Some(match number {
            1 => Self::Unpublished,
            2 => Self::Published,
            3 => Self::Failed,
            _ => return None,
        })
    }
}
