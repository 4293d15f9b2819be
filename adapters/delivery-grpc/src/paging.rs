//! Reading a log page by page, up to a limit (PROTOCOL.md 6.2).

use hexmtp_domain::SequenceId;
use hexmtp_ports::commit_log::LoggedCommit;
use hexmtp_ports::delivery::{GroupEnvelope, Page, WelcomeEnvelope};
use hexmtp_ports::identity_log::LoggedUpdate;
use hexmtp_proto::xmtp::mls::api::v1::{PagingInfo, SortDirection};

use crate::failure::Failure;
use crate::limits;

/// An entry of a log.
pub(crate) trait Numbered {
    fn sequence_id(&self) -> SequenceId;
}

impl Numbered for GroupEnvelope {
    fn sequence_id(&self) -> SequenceId {
        self.cursor.sequence_id
    }
}

impl Numbered for WelcomeEnvelope {
    fn sequence_id(&self) -> SequenceId {
        self.cursor.sequence_id
    }
}

impl Numbered for LoggedUpdate {
    fn sequence_id(&self) -> SequenceId {
        self.sequence_id
    }
}

impl Numbered for LoggedCommit {
    fn sequence_id(&self) -> SequenceId {
        self.sequence_id
    }
}

/// What of an answer comes after `after`. Servers may repeat what was read before; but numbers that do not ascend
/// would make the reader lose what is out of order.
pub(crate) fn news<T: Numbered>(items: Vec<T>, after: SequenceId) -> Result<Vec<T>, Failure> {
    if !items.is_sorted_by(|a, b| a.sequence_id() < b.sequence_id()) {
        return Err(Failure::Malformed("the numbers of a log do not ascend"));
    }
    Ok(items.into_iter().filter(|item| item.sequence_id() > after).collect())
}

/// A part of a log that is being read.
pub(crate) struct Reading<T> {
    after: SequenceId,
    limit: usize,
    /// As many as decide whether there is more than the limit; beyond a full page, the server's word decides.
    goal: usize,
    page: usize,
    items: Vec<T>,
    /// Whether the log goes on, once that is known.
    outcome: Option<bool>,
}

impl<T: Numbered> Reading<T> {
    pub(crate) fn new(after: SequenceId, limit: usize) -> Self {
        let goal = if limit < limits::PAGE { limit + 1 } else { limit };
        Self { after, limit, goal, page: limits::PAGE, items: Vec::new(), outcome: None }
    }

    pub(crate) const fn is_done(&self) -> bool {
        self.outcome.is_some()
    }

    /// What to ask next.
    pub(crate) fn paging(&self) -> PagingInfo {
        PagingInfo {
            direction: SortDirection::Ascending.into(),
            limit: u32::try_from(self.size()).unwrap_or(u32::MAX),
            id_cursor: self.after.0,
        }
    }

    fn size(&self) -> usize {
        self.page.min(self.goal.saturating_sub(self.items.len()))
    }

    /// Takes an answer in. Servers set a cursor when they filled the page; one that fills a page and sets none is
    /// asked again all the same.
    pub(crate) fn take(&mut self, items: Vec<T>, paging: Option<PagingInfo>) -> Result<(), Failure> {
        let goes_on = items.len() >= self.size() || paging.is_some_and(|paging| paging.id_cursor != 0);
        let items = news(items, self.after)?;
        let Some(last) = items.last() else {
            self.outcome = Some(false);
            return Ok(());
        };
        self.after = last.sequence_id();
        self.items.extend(items);
        if !goes_on || self.items.len() >= self.goal {
            self.outcome = Some(goes_on && self.goal == self.limit);
        }
        Ok(())
    }

    /// After an answer that was too large: asks for less at once.
    pub(crate) fn shrink(&mut self, failure: Failure) -> Result<(), Failure> {
        let size = self.size();
        if size <= 1 || !matches!(failure, Failure::TooLarge(_)) {
            return Err(failure);
        }
        self.page = size / 2;
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Page<T> {
        let has_more = self.items.len() > self.limit || self.outcome == Some(true);
        self.items.truncate(self.limit);
        Page { items: self.items, has_more }
    }
}

/// Reads up to the limit; `fetch` gets one page.
pub(crate) async fn read<T: Numbered, F>(
    after: SequenceId,
    limit: usize,
    fetch: impl Fn(PagingInfo) -> F,
) -> Result<Page<T>, Failure>
where
    F: Future<Output = Result<(Vec<T>, Option<PagingInfo>), Failure>>,
{
    let mut reading = Reading::new(after, limit);
    while !reading.is_done() {
        match fetch(reading.paging()).await {
            Ok((items, paging)) => reading.take(items, paging)?,
            Err(failure) => reading.shrink(failure)?,
        }
    }
    Ok(reading.finish())
}
