//! Looks up recorded ids for commands that the gate refused, many per query.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool as Database};
use domain::HoldId;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use service_core::connections::on_connection;
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::Instant;
use uuid::Uuid;

use crate::state::{Adjustment, Hold};
use crate::store::{StoreError, recorded_adjustments, recorded_holds};
use crate::verdict::InventoryError;

/// Most ids in one query.
const BATCH_LIMIT: usize = 256;

/// Length of the queue.
const QUEUE_LIMIT: usize = 8192;

/// What is recorded under an id.
pub(crate) enum Recorded {
    Hold(Hold),
    Adjustment(Adjustment),
}

/// The id that makes a command idempotent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Id {
    Hold(HoldId),
    Adjustment(Uuid),
}

type Found = Result<Option<Recorded>, InventoryError>;

/// The queue of lookups. Clones share it.
#[derive(Clone)]
pub(crate) struct ReplayLookup(mpsc::Sender<(Id, oneshot::Sender<Found>)>);

impl ReplayLookup {
    /// The queue, and the task that answers it; the task can be restarted.
    pub(crate) fn new(
        database: Database,
        commit_timeout: Duration,
    ) -> (Self, impl FnMut() -> BoxFuture<'static, ()> + Send) {
        let (sender, receiver) = mpsc::channel(QUEUE_LIMIT);
        let waiting = Arc::new(Mutex::new(receiver));
        let lookup_task = move || {
            let (waiting, database) = (Arc::clone(&waiting), database.clone());
            async move { answer(&mut *waiting.lock().await, &database, commit_timeout).await }
                .boxed()
        };
        (Self(sender), lookup_task)
    }

    /// What is recorded under an id, if anything.
    pub(crate) async fn find(&self, id: Id, commit_timeout: Duration) -> Found {
        let (sender, receiver) = oneshot::channel();
        self.0
            .try_send((id, sender))
            .map_err(|_| InventoryError::Busy)?;
        match tokio::time::timeout(commit_timeout, receiver).await {
            Ok(Ok(found)) => found,
            Ok(Err(_)) => Err(InventoryError::Unavailable(
                "look-ups have stopped".to_owned(),
            )),
            Err(_) => Err(InventoryError::Busy),
        }
    }
}

async fn answer(
    waiting: &mut mpsc::Receiver<(Id, oneshot::Sender<Found>)>,
    database: &Database,
    commit_timeout: Duration,
) {
    let mut batch = Vec::with_capacity(BATCH_LIMIT);
    while waiting.recv_many(&mut batch, BATCH_LIMIT).await > 0 {
        let ids: Vec<Id> = batch.iter().map(|(id, _)| *id).collect();
        let retry_until = Instant::now() + commit_timeout;
        let mut found = on_connection(database, retry_until, async |client: &Client| {
            find_all(client, &ids).await
        })
        .await;
        for (id, sender) in batch.drain(..) {
            let answer = match (&mut found, id) {
                (Ok((holds, _)), Id::Hold(id)) => Ok(holds.get(&id).cloned().map(Recorded::Hold)),
                (Ok((_, adjustments)), Id::Adjustment(id)) => {
                    Ok(adjustments.get(&id).cloned().map(Recorded::Adjustment))
                }
                (Err(error), _) => Err(InventoryError::Unavailable(error.to_string())),
            };
            sender.send(answer).ok();
        }
    }
}

type FoundRows = (HashMap<HoldId, Hold>, HashMap<Uuid, Adjustment>);

async fn find_all(client: &Client, ids: &[Id]) -> Result<FoundRows, StoreError> {
    let mut holds = Vec::new();
    let mut adjustments = Vec::new();
    for id in ids {
        match id {
            Id::Hold(id) => holds.push(id.0),
            Id::Adjustment(id) => adjustments.push(*id),
        }
    }
    let holds = recorded_holds(client, &holds).await?;
    Ok((holds, recorded_adjustments(client, &adjustments).await?))
}
