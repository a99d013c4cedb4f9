//! What this service decides: whether a charge is made, taken over, answered again or refused, and
//! whether money may go back. No SQL, no HTTP.

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

/// Why a request was not done.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The key came with another request before.
    #[error("the key was used with another request")]
    KeyReused,
    /// A request with this key is still running.
    #[error("a request with this key is still running")]
    InProgress,
    /// The key was closed.
    #[error("the key is closed")]
    KeyClosed,
    /// As many charges are running as may run at once.
    #[error("too many charges are running")]
    TooBusy,
    /// The provider was asked and did not answer: the outcome is not known yet.
    #[error("the outcome is not known")]
    OutcomeUnknown,
    /// There is no such charge.
    #[error("there is no such charge")]
    UnknownCharge,
    /// A field of the request that can't be.
    #[error("{0} {1}")]
    Invalid(&'static str, String),
    /// The charge took no money, or has not yet.
    #[error("the charge has taken no money")]
    NotCaptured,
    /// More would be given back than is left of the charge.
    #[error("the refund exceeds what is left of the charge")]
    RefundExceedsCharge {
        /// How much may still be given back.
        left: Money,
    },
    /// The database gave no usable answer.
    #[error("the database failed")]
    Database(#[source] Arc<DbError>),
}

impl From<Arc<DbError>> for PaymentError {
    /// Where a constraint's name becomes the refusal that it stands for.
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

/// Charges and refunds. Clones share everything.
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
    /// Payments over this database and provider. A charge that runs is one of the `tasks`, which
    /// shutdown waits for.
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

    /// The charge with this id.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn charge_by_id(&self, id: PaymentId) -> Result<Charge, PaymentError> {
        table::by_id(&self.client().await?, id)
            .await?
            .ok_or(PaymentError::UnknownCharge)
    }

    /// The charge that was made with this key.
    ///
    /// # Errors
    /// When there is none, or the database fails.
    pub async fn charge_by_key(&self, key: &str) -> Result<Charge, PaymentError> {
        match table::by_key(&self.client().await?, key).await? {
            Some(LeaseOwner::Charge(charge)) => Ok(*charge),
            Some(LeaseOwner::Closed) | None => Err(PaymentError::UnknownCharge),
        }
    }

    async fn client(&self) -> Result<Client, PaymentError> {
        Ok(self.pool.get().await.map_err(DbError::from)?)
    }

    /// A place among the running charges, to be kept until the charge has ended.
    fn place(&self) -> Result<OwnedSemaphorePermit, PaymentError> {
        Arc::clone(&self.running)
            .try_acquire_owned()
            .map_err(|_| PaymentError::TooBusy)
    }

    /// Runs work that must reach its end even if the client goes away meanwhile: as a task of its
    /// own, which the request only waits for.
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
