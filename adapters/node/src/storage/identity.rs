//! Reading the identity logs.

use std::collections::HashMap;

use hexmtp_domain::InboxId;
use hexmtp_domain::identity::{Identifier, IdentifierKind};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Storage;
use crate::entity::{association, from_stored, identity_update, to_stored};
use crate::error::StorageError;

/// Identifiers in one list of a statement.
const LIST: usize = 500;

/// An entry of an identity log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LoggedUpdate {
    /// Its number.
    pub(crate) id: u64,
    /// When it came.
    pub(crate) created_ns: u64,
    /// The serialized update.
    pub(crate) payload: Vec<u8>,
}

/// The number by which a kind of identifier is stored.
pub(crate) fn kind_number(kind: IdentifierKind) -> i16 {
    match kind {
        IdentifierKind::Ethereum => 1,
        IdentifierKind::Passkey => 2,
    }
}

impl Storage {
    /// The updates of an inbox above a number, ascending.
    pub(crate) async fn identity_updates(
        &self,
        inbox: InboxId,
        after: u64,
    ) -> Result<Vec<LoggedUpdate>, StorageError> {
        let rows = identity_update::Entity::find()
            .filter(identity_update::Column::InboxId.eq(inbox.to_vec()))
            .filter(identity_update::Column::Id.gt(to_stored(after)))
            .order_by_asc(identity_update::Column::Id)
            .all(self.readers())
            .await?;
        let logged = |row: identity_update::Model| LoggedUpdate {
            id: from_stored(row.id),
            created_ns: from_stored(row.created_ns),
            payload: row.payload,
        };
        Ok(rows.into_iter().map(logged).collect())
    }

    /// The inbox of each identifier that has one: that of its latest association.
    pub(crate) async fn inbox_ids(
        &self,
        identifiers: &[Identifier],
    ) -> Result<HashMap<Identifier, InboxId>, StorageError> {
        let mut latest: HashMap<(i16, String), (i64, Vec<u8>)> = HashMap::new();
        for kind in [IdentifierKind::Ethereum, IdentifierKind::Passkey] {
            let texts = identifiers.iter().filter(|it| it.kind() == kind).map(ToString::to_string);
            for chunk in texts.collect::<Vec<_>>().chunks(LIST) {
                let query = association::Entity::find()
                    .filter(association::Column::Kind.eq(kind_number(kind)))
                    .filter(association::Column::Identifier.is_in(chunk.iter().cloned()));
                for row in query.all(self.readers()).await? {
                    let entry = latest.entry((row.kind, row.identifier)).or_default();
                    if row.update_id > entry.0 {
                        *entry = (row.update_id, row.inbox_id);
                    }
                }
            }
        }
        let mut found = HashMap::new();
        for identifier in identifiers {
            if let Some((_, inbox)) = latest.get(&(kind_number(identifier.kind()), identifier.to_string())) {
                let inbox = InboxId::from_slice(inbox).map_err(|_| StorageError::Corrupt("inbox id"))?;
                found.insert(identifier.clone(), inbox);
            }
        }
        Ok(found)
    }

    /// The most bytes of an answer.
    pub(crate) fn answer_bytes(&self) -> u64 {
        self.0.page_bytes
    }
}
