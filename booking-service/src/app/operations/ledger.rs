//! The ledger proof of this service's own pools.

use std::sync::Arc;

use inventory::Inventory;
use inventory::proof::Proof;

use crate::app::AppError;

#[derive(Clone)]
pub struct Ledger {
    pub inventory: Arc<Inventory>,
}

impl Ledger {
    /// Checks the ledger of all pools against their counts, holds and seats, in one snapshot.
    pub async fn prove(&self) -> Result<Proof, AppError> {
        Ok(self.inventory.prove().await?)
    }
}
