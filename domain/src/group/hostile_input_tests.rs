//! Bytes from strangers: every decoder answers, and what it accepts it can write again.

use proptest::prelude::*;

use crate::group::context::GroupContext;
use crate::group::fixtures::{captured, commit, group, leaf};
use crate::group::immutable_metadata::ImmutableMetadata;
use crate::group::membership::{GroupMembership, InstallationStates};
use crate::group::mutable_metadata::MutableMetadata;
use crate::group::permissions::PolicySet;
use crate::group::{commit_rules, join_rules};
use crate::version::ProtocolVersion;

/// Runs every decoder; what one of them accepts has to survive being written and read again.
fn decode_all(data: &[u8]) {
    if let Ok(metadata) = ImmutableMetadata::decode(data) {
        assert_eq!(ImmutableMetadata::decode(&metadata.encode().unwrap()).unwrap(), metadata);
    }
    if let Ok(metadata) = MutableMetadata::decode(data) {
        assert_eq!(MutableMetadata::decode(&metadata.encode()).unwrap(), metadata);
    }
    if let Ok(membership) = GroupMembership::decode(data) {
        assert_eq!(GroupMembership::decode(&membership.encode()).unwrap(), membership);
    }
    if let Ok(policies) = PolicySet::decode(data) {
        assert_eq!(PolicySet::decode(&policies.encode()).unwrap(), policies);
    }
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(data in prop::collection::vec(any::<u8>(), 0..200)) {
        decode_all(&data);
    }

    #[test]
    fn altered_captured_extensions_do_no_harm(
        which in any::<prop::sample::Index>(),
        extension in any::<prop::sample::Index>(),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<prop::sample::Index>(),
    ) {
        let contexts = captured();
        let context = which.get(&contexts);
        let index = extension.index(context.extensions.len());
        let mut extensions = context.extensions.clone();
        let data = &mut extensions[index].data;
        for (place, byte) in edits {
            let place = place.index(data.len());
            data[place] = byte;
        }
        decode_all(data);
        decode_all(&data[..keep.index(data.len())]);

        // A commit to it and a welcome with it are judged, whatever it says.
        let before = GroupContext::parse(&context.extensions).unwrap();
        let mut summary = commit(leaf(1, 1), &before);
        summary.extensions = Some(extensions.clone());
        let (states, claimed) = (InstallationStates::new(), ProtocolVersion::claimed());
        let _ = commit_rules::facts_needed(&before, &[leaf(1, 1)], &summary);
        prop_assert!(commit_rules::judge_commit(&before, &[leaf(1, 1)], &summary, &states, &claimed).is_err());
        if let Ok(parsed) = GroupContext::parse(&extensions) {
            let own = parsed.immutable.creator;
            prop_assert!(join_rules::judge_join(&parsed, &[], &states, &leaf(1, 1), own, &claimed).is_err());
        }
    }
}

#[test]
fn a_context_without_any_member_judges_everything_as_refused() {
    let mut empty = group(&[]);
    empty.mutable.attributes.clear();
    let (states, claimed) = (InstallationStates::new(), ProtocolVersion::claimed());
    let summary = commit(leaf(1, 1), &empty);
    assert!(commit_rules::judge_commit(&empty, &[leaf(1, 1)], &summary, &states, &claimed).is_err());
    assert!(
        join_rules::judge_join(&empty, &[], &states, &leaf(1, 1), leaf(1, 1).inbox_id, &claimed).is_err()
    );
}
