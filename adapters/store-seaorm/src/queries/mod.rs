//! The small queries over committed rows.

mod consent;
mod conversation_filter;
mod conversations;
mod diagnostics;
#[cfg(test)]
mod every_query;
mod identity;
mod intents;
mod maintenance;
mod message_filter;
mod messages;
#[cfg(test)]
mod plan_tests;
mod progress;
mod tasks;

/// At most so many values to compare with in one statement.
const BATCH: usize = 500;
