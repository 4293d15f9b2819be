//! Exit codes: what kind of failure a command ended with.

/// The kinds of failures. The numbers are documented in `--help`, and stay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// A fault of this software.
    Internal = 1,
    /// The command was typed wrongly.
    Usage = 2,
    /// The network cannot be reached or answers nonsense.
    Network = 3,
    /// Something that was named is not there.
    NotFound = 4,
    /// The rules of a conversation, of the network or of an inbox forbid it.
    Refused = 5,
    /// The database, the key store or a file failed.
    Storage = 6,
    /// It is stored and not done yet.
    Unsettled = 7,
}

/// The part of `--help` that documents the codes.
pub(crate) const HELP: &str = "\
Conversations are named by the beginning of their id, by their name, or by the address of the person you talk with.

Exit codes:
  0  done
  1  internal: a fault of this software
  2  usage: the command was typed wrongly
  3  network: the server cannot be reached, or answers nonsense
  4  not_found: no such conversation, nobody registered at this address, or no account yet
  5  refused: the rules of the conversation, of the network or of the inbox forbid it
  6  storage: the database, the key store or a file failed
  7  unsettled: stored, but not done yet; `hexmtp sync` goes on with it";

impl Class {
    /// The exit code.
    pub(crate) const fn number(self) -> u8 {
        match self {
            Self::Internal => 1,
            Self::Usage => 2,
            Self::Network => 3,
            Self::NotFound => 4,
            Self::Refused => 5,
            Self::Storage => 6,
            Self::Unsettled => 7,
        }
    }

    /// The name in JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Internal => "internal",
            Self::Usage => "usage",
            Self::Network => "network",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Storage => "storage",
            Self::Unsettled => "unsettled",
        }
    }

    /// The kind of the failure with this stable code.
    pub(crate) fn of(code: &str) -> Self {
        match code {
            "delivery.rejected" | "identity_log.rejected" | "identity_log.full" => Self::Refused,
            "grpc.url" | "grpc.app_version" | "identity.not_an_address" | "identity.invalid_private_key" => {
                Self::Usage
            }
            "group.membership.unknown_inboxes" => Self::NotFound,
            "register.not_visible" => Self::Network,
            "change.unknown_conversation" | "change.unknown_identifiers" | "change.unknown_inboxes" => {
                Self::NotFound
            }
            "sync.unknown_conversation" | "register.not_registered" | "inbox.unknown" => Self::NotFound,
            "register.key_missing" => Self::Storage,
            "contract_wallet.malformed" => Self::Refused,
            "change.unsettled" | "sync.contention" => Self::Unsettled,
            _ => Self::of_family(code.split('.').next().unwrap_or_default()),
        }
    }

    /// The kind of most failures whose code begins so.
    fn of_family(family: &str) -> Self {
        match family {
            "delivery" | "identity_log" | "grpc" | "contract_wallet" => Self::Network,
            "store" | "secret_store" => Self::Storage,
            "change" | "group" | "register" | "commit" | "inbox" | "inbox_change" | "identity" | "signer" => {
                Self::Refused
            }
            _ => Self::Internal,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_documents_every_class() {
        for class in [
            Class::Internal,
            Class::Usage,
            Class::Network,
            Class::NotFound,
            Class::Refused,
            Class::Storage,
            Class::Unsettled,
        ] {
            assert_eq!(class as u8, class.number());
            assert!(HELP.contains(&format!("\n  {}  {}: ", class.number(), class.name())), "{class:?}");
        }
        assert!(HELP.contains("\n  0  done"));
    }

    #[test]
    fn codes_have_their_class() {
        for (code, class) in [
            ("delivery.unavailable", Class::Network),
            ("delivery.rejected", Class::Refused),
            ("identity_log.unavailable", Class::Network),
            ("identity_log.full", Class::Refused),
            ("grpc.url", Class::Usage),
            ("grpc.tls", Class::Network),
            ("store.wrong_key_or_not_a_database", Class::Storage),
            ("secret_store.unusable", Class::Storage),
            ("register.not_registered", Class::NotFound),
            ("register.too_many_installations", Class::Refused),
            ("change.not_a_member", Class::Refused),
            ("change.not_permitted", Class::Refused),
            ("change.unknown_identifiers", Class::NotFound),
            ("change.unsettled", Class::Unsettled),
            ("commit.not_permitted", Class::Refused),
            ("sync.contention", Class::Unsettled),
            ("group.mutable_metadata.too_long", Class::Refused),
            ("group.membership.unknown_inboxes", Class::NotFound),
            ("group.leaving.last_member", Class::Refused),
            ("identity.invalid_private_key", Class::Usage),
            ("inbox.unknown", Class::NotFound),
            ("inbox_change.not_recovery", Class::Refused),
            ("identity.guard.recovery_leaves", Class::Refused),
            ("contract_wallet.unavailable", Class::Network),
            ("mls.corrupt_row", Class::Internal),
            ("", Class::Internal),
        ] {
            assert_eq!(Class::of(code), class, "{code}");
        }
    }
}
