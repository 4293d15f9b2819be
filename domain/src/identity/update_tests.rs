//! Identity updates: the captured bytes and texts, decoding, and signing.

use hexmtp_proto::xmtp::identity::associations as wire;
use proptest::prelude::*;
use prost::Message;

use super::vectors::{
    EXTRA, NIGHTLY, PROTOCOL, RUNS, array, bytes, identity_updates, installation, installation_keys, json,
    signature_texts, text, update, wallet,
};
use super::*;
use crate::ids::InboxId;

/// R-IDN-014
#[test]
fn captured_updates_keep_their_bytes() {
    let mut count = 0;
    for run in RUNS {
        for entry in identity_updates(run) {
            let bytes = bytes(&entry, "identity_update_hex");
            let update = IdentityUpdate::decode(&bytes).unwrap();
            assert_eq!(hex::encode(update.encode()), hex::encode(&bytes), "{}", text(&entry, "step"));
            assert_eq!(update.inbox_id.to_string(), text(&entry["decoded"], "inboxId"));
            assert_eq!(update.client_timestamp_ns.to_string(), text(&entry["decoded"], "clientTimestampNs"));
            count += 1;
        }
    }
    assert_eq!(count, 18);
}

/// R-IDN-006: the text, and whom its captured signature recovers to.
#[test]
fn captured_updates_have_the_captured_texts_and_signers() {
    let mut count = 0;
    for run in RUNS {
        for entry in identity_updates(run) {
            let update = IdentityUpdate::decode(&bytes(&entry, "identity_update_hex")).unwrap();
            for signed in entry["signature_texts"].as_array().unwrap() {
                assert_eq!(update.signature_text(), text(signed, "text"), "{}", text(&entry, "step"));
                let signature = UnverifiedSignature::Erc191 { bytes: bytes(signed, "signature") };
                let verified = signature.verify(&update.signature_text()).unwrap();
                assert_eq!(verified.signer().to_string(), text(signed, "signer"));
                assert!(update.actions.iter().flat_map(Action::signatures).any(|used| *used == signature));
                count += 1;
            }
        }
    }
    assert_eq!(count, 17, "every update but the contract wallet's");
}

/// R-IDN-006: the installation of the contract wallet's owner signed the same text, which is not listed.
#[test]
fn the_installation_of_a_contract_wallet_verifies() {
    let update = update(EXTRA, "SCW Client.create");
    let text = update.signature_text();
    let results: Vec<_> = update
        .actions
        .iter()
        .flat_map(Action::signatures)
        .map(|signature| signature.verify(&text).map(|verified| verified.kind()))
        .collect();
    let not_asked = Err(SignatureError::ContractNotAsked);
    assert_eq!(results, [not_asked, not_asked, Ok(SignatureKind::InstallationKey)]);
}

/// R-IDN-006
#[test]
fn the_text_of_the_protocol_vector_is_exact() {
    let vector = &json(PROTOCOL)["signature_text"];
    let identifier = EthereumAddress::parse("0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266").unwrap().into();
    let key = InstallationKey::from_seed(array(vector, "installation_seed"));
    let time = vector["client_timestamp_ns"].as_u64().unwrap();
    let update = UnsignedUpdate::create_inbox(&identifier, 0, key.id(), time);
    assert_eq!(update.signature_text(), text(vector, "text"));
}

/// R-IDN-006: every line of the table, which the captures hold only in part.
#[test]
fn every_action_has_its_two_lines() {
    let ethereum = Identifier::Ethereum(EthereumAddress::new([0xab; 20]));
    let passkey = Identifier::Passkey(PasskeyKey::new(vec![2, 0xcd], Some("example.org".into())));
    let device = installation(1).id();
    let address = format!("0x{}", "ab".repeat(20));
    let create = |identifier: &Identifier| Action::CreateInbox {
        identifier: identifier.clone(),
        nonce: 0,
        signature: (),
    };
    let add = |new_member: MemberIdentifier| Action::Add {
        new_member,
        existing_member_signature: (),
        new_member_signature: (),
    };
    let revoke = |member: MemberIdentifier| Action::Revoke { member, recovery_signature: () };
    let change = |identifier: &Identifier| Action::ChangeRecovery {
        new_recovery: identifier.clone(),
        recovery_signature: (),
    };
    let cases = [
        (create(&ethereum), format!("- Create inbox\n  (Owner: {address})")),
        (create(&passkey), "- Create inbox\n  (Owner: 02cd)".into()),
        (add((&ethereum).into()), format!("- Link address to inbox\n  (Address: {address})")),
        (add(device.into()), format!("- Grant messaging access to app\n  (ID: {device})")),
        (add((&passkey).into()), "- Link passkey to inbox\n  (Passkey: 02cd)".into()),
        (revoke((&ethereum).into()), format!("- Unlink address from inbox\n  (Address: {address})")),
        (revoke(device.into()), format!("- Revoke messaging access from app\n  (ID: {device})")),
        (revoke((&passkey).into()), "- Unlink passkey from inbox\n  (Passkey: 02cd)".into()),
        (change(&ethereum), format!("- Change inbox recovery address\n  (Address: {address})")),
        (change(&passkey), "- Change inbox recovery address\n  (Address: 02cd)".into()),
    ];
    let head = format!(
        "XMTP : Authenticate to inbox\n\nInbox ID: {}\nCurrent time: 1970-01-01T00:00:00Z\n\n",
        "07".repeat(32)
    );
    let foot = "\n\nFor more info: https://xmtp.org/signatures";
    let (actions, lines): (Vec<_>, Vec<_>) = cases.into_iter().unzip();
    for (action, lines) in actions.iter().zip(&lines) {
        let update =
            Update { inbox_id: InboxId::new([7; 32]), client_timestamp_ns: 0, actions: vec![action.clone()] };
        assert_eq!(update.signature_text(), format!("{head}{lines}{foot}"));
    }
    let mut update = Update { inbox_id: InboxId::new([7; 32]), client_timestamp_ns: 0, actions };
    assert_eq!(update.signature_text(), format!("{head}{}{foot}", lines.join("\n")));
    update.actions.clear();
    assert_eq!(update.signature_text(), format!("{head}{foot}"));
}

/// R-IDN-007
#[test]
fn the_time_is_cut_to_whole_seconds() {
    for (nanos, time) in [
        (0, "1970-01-01T00:00:00Z"),
        (999_999_999, "1970-01-01T00:00:00Z"),
        (1_704_164_645_999_999_999, "2024-01-02T03:04:05Z"),
        (u64::MAX, "2554-07-21T23:34:33Z"),
    ] {
        let update = UnsignedUpdate::revoke(InboxId::new([0; 32]), [], &wallet(1).identifier(), nanos);
        assert!(update.signature_text().contains(&format!("\nCurrent time: {time}\n")), "{nanos}");
    }
}

/// R-IDN-008: with the captured wallet and installation keys, registration gives the captured bytes.
#[test]
fn captured_registrations_are_reproduced() {
    let mut count = 0;
    for run in RUNS {
        let wallets = signature_texts(run);
        for entry in identity_updates(run) {
            let captured = IdentityUpdate::decode(&bytes(&entry, "identity_update_hex")).unwrap();
            let [Action::CreateInbox { nonce, .. }, Action::Add { new_member, .. }] = &captured.actions[..]
            else {
                continue;
            };
            let Some(wallet) = wallets.iter().find(|wallet| text(wallet, "step") == text(&entry, "step"))
            else {
                assert_eq!(text(&entry, "step"), "SCW Client.create");
                continue;
            };
            let wallet = LocalWallet::from_private_key(array(wallet, "signer_private_key")).unwrap();
            let key = installation_key(run, new_member);
            let unsigned = UnsignedUpdate::create_inbox(
                &wallet.identifier(),
                *nonce,
                key.id(),
                captured.client_timestamp_ns,
            );
            let text = unsigned.signature_text();
            let signatures = [wallet.sign_text(&text).unwrap(), key.sign_identity_text(&text)];
            assert_eq!(unsigned.sign(&signatures).unwrap(), captured);
            count += 1;
        }
    }
    assert_eq!(count, 9);
}

fn installation_key(run: usize, member: &MemberIdentifier) -> InstallationKey {
    let keys = installation_keys(run);
    let entry = keys.iter().find(|key| text(key, "public") == member.to_string()).unwrap();
    InstallationKey::from_seed(array(entry, "ed25519_seed"))
}

/// R-IDN-009
#[test]
fn a_captured_second_installation_is_reproduced() {
    for (run, step) in [
        (NIGHTLY, "Client.create alice 2nd installation"),
        (EXTRA, "create bob-2 (2nd installation)"),
        (EXTRA, "create bob-3 (3rd installation)"),
    ] {
        let captured = update(run, step);
        let [Action::Add { new_member, .. }] = &captured.actions[..] else { panic!("not one addition") };
        let wallets = signature_texts(run);
        let wallet = wallets.iter().find(|wallet| text(wallet, "step") == step).unwrap();
        let wallet = LocalWallet::from_private_key(array(wallet, "signer_private_key")).unwrap();
        let unsigned = UnsignedUpdate::add_member(
            captured.inbox_id,
            new_member.clone(),
            wallet.identifier().into(),
            captured.client_timestamp_ns,
        );
        let text = unsigned.signature_text();
        let key = installation_key(run, new_member);
        // The order of the signatures does not matter.
        let signatures = [key.sign_identity_text(&text), wallet.sign_text(&text).unwrap()];
        assert_eq!(unsigned.sign(&signatures).unwrap().encode(), captured.encode());
    }
}

#[test]
fn missing_signers_are_named() {
    let (owner, key) = (wallet(1), installation(1));
    let unsigned = UnsignedUpdate::create_inbox(&owner.identifier(), 0, key.id(), 5);
    let text = unsigned.signature_text();
    let (owner_id, key_id) = (owner.identifier().into(), key.id().into());
    assert_eq!(unsigned.signers(), [&owner_id, &key_id].into_iter().cloned().collect());

    let of_key = key.sign_identity_text(&text);
    let of_owner = owner.sign_text(&text).unwrap();
    let of_stranger = wallet(2).sign_text(&text).unwrap();
    let elsewhere = owner.sign_text("another text").unwrap();
    for (signatures, missing) in [
        (vec![], vec![&owner_id, &key_id]),
        (vec![of_key.clone()], vec![&owner_id]),
        (vec![of_owner.clone(), of_stranger], vec![&key_id]),
        (vec![elsewhere, of_key.clone()], vec![&owner_id]),
    ] {
        let error = unsigned.clone().sign(&signatures).unwrap_err();
        assert_eq!(error, SigningError::Missing(missing.into_iter().cloned().collect()));
        assert_eq!(error.code(), "identity.missing_signatures");
    }
    let broken = key.sign_identity_text("another text");
    let error = unsigned.clone().sign(&[of_owner.clone(), broken]).unwrap_err();
    assert_eq!(error.code(), "identity.bad_signature");
    assert!(unsigned.sign(&[of_owner, of_key]).is_ok());
}

/// R-IDN-015: each part that is taken away is missed.
#[test]
fn incomplete_updates_are_refused() {
    use wire::identity_action::Kind;
    let full = |step| update(NIGHTLY, step).to_wire();
    let refused = |mut update: wire::IdentityUpdate, damage: &dyn Fn(&mut Kind)| {
        assert!(IdentityUpdate::from_wire(update.clone()).is_ok());
        damage(update.actions.last_mut().unwrap().kind.as_mut().unwrap());
        IdentityUpdate::decode(&update.encode_to_vec()).unwrap_err().code()
    };
    macro_rules! field {
        ($step:literal, $kind:ident, $field:ident = $value:expr) => {
            refused(full($step), &|kind| match kind {
                Kind::$kind(action) => action.$field = $value,
                other => panic!("{other:?}"),
            })
        };
    }
    let missing = "identity.missing_field";
    assert_eq!(field!("unsafe_addAccount alice2", Add, new_member_identifier = None), missing);
    assert_eq!(field!("unsafe_addAccount alice2", Add, new_member_signature = None), missing);
    assert_eq!(field!("unsafe_addAccount alice2", Add, existing_member_signature = None), missing);
    let empty = Some(wire::Signature { signature: None });
    assert_eq!(field!("unsafe_addAccount alice2", Add, new_member_signature = empty.clone()), missing);
    let nobody = Some(wire::MemberIdentifier { kind: None });
    let unidentified = "identity.missing_identifier";
    assert_eq!(field!("unsafe_addAccount alice2", Add, new_member_identifier = nobody.clone()), unidentified);
    assert_eq!(field!("removeAccount alice2 (signed by recovery)", Revoke, member_to_revoke = None), missing);
    assert_eq!(
        field!("removeAccount alice2 (signed by recovery)", Revoke, recovery_identifier_signature = None),
        missing
    );
    assert_eq!(
        field!(
            "changeRecoveryIdentifier",
            ChangeRecoveryAddress,
            existing_recovery_identifier_signature = None
        ),
        missing
    );
    assert_eq!(
        field!("changeRecoveryIdentifier", ChangeRecoveryAddress, new_recovery_identifier_kind = 2),
        "identity.not_a_passkey"
    );
}

/// R-IDN-017: what official clients let a recovery identifier and a revoked member be.
#[test]
fn identifiers_that_nobody_can_claim_are_read_and_kept() {
    let odd = [
        MemberIdentifier::UnclaimableAddress(String::new()),
        MemberIdentifier::UnclaimableAddress(format!("0x{}", "AB".repeat(20))),
        MemberIdentifier::UnclaimableAddress("ab".repeat(20)),
        MemberIdentifier::UnclaimableInstallation(vec![7; 31]),
    ];
    let owner = wallet(1);
    let key = installation(1);
    let creation = UnsignedUpdate::create_inbox(&owner.identifier(), 0, key.id(), 1);
    let text = creation.signature_text();
    let inbox = creation.inbox_id;
    let created = creation.sign(&[owner.sign_text(&text).unwrap(), key.sign_identity_text(&text)]).unwrap();
    let before = AssociationState::apply(None, &created).unwrap();
    for member in odd {
        let line = format!(": {member})");
        let revocation = UnsignedUpdate::revoke(inbox, [member.clone()], &owner.identifier(), 2);
        let text = revocation.signature_text();
        assert!(text.contains(&line), "{text}");
        let bytes = revocation.sign(&[owner.sign_text(&text).unwrap()]).unwrap().encode();
        let state = AssociationState::apply(Some(before.clone()), &IdentityUpdate::decode(&bytes).unwrap());
        assert!(state.unwrap().members().eq(before.members()));
        let Some(recovery) = member.as_identifier() else { continue };
        let change = UnsignedUpdate::change_recovery(inbox, recovery.clone(), &owner.identifier(), 3);
        let text = change.signature_text();
        assert!(text.contains(&line), "{text}");
        let bytes = change.sign(&[owner.sign_text(&text).unwrap()]).unwrap().encode();
        let state = AssociationState::apply(Some(before.clone()), &IdentityUpdate::decode(&bytes).unwrap());
        let state = state.unwrap();
        assert_eq!(*state.recovery_identifier(), recovery);
        assert_eq!(AssociationState::decode(&state.encode()), Ok(state));
    }
}

/// R-IDN-005: official clients read an unknown kind as the unspecified one.
#[test]
fn an_unknown_kind_in_an_update_is_ethereum() {
    let captured = update(NIGHTLY, "changeRecoveryIdentifier");
    for number in [-1, 0, 3, i32::MAX] {
        let mut update = captured.to_wire();
        let Some(wire::identity_action::Kind::ChangeRecoveryAddress(change)) = &mut update.actions[0].kind
        else {
            panic!("not a change of the recovery identifier")
        };
        change.new_recovery_identifier_kind = number;
        assert_eq!(IdentityUpdate::from_wire(update).unwrap(), captured);
    }
}

/// R-IDN-015
#[test]
fn incomplete_creations_are_refused() {
    type Damage = fn(&mut wire::CreateInbox);
    let mut update = update(NIGHTLY, "Client.create alice (new inbox)").to_wire();
    update.actions.truncate(1);
    let cases: [(Damage, &str); 2] = [
        (|create| create.initial_identifier_signature = None, "identity.missing_field"),
        (|create| create.initial_identifier_kind = 2, "identity.not_a_passkey"),
    ];
    for (damage, code) in cases {
        let mut update = update.clone();
        let Some(wire::identity_action::Kind::CreateInbox(create)) = &mut update.actions[0].kind else {
            panic!("not a creation")
        };
        damage(create);
        assert_eq!(IdentityUpdate::decode(&update.encode_to_vec()).unwrap_err().code(), code);
    }
}

/// R-IDN-015
#[test]
fn updates_without_an_action_kind_or_an_inbox_are_refused() {
    let full = || update(NIGHTLY, "changeRecoveryIdentifier").to_wire();
    let mut update = full();
    update.actions[0].kind = None;
    assert_eq!(IdentityUpdate::from_wire(update).unwrap_err(), IdentityDecodeError::Missing("action"));
    for inbox_id in ["", "07", &"AB".repeat(32), &"0g".repeat(32), &"07".repeat(33)] {
        let mut update = full();
        update.inbox_id = (*inbox_id).to_owned();
        assert_eq!(IdentityUpdate::from_wire(update).unwrap_err().code(), "identity.bad_inbox_id");
    }
    assert_eq!(IdentityUpdate::decode(&[0x0a, 5, 1]), Err(IdentityDecodeError::Protobuf));
}

fn any_identifier() -> impl Strategy<Value = Identifier> {
    prop_oneof![
        any::<[u8; 20]>().prop_map(|bytes| EthereumAddress::new(bytes).into()),
        (any::<Vec<u8>>(), any::<Option<String>>())
            .prop_map(|(key, party)| Identifier::Passkey(PasskeyKey::new(key, party))),
    ]
}

fn any_signature() -> impl Strategy<Value = UnverifiedSignature> {
    let bytes = any::<Vec<u8>>;
    prop_oneof![
        bytes().prop_map(|bytes| UnverifiedSignature::Erc191 { bytes }),
        (bytes(), bytes())
            .prop_map(|(bytes, public_key)| UnverifiedSignature::InstallationKey { bytes, public_key }),
        (any::<String>(), any::<u64>(), bytes()).prop_map(|(account_id, block_number, signature)| {
            UnverifiedSignature::ContractWallet(ContractWalletSignature {
                account_id,
                block_number,
                signature,
            })
        }),
        (bytes(), bytes(), bytes(), bytes()).prop_map(
            |(public_key, signature, authenticator_data, client_data_json)| {
                UnverifiedSignature::Passkey(PasskeySignature {
                    public_key,
                    signature,
                    authenticator_data,
                    client_data_json,
                })
            }
        ),
    ]
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        (any_identifier(), any::<u64>(), any_signature())
            .prop_map(|(identifier, nonce, signature)| Action::CreateInbox { identifier, nonce, signature }),
        (any::<[u8; 32]>(), any_signature(), any_signature()).prop_map(|(id, existing, new)| Action::Add {
            new_member: crate::ids::InstallationId::new(id).into(),
            existing_member_signature: existing,
            new_member_signature: new,
        }),
        (any_identifier(), any_signature()).prop_map(|(identifier, recovery_signature)| Action::Revoke {
            member: identifier.into(),
            recovery_signature,
        }),
        (any_identifier(), any_signature()).prop_map(|(new_recovery, recovery_signature)| {
            Action::ChangeRecovery { new_recovery, recovery_signature }
        }),
    ]
}

proptest! {
    /// R-IDN-014
    #[test]
    fn any_update_survives_the_wire(
        inbox in any::<[u8; 32]>(),
        client_timestamp_ns in any::<u64>(),
        actions in prop::collection::vec(any_action(), 0..4),
    ) {
        let update = IdentityUpdate { inbox_id: InboxId::new(inbox), client_timestamp_ns, actions };
        let bytes = update.encode();
        let back = IdentityUpdate::decode(&bytes).unwrap();
        prop_assert_eq!(back.encode(), bytes);
        prop_assert_eq!(back, update);
    }
}
