//! Conversations: kinds, the state carried in group-context extensions, and the rules for changing it.

pub mod commit_rules;
pub mod commit_summary;
pub mod context;
pub mod dm;
pub mod immutable_metadata;
pub mod join_rules;
pub mod kind;
pub mod leaving;
pub mod membership;
pub mod mutable_metadata;
pub mod permissions;
pub mod role_change;
pub mod transcript;
mod varint;

#[cfg(test)]
mod context_tests;
#[cfg(test)]
mod fixtures;
#[cfg(test)]
mod hostile_input_tests;
#[cfg(test)]
mod immutable_metadata_tests;
#[cfg(test)]
mod join_rules_tests;
#[cfg(test)]
mod leaving_tests;
#[cfg(test)]
mod membership_tests;
#[cfg(test)]
mod mutable_metadata_tests;
#[cfg(test)]
mod permissions_tests;
#[cfg(test)]
mod plan_tests;
#[cfg(test)]
mod role_change_tests;
#[cfg(test)]
mod transcript_tests;

pub use commit_summary::{CommitSummary, LeafMember};
pub use context::GroupContext;
pub use immutable_metadata::ImmutableMetadata;
pub use kind::ConversationKind;
pub use membership::GroupMembership;
pub use mutable_metadata::MutableMetadata;
pub use permissions::PolicySet;
