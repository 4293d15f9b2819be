//! What goes with a conversation.

use hexmtp_domain::{GroupId, Topic};
use hexmtp_ports::store::{FeedEvent, LeaseName, Scope, StoreError};
use sea_orm::sea_query::{ExprTrait, Query};
use sea_orm::{ColumnTrait, QueryFilter};

use super::Writer;
use crate::entity::revision::scope_key;
use crate::entity::{
    commit_log, conversation, cursor, deletion, iced, iced_dependency, intent, lease, message, mls_row,
    readd, remote_commit_log, sync_progress, watermark,
};
use crate::error::from_db;
use crate::tenant::Owned;

impl Writer<'_> {
    /// Deletes rows of the installation, and gives how many.
    pub(super) async fn delete<E: Owned>(
        &self,
        condition: impl sea_orm::sea_query::IntoCondition,
    ) -> Result<u64, StoreError> {
        let delete = self.tenant.delete::<E>().filter(condition);
        let deleted = delete.exec(self.transaction).await.map_err(from_db)?;
        Ok(deleted.rows_affected)
    }
}

/// Deletes a conversation with everything that belongs to nobody but it; an unknown one is passed over.
pub(super) async fn delete_conversation(writer: &mut Writer<'_>, id: GroupId) -> Result<(), StoreError> {
    let group = || id.to_vec();
    if writer.delete::<conversation::Entity>(conversation::Column::Id.eq(group())).await? == 0 {
        return Ok(());
    }
    let of_group = Query::select()
        .column(message::Column::Id)
        .from(message::Entity)
        .and_where(message::Column::Installation.eq(writer.tenant.id))
        .and_where(message::Column::GroupId.eq(group()))
        .take();
    let progress = sync_progress::Column::MessageId.in_subquery(of_group);
    writer.delete::<sync_progress::Entity>(progress).await?;
    writer.delete::<message::Entity>(message::Column::GroupId.eq(group())).await?;
    writer.delete::<deletion::Entity>(deletion::Column::GroupId.eq(group())).await?;
    let settled_or_not = intent::Column::Settled.is_in([false, true]);
    writer.delete::<intent::Entity>(settled_or_not.and(intent::Column::GroupId.eq(group()))).await?;
    let (kind, subject) = lease::key(&LeaseName::Outbox(id));
    writer
        .delete::<lease::Entity>(lease::Column::Kind.eq(kind).and(lease::Column::Subject.eq(subject)))
        .await?;
    writer.delete::<mls_row::Entity>(mls_row::Column::Scope.eq(scope_key(&Scope::Group(id)))).await?;
    writer.delete::<commit_log::Entity>(commit_log::Column::GroupId.eq(group())).await?;
    writer.delete::<remote_commit_log::Entity>(remote_commit_log::Column::GroupId.eq(group())).await?;
    writer.delete::<readd::Entity>(readd::Column::GroupId.eq(group())).await?;
    let topic = || Topic::Group(id).to_bytes();
    writer.delete::<cursor::Entity>(cursor::Column::Topic.eq(topic())).await?;
    let marks = watermark::Column::Kind.is_in(watermark::KINDS);
    writer.delete::<watermark::Entity>(marks.and(watermark::Column::GroupId.eq(group()))).await?;
    writer.delete::<iced::Entity>(iced::Column::Topic.eq(topic())).await?;
    writer.delete::<iced_dependency::Entity>(iced_dependency::Column::Topic.eq(topic())).await?;
    writer.events.push(FeedEvent::ConversationDeleted(id));
    Ok(())
}
