//! From a filter for messages to statements that an index serves.

use hexmtp_domain::message::DeliveryStatus;
use hexmtp_domain::{GroupId, MessageId};
use hexmtp_ports::store::{ContentTypeName, Direction, MessageFilter, MessageOrder};
use sea_orm::sea_query::{Expr, ExprTrait};
use sea_orm::{ColumnTrait, Condition, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use super::BATCH;
use crate::convert::limit;
use crate::entity::message::{Column, Entity, Model};
use crate::tenant::Tenant;

/// The statements that together find what the filter matches, and whether their rows are still to be put in order.
pub(super) struct Plan {
    pub(super) statements: Vec<Select<Entity>>,
    /// More than one statement, or one whose few rows no index has in the wanted order.
    pub(super) unordered: bool,
}

/// A statement for each group: of each the first rows in order are enough, and an index has them in this order.
pub(super) fn plan(tenant: &Tenant, filter: &MessageFilter) -> Plan {
    let mut groups = filter.groups.clone();
    groups.sort_unstable();
    groups.dedup();
    let groups: Vec<Option<GroupId>> =
        if groups.is_empty() { vec![None] } else { groups.into_iter().map(Some).collect() };
    let mut references: Vec<&[MessageId]> = filter.references.chunks(BATCH).collect();
    if references.is_empty() {
        references.push(&[]);
    }
    let few = is_few(filter);
    let mut statements = Vec::new();
    for group in groups {
        for references in &references {
            let found = select(tenant, filter, group.as_slice(), references);
            statements.push(if few { found } else { in_order(found, filter) });
        }
    }
    Plan { unordered: few || statements.len() > 1, statements }
}

/// Few messages refer to given ones, and few wait to be published: an index finds them, and they are put in order
/// afterwards.
fn is_few(filter: &MessageFilter) -> bool {
    !filter.references.is_empty() || is_unpublished(filter)
}

fn is_unpublished(filter: &MessageFilter) -> bool {
    filter.delivery.is_some_and(|delivery| delivery != DeliveryStatus::Published)
}

/// Puts rows in the order of the filter, and leaves as many as it wants.
pub(super) fn arrange(filter: &MessageFilter, rows: &mut Vec<Model>) {
    match filter.order {
        MessageOrder::Sent => {
            rows.sort_by_key(|row| (row.sent_at, row.sequence_id, row.originator, row.ordinal));
        }
        MessageOrder::Inserted => rows.sort_by_key(|row| (row.inserted_at, row.ordinal)),
    }
    if filter.direction == Direction::Descending {
        rows.reverse();
    }
    rows.truncate(filter.limit.unwrap_or(usize::MAX));
}

/// The messages of these groups, or of all when there is none, that match the filter.
pub(super) fn select(
    tenant: &Tenant,
    filter: &MessageFilter,
    groups: &[GroupId],
    references: &[MessageId],
) -> Select<Entity> {
    let mut condition = Condition::all();
    condition = match groups {
        [] => condition,
        [group] => condition.add(Column::GroupId.eq(group.to_vec())),
        _ => condition.add(Column::GroupId.is_in(groups.iter().map(|group| group.to_vec()))),
    };
    if !references.is_empty() {
        condition = condition.add(Column::Reference.is_in(references.iter().map(|id| id.to_vec())));
    }
    if let Some(delivery) = filter.delivery {
        condition = condition.add(Column::Delivery.eq(delivery.to_stored()));
    }
    if is_unpublished(filter) {
        // Written out, so that the index of those messages is known to hold them.
        condition = condition.add(Expr::cust("delivery <> 2"));
    }
    tenant.find::<Entity>().filter(condition).filter(times(filter)).filter(contents(filter))
}

fn times(filter: &MessageFilter) -> Condition {
    let sent = |bound: hexmtp_domain::Timestamp| bound.as_nanos();
    Condition::all()
        .add_option(filter.sent_after.map(|bound| Column::SentAt.gt(sent(bound))))
        .add_option(filter.sent_before.map(|bound| Column::SentAt.lt(sent(bound))))
        .add_option(filter.inserted_after.map(|bound| Column::InsertedAt.gt(sent(bound))))
        .add_option(filter.inserted_before.map(|bound| Column::InsertedAt.lt(sent(bound))))
        .add_option(filter.except_disappearing.then(|| Column::ExpiresAt.is_null()))
}

fn contents(filter: &MessageFilter) -> Condition {
    let mut condition =
        Condition::all().add_option(filter.kind.map(|kind| Column::Kind.eq(kind.to_stored())));
    if !filter.content_types.is_empty() {
        condition = condition.add(is_of_one(&filter.content_types));
    }
    if !filter.except_content_types.is_empty() {
        // Contents that cannot be read have no type, which no comparison is true of.
        let unreadable = Condition::any().add(Column::ContentType.is_null());
        condition = condition.add(unreadable.add(is_of_one(&filter.except_content_types).not()));
    }
    if !filter.except_senders.is_empty() {
        let senders = filter.except_senders.iter().map(|inbox| inbox.to_vec());
        condition = condition.add(Column::SenderInbox.is_not_in(senders));
    }
    condition
}

fn is_of_one(types: &[ContentTypeName]) -> Condition {
    let is = |name: &ContentTypeName| {
        let authority = Column::ContentAuthority.eq(name.authority_id.as_bytes());
        authority.and(Column::ContentType.eq(name.type_id.as_bytes()))
    };
    types.iter().fold(Condition::any(), |condition, name| condition.add(is(name)))
}

/// By time, then by the place in the log (those without one come last), then in the order of storing. The number
/// counts before its originator, because the originators of the v3 API number the messages of a group in one row
/// (PROTOCOL.md 5.2).
fn in_order(query: Select<Entity>, filter: &MessageFilter) -> Select<Entity> {
    let order = match filter.direction {
        Direction::Ascending => Order::Asc,
        Direction::Descending => Order::Desc,
    };
    let columns: &[Column] = match filter.order {
        MessageOrder::Sent => &[Column::SentAt, Column::SequenceId, Column::Originator, Column::Ordinal],
        MessageOrder::Inserted => &[Column::InsertedAt, Column::Ordinal],
    };
    let ordered = columns.iter().fold(query, |query, column| query.order_by(*column, order.clone()));
    ordered.limit(filter.limit.map(limit))
}
