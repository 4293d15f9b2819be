//! Against a server that does what a test says, most of them without a socket and in virtual time.

mod answers;
mod connections;
mod fake;
mod identity;
mod limits;
mod retries;
mod subscriptions;
