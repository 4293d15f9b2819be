//! Extensions, capabilities and required capabilities: ours beside the official ones (PROTOCOL.md 2.2, 2.3).
//!
//! The allowed differences: app-data groups are not supported yet, so extension `0x0006` and proposal `0x0008` are not
//! advertised; and the official creator's leaf lists every ciphersuite of its MLS library.

use std::fmt::Write as _;
use std::time::{SystemTime, UNIX_EPOCH};

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{GroupId, InboxId, Timestamp};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::{CommitPlan, GroupParams, KeyPackageParams, MlsEngine, NewKeyPackage};
use openmls::prelude::{
    Capabilities, Extension, KeyPackage, KeyPackageBundle, LeafNode, MlsGroupJoinConfig, MlsMessageBodyIn,
    MlsMessageIn, OpenMlsProvider as _, StagedWelcome,
};
use openmls_rust_crypto::OpenMlsRustCrypto;
use openmls_traits::storage::StorageProvider as _;
use tls_codec::{Deserialize as _, Serialize as _};

use crate::captured::{bundle, bytes, runs, text};

const ALICE: u8 = 1;
const BOB: u8 = 2;
const WRAPPER_KEY: [u8; 1216] = [9; 1216];

fn new_key_package(engine: &OpenMlsEngine) -> NewKeyPackage {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let params = KeyPackageParams {
        key: &InstallationKey::from_seed([BOB; 32]),
        inbox_id: InboxId::new([BOB; 32]),
        now: Timestamp::ZERO.plus(now),
        wrapper_public_key: Some(&WRAPPER_KEY),
    };
    engine.create_key_package(params).unwrap()
}

fn bundle_of(package: &NewKeyPackage) -> KeyPackageBundle {
    let row = package.changes[0].value.as_ref().unwrap();
    postcard::from_bytes(&row[1..]).unwrap()
}

/// What the two sides may not agree on is left out.
fn ids(numbers: impl Iterator<Item = u16>, left_out: u16) -> String {
    let kept: Vec<_> = numbers.filter(|id| *id != left_out).map(|id| format!("{id:04x}")).collect();
    kept.join(" ")
}

fn describe_capabilities(capabilities: &Capabilities, with_ciphersuites: bool) -> String {
    let mut out = String::new();
    writeln!(out, "versions {:?}", capabilities.versions()).unwrap();
    if with_ciphersuites {
        writeln!(out, "ciphersuites {:?}", capabilities.ciphersuites()).unwrap();
    }
    writeln!(out, "extensions {}", ids(capabilities.extensions().iter().map(|id| u16::from(*id)), 0x0006))
        .unwrap();
    writeln!(out, "proposals {}", ids(capabilities.proposals().iter().map(|id| u16::from(*id)), 0x0008))
        .unwrap();
    writeln!(out, "credentials {:?}", capabilities.credentials()).unwrap();
    out
}

fn describe_extensions<'a>(extensions: impl Iterator<Item = &'a Extension>, with_data: &[u16]) -> String {
    let mut out = String::new();
    for extension in extensions {
        let id = u16::from(extension.extension_type());
        let data = extension.tls_serialize_detached().unwrap();
        if with_data.contains(&id) {
            writeln!(out, "extension {}", hex::encode(data)).unwrap();
        } else {
            writeln!(out, "extension {id:04x}").unwrap();
        }
    }
    out
}

fn describe_key_package(package: &KeyPackage) -> String {
    let leaf = package.leaf_node();
    let mut out = describe_capabilities(leaf.capabilities(), true);
    out += "leaf\n";
    out += &describe_extensions(leaf.extensions().iter(), &[]);
    out += "key package\n";
    out += &describe_extensions(package.extensions().iter(), &[0x000a, 0xff04]);
    let range = package.life_time().not_after() - package.life_time().not_before();
    writeln!(out, "{:?}, lifetime {range} s", package.ciphersuite()).unwrap();
    for extension in package.extensions().iter() {
        writeln!(out, "length {}", extension.tls_serialize_detached().unwrap().len()).unwrap();
    }
    out
}

/// R-MLS-001
#[test]
fn our_key_packages_are_made_like_the_official_ones() {
    let ours = describe_key_package(bundle_of(&new_key_package(&OpenMlsEngine::new())).key_package());
    for run in runs() {
        for package in &run.key_packages {
            let theirs = describe_key_package(&crate::captured::key_package(package));
            assert_eq!(ours, theirs, "ours:\n{ours}\ntheirs ({}):\n{theirs}", text(package, "client"));
        }
    }
}

#[test]
fn the_bytes_of_our_capabilities_are_those_of_the_reference_without_app_data() {
    let bundle = bundle_of(&new_key_package(&OpenMlsEngine::new()));
    let capabilities = bundle.key_package().leaf_node().capabilities().tls_serialize_detached().unwrap();
    // PROTOCOL.md 2.2 without 0006 and 0008.
    assert_eq!(
        hex::encode(capabilities),
        "0200010200031000 0a0001f000ff02ff00ff01ff03ff0402000702 0001".replace(' ', "")
    );
}

/// What a welcome says of the group and of the leaf that made it, seen through OpenMLS itself.
fn describe_group(bundle: &KeyPackageBundle, welcome: &[u8]) -> String {
    let provider = OpenMlsRustCrypto::default();
    let id = bundle.key_package().hash_ref(provider.crypto()).unwrap();
    provider.storage().write_key_package(&id, bundle).unwrap();
    let MlsMessageBodyIn::Welcome(welcome) = MlsMessageIn::tls_deserialize_exact(welcome).unwrap().extract()
    else {
        panic!("not a welcome");
    };
    let config = MlsGroupJoinConfig::builder().build();
    let staged = StagedWelcome::build_from_welcome(&provider, &config, welcome)
        .unwrap()
        .skip_lifetime_validation()
        .build()
        .unwrap();
    let creator: &LeafNode = staged.welcome_sender().unwrap();
    let mut out = describe_capabilities(creator.capabilities(), false);
    out += "creator's leaf\n";
    out += &describe_extensions(creator.extensions().iter(), &[]);
    out += "group context\n";
    out += &describe_extensions(staged.group_context().extensions().iter(), &[0x0003]);
    writeln!(out, "{:?}", staged.group_context().ciphersuite()).unwrap();
    out
}

fn extension(id: u16) -> RawExtension {
    RawExtension { id, data: vec![1, 0] }
}

/// R-MLS-003
#[test]
fn our_groups_and_membership_commits_are_made_like_the_official_ones() {
    let engine = OpenMlsEngine::new();
    let package = new_key_package(&engine);
    let params = GroupParams {
        key: &InstallationKey::from_seed([ALICE; 32]),
        inbox_id: InboxId::new([ALICE; 32]),
        group_id: GroupId::new([3; 16]),
        extensions: [0xf000, 0xff00, 0xff01, 0xff02].map(extension).into(),
    };
    let mut session = engine.create_group(params).unwrap();
    // As in the first commit of an official group: the new membership goes to the end of the list.
    let mut extensions = session.state().unwrap().extensions;
    let mut membership = extensions.remove(2);
    membership.data = vec![2, 0];
    extensions.push(membership);
    let added = engine.verify_key_package(&package.tls).unwrap();
    let plan = CommitPlan { add: vec![added], remove: Vec::new(), extensions: Some(extensions) };
    let commit = session.commit(&plan).unwrap();
    let ours = describe_group(&bundle_of(&package), &commit.welcome.unwrap());

    let mut compared = 0;
    for run in runs() {
        for welcome in run.received() {
            let theirs = describe_group(&bundle(run.key_package_for(welcome)), &run.unwrap(welcome).data);
            // Later welcomes are of groups that changed meanwhile: the order of their extensions differs.
            if text(welcome, "step").starts_with("createGroup") {
                assert_eq!(ours, theirs, "ours:\n{ours}\ntheirs ({}):\n{theirs}", text(welcome, "step"));
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 12);

    // The framing: a private message of version 1 for this group, epoch 0, a commit, nothing authenticated besides.
    let framing = |group: &[u8]| [&[0, 1, 0, 2, 16], group, &[0; 8], &[3, 0]].concat();
    assert!(commit.data.starts_with(&framing(&[3; 16])));
    let theirs = &runs()[0].messages[0];
    assert!(bytes(theirs, "data").starts_with(&framing(&bytes(theirs, "group_id"))));
}
