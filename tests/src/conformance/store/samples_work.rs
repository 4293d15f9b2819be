//! Records of work: what waits, who does it, and what the network's commit logs say.

use hexmtp_domain::{Cursor, Epoch, EpochAuthenticator, GroupId, Originator, SequenceId, Timestamp, Topic};
use hexmtp_ports::store::{
    CommitOutcome, IcedEnvelope, LeaseHolder, LeaseName, LeaseRecord, ReaddRecord, RemoteCommitLogRecord,
    RowChange, SyncProgress, SyncState, TaskId, TaskRecord,
};

use super::samples::{at, installation, message_id};

/// A place in the log of an originator.
pub fn place_of(originator: u32, number: u64) -> Cursor {
    Cursor::new(Originator(originator), SequenceId(number))
}

/// An envelope that depends on some places.
pub fn iced(topic: Topic, cursor: Cursor, depends_on: &[Cursor]) -> IcedEnvelope {
    IcedEnvelope { topic, cursor, depends_on: depends_on.to_vec(), envelope: vec![0, 255], since: at(-4) }
}

/// A task that was never tried.
pub fn task(n: u8, due_at: i64) -> TaskRecord {
    TaskRecord {
        id: TaskId([n; 32]),
        kind: "sample".to_owned(),
        data: vec![n],
        created_at: at(-1),
        due_at: at(due_at),
        expires_at: None,
        attempts: 0,
        error: None,
    }
}

/// What is done about a message of the own devices.
pub fn sync_progress(n: u8, state: SyncState) -> SyncProgress {
    SyncProgress { message_id: message_id(n), attempts: 1, state }
}

/// Who holds a lease.
pub fn holder(n: u8) -> LeaseHolder {
    LeaseHolder([n; 16])
}

/// A lease that is held.
pub fn lease(name: LeaseName, by: u8, until: i64) -> LeaseRecord {
    LeaseRecord { name, holder: holder(by), until: at(until) }
}

/// Takes a lease.
pub fn take(name: LeaseName, by: u8, now: i64, until: i64) -> RowChange {
    RowChange::TakeLease { name, holder: holder(by), now: at(now), until: at(until) }
}

/// Gives a lease back.
pub fn give_back(name: LeaseName, by: u8) -> RowChange {
    RowChange::ReleaseLease { name, holder: holder(by) }
}

/// An entry of a commit log on the network.
pub fn remote_line(group_id: GroupId, number: u64) -> RemoteCommitLogRecord {
    RemoteCommitLogRecord {
        group_id,
        log_sequence_id: SequenceId(number),
        commit_sequence_id: SequenceId(number / 2),
        outcome: CommitOutcome::Applied,
        epoch: Epoch(number),
        last_authenticator: EpochAuthenticator::new([2; 32]),
        authenticator: EpochAuthenticator::new([3; 32]),
    }
}

/// How far the re-adding of an installation has come.
pub fn readd(group_id: GroupId, n: u8, requested_at: Option<u64>, responded_at: Option<u64>) -> ReaddRecord {
    ReaddRecord {
        group_id,
        installation_id: installation(n),
        requested_at: requested_at.map(SequenceId),
        responded_at: responded_at.map(SequenceId),
    }
}

/// The moments before, at and after a time; fewer at the ends of time.
pub fn around(time: i64) -> Vec<Timestamp> {
    [time.checked_sub(1), Some(time), time.checked_add(1)].into_iter().flatten().map(at).collect()
}
