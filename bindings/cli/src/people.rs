//! Who is behind an inbox: the addresses that belong to it, as far as they are stored.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use hexmtp::domain::identity::{AssociationState, Identifier, IdentityUpdate};
use hexmtp::domain::{InboxId, SequenceId};
use hexmtp::ports::store::Store;

use crate::error::CliError;

/// How many digits of an address or inbox are shown before and behind the gap.
const SHOWN: usize = 4;

/// The people of one profile.
pub(crate) struct People {
    store: Arc<dyn Store>,
    own: InboxId,
    known: Mutex<BTreeMap<InboxId, Vec<Identifier>>>,
}

impl People {
    pub(crate) fn new(store: Arc<dyn Store>, own: InboxId) -> Self {
        Self { store, own, known: Mutex::default() }
    }

    /// Whether this is the own inbox.
    pub(crate) fn is_own(&self, inbox: InboxId) -> bool {
        inbox == self.own
    }

    /// The identifiers of an inbox, from its log as it was last fetched; the one that can recover it first.
    pub(crate) async fn identifiers(&self, inbox: InboxId) -> Result<Vec<Identifier>, CliError> {
        if let Some(known) = self.lock().get(&inbox) {
            return Ok(known.clone());
        }
        let mut state = None;
        for logged in self.store.identity_updates(inbox, SequenceId::default()).await? {
            let applied = IdentityUpdate::decode(&logged.update)
                .ok()
                .and_then(|update| AssociationState::apply(state.take(), &update).ok());
            // A log that does not fold names nobody.
            let Some(applied) = applied else { return Ok(Vec::new()) };
            state = Some(applied);
        }
        let Some(state) = state.filter(|state| state.inbox_id() == inbox) else { return Ok(Vec::new()) };
        let mut identifiers: Vec<Identifier> = state.identifiers().into_iter().collect();
        identifiers.sort_by_key(|identifier| identifier != state.recovery_identifier());
        self.lock().insert(inbox, identifiers.clone());
        Ok(identifiers)
    }

    /// The first identifier of an inbox as text, if any is known.
    pub(crate) async fn address(&self, inbox: InboxId) -> Result<Option<String>, CliError> {
        Ok(self.identifiers(inbox).await?.first().map(Identifier::to_string))
    }

    /// A short name: "you", or the beginning and the end of an address.
    pub(crate) async fn label(&self, inbox: InboxId) -> Result<String, CliError> {
        if self.is_own(inbox) {
            return Ok("you".to_owned());
        }
        Ok(match self.address(inbox).await? {
            Some(address) => shortened(&address),
            None => format!("inbox {}", shortened(&inbox.to_string())),
        })
    }

    /// Short names, joined for a sentence.
    pub(crate) async fn labels(&self, inboxes: &[InboxId]) -> Result<String, CliError> {
        let mut labels = Vec::with_capacity(inboxes.len());
        for inbox in inboxes {
            labels.push(self.label(*inbox).await?);
        }
        Ok(joined(&labels))
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<InboxId, Vec<Identifier>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The beginning and the end of a long hexadecimal text: `0x1234…cdef`.
pub(crate) fn shortened(text: &str) -> String {
    let (mark, digits) = text.strip_prefix("0x").map_or(("", text), |digits| ("0x", digits));
    match (digits.get(..SHOWN), digits.len().checked_sub(SHOWN).and_then(|from| digits.get(from..))) {
        (Some(first), Some(last)) if digits.len() > 2 * SHOWN => format!("{mark}{first}…{last}"),
        _ => text.to_owned(),
    }
}

/// "a", "a and b", "a, b and c".
fn joined(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_ids_are_shortened() {
        assert_eq!(shortened("0x0123456789abcdef0123456789abcdef01234567"), "0x0123…4567");
        assert_eq!(shortened(&"ab".repeat(32)), "abab…abab");
        assert_eq!(shortened("0x12345678"), "0x12345678");
        assert_eq!(shortened(""), "");
        // Nothing that is cut within a character.
        assert_eq!(shortened("€€€€€€"), "€€€€€€");
    }

    #[test]
    fn names_are_joined_as_in_a_sentence() {
        let names = |count: usize| ["a", "b", "c"].map(str::to_owned)[..count].to_vec();
        let all: Vec<String> = (0..4).map(|count| joined(&names(count))).collect();
        assert_eq!(all, ["", "a", "a and b", "a, b and c"]);
    }
}
