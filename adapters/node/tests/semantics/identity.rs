//! Identity logs.

use hexmtp_domain::identity::{
    Action, ContractWalletSignature, IdentityUpdate, LocalWallet, MAX_UPDATES, UnsignedUpdate,
    UnverifiedSignature,
};
use hexmtp_proto::xmtp::identity::api::v1 as wire;
use tonic::Code;

use super::peer::{Peer, Person, Running, code, fresh, now};

fn wallet() -> LocalWallet {
    LocalWallet::from_private_key(fresh()).unwrap()
}

async fn inbox_ids(peer: &Peer, asked: &[(&str, i32)]) -> Vec<Option<String>> {
    let request = |(identifier, kind): &(&str, i32)| wire::get_inbox_ids_request::Request {
        identifier: (*identifier).to_owned(),
        identifier_kind: *kind,
    };
    let request = wire::GetInboxIdsRequest { requests: asked.iter().map(request).collect() };
    let answers = peer.identity.clone().get_inbox_ids(request).await.unwrap().into_inner().responses;
    assert_eq!(answers.len(), asked.len());
    for (answer, (identifier, kind)) in answers.iter().zip(asked) {
        assert_eq!((answer.identifier.as_str(), answer.identifier_kind), (*identifier, *kind));
    }
    answers.into_iter().map(|it| it.inbox_id).collect()
}

/// R-NET-115
pub(crate) async fn an_update_can_be_read_at_once(node: &Running) {
    let (peer, other) = (node.peer().await, node.peer().await);
    let (alice, bob) = (Person::new(), Person::new());
    let before = now().as_unsigned_nanos();
    peer.publish(&alice.registration(0)).await.unwrap();
    let log = other.log_of(alice.inbox(0), 0).await;
    assert_eq!(log.len(), 1);
    assert_eq!((log[0].0, &log[0].2), (1, &alice.registration(0).to_wire()));
    assert!(log[0].1 >= before);
    peer.publish(&bob.registration(0)).await.unwrap();
    let added = alice.adding(&wallet(), 5);
    peer.publish(&added).await.unwrap();
    let log = other.log_of(alice.inbox(0), 1).await;
    assert_eq!(log.iter().map(|it| it.0).collect::<Vec<_>>(), [3], "one counter for all inboxes");
    assert_eq!(log[0].2, added.to_wire());
    assert!(other.log_of(alice.inbox(0), 3).await.is_empty());
    // One answer for each question, in order.
    let request =
        |inbox: String| wire::get_identity_updates_request::Request { inbox_id: inbox, sequence_id: 0 };
    let inboxes = [bob.inbox(0), alice.inbox(7), alice.inbox(0)].map(|it| it.to_string());
    let requests = inboxes.iter().cloned().map(request).collect();
    let request = wire::GetIdentityUpdatesRequest { requests };
    let answers = other.identity.clone().get_identity_updates(request).await.unwrap().into_inner().responses;
    let counts: Vec<_> = answers.iter().map(|it| (it.inbox_id.clone(), it.updates.len())).collect();
    assert_eq!(counts, inboxes.into_iter().zip([1, 0, 2]).collect::<Vec<_>>());
}

/// R-NET-116
pub(crate) async fn what_does_not_apply_is_refused_and_not_stored(node: &Running) {
    let peer = node.peer().await;
    let (alice, mallory) = (Person::new(), Person::new());
    peer.publish(&alice.registration(0)).await.unwrap();
    let again = alice
        .sign(UnsignedUpdate::create_inbox(&alice.wallet.identifier(), 0, alice.installation.id(), 9), &[]);
    let intruder = {
        let sponsor = mallory.wallet.identifier().into();
        let new = wallet();
        let update =
            UnsignedUpdate::add_member(alice.inbox(0), new.identifier().into(), sponsor, 3_000_000_000);
        mallory.sign(update, &[&new])
    };
    let nobody = mallory.adding(&wallet(), 4);
    for bad in [again, intruder, nobody] {
        let refusal = peer.publish(&bad).await.unwrap_err();
        assert_eq!(refusal.code(), Code::InvalidArgument);
        assert!(!refusal.message().is_empty());
    }
    let missing = wire::PublishIdentityUpdateRequest { identity_update: None };
    assert_eq!(code(peer.identity.clone().publish_identity_update(missing).await), Code::InvalidArgument);
    let empty = wire::PublishIdentityUpdateRequest { identity_update: Some(Default::default()) };
    assert_eq!(code(peer.identity.clone().publish_identity_update(empty).await), Code::InvalidArgument);
    assert_eq!(peer.log_of(alice.inbox(0), 0).await.len(), 1);
    assert!(peer.log_of(mallory.inbox(0), 0).await.is_empty());
}

/// R-NET-117
pub(crate) async fn the_same_update_again_succeeds_and_changes_nothing(node: &Running) {
    let peer = node.peer().await;
    let alice = Person::new();
    let other = wallet();
    let updates = [alice.registration(0), alice.adding(&other, 5)];
    for update in &updates {
        peer.publish(update).await.unwrap();
    }
    let log = peer.log_of(alice.inbox(0), 0).await;
    for update in &updates {
        peer.publish(update).await.unwrap();
    }
    assert_eq!(peer.log_of(alice.inbox(0), 0).await, log);
}

/// R-NET-118
pub(crate) async fn of_two_updates_on_one_state_one_applies(node: &Running) {
    let alice = Person::new();
    let peer = node.peer().await;
    peer.publish(&alice.registration(0)).await.unwrap();
    // Each hands the right to remove members over to somebody else; after one, the others do not apply any more.
    let mut racers = Vec::new();
    for second in 1..=16 {
        let (peer, heir) = (node.peer().await, wallet());
        let recovery = alice.wallet.identifier();
        let update = UnsignedUpdate::change_recovery(
            alice.inbox(0),
            heir.identifier(),
            &recovery,
            second * 1_000_000_000,
        );
        let update = alice.sign(update, &[]);
        racers.push(tokio::spawn(async move { peer.publish(&update).await }));
    }
    let mut applied = 0;
    for racer in racers {
        match racer.await.unwrap() {
            Ok(()) => applied += 1,
            Err(refusal) => assert_eq!(refusal.code(), Code::InvalidArgument, "{refusal}"),
        }
    }
    assert_eq!(applied, 1);
    assert_eq!(peer.log_of(alice.inbox(0), 0).await.len(), 2);
}

/// R-NET-119
pub(crate) async fn identifiers_lead_to_their_latest_inbox(node: &Running) {
    let peer = node.peer().await;
    let (alice, bob) = (Person::new(), Person::new());
    let shared = wallet();
    let address = shared.address().to_string();
    peer.publish(&alice.registration(0)).await.unwrap();
    peer.publish(&bob.registration(0)).await.unwrap();
    assert_eq!(inbox_ids(&peer, &[(&address, 1)]).await, [None]);
    peer.publish(&alice.adding(&shared, 5)).await.unwrap();
    assert_eq!(inbox_ids(&peer, &[(&address, 1)]).await, [Some(alice.inbox(0).to_string())]);
    peer.publish(&bob.adding(&shared, 6)).await.unwrap();
    let bobs = Some(bob.inbox(0).to_string());
    assert_eq!(inbox_ids(&peer, &[(&address, 1)]).await, std::slice::from_ref(&bobs));
    // Capitals are another spelling; the kind may be left out; a passkey of that spelling is somebody else.
    let capitals = address.to_uppercase().replace("0X", "0x");
    let own = alice.wallet.address().to_string();
    let asked =
        [(capitals.as_str(), 1), (&address, 0), (&address, 2), ("nonsense", 1), (&own, 1), (&address, 9)];
    let alices = Some(alice.inbox(0).to_string());
    let expected = [bobs.clone(), bobs, None, None, alices.clone(), None];
    assert_eq!(inbox_ids(&peer, &asked).await, expected);
    // Revoked there, it leads to where it still belongs.
    let recovery = bob.wallet.identifier();
    let members = [shared.identifier().into()];
    let revocation = UnsignedUpdate::revoke(bob.inbox(0), members, &recovery, 7_000_000_000);
    peer.publish(&bob.sign(revocation, &[])).await.unwrap();
    assert_eq!(inbox_ids(&peer, &[(&address, 1)]).await, [alices]);
    assert!(inbox_ids(&peer, &[]).await.is_empty());
}

/// R-NET-120
pub(crate) async fn a_full_log_says_so(node: &Running) {
    let peer = node.peer().await;
    let alice = Person::new();
    peer.publish(&alice.registration(0)).await.unwrap();
    let recovery = alice.wallet.identifier();
    let update = |second: u64| {
        let update = UnsignedUpdate::change_recovery(
            alice.inbox(0),
            recovery.clone(),
            &recovery,
            second * 1_000_000_000,
        );
        alice.sign(update, &[])
    };
    for second in 1..MAX_UPDATES {
        peer.publish(&update(u64::try_from(second).unwrap())).await.unwrap();
    }
    assert_eq!(code(peer.publish(&update(1_000)).await), Code::ResourceExhausted);
    assert_eq!(peer.log_of(alice.inbox(0), 0).await.len(), MAX_UPDATES);
    // What is in it can still be sent again.
    peer.publish(&update(1)).await.unwrap();
}

/// An update that a contract wallet signs.
pub(crate) fn by_contract(signature: &[u8]) -> IdentityUpdate {
    let contract = wallet().identifier();
    let account_id = format!("eip155:1:{contract}");
    let signature = ContractWalletSignature { account_id, block_number: 17, signature: signature.to_vec() };
    IdentityUpdate {
        inbox_id: hexmtp_domain::identity::inbox_id(&contract, 0),
        client_timestamp_ns: 1,
        actions: vec![Action::CreateInbox {
            identifier: contract,
            nonce: 0,
            signature: UnverifiedSignature::ContractWallet(signature),
        }],
    }
}

/// R-NET-121
pub(crate) async fn contract_wallets_are_refused_without_a_verifier(node: &Running) {
    let peer = node.peer().await;
    let update = by_contract(b"signature");
    assert_eq!(code(peer.publish(&update).await), Code::FailedPrecondition);
    assert!(peer.log_of(update.inbox_id, 0).await.is_empty());
    let request = wire::VerifySmartContractWalletSignaturesRequest::default();
    let outcome = peer.identity.clone().verify_smart_contract_wallet_signatures(request).await;
    assert_eq!(code(outcome), Code::Unimplemented);
}
