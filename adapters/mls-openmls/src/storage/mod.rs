//! The storage that OpenMLS sees: rows of the loaded scopes, and over them what was written since.

mod codec;
mod openmls_provider;
mod overlay;

pub(crate) use overlay::{Kind, Overlay, Snapshot, StorageError};

#[cfg(test)]
mod overlay_tests;
