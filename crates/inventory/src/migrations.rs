//! The inventory's tables, created in the database of each service that has an inventory.

use service_core::migrations::MigrationSet;

mod embedded {
    refinery::embed_migrations!("../../migrations/inventory");
}

/// The migrations of these tables.
#[must_use]
pub fn migrations() -> MigrationSet {
    MigrationSet {
        history_table: "inventory_migrations",
        runner: embedded::migrations::runner(),
    }
}
