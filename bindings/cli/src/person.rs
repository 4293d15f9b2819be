//! People as they are typed: by the address of their wallet, or by the id of their inbox.

use hexmtp::Client;
use hexmtp::domain::InboxId;
use hexmtp::domain::identity::{EthereumAddress, Identifier, MemberIdentifier};

use crate::error::CliError;

/// Somebody, as typed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Person {
    /// By the address of a wallet.
    Address(EthereumAddress),
    /// By the inbox, which is how the members of a group are known.
    Inbox(InboxId),
}

/// Reads an address.
pub(crate) fn parse_address(text: &str) -> Result<EthereumAddress, String> {
    EthereumAddress::parse(text).map_err(|error| error.to_string())
}

/// Reads an address or the id of an inbox.
pub(crate) fn parse(text: &str) -> Result<Person, String> {
    if text.len() == 64
        && let Ok(inbox) = text.to_ascii_lowercase().parse()
    {
        return Ok(Person::Inbox(inbox));
    }
    parse_address(text)
        .map(Person::Address)
        .map_err(|_| "an Ethereum address has 40 hexadecimal digits, the id of an inbox 64".to_owned())
}

/// Reads a member of an inbox: the address of a wallet, or the id of a device.
pub(crate) fn parse_member(text: &str) -> Result<MemberIdentifier, String> {
    if text.len() == 64
        && let Ok(installation) = text.to_ascii_lowercase().parse()
    {
        return Ok(MemberIdentifier::Installation(installation));
    }
    parse_address(text)
        .map(MemberIdentifier::Ethereum)
        .map_err(|_| "an Ethereum address has 40 hexadecimal digits, the id of a device 64".to_owned())
}

/// The inboxes of these people.
pub(crate) async fn inboxes(client: &Client, people: &[Person]) -> Result<Vec<InboxId>, CliError> {
    let addresses: Vec<Identifier> = people
        .iter()
        .filter_map(|person| match person {
            Person::Address(address) => Some(Identifier::from(*address)),
            Person::Inbox(_) => None,
        })
        .collect();
    let found = if addresses.is_empty() { Vec::new() } else { client.inbox_ids(&addresses).await? };
    let mut found = found.into_iter();
    people
        .iter()
        .map(|person| match person {
            Person::Inbox(inbox) => Ok(*inbox),
            Person::Address(_) => {
                found.next().ok_or(CliError::Unexpected("the network gave too few answers"))
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_read_by_address_and_by_inbox() {
        let address = EthereumAddress::new([0xab; 20]);
        for text in ["ab".repeat(20), format!("0x{}", "ab".repeat(20)), format!("0X{}", "AB".repeat(20))] {
            assert_eq!(parse(&text), Ok(Person::Address(address)), "{text}");
            assert_eq!(parse_address(&text), Ok(address), "{text}");
        }
        let inbox = Person::Inbox(InboxId::new([0xcd; 32]));
        assert_eq!(parse(&"cd".repeat(32)), Ok(inbox));
        assert_eq!(parse(&"CD".repeat(32)), Ok(inbox));
        for text in
            ["", "bob", "0x12", &"ab".repeat(19), &"zz".repeat(20), &"zz".repeat(32), &"ab".repeat(21)]
        {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(parse_address(&"cd".repeat(32)).is_err());
        let device = MemberIdentifier::Installation(hexmtp::domain::InstallationId::new([0xcd; 32]));
        assert_eq!(parse_member(&"CD".repeat(32)), Ok(device));
        assert_eq!(parse_member(&"ab".repeat(20)), Ok(MemberIdentifier::Ethereum(address)));
        assert!(parse_member(&"zz".repeat(32)).is_err() && parse_member("bob").is_err());
    }
}
