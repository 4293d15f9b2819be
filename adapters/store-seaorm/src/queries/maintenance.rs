//! Not written yet.

use hexmtp_ports::port;
use hexmtp_ports::store::{Maintenance, StoreError, StoreStatistics, Trim};

use super::not_yet;
use crate::SqliteStore;

#[port]
impl Maintenance for SqliteStore {
    async fn statistics(&self) -> Result<StoreStatistics, StoreError> {
        Err(not_yet())
    }

    async fn trim(&self, _: &Trim) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn wipe(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn compact(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn release(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }

    async fn reconnect(&self) -> Result<(), StoreError> {
        Err(not_yet())
    }
}
