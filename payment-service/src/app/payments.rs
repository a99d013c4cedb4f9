//! State shared by charges and refunds: the database, the provider, the permits of running charges.

use std::sync::Arc;

use deadpool_postgres::{Client, Pool};
use domain::PaymentId;
use service_core::background_tasks::BackgroundTasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::PaymentError;
use super::writers::Writers;
use crate::charge::Charge;
use crate::db::charges::KeyBinding;
use crate::db::{DbError, charges as table};
use crate::provider::PaymentProvider;
use crate::settings::ChargeSettings;

/// Charges and refunds. Clones share the pool, the provider and the permits.
#[derive(Clone)]
pub struct Payments {
    pool: Pool,
    pub(super) provider: Arc<dyn PaymentProvider>,
    pub(super) limits: ChargeSettings,
    pub(super) writers: Writers,
    running: Arc<Semaphore>,
    tasks: BackgroundTasks,
}

impl Payments {
    /// Running charges are `tasks`, which shutdown waits for.
    #[must_use]
    pub fn new(
        pool: Pool,
        writers: Writers,
        provider: Arc<dyn PaymentProvider>,
        limits: ChargeSettings,
        tasks: BackgroundTasks,
    ) -> Self {
        Self {
            writers,
            pool,
            provider,
            running: Arc::new(Semaphore::new(limits.max_running)),
            limits,
            tasks,
        }
    }

    /// # Errors
    /// `UnknownCharge`, or a failed database.
    pub async fn charge_by_id(&self, id: PaymentId) -> Result<Charge, PaymentError> {
        table::by_id(&self.client().await?, id)
            .await?
            .ok_or(PaymentError::UnknownCharge)
    }

    /// # Errors
    /// `UnknownCharge`, also where the key has a tombstone; or a failed database.
    pub async fn charge_by_key(&self, key: &str) -> Result<Charge, PaymentError> {
        match table::by_key(&self.client().await?, key).await? {
            Some(KeyBinding::Charge(charge)) => Ok(*charge),
            Some(KeyBinding::Closed) | None => Err(PaymentError::UnknownCharge),
        }
    }

    pub(super) async fn client(&self) -> Result<Client, PaymentError> {
        Ok(self.pool.get().await.map_err(DbError::from)?)
    }

    /// A permit to run one charge, held until the charge has ended.
    pub(super) fn acquire_permit(&self) -> Result<OwnedSemaphorePermit, PaymentError> {
        Arc::clone(&self.running)
            .try_acquire_owned()
            .map_err(|_| PaymentError::TooBusy)
    }

    /// Runs work to its end even if the client disconnects: as a task, which the request only awaits.
    pub(super) async fn run_to_completion<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PaymentError>> + Send + 'static,
    ) -> Result<T, PaymentError> {
        self.tasks
            .finish(work)
            .await
            .unwrap_or(Err(PaymentError::OutcomeUnknown))
    }
}
