//! Signature requests from another process.
#![no_main]

use hexmtp_domain::identity::{InboxGuard, SignatureRequest};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(request) = SignatureRequest::decode(bytes) else { return };
    assert_eq!(SignatureRequest::decode(&request.encode()).as_ref(), Ok(&request));
    assert_eq!(request.build().is_ok(), request.is_ready());
    let _ = InboxGuard::new_inbox().check(request.update());
});
