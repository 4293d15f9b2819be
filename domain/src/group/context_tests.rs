use std::collections::BTreeMap;

use crate::group::commit_summary::RawExtension;
use crate::group::context::{GroupContext, GroupContextError, GroupDraft};
use crate::group::fixtures::{SEED, captured, dm, group, inbox};
use crate::group::kind::ConversationKind;
use crate::group::membership::GroupMembership;
use crate::group::mutable_metadata::{DESCRIPTION, GROUP_NAME};
use crate::group::permissions::{Policy, PolicySet, Preset};

fn draft() -> GroupDraft {
    GroupDraft {
        creator: inbox(1),
        attributes: BTreeMap::new(),
        permissions: PolicySet::all_members(),
        commit_log_signer: SEED,
    }
}

fn ids(extensions: &[RawExtension]) -> Vec<u16> {
    extensions.iter().map(|extension| extension.id).collect()
}

/// R-GRP-021
#[test]
fn every_captured_context_is_read_wherever_its_extensions_stand() {
    let captured = captured();
    assert_eq!(captured.len(), 8);
    let orders: std::collections::BTreeSet<Vec<u16>> =
        captured.iter().map(|context| ids(&context.extensions)).collect();
    assert_eq!(orders.len(), 3);
    for context in captured {
        let parsed = GroupContext::parse(&context.extensions).unwrap();
        let again = GroupContext::parse(&parsed.to_extensions().unwrap()).unwrap();
        assert_eq!(parsed, again);
        assert_eq!(parsed.immutable.kind == ConversationKind::Dm, parsed.immutable.dm_members.is_some());
        assert!(parsed.membership.members.contains_key(&parsed.immutable.creator));
        assert_eq!(
            context.epoch == 0,
            parsed.membership == GroupMembership::initial(parsed.immutable.creator)
        );
        for extension in &context.extensions {
            // The immutable extension has one encoding, ours. The others hold maps, which have none.
            if extension.id == 0xf000 {
                assert_eq!(parsed.immutable.encode().unwrap(), extension.data);
            }
        }
    }
}

/// R-GRP-022
#[test]
fn a_new_group_has_the_extensions_of_a_captured_new_group() {
    let official = captured().into_iter().find(|context| context.epoch == 0).unwrap();
    let ours = GroupContext::initial_group(draft()).unwrap();
    assert_eq!(ids(&ours), [0xf000, 0xff00, 0xff01, 0xff02]);
    assert_eq!(ids(&official.extensions), [0xf000, 0xff00, 0xff01, 0xff02, 0x0003]);
    let ours = GroupContext::parse(&ours).unwrap();
    let official = GroupContext::parse(&official.extensions).unwrap();
    assert_eq!(ours.immutable.kind, official.immutable.kind);
    assert_eq!(ours.immutable.dm_members, official.immutable.dm_members);
    assert_eq!(ours.permissions, official.permissions);
    assert_eq!(ours.permissions.preset(), Some(Preset::AllMembers));
    assert_eq!(ours.membership, GroupMembership::initial(inbox(1)));
    assert_eq!(ours.membership.members[&inbox(1)].0, 0);
}

#[test]
fn a_new_dm_names_both_inboxes_and_holds_its_creator() {
    let context = GroupContext::parse(&GroupContext::initial_dm(inbox(2), inbox(1), SEED).unwrap()).unwrap();
    assert_eq!(context.immutable.kind, ConversationKind::Dm);
    assert_eq!(context.immutable.dm_members, Some((inbox(2), inbox(1))));
    assert_eq!(context.permissions, PolicySet::dm());
    assert_eq!(context.membership, GroupMembership::initial(inbox(2)));
    assert_eq!(GroupContext::initial_dm(inbox(2), inbox(2), SEED), Err(GroupContextError::DmWithOneself));
}

/// R-GRP-023 (W-07)
#[test]
fn a_new_group_with_texts_that_receivers_would_refuse_is_not_made() {
    let mut good = draft();
    good.attributes =
        [(GROUP_NAME.to_owned(), "n".repeat(100)), (DESCRIPTION.to_owned(), "d".repeat(1000))].into();
    let context = GroupContext::parse(&GroupContext::initial_group(good.clone()).unwrap()).unwrap();
    assert_eq!(context.mutable.name().len(), 100);
    for (field, length) in [(GROUP_NAME, 101), (DESCRIPTION, 1001)] {
        let mut long = good.clone();
        long.attributes.insert(field.to_owned(), "x".repeat(length));
        assert!(matches!(GroupContext::initial_group(long), Err(GroupContextError::TooLong(_))), "{field}");
    }
    let mut unreadable = good;
    unreadable.permissions.add_member = Policy::And(Vec::new());
    assert!(matches!(GroupContext::initial_group(unreadable), Err(GroupContextError::Permissions(_))));
}

/// R-GRP-024
#[test]
fn a_missing_or_repeated_extension_is_refused() {
    let extensions = dm(&[(1, 1)]).to_extensions().unwrap();
    for extension in &extensions {
        let missing: Vec<_> = extensions.iter().filter(|other| other.id != extension.id).cloned().collect();
        assert_eq!(GroupContext::parse(&missing), Err(GroupContextError::Missing(extension.id)));
        let mut twice = extensions.clone();
        twice.push(extension.clone());
        assert_eq!(GroupContext::parse(&twice), Err(GroupContextError::Duplicate(extension.id)));
    }
    let mut more = extensions;
    more.insert(0, RawExtension { id: 0x1234, data: vec![1, 2, 3] });
    more.push(RawExtension { id: 0x1234, data: vec![4] });
    assert_eq!(GroupContext::parse(&more).unwrap(), dm(&[(1, 1)]));
}

/// R-GRP-025
#[test]
fn a_replaced_extension_moves_to_the_end() {
    let mut extensions = group(&[(1, 1)]).to_extensions().unwrap();
    extensions.push(RawExtension { id: 3, data: vec![9] });
    let once = GroupContext::replaced(&extensions, 0xff01, vec![1]);
    assert_eq!(ids(&once), [0xf000, 0xff00, 0xff02, 3, 0xff01]);
    assert_eq!(once[4].data, [1]);
    let renamed = GroupContext::replaced(&once, 0xff00, vec![2]);
    assert_eq!(ids(&renamed), [0xf000, 0xff02, 3, 0xff01, 0xff00]);
    assert_eq!(renamed[3], once[4]);
}

#[test]
fn debug_of_a_draft_hides_the_seed() {
    let mut draft = draft();
    draft.attributes.insert(GROUP_NAME.to_owned(), "private plans".to_owned());
    let text = format!("{draft:?}");
    assert!(
        text.contains(GROUP_NAME) && !text.contains("private plans") && !text.contains("90, 90"),
        "{text}"
    );
}
