use hexmtp_domain::{GroupId, KeyPackageRef};
use hexmtp_ports::store::{MlsRowChange, MlsRows, Scope};
use openmls::prelude as mls;
use openmls_traits::storage::{CURRENT_VERSION as V, Entity, Key, StorageProvider, traits};
use serde::{Deserialize, Serialize};

use super::{Kind, Overlay, StorageError};

const GROUP: GroupId = GroupId::new([7; 16]);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Reference(u8);

impl Key<V> for Reference {}
impl Entity<V> for Reference {}
impl traits::ProposalRef<V> for Reference {}
impl traits::HashReference<V> for Reference {}
impl traits::EncryptionKey<V> for Reference {}
impl traits::EpochKey<V> for Reference {}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Value(String);

impl Entity<V> for Value {}
impl traits::QueuedProposal<V> for Value {}
impl traits::HpkeKeyPair<V> for Value {}
impl traits::LeafNode<V> for Value {}
impl traits::TreeSync<V> for Value {}
impl traits::KeyPackage<V> for Value {}
impl traits::MessageSecrets<V> for Value {}
impl traits::PskBundle<V> for Value {}
impl traits::PskId<V> for Reference {}

fn value(text: &str) -> Value {
    Value(text.to_owned())
}

fn id(group: GroupId) -> mls::GroupId {
    mls::GroupId::from_slice(group.as_bytes())
}

fn loaded(rows: MlsRows) -> Overlay {
    let overlay = Overlay::default();
    overlay.load_group(GROUP, rows).unwrap();
    overlay
}

/// Stores the changes and loads them again.
fn reload(overlay: Overlay, mut rows: MlsRows) -> (Overlay, MlsRows) {
    for change in overlay.take_changes() {
        match change.value {
            Some(value) => rows.insert(change.key, value),
            None => rows.remove(&change.key),
        };
    }
    (loaded(rows.clone()), rows)
}

/// R-MLS-009: "not loaded" is never taken for "not there".
#[test]
fn reading_outside_the_loaded_scopes_is_an_error() {
    let overlay = loaded(MlsRows::new());
    assert_eq!(overlay.tree::<_, Value>(&id(GROUP)), Ok(None));
    assert_eq!(overlay.take_failure(), None);

    let other = id(GroupId::new([8; 16]));
    let missing = StorageError::NotLoaded("ratchet tree");
    assert_eq!(overlay.tree::<_, Value>(&other), Err(missing));
    assert_eq!(overlay.take_failure(), Some(missing));
    assert_eq!(overlay.write_tree(&other, &value("tree")), Err(missing));
    assert_eq!(overlay.delete_tree(&other), Err(missing));
    assert!(overlay.queued_proposal_refs::<_, Reference>(&other).is_err());
    assert!(overlay.own_leaf_nodes::<_, Value>(&other).is_err());
    assert!(overlay.encryption_epoch_key_pairs::<_, _, Value>(&other, &Reference(1), 0).is_err());
    assert!(overlay.write_key_package(&Reference(1), &value("package")).is_err());
    assert_eq!(overlay.take_changes(), []);
    // A key pair that is identified by its public key alone needs a group that is open.
    assert!(Overlay::default().encryption_key_pair::<Value, _>(&Reference(1)).is_err());
}

/// The one exception: OpenMLS asks for every key package that a welcome names.
#[test]
fn a_key_package_that_was_not_loaded_is_not_ours() {
    assert_eq!(Overlay::default().key_package::<_, Value>(&Reference(1)), Ok(None));
}

#[test]
fn what_is_written_is_read_and_survives_a_reload() {
    let overlay = loaded(MlsRows::new());
    overlay.write_tree(&id(GROUP), &value("tree")).unwrap();
    assert_eq!(overlay.tree(&id(GROUP)), Ok(Some(value("tree"))));
    let (overlay, rows) = reload(overlay, MlsRows::new());
    assert_eq!(overlay.tree(&id(GROUP)), Ok(Some(value("tree"))));
    overlay.delete_tree(&id(GROUP)).unwrap();
    assert_eq!(overlay.tree::<_, Value>(&id(GROUP)), Ok(None));
    let (_, rows) = reload(overlay, rows);
    assert!(rows.is_empty());
}

#[test]
fn only_rows_whose_bytes_changed_are_changes() {
    let overlay = loaded(MlsRows::new());
    overlay.write_tree(&id(GROUP), &value("tree")).unwrap();
    overlay.delete_own_leaf_nodes(&id(GROUP)).unwrap();
    let (overlay, rows) = reload(overlay, MlsRows::new());
    assert_eq!(rows.len(), 1, "a deletion of nothing is none");
    overlay.write_tree(&id(GROUP), &value("other")).unwrap();
    overlay.write_tree(&id(GROUP), &value("tree")).unwrap();
    assert_eq!(overlay.take_changes(), []);
}

#[test]
fn a_snapshot_holds_what_was_written_before_it() {
    let overlay = loaded(MlsRows::new());
    overlay.write_tree(&id(GROUP), &value("before")).unwrap();
    let snapshot = overlay.snapshot();
    overlay.write_tree(&id(GROUP), &value("after")).unwrap();
    overlay.append_own_leaf_node(&id(GROUP), &value("leaf")).unwrap();
    overlay.restore(snapshot);
    let changes = overlay.take_changes();
    assert_eq!(changes.len(), 1);
    let MlsRowChange { scope, key, value } = &changes[0];
    assert_eq!(*scope, Scope::Group(GROUP));
    assert_eq!(key[0], Kind::Tree as u8);
    assert!(value.as_ref().is_some_and(|value| value.ends_with(b"before")));
}

/// R-MLS-010: a cleared queue leaves no row behind.
#[test]
fn proposals_are_queued_in_order_and_really_cleared() {
    let group = id(GROUP);
    let overlay = loaded(MlsRows::new());
    for number in [2, 1, 3] {
        overlay.queue_proposal(&group, &Reference(number), &value(&number.to_string())).unwrap();
    }
    overlay.queue_proposal(&group, &Reference(1), &value("again")).unwrap();
    let (overlay, rows) = reload(overlay, MlsRows::new());
    let refs = overlay.queued_proposal_refs::<_, Reference>(&group).unwrap();
    assert_eq!(refs, [Reference(2), Reference(3), Reference(1)]);
    let queued = overlay.queued_proposals::<_, Reference, Value>(&group).unwrap();
    assert_eq!(queued[2], (Reference(1), value("again")));

    overlay.remove_proposal(&group, &Reference(3)).unwrap();
    assert_eq!(overlay.queued_proposal_refs::<_, Reference>(&group).unwrap().len(), 2);
    overlay.clear_proposal_queue::<_, Reference>(&group).unwrap();
    assert!(overlay.queued_proposal_refs::<_, Reference>(&group).unwrap().is_empty());
    let (overlay, rows) = reload(overlay, rows);
    assert!(rows.is_empty());

    // Taken away one by one, they leave no row either.
    overlay.queue_proposal(&group, &Reference(1), &value("one")).unwrap();
    overlay.remove_proposal(&group, &Reference(1)).unwrap();
    assert!(reload(overlay, rows).1.is_empty());
}

#[test]
fn own_leaf_nodes_are_appended() {
    let overlay = loaded(MlsRows::new());
    overlay.append_own_leaf_node(&id(GROUP), &value("one")).unwrap();
    overlay.append_own_leaf_node(&id(GROUP), &value("two")).unwrap();
    let (overlay, _) = reload(overlay, MlsRows::new());
    assert_eq!(overlay.own_leaf_nodes(&id(GROUP)), Ok(vec![value("one"), value("two")]));
}

#[test]
fn the_key_pairs_of_an_epoch_replace_those_of_the_one_before() {
    let group = id(GROUP);
    let overlay = loaded(MlsRows::new());
    let read = |overlay: &Overlay, epoch, index| {
        overlay.encryption_epoch_key_pairs::<_, _, Value>(&group, &Reference(epoch), index).unwrap()
    };
    overlay.write_encryption_epoch_key_pairs(&group, &Reference(1), 4, &[value("old")]).unwrap();
    assert_eq!(read(&overlay, 1, 4), [value("old")]);
    assert_eq!(read(&overlay, 1, 5), []);
    assert_eq!(read(&overlay, 2, 4), []);
    // As OpenMLS merges: the new ones are written, then the old ones deleted.
    overlay.write_encryption_epoch_key_pairs(&group, &Reference(2), 4, &[value("new")]).unwrap();
    overlay.delete_encryption_epoch_key_pairs(&group, &Reference(1), 4).unwrap();
    assert_eq!(read(&overlay, 2, 4), [value("new")]);
    assert_eq!(read(&overlay, 1, 4), []);
    overlay.delete_encryption_epoch_key_pairs(&group, &Reference(2), 4).unwrap();
    assert!(reload(overlay, MlsRows::new()).1.is_empty());
}

#[test]
fn message_secrets_are_written_when_asked_for_only() {
    let overlay = loaded(MlsRows::new());
    overlay.write_message_secrets(&id(GROUP), &value("secrets")).unwrap();
    assert!(overlay.secrets_are_stale());
    assert_eq!(overlay.message_secrets::<_, Value>(&id(GROUP)), Ok(None));
    overlay.set_writes_secrets(true);
    overlay.write_message_secrets(&id(GROUP), &value("secrets")).unwrap();
    assert!(!overlay.secrets_are_stale());
    assert_eq!(overlay.message_secrets(&id(GROUP)), Ok(Some(value("secrets"))));
}

#[test]
fn rows_of_an_unknown_form_are_corrupt() {
    let overlay = loaded(MlsRows::new());
    overlay.write_tree(&id(GROUP), &value("tree")).unwrap();
    let (_, rows) = reload(overlay, MlsRows::new());
    let (key, good) = rows.first_key_value().unwrap();
    let with = |row: Vec<u8>| loaded(MlsRows::from([(key.clone(), row)])).tree::<_, Value>(&id(GROUP));
    assert_eq!(with(good.clone()), Ok(Some(value("tree"))));
    let corrupt = Err(StorageError::Corrupt("ratchet tree"));
    assert_eq!(with(Vec::new()), corrupt);
    assert_eq!(with([&[9], &good[1..]].concat()), corrupt, "an unknown format");
    assert_eq!(with(good[..good.len() - 1].to_vec()), corrupt, "cut short");
    assert_eq!(with([good.as_slice(), &[0]].concat()), corrupt, "bytes left over");
}

#[test]
fn no_pre_shared_key_and_no_signature_key_is_kept() {
    let overlay = loaded(MlsRows::new());
    assert_eq!(overlay.psk::<Value, _>(&Reference(1)), Ok(None));
    let refused = overlay.write_psk(&Reference(1), &value("psk"));
    assert_eq!(refused, Err(StorageError::NotKept("pre-shared key")));
}

#[test]
fn a_new_key_package_finds_its_scope_by_its_reference() {
    let reference = [5_u8; 32];
    let overlay = Overlay::default();
    overlay.accept_new_key_package();
    overlay.write(Kind::KeyPackage, &reference.to_vec(), &value("package")).unwrap();
    let changes = overlay.take_changes();
    assert_eq!(changes[0].scope, Scope::KeyPackage(KeyPackageRef::new(reference)));
}
