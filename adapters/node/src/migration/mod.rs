//! The schema and its history. A migration that was released never changes; a new one comes behind it.

mod m0001_initial;

use sea_orm_migration::sea_orm::sea_query::IntoIden;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All migrations, oldest first.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![Box::new(m0001_initial::Initial)]
    }

    /// A name of its own: the database may be shared with other software that uses SeaORM.
    fn migration_table_name() -> sea_orm::DynIden {
        "node_migrations".into_iden()
    }
}
