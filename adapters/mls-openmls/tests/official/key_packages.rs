//! The 20 captured key packages.

use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::{MlsEngine, MlsError};
use openmls::prelude::Lifetime;
use tls_codec::Serialize as _;

use crate::captured::{bytes, installation_id, key_package, runs, text};

#[test]
fn official_key_packages_verify_and_show_the_same_inbox_and_installation() {
    let engine = OpenMlsEngine::new();
    let mut verified = 0;
    for run in runs() {
        for package in &run.key_packages {
            let tls = bytes(package, "key_package_tls");
            let parsed = &package["parsed"];
            let own = key_package(package);
            assert_eq!(own.tls_serialize_detached().unwrap(), tls, "re-encoded");
            // Their lifetime ends on 14 February 2027. It is the last thing that is checked, so after that day all
            // the rest is known to hold when nothing but the lifetime is complained about.
            match engine.verify_key_package(&tls) {
                Ok(package) => {
                    let leaf = &parsed["leaf_node"];
                    assert_eq!(package.member.installation_id, installation_id(leaf, "signature_key"));
                    assert_eq!(package.member.inbox_id.to_string(), text(leaf, "credential_inbox_id"));
                    assert_eq!(package.init_public_key, bytes(parsed, "init_key"));
                    assert_eq!(package.tls, tls);
                    for (ours, theirs) in
                        package.extensions.iter().zip(parsed["extensions"].as_array().unwrap())
                    {
                        assert_eq!(format!("{:#06x}", ours.id), text(theirs, "type"));
                        assert_eq!(ours.data, bytes(theirs, "data"));
                    }
                    for (ours, theirs) in
                        package.leaf_extensions.iter().zip(leaf["extensions"].as_array().unwrap())
                    {
                        assert_eq!(format!("{:#06x}", ours.id), text(theirs, "type"));
                        assert_eq!(ours.data, bytes(theirs, "data"));
                    }
                    let (start, end) = package.lifetime;
                    assert_eq!(Some(start.as_seconds()), leaf["lifetime"]["not_before"].as_i64());
                    assert_eq!(Some(end.as_seconds()), leaf["lifetime"]["not_after"].as_i64());
                }
                Err(error) => assert!(is_over(own.life_time(), &error), "{}: {error}", run.name),
            }
            verified += 1;
        }
    }
    assert_eq!(verified, 20);
}

fn is_over(lifetime: &Lifetime, error: &MlsError) -> bool {
    let says_so = matches!(error, MlsError::InvalidKeyPackage(reason) if reason.contains("lifetime"));
    says_so && lifetime.validate().is_err()
}

#[test]
fn the_private_keys_belong_to_the_captured_key_packages() {
    for run in runs() {
        for package in &run.key_packages {
            let bundle = crate::captured::bundle(package);
            assert_eq!(bundle.init_private_key().to_vec(), bytes(&package["private"], "init_private"));
        }
    }
}
