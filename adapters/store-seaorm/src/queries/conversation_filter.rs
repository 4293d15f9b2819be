//! From a filter for conversations to a statement that an index serves.

use hexmtp_domain::consent::{ConsentEntity, ConsentState};
use hexmtp_domain::{GroupId, Timestamp};
use hexmtp_ports::store::{ConversationFilter, ConversationOrder};
use sea_orm::sea_query::{Alias, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{ColumnTrait, Condition, Order, QueryFilter, QueryOrder, QuerySelect, Select};

use crate::convert::limit;
use crate::entity::consent;
use crate::entity::conversation::{Column, Entity, kind_number, membership_number};
use crate::tenant::Tenant;

/// The conversations that match the filter, without order and limit.
pub(super) fn matching(tenant: &Tenant, filter: &ConversationFilter) -> Select<Entity> {
    let mut condition = Condition::all();
    if !filter.kinds.is_empty() {
        condition = condition.add(Column::Kind.is_in(filter.kinds.iter().map(|kind| kind_number(*kind))));
    }
    if !filter.consent.is_empty() {
        condition = condition.add(has_consent(tenant, &filter.consent));
    }
    if !filter.membership.is_empty() {
        let numbers = filter.membership.iter().map(|state| membership_number(*state));
        condition = condition.add(Column::Membership.is_in(numbers));
    }
    if filter.one_group_per_dm {
        let no_pair = Condition::any().add(Column::DmFirst.is_null());
        condition = condition.add(no_pair.add(Expr::col((Entity, Column::Id)).in_subquery(shown_of_pair())));
    }
    let nanos = Timestamp::as_nanos;
    let times = Condition::all()
        .add_option(filter.created_after.map(|bound| Column::CreatedAt.gte(nanos(bound))))
        .add_option(filter.created_before.map(|bound| Column::CreatedAt.lt(nanos(bound))))
        .add_option(filter.active_after.map(|bound| Column::ActiveAt.gte(nanos(bound))))
        .add_option(filter.active_before.map(|bound| Column::ActiveAt.lt(nanos(bound))))
        .add_option(filter.publishes_commit_log.map(|wanted| Column::PublishesCommitLog.eq(wanted)));
    tenant.find::<Entity>().filter(condition).filter(times)
}

/// The conversations that match the filter, in its order.
pub(super) fn listing(tenant: &Tenant, filter: &ConversationFilter) -> Select<Entity> {
    let found = matching(tenant, filter);
    let ordered = match filter.order {
        ConversationOrder::LastActivity => most_recently_active_first(found),
        ConversationOrder::CreatedDescending => {
            found.order_by(Column::CreatedAt, Order::Desc).order_by_asc(Column::Id)
        }
        ConversationOrder::CreatedAscending => found.order_by_asc(Column::CreatedAt).order_by_asc(Column::Id),
    };
    ordered.limit(filter.limit.map(limit))
}

pub(super) fn most_recently_active_first(query: Select<Entity>) -> Select<Entity> {
    query.order_by_desc(Column::ActiveAt).order_by_asc(Column::Id)
}

/// How consent for conversations is marked in its table.
pub(super) const fn consent_kind() -> i16 {
    // Only the kind counts here.
    ConsentEntity::Conversation(GroupId::new([0; 16])).kind_to_stored()
}

/// Those with one of these states; what nothing is stored for is unknown.
fn has_consent(tenant: &Tenant, states: &[ConsentState]) -> Expr {
    let stored = |state: Expr| {
        Query::select()
            .expr(Expr::val(1))
            .from(consent::Entity)
            .and_where(Expr::col((consent::Entity, consent::Column::Installation)).eq(tenant.id))
            .and_where(Expr::col((consent::Entity, consent::Column::Kind)).eq(consent_kind()))
            .and_where(Expr::col((consent::Entity, consent::Column::Entity)).equals((Entity, Column::Id)))
            .and_where(state)
            .take()
    };
    let numbers = states.iter().map(|state| state.to_stored());
    let state = Expr::col((consent::Entity, consent::Column::State));
    match states.contains(&ConsentState::Unknown) {
        true => Expr::exists(stored(state.is_not_in(numbers))).not(),
        false => Expr::exists(stored(state.is_in(numbers))),
    }
}

/// Of the groups of a conversation's pair the most recently active one.
fn shown_of_pair() -> SelectStatement {
    let other = || Alias::new("other");
    let same = |column| Expr::col((other(), column)).equals((Entity, column));
    Query::select()
        .column((other(), Column::Id))
        .from_as(Entity, other())
        .and_where(same(Column::Installation))
        .and_where(same(Column::DmFirst))
        .and_where(same(Column::DmSecond))
        .order_by((other(), Column::ActiveAt), Order::Desc)
        .order_by((other(), Column::Id), Order::Asc)
        .limit(1)
        .take()
}
