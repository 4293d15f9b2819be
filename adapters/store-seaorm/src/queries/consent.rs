//! Consent.

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_ports::port;
use hexmtp_ports::store::{ConsentQuery, StoreError};
use sea_orm::EntityTrait;

use super::{not_yet, record};
use crate::SqliteStore;
use crate::entity::consent;
use crate::error::from_db;

#[port]
impl ConsentQuery for SqliteStore {
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError> {
        let query = consent::Entity::find_by_id((entity.kind_to_stored(), entity.id_bytes().to_vec()));
        record(query.one(self.reader()?).await.map_err(from_db)?)
    }

    async fn consents(&self) -> Result<Vec<ConsentRecord>, StoreError> {
        Err(not_yet())
    }
}
