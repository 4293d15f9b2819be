//! Commits of other sessions on the same database. A server tells of them. SQLite tells nobody, so the end of the feed
//! is looked at now and then while somebody waits.

use std::sync::Arc;
use std::sync::Weak;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hexmtp_ports::store::{FeedPosition, StoreError};

use crate::entity::installation;
use crate::postgres::listen;
use crate::store::Shared;

/// How often the end of the feed is looked at on SQLite.
const INTERVAL: Duration = Duration::from_millis(200);
/// How long to wait before a server that cannot be listened to is asked again.
const PAUSE: Duration = Duration::from_millis(500);

/// What is known about the end of the feed, and whether anybody looks at it.
#[derive(Debug)]
pub(crate) struct Sessions {
    /// The last position that readers were woken for, or that was there when the database was opened.
    seen: AtomicU64,
    watching: AtomicBool,
}

impl Sessions {
    pub(crate) fn new(last: FeedPosition) -> Self {
        Self { seen: AtomicU64::new(last.0), watching: AtomicBool::new(false) }
    }

    /// Notes a position, and says whether it is news.
    pub(crate) fn is_news(&self, position: FeedPosition) -> bool {
        self.seen.fetch_max(position.0, Ordering::AcqRel) < position.0
    }

    /// Whether the caller is the one who has to look from now on.
    fn begin(&self) -> bool {
        !self.watching.swap(true, Ordering::AcqRel)
    }

    /// Nobody looks any more.
    fn end(&self) {
        self.watching.store(false, Ordering::Release);
    }
}

/// Wakes readers after commits of other sessions, for as long as there are readers.
pub(crate) fn watch_other_sessions(store: &Arc<Shared>) {
    let Some(sessions) = &store.sessions else { return };
    let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
    if sessions.begin() {
        let task = runtime.spawn(watch(Arc::downgrade(store)));
        store.set_watcher(task.abort_handle());
    }
}

/// Goes on until nobody reads any more, or the store is released, closed or gone.
async fn watch(store: Weak<Shared>) {
    loop {
        let Some(shared) = store.upgrade() else { return };
        let Some(sessions) = &shared.sessions else { return };
        if shared.wakers.is_empty() || shared.access.check().is_err() {
            sessions.end();
            // Somebody may have come just now, and seen that somebody was looking.
            let is_over = shared.wakers.is_empty() || shared.access.check().is_err();
            if is_over || !sessions.begin() {
                return;
            }
        }
        let server = shared.access.connections().ok().and_then(|connections| connections.server);
        drop(shared);
        match server {
            None => {
                tokio::time::sleep(INTERVAL).await;
                look(&store).await;
            }
            Some(server) => {
                // Whatever ended it: what was missed is looked for when it listens again.
                let _ = listen(&server, async || look(&store).await, |position| wake(&store, position)).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Looks at the end of the feed. A database that is busy or in trouble is looked at again, and tells its readers
/// itself.
async fn look(store: &Weak<Shared>) {
    let Some(shared) = store.upgrade() else { return };
    if let Ok(position) = last_position(&shared).await {
        wake(store, position);
    }
}

async fn last_position(shared: &Shared) -> Result<FeedPosition, StoreError> {
    installation::last_position(&shared.reader, &shared.tenant).await
}

fn wake(store: &Weak<Shared>, position: FeedPosition) {
    let Some(shared) = store.upgrade() else { return };
    if shared.sessions.as_ref().is_some_and(|sessions| sessions.is_news(position)) {
        shared.wakers.wake();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_later_positions_are_news() {
        let sessions = Sessions::new(FeedPosition(3));
        let news: Vec<bool> =
            [2, 3, 5, 4, 5, 6].into_iter().map(|position| sessions.is_news(FeedPosition(position))).collect();
        assert_eq!(news, [false, false, true, false, false, true]);
    }

    #[test]
    fn one_looks_at_a_time() {
        let sessions = Sessions::new(FeedPosition(0));
        assert!(sessions.begin() && !sessions.begin());
        sessions.end();
        assert!(sessions.begin());
    }
}
