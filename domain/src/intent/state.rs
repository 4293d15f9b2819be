//! How far an intent has come: the states and what moves it between them.

use thiserror::Error;

/// How far an intent has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IntentState {
    /// Wanted; no payload exists, or an earlier one can no longer succeed.
    ToPublish,
    /// A payload is stored and may have been published.
    Published,
    /// The commit was read back from the log and merged; its welcomes are still to be sent.
    Committed,
    /// Done.
    Processed,
    /// Given up; the reason is stored beside it.
    Failed,
}

impl IntentState {
    /// The number of the state, as stored.
    #[must_use]
    pub const fn to_stored(self) -> i16 {
        match self {
            Self::ToPublish => 1,
            Self::Published => 2,
            Self::Committed => 3,
            Self::Failed => 4,
            Self::Processed => 5,
        }
    }

    /// Reads the stored number.
    #[must_use]
    pub const fn from_stored(number: i16) -> Option<Self> {
        Some(match number {
            1 => Self::ToPublish,
            2 => Self::Published,
            3 => Self::Committed,
            4 => Self::Failed,
            5 => Self::Processed,
            _ => return None,
        })
    }

    /// Whether nothing remains to be done.
    #[must_use]
    pub const fn is_settled(self) -> bool {
        matches!(self, Self::Processed | Self::Failed)
    }
}

/// What happened to an intent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentEvent {
    /// A payload was made and is stored in the same unit of work.
    Staged,
    /// The intent turned out to need no payload.
    NothingToDo,
    /// The own payload was read back from the log and applied; `welcomes` tells whether some are to be sent.
    Confirmed {
        /// Whether the commit added installations.
        welcomes: bool,
    },
    /// The log made the payload impossible: another commit ended its epoch first.
    LostRace,
    /// The welcomes were sent.
    WelcomesSent,
    /// It cannot succeed: the network refused the payload, or the group's rules forbid it.
    GaveUp,
}

/// An event that cannot happen in this state: a defect of the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an intent in state {state:?} cannot meet {event:?}")]
pub struct IntentTransitionError {
    /// The state.
    pub state: IntentState,
    /// The event.
    pub event: IntentEvent,
}

impl IntentState {
    /// The state after an event (rule R-INT-001).
    ///
    /// # Errors
    /// [`IntentTransitionError`] when the event cannot happen in this state.
    pub const fn after(self, event: IntentEvent) -> Result<Self, IntentTransitionError> {
        Ok(match (self, event) {
            (Self::ToPublish, IntentEvent::Staged) => Self::Published,
            (Self::ToPublish, IntentEvent::NothingToDo) => Self::Processed,
            (Self::Published, IntentEvent::Confirmed { welcomes: true }) => Self::Committed,
            (Self::Published, IntentEvent::Confirmed { welcomes: false }) => Self::Processed,
            (Self::Published, IntentEvent::LostRace) => Self::ToPublish,
            (Self::Committed, IntentEvent::WelcomesSent) => Self::Processed,
            (Self::ToPublish | Self::Published | Self::Committed, IntentEvent::GaveUp) => Self::Failed,
            (state, event) => return Err(IntentTransitionError { state, event }),
        })
    }
}
