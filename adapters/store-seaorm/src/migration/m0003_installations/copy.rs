//! What was in the tables of before. A column that is not named is empty.

/// One statement for each table. A message that has no place yet gets one behind all others; when a message was stored
/// was not kept, so it is when it was sent.
pub(super) const STATEMENTS: [&str; 15] = [
    "INSERT INTO revisions (installation, scope, revision) SELECT 1, scope, revision FROM old_revisions",
    "INSERT INTO mls_rows (installation, scope, key, value) SELECT 1, scope, key, value FROM old_mls_rows",
    "INSERT INTO identity (installation, inbox_id, key_seed, created_at, registered) \
     SELECT 1, inbox_id, key_seed, created_at, registered FROM old_identity",
    "INSERT INTO preferences (installation, hmac_root, hmac_cycled_at) \
     SELECT 1, hmac_root, created_at FROM old_identity",
    "INSERT INTO key_packages (installation, reference, init_public, init_private, wrapper_public, wrapper_private, \
     created_at, uploaded, superseded_at) SELECT 1, reference, init_public, init_private, wrapper_public, \
     wrapper_private, created_at, uploaded, superseded_at FROM old_key_packages",
    "INSERT INTO identity_updates (installation, inbox_id, sequence_id, server_time, payload) \
     SELECT 1, inbox_id, sequence_id, server_time, payload FROM old_identity_updates",
    "INSERT INTO cursors (installation, topic, originator, sequence_id) \
     SELECT 1, topic, originator, sequence_id FROM old_cursors",
    "INSERT INTO consent (installation, kind, entity, state, decided_at) \
     SELECT 1, kind, entity, state, decided_at FROM old_consent",
    "INSERT INTO conversations (installation, id, kind, dm_first, dm_second, created_at, active_at, membership, \
     publishes_commit_log, creator, added_by, epoch, authenticator, paused_for, needs_readd, rotated_at, \
     installations_checked_at, welcome_sequence_id, last_message_at, pending_removals, extensions, members) \
     SELECT 1, id, kind, dm_first, dm_second, created_at, active_at, membership, FALSE, creator, added_by, epoch, \
     authenticator, paused_for, needs_readd, rotated_at, installations_checked_at, welcome_sequence_id, \
     last_message_at, pending_removals, extensions, members FROM old_conversations",
    "INSERT INTO messages (installation, id, ordinal, group_id, sender_inbox, sender_installation, sent_at, \
     inserted_at, kind, delivery, content_authority, content_type, content_major, content_minor, idempotency_key, \
     originator, sequence_id, epoch, content) SELECT 1, id, ordinal, group_id, sender_inbox, sender_installation, \
     sent_at, sent_at, kind, delivery, content_authority, content_type, content_major, content_minor, \
     idempotency_key, COALESCE(originator, 4294967296), COALESCE(sequence_id, 9223372036854775807), epoch, content \
     FROM old_messages ORDER BY ordinal",
    "INSERT INTO intents (installation, id, ordinal, group_id, kind, data, state, settled, payload, payload_hash, \
     payload_epoch, post_commit, message_id, should_push, attempts, created_at, error) SELECT 1, id, ordinal, \
     group_id, kind, data, state, state > 3, payload, payload_hash, payload_epoch, post_commit, message_id, \
     should_push, attempts, created_at, error FROM old_intents",
    "INSERT INTO commit_log (installation, group_id, ordinal, sequence_id, last_authenticator, outcome, epoch, \
     authenticator, committer) SELECT 1, group_id, ordinal, sequence_id, last_authenticator, outcome, epoch, \
     authenticator, committer FROM old_commit_log",
    "INSERT INTO rejected (installation, ordinal, topic, originator, sequence_id, code, detail, rejected_at) \
     SELECT 1, ordinal, topic, originator, sequence_id, code, detail, rejected_at FROM old_rejected",
    "INSERT INTO deferred_welcomes (installation, originator, sequence_id, destination, server_time, data, \
     hpke_public_key, algorithm, metadata, since) SELECT 1, originator, sequence_id, destination, server_time, data, \
     hpke_public_key, algorithm, metadata, since FROM old_deferred_welcomes",
    "INSERT INTO feed (installation, position, event, group_id, message_id) \
     SELECT 1, position, event, group_id, message_id FROM old_feed",
];

/// The installation of a file, with the numbers that it has given out.
pub(super) fn only_installation(id: i64) -> String {
    format!(
        "INSERT INTO installations (id, name, feed_position, feed_trimmed, ordinal) VALUES ({id}, x'', \
         (SELECT COALESCE(MAX(position), 0) FROM feed), 0, \
         MAX((SELECT COALESCE(MAX(ordinal), 0) FROM messages), (SELECT COALESCE(MAX(ordinal), 0) FROM intents), \
         (SELECT COALESCE(MAX(ordinal), 0) FROM commit_log), (SELECT COALESCE(MAX(ordinal), 0) FROM rejected)))"
    )
}
