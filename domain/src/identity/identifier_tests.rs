//! Identifiers and inbox ids.

use std::collections::BTreeSet;

use hexmtp_proto::xmtp::identity::associations as wire;

use super::vectors::{INBOX_IDS, PROTOCOL, json, list, text};
use super::*;
use crate::ids::InstallationId;

const ADDRESS: &str = "0x1234567890abcdef1234567890abcdef12345678";

/// R-IDN-001
#[test]
fn inbox_ids_equal_the_official_ones() {
    let official = list(INBOX_IDS);
    assert_eq!(official.len(), 36);
    for entry in official {
        let identifier = EthereumAddress::parse(text(&entry, "address")).unwrap().into();
        // One entry was asked for without a nonce: the official SDK then takes 1.
        let nonce = entry["nonce"].as_str().map_or(1, |nonce| nonce.parse().unwrap());
        assert_eq!(inbox_id(&identifier, nonce).to_string(), text(&entry, "inboxId"), "nonce {nonce}");
    }
    for entry in json(PROTOCOL)["inbox_id"].as_array().unwrap() {
        let identifier = EthereumAddress::from_wire(text(entry, "identifier")).unwrap().into();
        let nonce = entry["nonce"].as_u64().unwrap();
        assert_eq!(inbox_id(&identifier, nonce).to_string(), text(entry, "inbox_id"));
    }
}

/// R-IDN-001: a passkey's text is the hexadecimal form of its key, without `0x`.
#[test]
fn a_passkey_inbox_is_made_from_its_hexadecimal_key() {
    let passkey = Identifier::Passkey(PasskeyKey::new(vec![0x02, 0xAB], None));
    let expected: [u8; 32] = <sha2::Sha256 as sha2::Digest>::digest(b"02ab7").into();
    assert_eq!(inbox_id(&passkey, 7).as_bytes(), &expected);
}

/// R-IDN-002
#[test]
fn application_input_is_normalised() {
    let expected = EthereumAddress::from_wire(ADDRESS).unwrap();
    for spelling in [
        ADDRESS,
        "1234567890abcdef1234567890abcdef12345678",
        "0x1234567890ABCDEF1234567890aBcDeF12345678",
        "0X1234567890ABCDEF1234567890ABCDEF12345678",
    ] {
        assert_eq!(EthereumAddress::parse(spelling), Ok(expected), "{spelling}");
    }
    assert_eq!(expected.to_string(), ADDRESS);
}

/// R-IDN-002
#[test]
fn application_input_that_is_no_address_is_refused() {
    for wrong in [
        "",
        "0x",
        "0x1234567890abcdef1234567890abcdef1234567",
        "0x1234567890abcdef1234567890abcdef1234567g",
        "0x1234567890abcdef1234567890abcdef123456789a",
        "0x0x34567890abcdef1234567890abcdef12345678",
        " 0x1234567890abcdef1234567890abcdef12345678",
        "0x1234567890abcdef1234567890abcdef1234567\u{e9}",
    ] {
        assert_eq!(EthereumAddress::parse(wrong), Err(IdentifierError::NotAnAddress), "{wrong}");
    }
}

/// R-IDN-003
#[test]
fn the_wire_knows_one_spelling_of_an_address() {
    for wrong in [
        "1234567890abcdef1234567890abcdef12345678",
        "0X1234567890abcdef1234567890abcdef12345678",
        "0x1234567890Abcdef1234567890abcdef12345678",
        "0x1234567890abcdef1234567890abcdef1234567",
        "0x1234567890abcdef1234567890abcdef1234567800",
        "",
    ] {
        assert_eq!(EthereumAddress::from_wire(wrong), Err(IdentifierError::NotWireAddress), "{wrong}");
        let member = wire::MemberIdentifier {
            kind: Some(wire::member_identifier::Kind::EthereumAddress(wrong.into())),
        };
        let unclaimable = MemberIdentifier::UnclaimableAddress(wrong.into());
        assert_eq!(MemberIdentifier::from_wire(member), Ok(unclaimable.clone()));
        let identifier = Identifier::from_wire(wrong, IdentifierKind::Ethereum, None).unwrap();
        assert_eq!(identifier, Identifier::Unclaimable(wrong.into()));
        assert_eq!(MemberIdentifier::from(identifier), unclaimable);
    }
}

/// R-IDN-004
#[test]
fn the_relying_party_is_no_part_of_a_passkey() {
    let noted = PasskeyKey::new(vec![2, 3], Some("example.org".into()));
    let bare = PasskeyKey::new(vec![2, 3], None);
    assert_eq!(noted, bare);
    assert_eq!(BTreeSet::from([noted.clone(), bare.clone()]).len(), 1);
    assert_eq!(std::collections::HashSet::from([noted.clone(), bare]).len(), 1);
    assert_ne!(noted, PasskeyKey::new(vec![2, 4], Some("example.org".into())));
}

#[test]
fn member_identifiers_survive_the_wire() {
    let members = [
        MemberIdentifier::Ethereum(EthereumAddress::new([7; 20])),
        MemberIdentifier::Installation(InstallationId::new([8; 32])),
        MemberIdentifier::Passkey(PasskeyKey::new(vec![2; 33], Some("example.org".into()))),
    ];
    for member in members {
        let message = member.to_wire();
        let back = MemberIdentifier::from_wire(message.clone()).unwrap();
        assert_eq!(back, member);
        // Equality of members ignores the relying party; the message shows it.
        assert_eq!(back.to_wire(), message);
        if let Some(identifier) = member.as_identifier() {
            let relying_party = identifier.relying_party().map(str::to_owned);
            let kind = IdentifierKind::from_wire(identifier.kind().to_wire()).unwrap();
            assert_eq!(Identifier::from_wire(&identifier.to_string(), kind, relying_party), Ok(identifier));
        }
    }
}

#[test]
fn malformed_members_are_refused_or_nobodys() {
    use wire::member_identifier::Kind;
    assert_eq!(
        MemberIdentifier::from_wire(wire::MemberIdentifier { kind: None }),
        Err(IdentifierError::Missing)
    );
    for length in [0, 31, 33] {
        let kind = Some(Kind::InstallationPublicKey(vec![0; length]));
        let member = MemberIdentifier::from_wire(wire::MemberIdentifier { kind }).unwrap();
        assert_eq!(member, MemberIdentifier::UnclaimableInstallation(vec![0; length]));
        assert_eq!((member.as_installation(), member.as_identifier()), (None, None));
        assert_eq!(MemberIdentifier::from_wire(member.to_wire()), Ok(member));
    }
    for wrong in ["0x02", "2", "zz"] {
        assert_eq!(
            Identifier::from_wire(wrong, IdentifierKind::Passkey, None),
            Err(IdentifierError::NotPasskey)
        );
    }
    let spelled = |text| Identifier::from_wire(text, IdentifierKind::Passkey, None).unwrap();
    assert_eq!(spelled("02AB"), spelled("02ab"));
    assert_eq!(spelled("02AB").to_string(), "02ab");
}

/// R-IDN-005
#[test]
fn an_unspecified_kind_is_ethereum() {
    assert_eq!(IdentifierKind::from_wire(0), Ok(IdentifierKind::Ethereum));
    assert_eq!(IdentifierKind::from_wire(1), Ok(IdentifierKind::Ethereum));
    assert_eq!(IdentifierKind::from_wire(2), Ok(IdentifierKind::Passkey));
    for unknown in [-1, 3, i32::MAX] {
        assert_eq!(IdentifierKind::from_wire(unknown), Err(IdentifierError::UnknownKind(unknown)));
    }
}
