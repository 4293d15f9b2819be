//! `Debug` for messages that carry secrets or plaintext.
//!
//! Every implementation takes the message apart field by field, so a field added to the schema does not compile until
//! somebody has decided whether it may be shown.

use std::collections::BTreeMap;
use std::fmt::{self, Debug, Formatter};

use crate::xmtp::device_sync::{content, group_backup, message_backup};
use crate::xmtp::message_contents as legacy;
use crate::xmtp::mls::database;
use crate::xmtp::mls::message_contents::{self as mls, content_types};

/// Stands for a hidden value and tells only whether there is one.
struct Hidden(bool);

impl Debug for Hidden {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(if self.0 { "<redacted>" } else { "<empty>" })
    }
}

/// A value that [`Hidden`] can stand for.
trait Hide {
    fn is_present(&self) -> bool;

    fn hide(&self) -> Hidden {
        Hidden(self.is_present())
    }
}

impl Hide for String {
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

impl<T> Hide for Vec<T> {
    fn is_present(&self) -> bool {
        !self.is_empty()
    }
}

impl<T> Hide for Option<T> {
    fn is_present(&self) -> bool {
        self.is_some()
    }
}

/// A map whose keys may be shown but whose values may not, unless `is_public` says so.
struct Values<'a> {
    entries: &'a BTreeMap<String, String>,
    is_public: fn(&str) -> bool,
}

impl Debug for Values<'_> {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let mut map = formatter.debug_map();
        for (name, value) in self.entries {
            if (self.is_public)(name) {
                map.entry(name, value);
            } else {
                map.entry(name, &value.hide());
            }
        }
        map.finish()
    }
}

/// Names with a leading underscore belong to the protocol; `_commit_log_signer` holds a private seed.
fn is_public_attribute(name: &str) -> bool {
    !name.starts_with('_')
}

/// Only parameters that describe content are shown: a remote attachment keeps its secret among the others.
fn is_public_parameter(name: &str) -> bool {
    matches!(name, "contentType" | "encoding" | "mimeType" | "reference" | "scheme")
}

/// Shows the first list of fields and hides the second; together they are all fields of the message.
macro_rules! redacted {
    ($type:ty, $name:literal, shown: [$($shown:ident),* $(,)?], hidden: [$($hidden:ident),+ $(,)?]) => {
        impl Debug for $type {
            #[allow(deprecated, reason = "deprecated fields are part of the message and are shown like the others")]
            fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                let Self { $($shown,)* $($hidden,)+ } = self;
                formatter
                    .debug_struct($name)
                    $(.field(stringify!($shown), $shown))*
                    $(.field(stringify!($hidden), &$hidden.hide()))+
                    .finish()
            }
        }
    };
}

redacted!(content::DeviceSyncKeyType, "DeviceSyncKeyType", shown: [], hidden: [key]);
redacted!(
    content::DeviceSyncRequest,
    "DeviceSyncRequest",
    shown: [server_url, deprecated_kind, options],
    hidden: [pin]
);
redacted!(content::HmacKeyUpdate, "HmacKeyUpdate", shown: [cycled_at_ns], hidden: [key]);
redacted!(content::V1UserPreferenceUpdate, "V1UserPreferenceUpdate", shown: [], hidden: [contents]);
redacted!(
    message_backup::GroupMessageSave,
    "GroupMessageSave",
    shown: [
        id, group_id, sent_at_ns, kind, sender_installation_id, sender_inbox_id, delivery_status,
        content_type_save, version_major, version_minor, authority_id, reference_id, sequence_id,
        originator_id, content_type,
    ],
    hidden: [decrypted_message_bytes]
);

redacted!(
    legacy::DecodedMessage,
    "DecodedMessage",
    shown: [id, message_version, sender_address, recipient_address, sent_ns, content_topic, conversation],
    hidden: [content_bytes]
);
redacted!(
    legacy::EncryptedPrivateKeyBundleV1,
    "EncryptedPrivateKeyBundleV1",
    shown: [ciphertext],
    hidden: [wallet_pre_key]
);
redacted!(legacy::SignedContent, "SignedContent", shown: [sender, signature], hidden: [payload]);
redacted!(
    legacy::invitation_v1::Aes256gcmHkdfsha256,
    "Aes256gcmHkdfsha256",
    shown: [],
    hidden: [key_material]
);
redacted!(legacy::private_key::Secp256k1, "Secp256k1", shown: [], hidden: [bytes]);
redacted!(legacy::signed_private_key::Secp256k1, "Secp256k1", shown: [], hidden: [bytes]);

redacted!(
    database::SendSyncArchive,
    "SendSyncArchive",
    shown: [options, sync_group_id, server_url],
    hidden: [pin]
);
redacted!(database::app_data_update_data::V1, "V1", shown: [component_id], hidden: [payload]);
redacted!(database::send_message_data::V1, "V1", shown: [], hidden: [payload_bytes]);
redacted!(
    database::update_metadata_data::V1,
    "V1",
    shown: [field_name],
    hidden: [field_value, expected_field_value]
);

redacted!(
    mls::ExternalCommitPolicyV1,
    "ExternalCommitPolicyV1",
    shown: [allow_external_commit, expires_at_ns, expire_in_ns, external_group_id],
    hidden: [symmetric_key]
);
redacted!(
    mls::ExternalInvitePayloadV1,
    "ExternalInvitePayloadV1",
    shown: [service_pointer, external_group_id],
    hidden: [symmetric_key]
);
redacted!(
    mls::group_updated::MetadataFieldChange,
    "MetadataFieldChange",
    shown: [field_name],
    hidden: [old_value, new_value]
);
redacted!(mls::plaintext_envelope::V1, "V1", shown: [idempotency_key], hidden: [content]);
redacted!(mls::plaintext_envelope::V2, "V2", shown: [idempotency_key], hidden: [message_type]);
redacted!(
    mls::welcome_pointer::WelcomeV1Pointer,
    "WelcomeV1Pointer",
    shown: [destination, aead_type, data_nonce, welcome_metadata_nonce],
    hidden: [encryption_key]
);
redacted!(
    content_types::RemoteAttachmentInfo,
    "RemoteAttachmentInfo",
    shown: [content_digest, nonce, salt, scheme, url, content_length, filename],
    hidden: [secret]
);

impl Debug for content::device_sync_key_type::Key {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Aes256Gcm(key) => formatter.debug_tuple("Aes256Gcm").field(&key.hide()).finish(),
        }
    }
}

impl Debug for mls::plaintext_envelope::v2::MessageType {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        match self {
            Self::Content(bytes) => formatter.debug_tuple("Content").field(&bytes.hide()).finish(),
            Self::DeviceSyncRequest(request) => {
                formatter.debug_tuple("DeviceSyncRequest").field(request).finish()
            }
            Self::DeviceSyncReply(reply) => formatter.debug_tuple("DeviceSyncReply").field(reply).finish(),
            Self::UserPreferenceUpdate(update) => {
                formatter.debug_tuple("UserPreferenceUpdate").field(update).finish()
            }
        }
    }
}

impl Debug for mls::GroupMutableMetadataV1 {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { attributes, admin_list, super_admin_list } = self;
        formatter
            .debug_struct("GroupMutableMetadataV1")
            .field("attributes", &Values { entries: attributes, is_public: is_public_attribute })
            .field("admin_list", admin_list)
            .field("super_admin_list", super_admin_list)
            .finish()
    }
}

impl Debug for group_backup::MutableMetadataSave {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self { attributes, admin_list, super_admin_list } = self;
        formatter
            .debug_struct("MutableMetadataSave")
            .field("attributes", &Values { entries: attributes, is_public: is_public_attribute })
            .field("admin_list", admin_list)
            .field("super_admin_list", super_admin_list)
            .finish()
    }
}

/// The two generations of encoded content have the same fields and the same secrets.
macro_rules! redacted_content {
    ($type:ty) => {
        impl Debug for $type {
            fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
                let Self { r#type, parameters, fallback, compression, content } = self;
                formatter
                    .debug_struct("EncodedContent")
                    .field("type", r#type)
                    .field("parameters", &Values { entries: parameters, is_public: is_public_parameter })
                    .field("fallback", &fallback.hide())
                    .field("compression", compression)
                    .field("content", &content.hide())
                    .finish()
            }
        }
    };
}

redacted_content!(legacy::EncodedContent);
redacted_content!(mls::EncodedContent);
