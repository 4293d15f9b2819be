//! Key packages as the network hands them out: the whole TLS encoding, signatures and lifetime included.
#![no_main]

use std::sync::LazyLock;

use hexmtp_domain::key_package::wrapper_for;
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::MlsEngine;
use libfuzzer_sys::fuzz_target;

static ENGINE: LazyLock<OpenMlsEngine> = LazyLock::new(OpenMlsEngine::new);

fuzz_target!(|bytes: &[u8]| {
    let Ok(package) = ENGINE.verify_key_package(bytes) else { return };
    assert_eq!(package.tls, bytes);
    let (key, _, _) = wrapper_for(&package.init_public_key, &package.extensions);
    assert!(!key.is_empty());
});
