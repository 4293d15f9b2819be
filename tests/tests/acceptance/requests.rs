//! Changes of an inbox whose signers are not at hand: requests that are built, guarded, signed in any order, and
//! applied, by a client or without one.

use std::time::Duration;

use hexmtp::error::InboxChangeError;
use hexmtp::{InboxChange, Inboxes};
use hexmtp_delivery_memory::Call;
use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{
    AcceptedRisk, AssociationState, Identifier, InboxGuardError, InstallationKey, MAX_UPDATES,
    MemberIdentifier, SignatureRequest, SignatureRequestError, UnsignedUpdate,
};
use hexmtp_ports::identity_log::IdentityLog;
use hexmtp_ports::signer::WalletSigner;
use hexmtp_tests::contract_signer::ContractSigner;
use hexmtp_tests::world::{Person, World};

/// The signers sign, in this order.
async fn sign(inboxes: &Inboxes, request: &mut SignatureRequest, signers: &[&dyn WalletSigner]) {
    for signer in signers {
        let signature = signer.sign(&request.signature_text()).await.expect("signed");
        inboxes.add_signature(request, signature).await.expect("taken");
    }
}

async fn state_of(world: &World, inbox_id: InboxId) -> AssociationState {
    world.inboxes().state(inbox_id).await.expect("a state")
}

fn guarded(outcome: Result<SignatureRequest, InboxChangeError>) -> InboxGuardError {
    match outcome {
        Err(InboxChangeError::Request(SignatureRequestError::Guard(error))) => error,
        other => panic!("no guard stood in the way: {other:?}"),
    }
}

/// R-IDN-220 R-IDN-221
#[tokio::test]
async fn an_inbox_is_managed_without_a_client() {
    let world = World::new();
    let inboxes = world.inboxes();
    let (alice, second, third) = (world.person(), world.person(), world.person());
    let key = InstallationKey::from_seed([5; 32]);
    let mut request = inboxes.creation_request(&alice.identifier, 3, key.id()).await.expect("a request");
    assert_eq!(request.missing_identifiers(), [alice.identifier.clone()].into());
    assert!(inboxes.apply(&request).await.is_err(), "nobody has signed");
    let by_installation = key.sign_identity_text(&request.signature_text());
    inboxes.add_signature(&mut request, by_installation).await.expect("taken");
    // It wanders to another process, where the wallet is.
    let mut request = SignatureRequest::decode(&request.encode()).expect("the same request");
    sign(&inboxes, &mut request, &[&alice.signer]).await;
    let inbox_id = inboxes.apply(&request).await.expect("applied").inbox_id();
    let found = inboxes.inbox_ids(std::slice::from_ref(&alice.identifier)).await.expect("answers");
    assert_eq!(found, [Some(inbox_id)]);
    // Applied twice, it is applied once.
    let again = inboxes.apply(&request).await.expect("there already");
    assert_eq!((again.installations(), again.identifiers().len()), ([key.id()].into(), 1));
    assert_eq!(inboxes.update_counts(&[inbox_id]).await.expect("counts"), [1]);

    for (newcomer, others_first) in [(&second, false), (&third, true)] {
        world.clock.advance(Duration::from_secs(1));
        let change = InboxChange::Add {
            new_member: newcomer.identifier.clone().into(),
            sponsor: alice.identifier.clone().into(),
        };
        let mut request = inboxes.change_request(inbox_id, &change, &[]).await.expect("a request");
        let mut signers: [&dyn WalletSigner; 2] = [&alice.signer, &newcomer.signer];
        if others_first {
            signers.reverse();
        }
        sign(&inboxes, &mut request, &signers).await;
        inboxes.apply(&request).await.expect("applied");
    }
    let change = InboxChange::revoke_identifiers(&[second.identifier.clone(), world.person().identifier]);
    let mut request = inboxes.change_request(inbox_id, &change, &[]).await.expect("a request");
    sign(&inboxes, &mut request, &[&alice.signer]).await;
    inboxes.apply(&request).await.expect("applied");
    let change = InboxChange::revoke_installations(&[key.id()]);
    let mut request = inboxes.change_request(inbox_id, &change, &[]).await.expect("a request");
    sign(&inboxes, &mut request, &[&alice.signer]).await;
    let state = inboxes.apply(&request).await.expect("applied");
    assert_eq!(state.identifiers(), [alice.identifier.clone(), third.identifier.clone()].into());
    assert!(state.installations().is_empty());
    assert_eq!(inboxes.update_counts(&[inbox_id]).await.expect("counts"), [5]);
}

/// R-IDN-063 R-IDN-220
#[tokio::test]
async fn a_new_recovery_identifier_proves_itself_unless_its_person_insists() {
    let world = World::new();
    let (person, successor, silent) = (world.person(), world.person(), world.person());
    let phone = world.device(&person).await;
    phone.client.change_recovery(&person.signer, &successor.signer).await.expect("changed");
    phone.client.change_recovery(&person.signer, &successor.signer).await.expect("so already");
    assert_eq!(*state_of(&world, phone.inbox_id()).await.recovery_identifier(), successor.identifier);
    let refused = phone.client.revoke_all_other_installations(&person.signer).await;
    refused.expect("nothing to revoke");
    let tablet = world.device(&person).await;
    let refused = phone.client.revoke_all_other_installations(&person.signer).await;
    assert!(matches!(refused, Err(InboxChangeError::NotRecovery { .. })), "{refused:?}");
    phone.client.revoke_installations(&successor.signer, &[tablet.installation_id()]).await.expect("revoked");
    let refused = phone.client.change_recovery(&person.signer, &silent.signer).await;
    assert!(matches!(refused, Err(InboxChangeError::NotRecovery { .. })), "{refused:?}");

    // The successor is no member, so it is asked; whoever insists does without.
    let change = InboxChange::ChangeRecovery(silent.identifier.clone());
    let request = phone.client.change_request(&change, &[]).await.expect("a request");
    let both = [successor.identifier.clone(), silent.identifier.clone()].into();
    assert_eq!(request.missing_identifiers(), both);
    let risks = [AcceptedRisk::UnprovenRecovery];
    let mut request = phone.client.change_request(&change, &risks).await.expect("a request");
    let signature = successor.signer.sign(&request.signature_text()).await.expect("signed");
    phone.client.add_signature(&mut request, signature).await.expect("taken");
    let state = phone.client.apply_request(&request).await.expect("applied");
    assert_eq!(*state.recovery_identifier(), silent.identifier);
    let unclaimable = InboxChange::ChangeRecovery(Identifier::Unclaimable("nobody".to_owned()));
    assert_eq!(
        guarded(phone.client.change_request(&unclaimable, &risks).await),
        InboxGuardError::UnclaimableRecovery
    );
}

/// R-IDN-061 R-IDN-062 R-IDN-220
#[tokio::test]
async fn what_its_author_would_regret_is_refused_before_anybody_signs() {
    let world = World::new();
    let (person, second) = (world.person(), world.person());
    let phone = world.device(&person).await;
    let before = world.network.calls();
    let own = InboxChange::revoke_identifiers(std::slice::from_ref(&person.identifier));
    assert_eq!(guarded(phone.client.change_request(&own, &[]).await), InboxGuardError::RecoveryLeaves);
    let risks = [AcceptedRisk::RecoveryLeaves];
    assert_eq!(guarded(phone.client.change_request(&own, &risks).await), InboxGuardError::NoIdentifierLeft);
    let removed = phone.client.remove_account(&person.signer, &person.identifier, &[]).await;
    assert!(matches!(removed, Err(InboxChangeError::Request(_))), "{removed:?}");
    let nobody = InboxChange::revoke_identifiers(std::slice::from_ref(&second.identifier));
    assert_eq!(guarded(phone.client.change_request(&nobody, &[]).await), InboxGuardError::NothingToDo);
    let alone = InboxChange::RevokeInstallationsBut(phone.installation_id());
    assert_eq!(guarded(phone.client.change_request(&alone, &[]).await), InboxGuardError::NothingToDo);
    let bob = world.newcomer().await;
    let bobs: Vec<Identifier> =
        bob.client.inbox_state(bob.inbox_id()).await.expect("a state").identifiers().into_iter().collect();
    let taken =
        InboxChange::Add { new_member: bobs[0].clone().into(), sponsor: phone.installation_id().into() };
    for refused in [
        phone.client.change_request(&taken, &[]).await,
        world.inboxes().change_request(phone.inbox_id(), &taken, &[]).await,
    ] {
        assert!(
            matches!(refused, Err(InboxChangeError::AccountTaken { inbox_id }) if inbox_id == bob.inbox_id())
        );
    }
    let published = world.network.calls().since(&before).of(Call::PublishIdentityUpdate);
    assert_eq!(published, 1, "only bob's own");

    // One who insists goes on: the inbox is found by nobody any more, and the phone goes with the wallet that let it
    // in.
    phone.client.add_account(&second.signer).await.expect("added");
    phone.client.remove_account(&person.signer, &second.identifier, &[]).await.expect("removed");
    let all = [AcceptedRisk::RecoveryLeaves, AcceptedRisk::NoIdentifierLeft];
    phone.client.remove_account(&person.signer, &person.identifier, &all).await.expect("removed");
    let state = state_of(&world, phone.inbox_id()).await;
    assert_eq!(state.members().len(), 0);
}

async fn publish(world: &World, person: &Person, update: UnsignedUpdate) {
    let signature = person.signer.sign(&update.signature_text()).await.expect("signed");
    let update = update.sign(&[signature]).expect("all have signed");
    world.network.publish(&update.encode()).await.expect("published");
}

/// R-IDN-061
#[tokio::test]
async fn nobody_signs_for_a_log_that_is_full() {
    let world = World::new();
    let person = world.person();
    let phone = world.device(&person).await;
    let start = phone.ports.clock.now().as_unsigned_nanos();
    for second in (1_u64..).take(MAX_UPDATES - 1) {
        let at = start + second * 1_000_000_000;
        let own = &person.identifier;
        publish(&world, &person, UnsignedUpdate::change_recovery(phone.inbox_id(), own.clone(), own, at))
            .await;
    }
    let inbox = [phone.inbox_id()];
    assert_eq!(world.inboxes().update_counts(&inbox).await.expect("counts"), [MAX_UPDATES]);
    let change = InboxChange::Add {
        new_member: world.person().identifier.into(),
        sponsor: phone.installation_id().into(),
    };
    assert_eq!(guarded(phone.client.change_request(&change, &[]).await), InboxGuardError::LogFull);
    let static_one = world.inboxes().change_request(phone.inbox_id(), &change, &[]).await;
    assert_eq!(guarded(static_one), InboxGuardError::LogFull);
}

/// R-IDN-221
#[tokio::test]
async fn a_request_that_was_overtaken_is_refused_before_it_is_published() {
    let world = World::new();
    let (person, successor) = (world.person(), world.person());
    let (phone, tablet) = (world.device(&person).await, world.device(&person).await);
    let change = InboxChange::revoke_installations(&[tablet.installation_id()]);
    let mut request = phone.client.change_request(&change, &[]).await.expect("a request");
    let signature = person.signer.sign(&request.signature_text()).await.expect("signed");
    phone.client.add_signature(&mut request, signature).await.expect("taken");
    phone.client.change_recovery(&person.signer, &successor.signer).await.expect("changed");
    let before = world.network.calls();
    let refused = phone.client.apply_request(&request).await;
    assert!(matches!(refused, Err(InboxChangeError::Association(_))), "{refused:?}");
    let refused = world.inboxes().apply(&request).await;
    assert!(matches!(refused, Err(InboxChangeError::Association(_))), "{refused:?}");
    assert_eq!(world.network.calls().since(&before).of(Call::PublishIdentityUpdate), 0);
    assert_eq!(state_of(&world, phone.inbox_id()).await.installations().len(), 2);
}

/// R-IDN-072 R-IDN-213
#[tokio::test]
async fn a_contract_wallet_creates_an_inbox_and_others_follow_it() {
    let world = World::new();
    let (contract, bob) = (world.contract(), world.newcomer().await);
    let ports = world.ports(std::sync::Arc::new(hexmtp_store_memory::MemoryStore::default()));
    let client = hexmtp::Client::builder(ports).register(&contract).await.expect("registered");
    let inbox_id = client.inbox_id();
    let state = bob.client.inbox_state(inbox_id).await.expect("a state");
    let member = state.member(&MemberIdentifier::Ethereum(contract.address())).expect("a member");
    assert_eq!(member.added_on_chain_id, Some(7));
    // Who has no verdict knows nothing, and asks again; who has one keeps it.
    let carol = world.newcomer().await;
    world.network.faults().fail_next(Call::VerifyContractWallet, 1);
    let unknown = carol.client.inbox_state(inbox_id).await.expect_err("nobody answered");
    assert!(unknown.retry().is_worth_it(), "{unknown}");
    carol.client.inbox_state(inbox_id).await.expect("a state");
    let before = world.network.calls();
    for client in [&carol.client, &carol.reopened().await] {
        client.inbox_state(inbox_id).await.expect("a state");
    }
    assert_eq!(world.network.calls().since(&before).of(Call::VerifyContractWallet), 0);

    // The wallet changes hands: its old signatures stay good at their blocks, new ones are the new owner's.
    let account = hexmtp_domain::identity::ContractAccount::new(7, contract.address());
    let heir = ContractSigner::deploy(&world.network, account, world.wallet());
    let added = world.person();
    let refused = client.revoke_all_other_installations(&contract).await;
    refused.expect("nothing to revoke");
    client.add_account(&added.signer).await.expect("added");
    let refused = client.remove_account(&contract, &added.identifier, &[]).await;
    assert!(
        matches!(refused, Err(InboxChangeError::Request(SignatureRequestError::Signature(_)))),
        "{refused:?}"
    );
    client.remove_account(&heir, &added.identifier, &[]).await.expect("removed");
    let state = bob.client.inbox_state(inbox_id).await.expect("a state");
    assert_eq!(state.identifiers(), [contract.identifier()].into());
    assert_eq!(state_of(&world, inbox_id).await, *state, "without a client too");
}
