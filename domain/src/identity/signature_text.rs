//! The text that people and installations sign.

use std::fmt::Write;

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use super::MemberIdentifier;
use super::update::{Action, Update};

impl<S> Update<S> {
    /// The text that every signer of this update signs, byte for byte (PROTOCOL.md 1.2). It does not depend on
    /// the signatures.
    #[must_use]
    pub fn signature_text(&self) -> String {
        let mut text = format!(
            "XMTP : Authenticate to inbox\n\nInbox ID: {}\nCurrent time: {}\n\n",
            self.inbox_id,
            rfc3339_seconds(self.client_timestamp_ns)
        );
        for action in &self.actions {
            let (title, label, value) = lines(action);
            // Writing to a String cannot fail.
            let _ = writeln!(text, "- {title}\n  ({label}: {value})");
        }
        if self.actions.is_empty() {
            text.push('\n');
        }
        text.push_str("\nFor more info: https://xmtp.org/signatures");
        text
    }
}

/// The title, label and value of an action.
fn lines<S>(action: &Action<S>) -> (&'static str, &'static str, String) {
    match action {
        Action::CreateInbox { identifier, .. } => ("Create inbox", "Owner", identifier.to_string()),
        Action::Add { new_member, .. } => {
            let (title, label) = match new_member {
                MemberIdentifier::Ethereum(_) | MemberIdentifier::UnclaimableAddress(_) => {
                    ("Link address to inbox", "Address")
                }
                MemberIdentifier::Installation(_) | MemberIdentifier::UnclaimableInstallation(_) => {
                    ("Grant messaging access to app", "ID")
                }
                MemberIdentifier::Passkey(_) => ("Link passkey to inbox", "Passkey"),
            };
            (title, label, new_member.to_string())
        }
        Action::Revoke { member, .. } => {
            let (title, label) = match member {
                MemberIdentifier::Ethereum(_) | MemberIdentifier::UnclaimableAddress(_) => {
                    ("Unlink address from inbox", "Address")
                }
                MemberIdentifier::Installation(_) | MemberIdentifier::UnclaimableInstallation(_) => {
                    ("Revoke messaging access from app", "ID")
                }
                MemberIdentifier::Passkey(_) => ("Unlink passkey from inbox", "Passkey"),
            };
            (title, label, member.to_string())
        }
        // The label is "Address" for a passkey too.
        Action::ChangeRecovery { new_recovery, .. } => {
            ("Change inbox recovery address", "Address", new_recovery.to_string())
        }
    }
}

/// Nanoseconds since the Unix epoch as RFC 3339 in UTC with whole seconds, the fraction cut off. Every `u64`
/// has a text: the largest lies in the year 2554.
fn rfc3339_seconds(nanos: u64) -> String {
    i64::try_from(nanos / 1_000_000_000)
        .ok()
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}
