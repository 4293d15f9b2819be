//! Commits of other sessions on the same file: SQLite tells nobody of them, so the end of the feed is looked at now
//! and then while somebody waits.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use hexmtp_ports::store::FeedPosition;

/// How often the end of the feed is looked at.
pub(crate) const INTERVAL: Duration = Duration::from_millis(200);

/// What is known about the end of the feed, and whether anybody looks at it.
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
    pub(crate) fn begin(&self) -> bool {
        !self.watching.swap(true, Ordering::AcqRel)
    }

    /// Nobody looks any more.
    pub(crate) fn end(&self) {
        self.watching.store(false, Ordering::Release);
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
