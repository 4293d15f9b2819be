//! What a person can do about an error.

/// A hint for the error with this stable code, where there is something to do.
pub(crate) fn for_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "delivery.unavailable" | "identity_log.unavailable" => {
            "is the server running, and is --url right? `hexmtp-node` runs one on this machine; commands that only \
             read can be used --offline"
        }
        "delivery.moved" | "identity_log.moved" => {
            "the server no longer speaks this version of the protocol; a newer hexmtp may"
        }
        "grpc.url" => "a server's URL looks like http://127.0.0.1:5556 or https://grpc.example.org:443",
        "grpc.tls" => {
            "https needs certificate authorities that this machine trusts (package ca-certificates)"
        }
        "cli.not_initialised" | "register.not_registered" => {
            "`hexmtp init` makes an account; --profile and --home name another one"
        }
        "cli.not_registered" => "they have to register on the same network first; `hexmtp can-message` tells",
        "cli.no_conversation" => "`hexmtp group list` shows all conversations",
        "cli.ambiguous_conversation" => "give more digits of its id, as `hexmtp group list --json` shows it",
        "cli.other_wallet" => "use another --profile for another wallet",
        "cli.other_key_store" => "leave --key-store out; it is for new profiles",
        "cli.key_missing" => {
            "without it the database cannot be opened; restore it, or start anew in another --profile"
        }
        "secret_store.unusable" => {
            "the key store is not used as long as others may have read or changed it; mend it, and use it again"
        }
        "secret_store.backend" => "`--key-store file` keeps secrets in files that only you can read",
        "store.wrong_key_or_not_a_database" => {
            "the database of the profile and the key in its key store do not belong together; was one restored \
             without the other?"
        }
        "store.unavailable" => "another process may be holding the database; try again",
        "store.full" => "make room on the disk; nothing was lost",
        "store.newer_schema" => "use the newer hexmtp that wrote the database",
        "identity.invalid_private_key" => {
            "a private key has 64 hexadecimal digits, with or without 0x before them"
        }
        "change.not_a_member" => "somebody in the conversation has to add you again",
        "change.not_permitted" | "commit.not_permitted" => {
            "in a group, an admin may do it; a direct conversation stays as it is"
        }
        "change.needs_readd" => "somebody in the conversation has to remove and add you again",
        "change.paused" => "a newer hexmtp is needed to write here; reading works",
        "cli.not_sent_yet" => "`hexmtp sync` sends it when the network is there again",
        "change.unsettled" | "sync.contention" | "cli.partly_synced" => "`hexmtp sync` goes on with it",
        "register.too_many_installations" => "an inbox has at most ten devices; revoke one",
        "inbox_change.not_recovery" => {
            "only the recovery wallet revokes, and names its successor: `hexmtp inbox` shows it, \
             --recovery-key-file names the file with its key"
        }
        "inbox_change.account_taken" => "it has to leave its inbox first: `hexmtp inbox revoke`, there",
        "identity.guard.recovery_leaves" | "identity.guard.no_identifier_left" => {
            "--force does it all the same: nobody finds the inbox by that wallet any more, and the devices that it let \
             in go with it"
        }
        "identity.guard.nothing_to_do" => "`hexmtp inbox` shows who belongs to the inbox",
        "identity.guard.too_many_installations" => "an inbox has at most ten devices; revoke one",
        "register.revoked" => "this device was removed from its inbox; make a new --profile",
        _ => return None,
    })
}
