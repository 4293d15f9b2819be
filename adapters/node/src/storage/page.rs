//! Pages of a log.

use hexmtp_proto::xmtp::mls::api::v1::{PagingInfo, SortDirection};
use sea_orm::sea_query::Order;
use sea_orm::{ColumnTrait, ConnectionTrait, DbErr, QueryFilter, QueryOrder, QuerySelect};

use crate::entity::{LogTable, to_stored};

/// Which part of a log is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    /// Newest first.
    pub(crate) descending: bool,
    /// The most entries, at least one.
    pub(crate) limit: u32,
    /// Entries beyond this number only, seen in the direction; zero is the beginning.
    pub(crate) cursor: u64,
}

impl PageRequest {
    /// What follows a number.
    pub(crate) const fn after(cursor: u64, limit: u32) -> Self {
        Self { descending: false, limit, cursor }
    }

    /// Reads what a client asks for. Nothing said means all of `most`, in the direction of `unspecified`.
    pub(crate) fn from_wire(paging: Option<PagingInfo>, most: u32, unspecified: SortDirection) -> Self {
        let paging = paging.unwrap_or_default();
        let direction = match paging.direction() {
            SortDirection::Unspecified => unspecified,
            said => said,
        };
        let limit = if paging.limit == 0 { most } else { paging.limit.min(most) };
        Self { descending: direction == SortDirection::Descending, limit, cursor: paging.id_cursor }
    }

    /// What a client is told about a page: where to go on, if there may be more (PEER.md 4).
    pub(crate) fn answer(self, last: Option<u64>, has_more: bool) -> PagingInfo {
        let direction = if self.descending { SortDirection::Descending } else { SortDirection::Ascending };
        PagingInfo {
            direction: direction.into(),
            limit: self.limit,
            id_cursor: last.filter(|_| has_more).unwrap_or(0),
        }
    }
}

/// A part of a log.
#[derive(Debug)]
pub(crate) struct Page<T> {
    /// The entries.
    pub(crate) rows: Vec<T>,
    /// Whether the page is full, so that there may be more.
    pub(crate) has_more: bool,
}

/// Reads a page of at most `budget` bytes, given the size of the largest entry of the table. An entry that alone is
/// larger than the budget makes a page of its own.
pub(super) async fn read<E: LogTable>(
    connection: &impl ConnectionTrait,
    topic: &[u8],
    request: PageRequest,
    budget: u64,
    largest: u64,
) -> Result<Page<E::Model>, DbErr> {
    let order = if request.descending { Order::Desc } else { Order::Asc };
    let mut part = E::find().filter(E::TOPIC.eq(topic)).order_by(E::ID, order);
    if request.cursor > 0 {
        let cursor = to_stored(request.cursor);
        part = part.filter(if request.descending { E::ID.lt(cursor) } else { E::ID.gt(cursor) });
    }
    let mut limit = u64::from(request.limit);
    let mut is_cut = false;
    if limit.saturating_mul(largest) > budget {
        let sizes = part.clone().select_only().column(E::SIZE).limit(limit).into_tuple::<i64>();
        let sizes = sizes.all(connection).await?;
        let fitting = fitting(&sizes, budget);
        is_cut = fitting < sizes.len();
        limit = u64::try_from(fitting.max(1)).unwrap_or(limit);
    }
    let rows = part.limit(limit).all(connection).await?;
    let has_more = is_cut || u64::try_from(rows.len()).is_ok_and(|count| count >= u64::from(request.limit));
    Ok(Page { rows, has_more })
}

/// How many entries of these sizes fit into the budget, but at least one of those that are there.
fn fitting(sizes: &[i64], budget: u64) -> usize {
    let mut total = 0_u64;
    let count = sizes
        .iter()
        .take_while(|size| {
            total = total.saturating_add(u64::try_from(**size).unwrap_or(0));
            total <= budget
        })
        .count();
    count.max(1).min(sizes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_takes_what_fits_but_never_nothing() {
        for (sizes, budget, count) in [
            (&[][..], 10, 0),
            (&[5, 5, 5], 10, 2),
            (&[5, 5, 5], 15, 3),
            (&[50, 5], 10, 1),
            (&[5, 50, 5], 10, 1),
            (&[-3, 5], 10, 2),
            (&[i64::MAX, i64::MAX], u64::MAX, 2),
        ] {
            assert_eq!(fitting(sizes, budget), count, "{sizes:?} in {budget}");
        }
    }

    #[test]
    fn what_a_client_does_not_say_has_a_meaning() {
        let unspecified = SortDirection::Descending;
        let all = PageRequest { descending: true, limit: 100, cursor: 0 };
        assert_eq!(PageRequest::from_wire(None, 100, unspecified), all);
        let paging = PagingInfo { direction: 1, limit: 7, id_cursor: 9 };
        let asked = PageRequest { descending: false, limit: 7, cursor: 9 };
        assert_eq!(PageRequest::from_wire(Some(paging), 100, unspecified), asked);
        let unknown = PagingInfo { direction: 17, limit: 700, id_cursor: 9 };
        let read = PageRequest { descending: true, limit: 100, cursor: 9 };
        assert_eq!(PageRequest::from_wire(Some(unknown), 100, unspecified), read);
    }
}
