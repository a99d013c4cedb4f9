//! The inventory's tables, made in the database of each service that has an inventory.

mod embedded {
    refinery::embed_migrations!("../../migrations/inventory");
}

/// The name of the table that remembers which of these migrations were applied.
pub const HISTORY_TABLE: &str = "inventory_migrations";

/// The migrations.
#[must_use]
pub fn runner() -> refinery::Runner {
    embedded::migrations::runner()
}
