//! What strangers put into groups, welcomes and messages.
#![no_main]

use hexmtp_domain::Topic;
use hexmtp_domain::group::immutable_metadata::ImmutableMetadata;
use hexmtp_domain::group::membership::GroupMembership;
use hexmtp_domain::group::mutable_metadata::MutableMetadata;
use hexmtp_domain::group::permissions::PolicySet;
use hexmtp_domain::message::{EncodedContent, PlaintextEnvelope};
use hexmtp_domain::version::ProtocolVersion;
use hexmtp_domain::welcome::{WelcomeMetadata, WelcomePointer};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let _ = ImmutableMetadata::decode(bytes);
    if let Ok(metadata) = MutableMetadata::decode(bytes) {
        assert_eq!(MutableMetadata::decode(&metadata.encode()), Ok(metadata));
    }
    if let Ok(membership) = GroupMembership::decode(bytes) {
        assert_eq!(GroupMembership::decode(&membership.encode()), Ok(membership));
    }
    if let Ok(policies) = PolicySet::decode(bytes) {
        assert_eq!(PolicySet::decode(&policies.encode()), Ok(policies));
    }
    let _ = Topic::from_bytes(bytes);
    let _ = PlaintextEnvelope::decode(bytes);
    let _ = EncodedContent::decode(bytes);
    let _ = WelcomeMetadata::decode(bytes);
    let _ = WelcomePointer::decode(bytes);
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = ProtocolVersion::parse(text);
    }
});
