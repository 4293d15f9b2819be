//! What can go wrong, by use case. Each error has a stable code and says whether a retry can help.

mod change;
mod identity;
mod inbox;
mod port;
mod register;
mod sync;

pub use change::ChangeError;
pub use identity::IdentityError;
pub use inbox::InboxChangeError;
pub use port::PortError;
pub use register::RegisterError;
pub use sync::{SyncError, WelcomeRejection};
