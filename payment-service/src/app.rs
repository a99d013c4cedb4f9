//! The decisions of this service: a charge is made, replayed, taken over or refused; a refund is allowed or
//! not. No SQL, no HTTP.

mod charges;
mod refunds;
mod tombstones;
pub mod writers;

use std::sync::Arc;

use deadpool_postgres::{Client, Pool};
use domain::{Money, PaymentId};
use service_core::background_tasks::BackgroundTasks;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub use self::charges::{ChargeAnswer, ChargeOrder};
pub use self::refunds::RefundAnswer;
use self::writers::Writers;
use crate::charge::Charge;
use crate::db::charges::LeaseOwner;
use crate::db::{DbError, charges as table};
use crate::provider::PaymentProvider;
use crate::settings::ChargeSettings;

/// Why a request was refused or failed.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The key is bound to another request.
    #[error("the key was used with another request")]
    KeyReused,
    /// Another request holds the key's lease.
    #[error("a request with this key is still running")]
    InProgress,
    /// The key has a tombstone.
    #[error("the key is closed")]
    KeyClosed,
    /// All permits of `charges.max_running` are taken (load shedding).
    #[error("too many charges are running")]
    TooBusy,
    /// The provider gave no answer; the charge stays `processing`.
    #[error("the outcome is not known")]
    OutcomeUnknown,
    #[error("there is no such charge")]
    UnknownCharge,
    /// The field's name, and what is wrong with its value.
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    /// The charge was declined, timed out, or is still running.
    #[error("the charge has taken no money")]
    NotCaptured,
    /// The refund exceeds the charge less its earlier refunds.
    #[error("the refund exceeds what is left of the charge")]
    RefundExceedsCharge {
        /// The refundable rest.
        left: Money,
    },
    /// The database failed, or its answer could not be read.
    #[error("the database failed")]
    Database(#[source] Arc<DbError>),
}

impl From<Arc<DbError>> for PaymentError {
    /// Maps constraint names to refusals.
    fn from(error: Arc<DbError>) -> Self {
        match error.constraint() {
            Some("refunds_idempotency_key") => Self::KeyReused,
            _ => Self::Database(error),
        }
    }
}

impl From<DbError> for PaymentError {
    fn from(error: DbError) -> Self {
        Arc::new(error).into()
    }
}

impl From<tokio_postgres::Error> for PaymentError {
    fn from(error: tokio_postgres::Error) -> Self {
        DbError::from(error).into()
    }
}

/// Charges and refunds. Clones share the pool, the provider and the permits.
#[derive(Clone)]
pub struct Payments {
    pool: Pool,
    provider: Arc<dyn PaymentProvider>,
    limits: ChargeSettings,
    running: Arc<Semaphore>,
    writers: Writers,
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
            Some(LeaseOwner::Charge(charge)) => Ok(*charge),
            Some(LeaseOwner::Closed) | None => Err(PaymentError::UnknownCharge),
        }
    }

    async fn client(&self) -> Result<Client, PaymentError> {
        Ok(self.pool.get().await.map_err(DbError::from)?)
    }

    /// A permit to run one charge, held until the charge has ended.
    fn place(&self) -> Result<OwnedSemaphorePermit, PaymentError> {
        Arc::clone(&self.running)
            .try_acquire_owned()
            .map_err(|_| PaymentError::TooBusy)
    }

    /// Runs work to its end even if the client disconnects: as a task, which the request only awaits.
    async fn detached<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, PaymentError>> + Send + 'static,
    ) -> Result<T, PaymentError> {
        self.tasks
            .finish(work)
            .await
            .unwrap_or(Err(PaymentError::OutcomeUnknown))
    }
}
