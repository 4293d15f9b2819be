//! The tables, one file each, with the conversions between rows and wire messages.
//!
//! Numbers that the protocol counts in 64 bits without sign are stored in 64 bits with sign. Whatever other people
//! wrote is stored as bytes, because PostgreSQL's text cannot hold a zero character; the one text column holds
//! identifiers in the spelling that the domain has checked.

#![allow(unreachable_pub, reason = "SeaORM's derive macros make public items; nothing here leaves the crate")]

pub(crate) mod association;
pub(crate) mod commit_log;
pub(crate) mod counter;
pub(crate) mod group_message;
pub(crate) mod identity_update;
pub(crate) mod key_package;
pub(crate) mod welcome;

use sea_orm::EntityTrait;

/// A table of logs: entries of one topic, numbered by one counter for the whole table.
pub(crate) trait LogTable: EntityTrait {
    /// The column with the number.
    const ID: Self::Column;
    /// The column that says whose log it is.
    const TOPIC: Self::Column;
    /// The column with the number of bytes that the entry has on the wire.
    const SIZE: Self::Column;
}

/// An unsigned number as stored. Times and numbers that the node gives itself always fit.
pub(crate) fn to_stored(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A stored number; what is negative was not written by this node and counts as zero.
pub(crate) fn from_stored(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}
