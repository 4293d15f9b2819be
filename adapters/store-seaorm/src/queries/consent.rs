//! Consent.

use hexmtp_domain::consent::{ConsentEntity, ConsentRecord};
use hexmtp_ports::port;
use hexmtp_ports::store::{ConsentQuery, StoreError};
use sea_orm::{EntityTrait, QueryOrder};

use crate::SqlStore;
use crate::entity::consent::{Column, Entity};
use crate::error::from_db;
use crate::tenant::{record, records};

#[port]
impl ConsentQuery for SqlStore {
    async fn consent(&self, entity: &ConsentEntity) -> Result<Option<ConsentRecord>, StoreError> {
        let key = (self.tenant().id, entity.kind_to_stored(), entity.id_bytes().to_vec());
        record(self.tenant(), Entity::find_by_id(key).one(self.reader()?).await.map_err(from_db)?)
    }

    async fn consents(&self) -> Result<Vec<ConsentRecord>, StoreError> {
        let query = self.tenant().find::<Entity>().order_by_asc(Column::Kind).order_by_asc(Column::Entity);
        records(self.tenant(), query.all(self.reader()?).await.map_err(from_db)?)
    }
}
