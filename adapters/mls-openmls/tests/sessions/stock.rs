//! A member on plain OpenMLS, which does what XMTP does not allow.

use ed25519_dalek::{Signer as _, SigningKey};
use hexmtp_ports::mls::{CommitPlan, Keep, MlsEngine as _, MlsError, Processed};
use openmls::prelude::{
    Extension, Extensions, KeyPackageBundle, MlsGroup, MlsGroupJoinConfig, MlsMessageBodyIn, MlsMessageIn,
    OpenMlsProvider as _, PURE_CIPHERTEXT_WIRE_FORMAT_POLICY, PreSharedKeyProposal, Proposal, StagedWelcome,
    UnknownExtension,
};
use openmls::schedule::{ExternalPsk, PreSharedKeyId, Psk};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::signatures::{Signer, SignerError};
use openmls_traits::storage::StorageProvider as _;
use openmls_traits::types::SignatureScheme;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::people::{GROUP, Person};

struct Key(SigningKey);

impl Signer for Key {
    fn sign(&self, payload: &[u8]) -> Result<Vec<u8>, SignerError> {
        Ok(self.0.sign(payload).to_vec())
    }

    fn signature_scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Mallory, a member of alice's group.
struct Mallory {
    provider: OpenMlsRustCrypto,
    key: Key,
    group: MlsGroup,
}

fn alice_and_mallory() -> (Person, Person, Mallory) {
    let (mut alice, mut mallory) = (Person::new(1), Person::new(6));
    alice.create();
    let package = mallory.new_key_package();
    let row = package.changes[0].value.clone().unwrap();
    let bundle: KeyPackageBundle = postcard::from_bytes(&row[1..]).unwrap();
    let verified = mallory.engine.verify_key_package(&package.tls).unwrap();
    let (_, welcome) = alice.commit_and_merge(&CommitPlan { add: vec![verified], ..CommitPlan::default() });

    let provider = OpenMlsRustCrypto::default();
    let id = bundle.key_package().hash_ref(provider.crypto()).unwrap();
    provider.storage().write_key_package(&id, &bundle).unwrap();
    let message = MlsMessageIn::tls_deserialize_exact(welcome.unwrap()).unwrap();
    let MlsMessageBodyIn::Welcome(welcome) = message.extract() else { panic!("not a welcome") };
    let config = MlsGroupJoinConfig::builder().wire_format_policy(PURE_CIPHERTEXT_WIRE_FORMAT_POLICY).build();
    let group = StagedWelcome::new_from_welcome(&provider, &config, welcome, None)
        .unwrap()
        .into_group(&provider)
        .unwrap();
    assert_eq!(group.group_id().as_slice(), GROUP.as_bytes());
    let key = Key(SigningKey::from_bytes(&[6; 32]));
    (alice, mallory, Mallory { provider, key, group })
}

/// R-MLS-012: proposals go by value; one by reference is reported and not kept.
#[test]
fn a_proposal_by_reference_is_not_kept_and_a_commit_of_it_is_refused() {
    let (mut alice, person, mut mallory) = alice_and_mallory();
    let mut list: Vec<Extension> = mallory.group.extensions().iter().cloned().collect();
    list.retain(|extension| !matches!(extension, Extension::Unknown(0xff00, _)));
    list.push(Extension::Unknown(0xff00, UnknownExtension(b"by reference".to_vec())));
    let list = Extensions::from_vec(list).unwrap();
    let (proposal, _) =
        mallory.group.propose_group_context_extensions(&mallory.provider, list, &mallory.key).unwrap();
    let (commit, _, _) = mallory.group.commit_to_pending_proposals(&mallory.provider, &mallory.key).unwrap();

    let mut session = alice.open();
    let processed = session.process(&proposal.tls_serialize_detached().unwrap()).unwrap();
    assert!(matches!(processed, Processed::Proposal { sender } if sender == person.member()));
    let changes = session.take_changes(Keep::All).unwrap();
    let kinds: Vec<u8> = changes.iter().map(|change| change.key[0]).collect();
    assert_eq!(kinds, [0x09], "only the used key is stored");
    alice.apply(changes);

    let before = alice.state();
    let result = alice.open().process(&commit.tls_serialize_detached().unwrap());
    assert!(matches!(result, Err(MlsError::Invalid(_))), "{result:?}");
    assert_eq!(alice.state(), before);
    // The group goes on.
    alice.commit_and_merge(&CommitPlan::default());
}

/// R-MLS-012: commits with pre-shared keys are refused.
#[test]
fn a_commit_with_a_pre_shared_key_is_refused() {
    let (alice, _, mut mallory) = alice_and_mallory();
    let psk = Psk::External(ExternalPsk::new(b"id".to_vec()));
    let suite = mallory.group.ciphersuite();
    let psk = PreSharedKeyId::new(suite, mallory.provider.rand(), psk).unwrap();
    psk.store(&mallory.provider, b"secret").unwrap();
    let bundle = mallory
        .group
        .commit_builder()
        .add_proposal(Proposal::PreSharedKey(Box::new(PreSharedKeyProposal::new(psk))))
        .load_psks(mallory.provider.storage())
        .unwrap()
        .build(mallory.provider.rand(), mallory.provider.crypto(), &mallory.key, |_| true)
        .unwrap()
        .stage_commit(&mallory.provider)
        .unwrap();
    let commit = bundle.into_commit().tls_serialize_detached().unwrap();
    let result = alice.open().process(&commit);
    assert!(matches!(result, Err(MlsError::Invalid(_))), "{result:?}");
}

/// What a plain member does within the rules is understood.
#[test]
fn a_plain_member_is_followed() {
    let (mut alice, person, mut mallory) = alice_and_mallory();
    let message = mallory.group.create_message(&mallory.provider, &mallory.key, b"hello").unwrap();
    let read = alice.read(&message.tls_serialize_detached().unwrap()).unwrap();
    assert_eq!(read, (person.member(), "hello".to_owned()));
    // A commit without a path and without proposals from others.
    let bundle = mallory
        .group
        .commit_builder()
        .load_psks(mallory.provider.storage())
        .unwrap()
        .build(mallory.provider.rand(), mallory.provider.crypto(), &mallory.key, |_| true)
        .unwrap()
        .stage_commit(&mallory.provider)
        .unwrap();
    alice.follow(&bundle.into_commit().tls_serialize_detached().unwrap());
    mallory.group.merge_pending_commit(&mallory.provider).unwrap();
    assert_eq!(alice.state().authenticator.as_bytes(), mallory.group.epoch_authenticator().as_slice());
}
