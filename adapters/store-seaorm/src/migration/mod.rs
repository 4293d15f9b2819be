//! The schema and its history. A migration that was released never changes; a new one comes behind it.

mod m0001_initial;
mod m0002_pending_removals;
mod m0003_installations;
mod m0004_writers;
#[cfg(test)]
mod upgrade_tests;

use sea_orm_migration::{MigrationTrait, MigratorTrait};

/// All migrations, oldest first.
pub(crate) struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_initial::Initial),
            Box::new(m0002_pending_removals::PendingRemovals),
            Box::new(m0003_installations::Installations),
            Box::new(m0004_writers::Writers),
        ]
    }
}

/// The names of the tables that hold rows of installations, and of the one that names these.
pub(crate) const fn tables() -> &'static [&'static str] {
    &m0003_installations::TABLES
}

/// The names of all migrations, oldest first. Names sort in their order.
pub(crate) fn known() -> Vec<String> {
    Migrator::migrations().iter().map(|migration| migration.name().to_owned()).collect()
}
