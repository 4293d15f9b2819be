//! `Debug` output goes to logs, so it holds no key material and no plaintext.

use std::fmt::Debug;

use hexmtp_proto::xmtp::device_sync::{content, group_backup, message_backup};
use hexmtp_proto::xmtp::message_contents as legacy;
use hexmtp_proto::xmtp::mls::message_contents::{self as mls, content_types};
use hexmtp_proto::xmtp::mls::{api, database};
use hexmtp_proto::{FILE_DESCRIPTOR_SET, Message};
use prost_reflect::DescriptorPool;

const SECRET: &str = "a very secret text";

fn secret() -> Vec<u8> {
    SECRET.as_bytes().to_vec()
}

fn assert_hidden(value: &impl Debug) {
    for text in [format!("{value:?}"), format!("{value:#?}").split_whitespace().collect::<Vec<_>>().join(" ")]
    {
        assert!(text.contains("<redacted>"), "nothing is redacted: {text}");
        assert!(!text.contains(SECRET), "{text}");
        // Bytes print as decimal numbers; these three begin the secret.
        assert!(!text.contains("97, 32, 118"), "{text}");
    }
}

#[test]
fn keys_are_hidden_inside_their_containers() {
    let pointer = mls::welcome_pointer::WelcomeV1Pointer { encryption_key: secret(), ..Default::default() };
    assert_hidden(&mls::WelcomePointer {
        version: Some(mls::welcome_pointer::Version::WelcomeV1Pointer(pointer)),
    });

    let key = content::device_sync_key_type::Key::Aes256Gcm(secret());
    assert_hidden(&key);
    let key = content::DeviceSyncKeyType { key: Some(key) };
    assert_hidden(&content::DeviceSyncReply { encryption_key: Some(key), ..Default::default() });
    assert_hidden(&content::HmacKeyUpdate { key: secret(), cycled_at_ns: 7 });
    assert_hidden(&content::DeviceSyncRequest { pin: SECRET.to_owned(), ..Default::default() });
    assert_hidden(&content::V1UserPreferenceUpdate { contents: vec![secret()] });
    assert_hidden(&database::SendSyncArchive { pin: Some(SECRET.to_owned()), ..Default::default() });

    let union = legacy::private_key::Union::Secp256k1(legacy::private_key::Secp256k1 { bytes: secret() });
    let identity_key = legacy::PrivateKey { union: Some(union), ..Default::default() };
    assert_hidden(&legacy::PrivateKeyBundleV1 { identity_key: Some(identity_key), ..Default::default() });
    assert_hidden(&legacy::signed_private_key::Secp256k1 { bytes: secret() });
    assert_hidden(&legacy::invitation_v1::Aes256gcmHkdfsha256 { key_material: secret() });
    assert_hidden(&legacy::EncryptedPrivateKeyBundleV1 { wallet_pre_key: secret(), ..Default::default() });

    let attachment = content_types::RemoteAttachmentInfo { secret: secret(), ..Default::default() };
    assert_hidden(&content_types::MultiRemoteAttachment { attachments: vec![attachment] });
    assert_hidden(&mls::ExternalCommitPolicyV1 { symmetric_key: secret(), ..Default::default() });
    assert_hidden(&mls::ExternalInvitePayloadV1 { symmetric_key: secret(), ..Default::default() });
}

#[test]
fn protocol_attributes_are_hidden_and_others_shown() {
    let attributes = [
        ("_commit_log_signer".to_owned(), SECRET.to_owned()),
        ("group_name".to_owned(), "the name".to_owned()),
    ];
    let metadata =
        mls::GroupMutableMetadataV1 { attributes: attributes.clone().into(), ..Default::default() };
    assert_hidden(&metadata);
    assert!(format!("{metadata:?}").contains("the name"));
    let saved = group_backup::MutableMetadataSave { attributes: attributes.into(), ..Default::default() };
    assert_hidden(&group_backup::GroupSave { mutable_metadata: Some(saved), ..Default::default() });

    assert_hidden(&database::update_metadata_data::V1 {
        field_value: SECRET.to_owned(),
        ..Default::default()
    });
    assert_hidden(&database::app_data_update_data::V1 { component_id: 0x800B, payload: secret() });
    let change =
        mls::group_updated::MetadataFieldChange { new_value: Some(SECRET.to_owned()), ..Default::default() };
    assert_hidden(&mls::GroupUpdated { metadata_field_changes: vec![change], ..Default::default() });
}

#[test]
fn plaintext_is_hidden() {
    let encoded = mls::EncodedContent {
        parameters: [("secret".to_owned(), SECRET.to_owned())].into(),
        fallback: Some(SECRET.to_owned()),
        content: secret(),
        ..Default::default()
    };
    assert_hidden(&encoded);
    assert_hidden(&content_types::EditMessage {
        edited_content: Some(encoded.clone()),
        ..Default::default()
    });
    let v1 = mls::plaintext_envelope::V1 { content: encoded.encode_to_vec(), ..Default::default() };
    assert_hidden(&mls::PlaintextEnvelope { content: Some(mls::plaintext_envelope::Content::V1(v1)) });
    assert_hidden(&mls::plaintext_envelope::v2::MessageType::Content(secret()));
    assert_hidden(&legacy::EncodedContent { content: secret(), ..Default::default() });
    assert_hidden(&legacy::SignedContent { payload: secret(), ..Default::default() });
    assert_hidden(&legacy::DecodedMessage { content_bytes: secret(), ..Default::default() });
    assert_hidden(&database::send_message_data::V1 { payload_bytes: secret() });
    assert_hidden(&message_backup::GroupMessageSave {
        decrypted_message_bytes: secret(),
        ..Default::default()
    });
}

#[test]
fn public_bytes_are_still_shown() {
    let key = api::v1::RegisterInstallationResponse { installation_key: secret() };
    assert!(format!("{key:?}").contains("97, 32, 118"));
    let empty = mls::welcome_pointer::WelcomeV1Pointer::default();
    assert!(format!("{empty:?}").contains("encryption_key: <empty>"), "{empty:?}");
}

/// A new field whose name sounds secret makes this list differ: decide about it in `redacted.rs`, then list it.
#[test]
fn every_field_that_sounds_secret_is_known() {
    let known = [
        "xmtp.device_sync.content.DeviceSyncKeyType.aes_256_gcm",
        "xmtp.device_sync.content.DeviceSyncReply.encryption_key",
        "xmtp.device_sync.content.DeviceSyncRequest.pin",
        "xmtp.device_sync.content.HmacKeyUpdate.key",
        "xmtp.message_contents.EncryptedPrivateKeyBundleV1.wallet_pre_key",
        "xmtp.message_contents.InvitationV1.Aes256gcmHkdfsha256.key_material",
        "xmtp.mls.database.SendSyncArchive.pin",
        "xmtp.mls.message_contents.ExternalCommitPolicyV1.symmetric_key",
        "xmtp.mls.message_contents.ExternalInvitePayloadV1.symmetric_key",
        "xmtp.mls.message_contents.WelcomePointer.WelcomeV1Pointer.encryption_key",
        "xmtp.mls.message_contents.content_types.RemoteAttachmentInfo.secret",
        // Public keys and keys of maps.
        "xmtp.identity.associations.MemberMap.key",
        "xmtp.identity.associations.Passkey.key",
    ];
    let sounds_secret = |name: &str| {
        ["secret", "private_key", "encryption_key", "symmetric_key", "key_material", "pre_key", "seed"]
            .iter()
            .any(|word| name.contains(word))
            || ["key", "pin", "password", "aes_256_gcm"].contains(&name)
    };
    let pool = DescriptorPool::decode(FILE_DESCRIPTOR_SET).expect("the descriptor set is well formed");
    let mut found: Vec<String> = pool
        .all_messages()
        .filter(|message| !message.is_map_entry())
        .flat_map(|message| message.fields().collect::<Vec<_>>())
        .filter(|field| sounds_secret(field.name()))
        .map(|field| field.full_name().to_owned())
        // A bundle's pre-keys are messages of their own.
        .filter(|name| !name.ends_with("Bundle.pre_key") && !name.ends_with(".pre_keys"))
        .collect();
    found.sort();
    let mut known: Vec<_> = known.map(str::to_owned).to_vec();
    known.sort();
    assert_eq!(found, known);
}
