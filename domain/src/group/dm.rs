//! Conversations of two: what identifies the pair (PROTOCOL.md 4.8).

use crate::ids::InboxId;

/// The two inboxes of a DM in lexical order. All groups with the same pair are shown as one conversation.
#[must_use]
pub fn dm_pair(one: InboxId, other: InboxId) -> (InboxId, InboxId) {
    (one.min(other), one.max(other))
}

/// The DM id of two inboxes in any order: `dm:{a}:{b}` with the lesser id first. It is used locally only.
#[must_use]
pub fn dm_id(one: InboxId, other: InboxId) -> String {
    let (first, second) = dm_pair(one, other);
    format!("dm:{first}:{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// R-GRP-002
    #[test]
    fn the_dm_id_does_not_depend_on_who_made_the_dm() {
        let (a, b) = (InboxId::new([1; 32]), InboxId::new([0xab; 32]));
        let expected = format!("dm:{}:{}", "01".repeat(32), "ab".repeat(32));
        assert_eq!(dm_id(a, b), expected);
        assert_eq!(dm_id(b, a), expected);
        assert_eq!(dm_pair(b, a), (a, b));
    }
}
