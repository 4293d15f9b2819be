//! Which conversation is meant by what a person typed.
//!
//! - A whole id, a whole address or a whole inbox id means exactly that, whatever conversations are called: somebody
//!   could name a group like the address of somebody else.
//! - Otherwise: the whole name, the beginning of an id (at least four digits), or the beginning of the other's address
//!   (at least `0x` and four digits). If several conversations fit, none is taken.
//! - Otherwise: the whole name, whatever its capitals.

use hexmtp::domain::group::ConversationKind;
use hexmtp::domain::{GroupId, InboxId};
use hexmtp::error::SyncError;
use hexmtp::ports::store::ConversationFilter;
use hexmtp::{Client, Conversation};

use crate::error::CliError;
use crate::person::{self, Person};
use crate::session::Session;
use crate::show::printable;

/// The least digits of an id or address that name anything.
const LEAST_DIGITS: usize = 4;

/// What can be told about a conversation without opening it.
#[derive(Clone, Debug)]
struct Candidate {
    id: GroupId,
    /// Empty for direct conversations.
    name: String,
    /// The other side of a direct conversation.
    peer: Option<InboxId>,
    /// The other side's addresses.
    addresses: Vec<String>,
}

/// What was typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wanted {
    /// A whole id.
    Id(GroupId),
    /// Somebody.
    Person(Person),
    /// Anything else.
    Words,
}

fn read(text: &str) -> Wanted {
    let lower = text.to_ascii_lowercase();
    match (lower.parse(), person::parse(text)) {
        (Ok(id), _) => Wanted::Id(id),
        (_, Ok(person)) => Wanted::Person(person),
        _ => Wanted::Words,
    }
}

/// The candidates that a text means, when it is neither a whole id nor somebody.
fn matching<'a>(text: &str, candidates: &'a [Candidate]) -> Vec<&'a Candidate> {
    let lower = text.to_ascii_lowercase();
    let is_id_start = lower.len() >= LEAST_DIGITS && lower.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_address_start = lower.strip_prefix("0x").is_some_and(|digits| {
        digits.len() >= LEAST_DIGITS && digits.bytes().all(|byte| byte.is_ascii_hexdigit())
    });
    let fits = |candidate: &Candidate| {
        (!text.is_empty() && candidate.name == text)
            || (is_id_start && candidate.id.to_string().starts_with(&lower))
            || (is_address_start && candidate.addresses.iter().any(|address| address.starts_with(&lower)))
    };
    let found: Vec<&Candidate> = candidates.iter().filter(|candidate| fits(candidate)).collect();
    if !found.is_empty() {
        return found;
    }
    let name = text.to_lowercase();
    candidates.iter().filter(|it| !name.is_empty() && it.name.to_lowercase() == name).collect()
}

/// Whether a direct conversation with somebody is opened where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WithStranger {
    /// It is created.
    Open,
    /// It is an error.
    Fail,
}

/// Finds the conversation that a person means. What is not stored is looked for on the network, unless `offline`.
pub(crate) async fn conversation(
    session: &Session,
    text: &str,
    stranger: WithStranger,
    offline: bool,
) -> Result<Conversation, CliError> {
    let wanted = read(text);
    if let Some(found) = stored(session, wanted, text).await? {
        return Ok(found);
    }
    if !offline {
        // Somebody may have added this installation meanwhile.
        session.client.sync_welcomes().await?;
        if let Some(found) = stored(session, wanted, text).await? {
            return Ok(found);
        }
        if let (WithStranger::Open, Wanted::Person(person)) = (stranger, wanted) {
            return direct(&session.client, person).await;
        }
    }
    Err(CliError::NoConversation(text.to_owned()))
}

/// The direct conversation with somebody, opened where there is none. What others have opened has to be joined
/// before, or there will be two of one pair.
pub(crate) async fn direct(client: &Client, peer: Person) -> Result<Conversation, CliError> {
    let inbox = person::inboxes(client, &[peer]).await?;
    let inbox = inbox.first().ok_or(CliError::Unexpected("the network gave too few answers"))?;
    Ok(client.create_or_find_dm(*inbox).await?)
}

async fn stored(session: &Session, wanted: Wanted, text: &str) -> Result<Option<Conversation>, CliError> {
    if let Wanted::Id(id) = wanted {
        return match session.client.conversation(id).await {
            Ok(found) => Ok(Some(found)),
            Err(SyncError::UnknownConversation(_)) => Ok(None),
            Err(error) => Err(error.into()),
        };
    }
    let candidates = candidates(session).await?;
    let found: Vec<&Candidate> = match wanted {
        Wanted::Person(person) => candidates.iter().filter(|it| is_with(it, person)).take(1).collect(),
        _ => matching(text, &candidates),
    };
    match found.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(session.client.conversation(one.id).await?)),
        several => Err(CliError::Ambiguous {
            wanted: text.to_owned(),
            candidates: several.iter().map(|candidate| described(candidate)).collect(),
        }),
    }
}

/// Whether it is the direct conversation with somebody. Conversations come with the most recent one first.
fn is_with(candidate: &Candidate, person: Person) -> bool {
    match person {
        Person::Inbox(inbox) => candidate.peer == Some(inbox),
        Person::Address(address) => candidate.addresses.contains(&address.to_string()),
    }
}

fn described(candidate: &Candidate) -> String {
    let what = match (candidate.name.as_str(), candidate.addresses.first()) {
        ("", Some(address)) => format!(" (with {address})"),
        ("", None) => String::new(),
        (name, _) => format!(" ({})", printable(name)),
    };
    format!("{}{what}", candidate.id)
}

async fn candidates(session: &Session) -> Result<Vec<Candidate>, CliError> {
    let mut candidates = Vec::new();
    for conversation in session.client.conversations(ConversationFilter::default()).await? {
        let kind = conversation.kind().await?;
        let peer = conversation.dm_peer().await?;
        let name = match kind {
            // The other side could put anything there.
            ConversationKind::Dm => String::new(),
            _ => conversation.name().await?,
        };
        let addresses = match peer {
            Some(peer) => session.people.identifiers(peer).await?,
            None => Vec::new(),
        };
        let addresses = addresses.iter().map(ToString::to_string).collect();
        candidates.push(Candidate { id: conversation.id(), name, peer, addresses });
    }
    Ok(candidates)
}

#[cfg(test)]
mod tests {
    use hexmtp::domain::identity::EthereumAddress;

    use super::*;

    fn group(id: &str, name: &str) -> Candidate {
        Candidate { id: id.parse().unwrap(), name: name.to_owned(), peer: None, addresses: Vec::new() }
    }

    fn dm(id: &str, byte: u8) -> Candidate {
        let address = EthereumAddress::new([byte; 20]).to_string();
        let peer = Some(InboxId::new([byte; 32]));
        Candidate { id: id.parse().unwrap(), name: String::new(), peer, addresses: vec![address] }
    }

    fn all() -> Vec<Candidate> {
        vec![
            group("aaaa0000000000000000000000000000", "Weekend"),
            group("aaaa1111111111111111111111111111", "weekend"),
            group("bbbb0000000000000000000000000000", "Köln"),
            group("cccc0000000000000000000000000000", ""),
            group("dddd0000000000000000000000000000", "aaaa1"),
            group("eeee0000000000000000000000000000", "0xabab"),
            dm("ffff0000000000000000000000000000", 0xab),
        ]
    }

    fn found(text: &str) -> Vec<String> {
        matching(text, &all()).iter().map(|candidate| candidate.id.to_string()[..5].to_owned()).collect()
    }

    #[test]
    fn whole_names_beginnings_of_ids_and_of_addresses_are_found() {
        assert_eq!(found("Weekend"), ["aaaa0"]);
        assert_eq!(found("weekend"), ["aaaa1"]);
        assert_eq!(found("aaaa0"), ["aaaa0"]);
        assert_eq!(found("AAAA0000"), ["aaaa0"]);
        assert_eq!(found("cccc"), ["cccc0"]);
        assert_eq!(found("0xababab"), ["ffff0"]);
        assert_eq!(found("0xABABab"), ["ffff0"]);
    }

    #[test]
    fn capitals_count_only_when_they_decide() {
        assert_eq!(found("KÖLN"), ["bbbb0"]);
        assert_eq!(found("WEEKEND"), ["aaaa0", "aaaa1"]);
    }

    #[test]
    fn what_fits_several_names_them_all() {
        assert_eq!(found("aaaa"), ["aaaa0", "aaaa1"]);
        // A group that is called like the beginning of another's id does not take its place.
        assert_eq!(found("aaaa1"), ["aaaa1", "dddd0"]);
        // Nor one that is called like the beginning of somebody's address.
        assert_eq!(found("0xabab"), ["eeee0", "ffff0"]);
    }

    #[test]
    fn too_little_and_nothing_mean_nothing() {
        for text in ["", "aaa", "0xaba", "0x", "Week", "f", "zzzz", "0xzzzz"] {
            assert_eq!(found(text), Vec::<String>::new(), "{text:?}");
        }
    }

    #[test]
    fn whole_ids_and_addresses_mean_themselves() {
        let id = "aaaa0000000000000000000000000000";
        assert_eq!(read(id), Wanted::Id(id.parse().unwrap()));
        assert_eq!(read(&id.to_uppercase()), Wanted::Id(id.parse().unwrap()));
        let person = Person::Address(EthereumAddress::new([0xab; 20]));
        assert_eq!(read(&"ab".repeat(20)), Wanted::Person(person));
        assert_eq!(read(&format!("0x{}", "AB".repeat(20))), Wanted::Person(person));
        assert_eq!(read(&"ab".repeat(32)), Wanted::Person(Person::Inbox(InboxId::new([0xab; 32]))));
        for words in ["", "Weekend", "aaaa0", "0xab", &"ab".repeat(21)] {
            assert_eq!(read(words), Wanted::Words, "{words}");
        }
        let dms = [dm("ffff0000000000000000000000000000", 0xab), group(id, &"ab".repeat(20))];
        let with: Vec<bool> = dms.iter().map(|candidate| is_with(candidate, person)).collect();
        assert_eq!(with, [true, false]);
    }
}
