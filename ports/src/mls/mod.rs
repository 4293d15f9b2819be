//! The MLS engine: RFC 9420 state in memory, rows in and row changes out, no input or output.

pub mod engine;
pub mod error;
pub mod session;

pub use engine::{GroupParams, Joined, KeyPackageParams, MlsEngine, NewKeyPackage, VerifiedKeyPackage};
pub use error::MlsError;
pub use session::{CommitPlan, Keep, MlsSession, OutboundCommit, Processed, SessionState};
