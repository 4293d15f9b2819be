//! What can be known of inboxes: many states at once, update counts, how they were made, and who can be invited.

use std::time::Duration;

use hexmtp::error::IdentityError;
use hexmtp::{Freshness, KeyPackageStatus, Reachability};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::identity::{
    Action, AssociationState, ContractVerdicts, ContractWalletSignature, EthereumAddress, Identifier,
    IdentityUpdate, MemberIdentifier, SignatureKind, UnverifiedSignature, inbox_id,
};
use hexmtp_domain::key_package::{BACKDATE, LIFETIME};
use hexmtp_domain::{InboxId, SequenceId, Timestamp};
use hexmtp_ports::delivery::DeliveryService;
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_ports::store::{CachedAssociationState, ChangeSet, RowChange};
use hexmtp_tests::world::World;

/// R-IDN-223
#[tokio::test]
async fn many_states_are_asked_for_in_one_call() {
    let world = World::new();
    let bob = world.newcomer().await;
    let mut inboxes = Vec::new();
    for _ in 0..20 {
        inboxes.push(world.newcomer().await.inbox_id());
    }
    let nobody = InboxId::new([9; 32]);
    inboxes.insert(7, nobody);
    let unread = bob.client.inbox_states(&inboxes, Freshness::Stored).await.expect("answers");
    assert!(unread.iter().all(|state| matches!(state, Err(IdentityError::UnknownInbox(_)))));
    let before = world.network.calls();
    let states = bob.client.inbox_states(&inboxes, Freshness::Network).await.expect("answers");
    assert_eq!(world.network.calls().since(&before).of(Call::IdentityUpdatesAfter), 1);
    for (inbox_id, state) in inboxes.iter().zip(&states) {
        match state {
            Ok(state) => assert_eq!((state.inbox_id(), state.installations().len()), (*inbox_id, 1)),
            Err(IdentityError::UnknownInbox(unknown)) => assert_eq!((*unknown, *inbox_id), (nobody, nobody)),
            Err(error) => panic!("{error}"),
        }
    }
    // What was read once is known without the network, also by the next process.
    let before = world.network.calls();
    for client in [&bob.client, &bob.reopened().await] {
        let stored = client.inbox_states(&inboxes, Freshness::Stored).await.expect("answers");
        let known =
            |states: Vec<Result<_, IdentityError>>| states.into_iter().map(Result::ok).collect::<Vec<_>>();
        assert_eq!(known(stored), states.iter().map(|it| it.as_ref().ok().cloned()).collect::<Vec<_>>());
    }
    assert_eq!(world.network.calls().since(&before).total(), 0);
    let bare = world.inboxes().states(&inboxes).await.expect("answers");
    assert!(bare.iter().zip(&states).all(|(bare, state)| bare.as_ref().ok() == state.as_deref().ok()));
}

/// R-IDN-223
#[tokio::test]
async fn more_states_than_stay_in_memory_are_told_as_well() {
    const MORE: u64 = 10_100;
    let bob = World::new().newcomer().await;
    let identifier = Identifier::from(EthereumAddress::new([7; 20]));
    let mut inboxes = Vec::new();
    let mut changes = ChangeSet::default();
    for nonce in 0..MORE {
        // By a contract, for that is quickly judged.
        let signature = UnverifiedSignature::ContractWallet(ContractWalletSignature {
            account_id: "eip155:1:0x0707070707070707070707070707070707070707".to_owned(),
            block_number: 1,
            signature: nonce.to_be_bytes().to_vec(),
        });
        let inbox_id = inbox_id(&identifier, nonce);
        let actions = vec![Action::CreateInbox { identifier: identifier.clone(), nonce, signature }];
        let update = IdentityUpdate { inbox_id, client_timestamp_ns: 1, actions };
        let state = AssociationState::apply_with(None, &update, &ContractVerdicts::of_judged(&update));
        let state = state.expect("it applies").encode();
        let (sequence_id, server_time) = (SequenceId(1), Timestamp::from_nanos(1));
        let updates = vec![LoggedUpdate { sequence_id, server_time, update: update.encode() }];
        changes.rows.push(RowChange::AppendIdentityUpdates { inbox_id, updates });
        let folded = CachedAssociationState { inbox_id, sequence_id, state };
        changes.rows.push(RowChange::CacheAssociationState(folded));
        inboxes.push(inbox_id);
    }
    bob.ports.store.commit(changes).await.expect("stored");
    let states = bob.client.inbox_states(&inboxes, Freshness::Stored).await.expect("answers");
    for (inbox_id, state) in inboxes.iter().zip(states) {
        assert_eq!(state.expect("a state").inbox_id(), *inbox_id);
    }
}

/// R-IDN-223
#[tokio::test]
async fn counts_kinds_and_memberships_are_told() {
    let world = World::new();
    let (person, second) = (world.person(), world.person());
    let (phone, bob) = (world.device(&person).await, world.newcomer().await);
    let (own, nobody) = (phone.inbox_id(), InboxId::new([9; 32]));
    let counts = async |freshness| bob.client.update_counts(&[own, nobody], freshness).await.expect("counts");
    assert_eq!(counts(Freshness::Stored).await, [0, 0]);
    assert_eq!(counts(Freshness::Network).await, [1, 0]);
    phone.client.add_account(&second.signer).await.expect("added");
    assert_eq!(counts(Freshness::Stored).await, [1, 0]);
    assert_eq!(counts(Freshness::Network).await, [2, 0]);
    assert_eq!(world.inboxes().update_counts(&[own, nobody]).await.expect("counts"), [2, 0]);

    let members: [(MemberIdentifier, bool); 4] = [
        (person.identifier.clone().into(), true),
        (second.identifier.clone().into(), true),
        (phone.installation_id().into(), true),
        (bob.installation_id().into(), false),
    ];
    for (member, is_member) in &members {
        assert_eq!(bob.client.is_member(own, member).await.expect("an answer"), *is_member);
        assert_eq!(world.inboxes().is_member(own, member).await.expect("an answer"), *is_member);
    }
    let unknown = bob.client.is_member(nobody, &members[0].0).await;
    assert!(matches!(unknown, Err(IdentityError::UnknownInbox(id)) if id == nobody), "{unknown:?}");

    let ports = world.ports(std::sync::Arc::new(hexmtp_store_memory::MemoryStore::default()));
    let contract = hexmtp::Client::builder(ports).register(&world.contract()).await.expect("registered");
    for (inbox_id, kind) in
        [(own, SignatureKind::Erc191), (contract.inbox_id(), SignatureKind::ContractWallet)]
    {
        let told = bob.client.creation_signature_kind(inbox_id, Freshness::Network).await.expect("an answer");
        assert_eq!(told, Some(kind));
        assert_eq!(world.inboxes().creation_signature_kind(inbox_id).await.expect("an answer"), Some(kind));
    }
    let message = b"whatever an application wants signed";
    let signature = phone.client.sign_with_installation_key(message);
    assert!(hexmtp::Client::verify_signed_by(&phone.installation_id(), message, &signature));
    assert!(!hexmtp::Client::verify_signed_by(&bob.installation_id(), message, &signature));
}

/// R-IDN-222
#[tokio::test]
async fn whoever_cannot_be_invited_is_told_apart() {
    let world = World::new();
    let bob = world.newcomer().await;
    let (fine, gone, spoilt, lent, stranger) =
        (world.person(), world.person(), world.person(), world.person(), world.person());
    let (fine_device, gone_device, spoilt_device, lent_device) = (
        world.device(&fine).await,
        world.device(&gone).await,
        world.device(&spoilt).await,
        world.device(&lent).await,
    );
    // A second installation that is in order is enough.
    let second = world.device(&fine).await;
    let faults = world.network.faults();
    let own = |device: &hexmtp_tests::world::Device| device.installation_id();
    faults.replace_key_package_raw(own(&gone_device), None);
    faults.replace_key_package_raw(own(&fine_device), None);
    faults.replace_key_package_raw(own(&spoilt_device), Some(b"no key package".to_vec()));
    let seconds = world.network.fetch_key_packages(&[own(&second)]).await.expect("packages").remove(0);
    faults.replace_key_package_raw(own(&lent_device), seconds);

    let identifiers = [&fine, &gone, &spoilt, &lent, &stranger].map(|person| person.identifier.clone());
    let expected = [
        Reachability::Reachable { inbox_id: fine_device.inbox_id() },
        Reachability::Unreachable { inbox_id: gone_device.inbox_id() },
        Reachability::Unreachable { inbox_id: spoilt_device.inbox_id() },
        Reachability::Unreachable { inbox_id: lent_device.inbox_id() },
        Reachability::NoInbox,
    ];
    let before = world.network.calls();
    assert_eq!(bob.client.reachability(&identifiers).await.expect("answers"), expected);
    let calls = world.network.calls().since(&before);
    assert_eq!((calls.of(Call::FetchKeyPackages), calls.of(Call::InboxIds), calls.total()), (1, 1, 3));
    assert_eq!(world.inboxes().reachability(&identifiers).await.expect("answers"), expected);
    // The answer of official clients stays the default.
    let official = [true, true, true, true, false];
    assert_eq!(bob.client.can_message(&identifiers).await.expect("answers"), official);
    assert_eq!(world.inboxes().can_message(&identifiers).await.expect("answers"), official);

    let asked = [own(&second), own(&gone_device), own(&spoilt_device), own(&lent_device)];
    let statuses = bob.client.key_package_statuses(&asked).await.expect("answers");
    assert_eq!(world.inboxes().key_package_statuses(&asked).await.expect("answers"), statuses);
    let [KeyPackageStatus::Usable { inbox_id, lifetime: (start, end) }, missing, spoilt, lent] = statuses[..]
    else {
        panic!("{statuses:?}")
    };
    assert_eq!((inbox_id, end.since(start)), (fine_device.inbox_id(), LIFETIME + BACKDATE));
    assert_eq!(missing, KeyPackageStatus::Missing);
    assert!(matches!(spoilt, KeyPackageStatus::Unusable { .. }));
    assert_eq!(lent, KeyPackageStatus::SomebodyElses);
    // What nobody renews runs out.
    world.clock.advance(LIFETIME + Duration::from_secs(1));
    let late = bob.client.key_package_statuses(&asked[..1]).await.expect("answers");
    assert_eq!(late, [KeyPackageStatus::OutOfDate { inbox_id, lifetime: (start, end) }]);
    let late = bob.client.reachability(&identifiers[..1]).await.expect("answers");
    assert_eq!(late, [Reachability::Unreachable { inbox_id: fine_device.inbox_id() }]);
}
