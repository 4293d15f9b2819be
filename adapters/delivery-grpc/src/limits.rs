//! How much fits into one call (PROTOCOL.md 6.1, 6.2).

/// The most entries in a page of a log.
pub(crate) const PAGE: usize = 100;
/// The most messages in one publication. Official clients send them one by one; no server names a limit.
pub(crate) const MESSAGES: usize = 100;
/// The most welcomes in one publication.
pub(crate) const WELCOMES: usize = 50;
/// The most installations whose key packages are fetched at once. A package has about 4 KB.
pub(crate) const KEY_PACKAGES: usize = 250;
/// The most groups whose newest message is asked for at once.
pub(crate) const NEWEST: usize = 1_000;
/// The most inboxes whose updates are read at once.
pub(crate) const INBOXES: usize = 50;
/// The most identifiers that are looked up at once.
pub(crate) const IDENTIFIERS: usize = 250;
/// The most entries of the commit log in one publication.
pub(crate) const COMMIT_LOG_ENTRIES: usize = 10;
/// The most groups whose commit logs are read at once.
pub(crate) const COMMIT_LOG_QUERIES: usize = 20;
/// The most logs that one stream of a subscription follows.
pub(crate) const TOPICS: usize = 5_000;

/// What the framing of a request adds to one of its items, at most.
const FRAME: usize = 16;

/// Splits items into runs of at most `count` items and `bytes` bytes. An item that is too large by itself goes alone:
/// what the server thinks of it is for the server to say.
pub(crate) fn batches<T>(
    items: Vec<T>,
    count: usize,
    bytes: usize,
    size: impl Fn(&T) -> usize,
) -> Vec<Vec<T>> {
    let mut batches: Vec<Vec<T>> = Vec::new();
    let mut filled = 0;
    for item in items {
        let more = size(&item).saturating_add(FRAME);
        match batches.last_mut().filter(|batch| batch.len() < count && filled + more <= bytes) {
            Some(batch) => {
                filled += more;
                batch.push(item);
            }
            None => {
                filled = more;
                batches.push(vec![item]);
            }
        }
    }
    batches
}
