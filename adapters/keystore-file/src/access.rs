//! Who can read and replace a file, where the system can tell.

use std::fs::Metadata;

/// Whether anybody but the owner has any right. Systems other than Unix keep rights in lists that are inherited from
/// the owner's folders; there the folder that the person chose decides.
#[cfg(unix)]
pub(crate) fn is_open_to_others(metadata: &Metadata) -> bool {
    std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0
}

#[cfg(not(unix))]
pub(crate) fn is_open_to_others(_metadata: &Metadata) -> bool {
    false
}

/// Whether both are the same file, and not one that took the other's place in between.
#[cfg(unix)]
pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

#[cfg(not(unix))]
pub(crate) fn is_same_file(one: &Metadata, other: &Metadata) -> bool {
    one.created().ok() == other.created().ok()
}

/// Makes a folder that only its owner can enter, and the folders above it.
pub(crate) fn create_private_folder(folder: &std::path::Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    if let Some(above) = folder.parent() {
        std::fs::create_dir_all(above)?;
    }
    match builder.create(folder) {
        // Another process was quicker; what it made is examined like any other.
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        result => result,
    }
}

/// Brings the names in a folder to the disk.
#[cfg(unix)]
pub(crate) fn sync_folder(folder: &std::path::Path) -> std::io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

#[cfg(not(unix))]
pub(crate) fn sync_folder(_folder: &std::path::Path) -> std::io::Result<()> {
    // Folders cannot be opened as files; the journal of the file system keeps the rename.
    Ok(())
}
