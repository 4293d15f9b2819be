//! The fold: one long log, and many short ones.

use std::hint::black_box;

use hexmtp_domain::identity::{AssociationState, IdentityUpdate, MAX_UPDATES};

use crate::in_one_call::thousand;
use crate::log::{Log, RawSignature};
use crate::ratios::Group;

pub(crate) fn measure(group: &mut Group<'_>) {
    long_log(group);
    short_logs(group);
}

fn verify(signatures: &[RawSignature]) {
    black_box(signatures).iter().for_each(RawSignature::verify);
}

fn long_log(group: &mut Group<'_>) {
    let log = Log::new(1, 0, MAX_UPDATES);
    let bytes: Vec<Vec<u8>> = log.updates.iter().map(IdentityUpdate::encode).collect();
    let all = group.raw("the signatures of 256 updates", || verify(&log.signatures));
    group.ours("256 updates, cold", all, || {
        let log: Vec<_> = bytes.iter().map(|bytes| IdentityUpdate::decode(bytes).unwrap()).collect();
        AssociationState::from_updates(&log).unwrap()
    });

    let (last, before) = log.updates.split_last().unwrap();
    let stored = AssociationState::from_updates(before).unwrap().encode();
    let signatures = log.signatures.last_chunk::<2>().unwrap();
    let of_last = group.raw("the signatures of the last update", || verify(signatures));
    group.ours("256 updates, the last one on a stored state", of_last, || {
        let state = AssociationState::decode(black_box(&stored)).unwrap();
        AssociationState::apply(Some(state), last).unwrap()
    });
    group.ours("256 updates, from a stored state", all, || {
        AssociationState::decode(black_box(&stored)).unwrap()
    });
}

fn short_logs(group: &mut Group<'_>) {
    let logs = thousand();
    let raw =
        group.raw("the signatures of 1000 updates", || logs.iter().for_each(|log| verify(&log.signatures)));
    group.ours("1000 inboxes, cold", raw, || {
        logs.iter().map(|log| AssociationState::from_updates(&log.updates).unwrap()).collect::<Vec<_>>()
    });
    let stored: Vec<_> =
        logs.iter().map(|log| AssociationState::from_updates(&log.updates).unwrap().encode()).collect();
    group.ours("1000 inboxes, from stored states", raw, || {
        stored.iter().map(|bytes| AssociationState::decode(bytes).unwrap()).collect::<Vec<_>>()
    });
}
