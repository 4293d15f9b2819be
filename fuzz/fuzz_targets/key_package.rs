//! What strangers put into key packages: credentials and extensions.
#![no_main]

use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::key_package::{MlsCredential, PointeeAlgorithms, WrapperKey, wrapper_for};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(credential) = MlsCredential::decode(bytes) {
        assert_eq!(MlsCredential::decode(&credential.encode()), Ok(credential));
    }
    if let Ok(key) = WrapperKey::decode(bytes) {
        assert_eq!(WrapperKey::decode(&key.encode()), Ok(key));
    }
    if let Ok(algorithms) = PointeeAlgorithms::decode(bytes) {
        assert_eq!(PointeeAlgorithms::decode(&algorithms.encode()), Ok(algorithms));
    }
    let (first, second) = bytes.split_at(bytes.len() / 2);
    let extensions =
        [RawExtension { id: 0xff03, data: first.to_vec() }, RawExtension { id: 0xff04, data: second.to_vec() }];
    let (key, _, _) = wrapper_for(b"init key", &extensions);
    assert!(!key.is_empty());
});
