//! The double entries of this service's own pools, and their proof.

use std::sync::Arc;

use inventory::Inventory;
use inventory::proof::Proof;

use crate::app::AppError;

/// Proves the pools of events and ticket options.
#[derive(Clone)]
pub struct Ledger {
    /// Where they are.
    pub inventory: Arc<Inventory>,
}

impl Ledger {
    /// Checks the ledger of all pools against their counts, holds and seats, at one moment.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn prove(&self) -> Result<Proof, AppError> {
        Ok(self.inventory.prove().await?)
    }
}
