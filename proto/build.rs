//! Compiles the `.proto` files of this crate to message types and to one descriptor set, without a system `protoc`.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use prost::Message as _;

const PROTO_ROOT: &str = "proto";

/// Messages that carry secrets or plaintext. `src/redacted.rs` writes `Debug` for each of them.
const REDACTED: &[&str] = &[
    ".xmtp.device_sync.content.DeviceSyncKeyType",
    ".xmtp.device_sync.content.DeviceSyncRequest",
    ".xmtp.device_sync.content.HmacKeyUpdate",
    ".xmtp.device_sync.content.V1UserPreferenceUpdate",
    ".xmtp.device_sync.group_backup.MutableMetadataSave",
    ".xmtp.device_sync.message_backup.GroupMessageSave",
    ".xmtp.message_contents.DecodedMessage",
    ".xmtp.message_contents.EncodedContent",
    ".xmtp.message_contents.EncryptedPrivateKeyBundleV1",
    ".xmtp.message_contents.InvitationV1.Aes256gcmHkdfsha256",
    ".xmtp.message_contents.PrivateKey.Secp256k1",
    ".xmtp.message_contents.SignedContent",
    ".xmtp.message_contents.SignedPrivateKey.Secp256k1",
    ".xmtp.mls.database.AppDataUpdateData.V1",
    ".xmtp.mls.database.SendMessageData.V1",
    ".xmtp.mls.database.SendSyncArchive",
    ".xmtp.mls.database.UpdateMetadataData.V1",
    ".xmtp.mls.message_contents.EncodedContent",
    ".xmtp.mls.message_contents.ExternalCommitPolicyV1",
    ".xmtp.mls.message_contents.ExternalInvitePayloadV1",
    ".xmtp.mls.message_contents.GroupMutableMetadataV1",
    ".xmtp.mls.message_contents.GroupUpdated.MetadataFieldChange",
    ".xmtp.mls.message_contents.PlaintextEnvelope.V1",
    ".xmtp.mls.message_contents.PlaintextEnvelope.V2",
    ".xmtp.mls.message_contents.WelcomePointer.WelcomeV1Pointer",
    ".xmtp.mls.message_contents.content_types.RemoteAttachmentInfo",
];

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={PROTO_ROOT}");

    let mut files = Vec::new();
    collect(Path::new(PROTO_ROOT), &mut files)?;
    files.sort();

    let mut descriptors = protox::compile(&files, [PROTO_ROOT])?;
    let mut messages = prost_build::Config::new();
    messages.btree_map(["."]).skip_debug(REDACTED).include_file("packages.rs");
    if let Some(services) = service_generator() {
        messages.service_generator(services);
    }
    messages.compile_fds(descriptors.clone())?;

    // Comments have become documentation by now; the published set leaves them out.
    for file in &mut descriptors.file {
        file.source_code_info = None;
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    fs::write(out.join("descriptors.bin"), descriptors.encode_to_vec())?;
    Ok(())
}

/// What the features `client` and `server` add to the messages.
fn service_generator() -> Option<Box<dyn prost_build::ServiceGenerator>> {
    let client = env::var_os("CARGO_FEATURE_CLIENT").is_some();
    let server = env::var_os("CARGO_FEATURE_SERVER").is_some();
    (client || server).then(|| {
        tonic_prost_build::configure()
            .build_client(client)
            .build_server(server)
            // Transports are the adapters' choice.
            .build_transport(false)
            .service_generator()
    })
}

/// Adds every `.proto` file under `directory`.
fn collect(directory: &Path, files: &mut Vec<PathBuf>) -> Result<(), Box<dyn Error>> {
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "proto") {
            files.push(path);
        }
    }
    Ok(())
}
