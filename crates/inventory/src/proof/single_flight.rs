//! One proof at a time, for all who ask (single flight).

use std::sync::{Arc, Mutex as LockedFor, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Client, Pool as Database};
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use service_core::connections::on_connection;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::incremental::prove;
use super::report::Proof;
use crate::store::StoreError;

type Proving = BoxFuture<'static, Result<Proof, Arc<StoreError>>>;

/// Runs proofs one at a time (single flight). Each serves all who asked before it began, so no answer is older
/// than its question.
pub(crate) struct Proofs {
    database: Database,
    timeout: Duration,
    /// The proof that has not begun yet.
    next: LockedFor<Option<WeakShared<Proving>>>,
    turn: Mutex<()>,
}

impl Proofs {
    /// Proofs over this database, each with this time limit.
    pub(crate) fn new(database: Database, timeout: Duration) -> Arc<Self> {
        Arc::new(Self {
            database,
            timeout,
            next: LockedFor::new(None),
            turn: Mutex::new(()),
        })
    }

    /// A proof as of now or later. It is cancelled when all who wait for it have left.
    pub(crate) async fn prove(self: &Arc<Self>) -> Result<Proof, StoreError> {
        self.join().await.map_err(StoreError::Shared)
    }

    fn join(self: &Arc<Self>) -> Shared<Proving> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let waiting = next.as_ref().and_then(WeakShared::upgrade);
        waiting.unwrap_or_else(|| {
            let proofs = Arc::clone(self);
            let proving = async move { proofs.run().await.map_err(Arc::new) };
            let proving = proving.boxed().shared();
            *next = proving.downgrade();
            proving
        })
    }

    async fn run(&self) -> Result<Proof, StoreError> {
        let _turn = self.turn.lock().await;
        *self.next.lock().unwrap_or_else(PoisonError::into_inner) = None;
        // The server checks now and then whether its client is still connected, and otherwise stops.
        let begin = format!(
            "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; \
             SET LOCAL statement_timeout = {}; SET LOCAL client_connection_check_interval = 500",
            self.timeout.as_millis()
        );
        let retry_until = Instant::now() + self.timeout;
        on_connection(&self.database, retry_until, async |client: &Client| {
            client.batch_execute(&begin).await?;
            let proof = prove(client).await?;
            client.batch_execute("COMMIT").await?;
            Ok(proof)
        })
        .await
    }
}
