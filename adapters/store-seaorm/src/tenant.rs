//! Whose rows a store reads and writes, and how their contents are protected.

use hexmtp_ports::store::StoreError;
use sea_orm::{ColumnTrait, DeleteMany, EntityTrait, QueryFilter, Select, UpdateMany};

use crate::seal::{Place, Seal};

/// The installation in a database of one.
pub(crate) const ONLY: i64 = 1;

/// A table whose rows each belong to an installation.
pub(crate) trait Owned: EntityTrait {
    /// The column that says to which.
    const INSTALLATION: Self::Column;
}

/// An installation among those that share a database.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    /// Its number in the database.
    pub(crate) id: i64,
    /// What protects its contents.
    pub(crate) seal: Seal,
    /// What the database says of the key, sealed with it; none where nothing is sealed.
    pub(crate) key_check: Option<Vec<u8>>,
}

impl Tenant {
    /// The installation of a database that holds no other, as a file does.
    pub(crate) const fn alone() -> Self {
        Self { id: ONLY, seal: Seal::none(), key_check: None }
    }

    /// Rows of this installation.
    pub(crate) fn find<E: Owned>(&self) -> Select<E> {
        E::find().filter(E::INSTALLATION.eq(self.id))
    }

    /// An update of rows of this installation.
    pub(crate) fn update<E: Owned>(&self) -> UpdateMany<E> {
        E::update_many().filter(E::INSTALLATION.eq(self.id))
    }

    /// A deletion of rows of this installation.
    pub(crate) fn delete<E: Owned>(&self) -> DeleteMany<E> {
        E::delete_many().filter(E::INSTALLATION.eq(self.id))
    }

    /// Protects a value for a column of the row with this key.
    pub(crate) fn seal(&self, column: &str, key: &[&[u8]], value: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.seal.seal(&Place { installation: self.id, column, key }, value)
    }

    /// The value of a column of the row with this key.
    pub(crate) fn open(&self, column: &str, key: &[&[u8]], stored: Vec<u8>) -> Result<Vec<u8>, StoreError> {
        self.seal.open(&Place { installation: self.id, column, key }, stored)
    }
}

/// A record that is made from a row.
pub(crate) trait FromRow<Row>: Sized {
    /// The record of a row.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: the row holds what nobody here wrote.
    fn from_row(tenant: &Tenant, row: Row) -> Result<Self, StoreError>;
}

/// The records of rows.
pub(crate) fn records<Row, Record: FromRow<Row>>(
    tenant: &Tenant,
    rows: Vec<Row>,
) -> Result<Vec<Record>, StoreError> {
    rows.into_iter().map(|row| Record::from_row(tenant, row)).collect()
}

/// The record of a row that may not be there.
pub(crate) fn record<Row, Record: FromRow<Row>>(
    tenant: &Tenant,
    row: Option<Row>,
) -> Result<Option<Record>, StoreError> {
    row.map(|row| Record::from_row(tenant, row)).transpose()
}
