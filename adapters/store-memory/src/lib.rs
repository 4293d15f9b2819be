//! The store port kept in memory: for tests, for simulations, and for clients that need not outlive their process.
//!
//! It follows the port to the letter, since it is the reference that the other stores are compared with. One mutex
//! guards everything and is never held across an await.
//!
//! ```
//! use hexmtp_store_memory::MemoryStore;
//!
//! let store = MemoryStore::default();
//! let same = store.clone();
//! let after_restart = store.reopen();
//! # let _ = (same, after_restart);
//! ```

mod conversations;
mod data;
mod feed;
mod identity;
mod in_order;
mod lease;
mod maintenance;
mod messages;
mod progress;
mod records;
mod rows;
mod store;
mod work;

pub use store::MemoryStore;
