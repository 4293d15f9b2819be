//! Several sessions and tasks at the same time.

use futures_util::future::join_all;
use hexmtp_ports::store::{ChangeSet, MessageFilter, MlsRowChange, Revision, RowChange, Scope, StoreError};

use super::samples::{group, message};
use super::{Stores, put};

/// Over two sessions, in a race that is run several times (R-STO-004).
pub async fn of_concurrent_commits_on_one_revision_one_wins(stores: Stores) {
    let sessions = [stores.open().await, stores.open().await];
    let scope = Scope::Group(group(1));
    for round in 0..10_u8 {
        let attempt = |number: u8| {
            let store = &sessions[usize::from(number % 2)];
            let rows = vec![RowChange::InsertMessage(message(round * 4 + number, group(1), 1))];
            let changes = ChangeSet { rows, ..ChangeSet::expecting(scope, Revision(round.into())) };
            async move { store.commit(changes).await }
        };
        let results = join_all((0..4).map(attempt)).await;
        assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1, "{results:?}");
        let conflicts = results.iter().filter(|result| matches!(result, Err(StoreError::Conflict { .. })));
        assert_eq!(conflicts.count(), 3, "{results:?}");
    }
    assert_eq!(sessions[0].count_messages(&MessageFilter::default()).await.unwrap(), 10);
}

/// Nobody is told of a conflict that is none.
pub async fn concurrent_commits_on_different_scopes_all_win(stores: Stores) {
    let sessions = [stores.open().await, stores.open().await];
    let commits = (0..20_u8).map(|number| {
        let store = &sessions[usize::from(number % 2)];
        let rows = vec![RowChange::InsertMessage(message(number, group(number), 1))];
        store.commit(ChangeSet { rows, ..ChangeSet::expecting(Scope::Group(group(number)), Revision(0)) })
    });
    let mut positions: Vec<_> = join_all(commits).await.into_iter().map(|result| result.unwrap().0).collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..=20).collect::<Vec<_>>());
}

/// Also what was read before the commit is read anew.
pub async fn another_session_sees_a_commit_at_once(stores: Stores) {
    let (one, other) = (stores.open().await, stores.open().await);
    for number in 1..=5 {
        put(&one, vec![RowChange::InsertMessage(message(number, group(1), 1))]).await;
        assert_eq!(other.count_messages(&MessageFilter::default()).await.unwrap(), u64::from(number));
    }
}

/// The revision and the rows of a snapshot are of one moment.
pub async fn a_reader_never_sees_half_a_commit(stores: Stores) {
    let (writer, reader) = (stores.open().await, stores.open().await);
    let scopes = [Scope::Group(group(1)), Scope::Group(group(2))];
    let write = async {
        for number in 0..30_u64 {
            let put = |scope| MlsRowChange {
                scope,
                key: b"k".to_vec(),
                value: Some((number + 1).to_be_bytes().to_vec()),
            };
            let expect = scopes.iter().map(|scope| (*scope, Revision(number))).collect();
            let mls = scopes.iter().copied().map(put).collect();
            writer.commit(ChangeSet { expect, mls, rows: Vec::new() }).await.unwrap();
        }
    };
    let read = async {
        let mut last = 0;
        while last < 30 {
            let loaded = reader.load(&scopes).await.unwrap();
            for snapshot in &loaded {
                let value = snapshot.rows.get(b"k".as_slice()).cloned().unwrap_or_else(|| vec![0; 8]);
                assert_eq!(value, snapshot.revision.0.to_be_bytes());
            }
            assert_eq!(loaded[0].revision, loaded[1].revision);
            assert!(loaded[0].revision.0 >= last);
            last = loaded[0].revision.0;
            // Lets the writer go on where reading never waits.
            tokio::task::yield_now().await;
        }
    };
    futures_util::join!(write, read);
}
