//! The captured welcomes and welcome pointers.

use hexmtp_domain::welcome::WelcomePointer;
use hexmtp_domain::welcome::WrapperAlgorithm;
use hexmtp_domain::{EpochAuthenticator, Secret};
use hexmtp_mls_openmls::{OpenMlsEngine, OpenMlsWelcomeCrypto};
use hexmtp_ports::mls::{Keep, MlsEngine, MlsError};
use hexmtp_ports::welcome_crypto::{WelcomeCrypto, WelcomeCryptoError, Wrapped};

use crate::captured::{bytes, rows, runs, text};

/// R-WEL-201: X-Wing with KEM id 0x004D, and pointers (PROTOCOL.md 5.1, 5.3).
#[test]
fn official_welcomes_and_pointers_open_with_their_metadata() {
    let (mut direct, mut pointers) = (0, 0);
    for run in runs() {
        for welcome in run.received() {
            let opened = run.unwrap(welcome);
            // An MLSMessage of version 1 that holds a welcome.
            assert_eq!(opened.data[..4], [0, 1, 0, 3]);
            // WelcomeMetadata { message_cursor = 1 }: one varint field.
            assert_eq!(opened.metadata[0], 0x08, "{}", hex::encode(&opened.metadata));
            if text(welcome, "type") == "v1" { direct += 1 } else { pointers += 1 }
        }
    }
    assert_eq!((direct, pointers), (9, 9));
}

/// R-WEL-202: with another key, or as another algorithm, nothing opens.
#[test]
fn official_welcomes_do_not_open_otherwise() {
    let run = &runs()[0];
    let [first, second] = [&run.welcomes[0], &run.welcomes[1]];
    let wrapped = Wrapped { data: bytes(first, "data"), metadata: bytes(first, "welcomeMetadata") };
    let other = Secret::new(bytes(second, "wrapper_private_key"));
    let own = Secret::new(bytes(first, "wrapper_private_key"));
    let crypto = OpenMlsWelcomeCrypto;
    assert_eq!(crypto.unwrap(WrapperAlgorithm::XWing, &other, &wrapped), Err(WelcomeCryptoError::CannotOpen));
    assert_eq!(
        crypto.unwrap(WrapperAlgorithm::Curve25519, &own, &wrapped),
        Err(WelcomeCryptoError::Malformed)
    );
    // What opens is a welcome and no pointer.
    let opened = crypto.unwrap(WrapperAlgorithm::XWing, &own, &wrapped).unwrap();
    assert!(WelcomePointer::decode(&opened.data).is_err());
}

/// R-MLS-007: joining leads to the epoch authenticator that the official clients have.
#[test]
fn joining_by_official_welcomes_gives_the_captured_epoch_authenticators() {
    let engine = OpenMlsEngine::new();
    let mut joined = 0;
    for run in runs() {
        let authenticators = run.authenticators();
        for welcome in run.received() {
            let (name, inbox_id, key) = run.installation(text(welcome, "installationKey"));
            let data = run.unwrap(welcome).data;
            let package = run.key_package_for(welcome);
            let mut join =
                engine.join(&key, &data, rows(package)).unwrap_or_else(|error| panic!("{name}: {error:?}"));
            let state = join.session.state().unwrap();
            let group = state.group_id.to_string();
            let expected: EpochAuthenticator = authenticators[&(group, state.epoch.0)].parse().unwrap();
            assert_eq!(state.authenticator, expected, "{}: {name}", run.name);
            assert!(state.is_active);
            let own: Vec<_> =
                state.members.iter().filter(|member| member.installation_id == key.id()).collect();
            assert_eq!(own.len(), 1);
            assert_eq!(own[0].inbox_id, inbox_id);
            assert!(state.members.contains(&join.sender));
            assert!(!join.session.take_changes(Keep::All).unwrap().is_empty());
            joined += 1;
        }
    }
    assert_eq!(joined, 18);
}

#[test]
fn a_welcome_for_somebody_else_is_not_joined() {
    let run = &runs()[1];
    let received: Vec<_> = run.received().collect();
    let data = run.unwrap(received[0]).data;
    let engine = OpenMlsEngine::new();
    // The group of two welcomes has dave too, not frank; his key package is not named.
    let frank = run.key_packages.iter().find(|package| text(package, "client") == "frank").unwrap();
    let (_, _, key) = run.installation(text(frank, "installation_id"));
    let result = engine.join(&key, &data, rows(frank)).map(drop);
    assert!(matches!(result, Err(MlsError::NotForThisKeyPackage)), "{result:?}");
}
