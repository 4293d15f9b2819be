//! The XMTP wire schema as Rust message types.
//!
//! The modules mirror the packages of the `.proto` files: package `xmtp.mls.message_contents` is
//! [`xmtp::mls::message_contents`], and a message nested in `Outer` lives in module `outer`.
//!
//! Three decisions hold for every message:
//!
//! - Maps are `BTreeMap`s, so equal values encode to equal bytes. Bytes that somebody hashed or signed are still to be
//!   kept as received and never encoded anew.
//! - `bytes` fields are `Vec<u8>`.
//! - `Debug` never prints key material or message plaintext; see `redacted.rs` and the list in `build.rs`.
//!
//! Services are part of [`FILE_DESCRIPTOR_SET`]; feature `client` adds their clients, feature `server` the traits of
//! their servers, both for tonic and without a transport. Feature `status` names their status codes.

mod redacted;
#[cfg(feature = "status")]
pub mod status;

pub use generated::xmtp;
pub use prost;
pub use prost::Message;

/// The encoded `google.protobuf.FileDescriptorSet` of all `.proto` files of this crate, services included.
pub const FILE_DESCRIPTOR_SET: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/descriptors.bin"));

#[allow(
    missing_docs,
    deprecated,
    unreachable_pub,
    clippy::all,
    clippy::too_many_lines,
    rustdoc::all,
    reason = "prost-build writes this module; the schema, not the code, is reviewed"
)]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/packages.rs"));
}
