//! [`Inventory`]: assembles the gate, the committer, the sweeper and the reads.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::{Client, Pool as Database};
use domain::{HoldId, PoolId, Units};
use futures_util::future::join_all;
use jiff::Timestamp;
use service_core::connections::on_connection;
use service_core::page::PageRequest;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::command::{Command, Direction, HoldCommand, Origin};
use crate::committer::{Answer, Commits, Committer, CountListener, Submission};
use crate::decide::{replay_adjustment, replay_hold};
use crate::gate::{Admission, Gate, has_plenty};
use crate::in_flight::{Entry, InFlight};
use crate::proof::{Proof, Proofs};
use crate::refusal::Refusal;
use crate::replay_lookup::{Id, Recorded, ReplayLookup};
use crate::rows::AnyRows;
use crate::state::PoolCount;
use crate::store::{
    ExpiredHold, LedgerPosition, RecordedMovement, SeatMap, StoreError, expired_holds, movements,
    recorded_holds, seat_map,
};
use crate::verdict::{HoldView, InventoryError, Verdict};
use domain::sale_rules::SalesPolicy;

/// How often the sweeper records expired holds: the ledger promises to have them within a second.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// Most expired holds in one sweep: half a batch, so that sales share the batch.
const SWEEP_LIMIT: i64 = 128;

/// Most sets of counts that wait to be published. More are dropped; their keys expire within a second.
const PUBLISH_QUEUE_LIMIT: usize = 1024;

/// How long counts of pools with plenty wait for further ones before they are published together.
const PUBLISH_LINGER: Duration = Duration::from_millis(20);

/// The behaviour of an inventory.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// When sales close.
    pub sales: SalesPolicy,
    /// How long a command may wait for its verdict; after that the caller is told to retry.
    pub commit_timeout: Duration,
    /// Time limit of a proof.
    pub proof_timeout: Duration,
}

/// The connection pools of an inventory, all to the same database.
#[derive(Clone)]
pub struct Databases {
    /// For the committer alone, so that reads never delay a sale.
    pub commits: Database,
    /// For proofs, whose statements may take longer than others.
    pub proofs: Database,
    /// For everything else.
    pub reads: Database,
}

impl From<Database> for Databases {
    /// One pool for all three, where nothing else reads.
    fn from(database: Database) -> Self {
        Self {
            commits: database.clone(),
            proofs: database.clone(),
            reads: database,
        }
    }
}

/// The pools and holds of one database. Shared behind an `Arc`.
pub struct Inventory {
    commits: Commits,
    database: Database,
    gate: Option<Arc<Gate>>,
    replay_lookup: ReplayLookup,
    in_flight: InFlight,
    proofs: Arc<Proofs>,
    commit_timeout: Duration,
    /// Aborted when the inventory is dropped. Nobody waits for an answer then.
    _tasks: JoinSet<()>,
}

impl Inventory {
    /// Starts the committer and the sweeper on the current runtime. `on_commit` is called with the new counts
    /// after each commit, before its answers, and with those of other replicas; it must not block.
    #[must_use]
    pub fn start(
        databases: impl Into<Databases>,
        gate: Option<Arc<Gate>>,
        settings: Settings,
        on_commit: CountListener,
    ) -> Arc<Self> {
        let Databases {
            commits,
            proofs,
            reads: database,
        } = databases.into();
        let mut tasks = JoinSet::new();
        let on_commit = match &gate {
            Some(gate) => {
                let heard = hearing(Arc::clone(gate), on_commit);
                let (listening, listener) = (Arc::clone(gate), Arc::clone(&heard));
                supervise(&mut tasks, "inventory_gate_listener", move || {
                    Arc::clone(&listening).listen(Arc::clone(&listener))
                });
                publishing(Arc::clone(gate), heard, &mut tasks)
            }
            None => on_commit,
        };
        let commits = Committer {
            database: commits,
            sales: settings.sales,
            commit_timeout: settings.commit_timeout,
            on_commit,
        }
        .start();
        let (sweeps, swept) = (commits.clone(), database.clone());
        supervise(&mut tasks, "inventory_sweeper", move || {
            sweep(sweeps.clone(), swept.clone(), settings.commit_timeout)
        });
        let (replay_lookup, lookup_task) =
            ReplayLookup::new(database.clone(), settings.commit_timeout);
        supervise(&mut tasks, "inventory_lookups", lookup_task);
        Arc::new(Self {
            replay_lookup,
            in_flight: InFlight::default(),
            proofs: Proofs::new(proofs, settings.proof_timeout),
            commits,
            database,
            gate,
            commit_timeout: settings.commit_timeout,
            _tasks: tasks,
        })
    }

    /// Has a command decided, through the gate if it takes units, and waits until its verdict is durable.
    pub(crate) async fn submit_through_gate(
        &self,
        command: Command,
        origin: Origin,
        rows: Option<Box<dyn AnyRows>>,
    ) -> Answer {
        let wanted = requested_units(&command);
        let gate = match &self.gate {
            Some(gate) if !wanted.is_empty() => gate,
            _ => return self.commit(command, rows, None).await,
        };
        let id = match origin {
            Origin::New => None,
            Origin::MaybeRetry => id_of(&command),
        };
        let entry = match id {
            Some(id) => match self.enter(&command, id).await? {
                Turn::Entered(entry) => Some(entry),
                Turn::Replayed(verdict) => return Ok(verdict),
            },
            None => None,
        };
        let mut taken = Vec::new();
        let mut unchecked = Vec::new();
        for want in wanted {
            match gate.take(want.pool, want.units, want.compare_only).await {
                Ok(Admission::Taken) => taken.push(want),
                Ok(Admission::Unchecked) => unchecked.push(want.pool),
                Ok(Admission::NotEnough) => {
                    restore(gate, taken).await;
                    return match id {
                        // It may be a retry of an accepted command.
                        Some(id) => {
                            let recorded = self.recorded(&command, id).await?;
                            Ok(recorded.unwrap_or(Err(Refusal::SoldOut)))
                        }
                        None => Ok(Err(Refusal::SoldOut)),
                    };
                }
                Err(error) => {
                    restore(gate, taken).await;
                    return Err(InventoryError::Unavailable(error.to_string()));
                }
            }
        }
        let answer = self.commit(command, rows, entry).await;
        let was_taken = matches!(&answer, Ok(Ok(accepted)) if !accepted.is_replayed());
        if !was_taken {
            restore(gate, taken).await;
        }
        if matches!(&answer, Ok(Err(Refusal::SoldOut))) {
            unchecked.into_iter().for_each(|pool| gate.forget(pool));
        }
        answer
    }

    /// Registers a command, or returns the verdict of an equal one in flight. Equal commands ask the gate one
    /// at a time: if the first takes the last units, its verdict is theirs.
    async fn enter(&self, command: &Command, id: Id) -> Result<Turn, InventoryError> {
        let turn = async {
            loop {
                if let Some(entry) = self.in_flight.enter(id) {
                    return Ok(Turn::Entered(entry));
                }
                self.in_flight.wait(id).await;
                if let Some(verdict) = self.recorded(command, id).await? {
                    return Ok(Turn::Replayed(verdict));
                }
            }
        };
        let turn = tokio::time::timeout(self.commit_timeout * 2, turn).await;
        turn.map_err(|_| InventoryError::Busy)?
    }

    /// The recorded verdict of a command, if any.
    async fn recorded(&self, command: &Command, id: Id) -> Result<Option<Verdict>, InventoryError> {
        let recorded = self.replay_lookup.find(id, self.commit_timeout).await?;
        Ok(match (command, recorded) {
            (Command::Hold(hold), Some(Recorded::Hold(recorded))) => {
                Some(replay_hold(&recorded, hold))
            }
            (
                Command::Adjust {
                    pool,
                    units,
                    direction,
                    ..
                },
                Some(Recorded::Adjustment(recorded)),
            ) => Some(replay_adjustment(&recorded, *pool, *units, *direction)),
            _ => None,
        })
    }

    async fn commit(
        &self,
        command: Command,
        rows: Option<Box<dyn AnyRows>>,
        entry: Option<Entry>,
    ) -> Answer {
        submit_to(&self.commits, command, rows, entry, self.commit_timeout).await
    }

    /// A hold as it stands, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn find_hold(&self, id: HoldId) -> Result<Option<HoldView>, StoreError> {
        let client = self.database.get().await?;
        let hold = recorded_holds(&client, &vec![id.0]).await?.remove(&id);
        Ok(hold.map(|hold| HoldView::of(id, &hold, false)))
    }

    /// A pool's seat map; `None` if there is no such pool.
    ///
    /// # Errors
    /// When the database fails or does not answer.
    pub async fn seat_map(&self, pool: PoolId) -> Result<Option<SeatMap>, StoreError> {
        let client = self.database.get().await?;
        seat_map(&client, pool).await
    }

    /// A page of a pool's ledger, in order, of at most `limit` movements.
    ///
    /// # Errors
    /// When the database fails or does not answer.
    pub async fn ledger(
        &self,
        pool: PoolId,
        part: PageRequest<LedgerPosition>,
        limit: i64,
    ) -> Result<Vec<RecordedMovement>, StoreError> {
        let client = self.database.get().await?;
        movements(&client, pool, part, limit).await
    }

    /// Proves the ledger of all pools against their counts, holds and seats, in one snapshot. Concurrent
    /// callers share a proof (single flight).
    ///
    /// # Errors
    /// When the database fails, or the proof takes longer than [`Settings::proof_timeout`].
    pub async fn prove(&self) -> Result<Proof, StoreError> {
        self.proofs.prove().await
    }
}

/// The outcome of registering a command that may be a retry.
enum Turn {
    /// It is now the one in flight under its id.
    Entered(Entry),
    /// An equal command got this verdict.
    Replayed(Verdict),
}

/// Units that a command asks of a pool.
struct RequestedUnits {
    pool: PoolId,
    units: Units,
    compare_only: bool,
}

/// The id under which the gate's commands are recorded; `None` for other commands.
fn id_of(command: &Command) -> Option<Id> {
    match command {
        Command::Hold(hold) => Some(Id::Hold(hold.id())),
        Command::Adjust { id, .. } => Some(Id::Adjustment(*id)),
        _ => None,
    }
}

/// What a command asks of the gate; empty for commands that take no units.
fn requested_units(command: &Command) -> Vec<RequestedUnits> {
    match command {
        Command::Hold(hold) => requested_by(hold),
        Command::Adjust {
            pool,
            units,
            direction: Direction::Take,
            ..
        } => {
            vec![RequestedUnits {
                pool: *pool,
                units: *units,
                compare_only: false,
            }]
        }
        _ => Vec::new(),
    }
}

fn requested_by(hold: &HoldCommand) -> Vec<RequestedUnits> {
    hold.gated_legs()
        .map(|leg| RequestedUnits {
            pool: leg.pool,
            units: leg.units,
            compare_only: !leg.seats.is_empty(),
        })
        .collect()
}

async fn restore(gate: &Gate, taken: Vec<RequestedUnits>) {
    for want in taken {
        gate.give(want.pool, want.units).await;
    }
}

/// Queues a command and waits for its verdict.
async fn submit_to(
    commits: &Commits,
    command: Command,
    rows: Option<Box<dyn AnyRows>>,
    entry: Option<Entry>,
    commit_timeout: Duration,
) -> Answer {
    let submission = Submission {
        command,
        rows,
        _entry: entry,
    };
    // A batch begins within `commit_timeout`, and is retried for as long again.
    let answer = commits.submit(Arc::new(submission));
    let answered = tokio::time::timeout(commit_timeout * 2, answer).await;
    Ok(answered.map_err(|_| InventoryError::Busy)??)
}

/// Runs a task while the inventory exists, and restarts it if it ends.
fn supervise<F: Future<Output = ()> + Send + 'static>(
    tasks: &mut JoinSet<()>,
    name: &'static str,
    mut task: impl FnMut() -> F + Send + 'static,
) {
    // Never cancelled: dropping the inventory aborts it.
    tasks.spawn(service_core::supervision::run(
        name,
        CancellationToken::new(),
        move |_| task(),
    ));
}

/// Wraps a listener: tells the gate first.
fn hearing(gate: Arc<Gate>, next: CountListener) -> CountListener {
    Arc::new(move |counts: &[PoolCount]| {
        gate.hear(counts);
        next(counts);
    })
}

/// Wraps a listener: also queues the counts for the gate, without waiting for Redis.
fn publishing(gate: Arc<Gate>, next: CountListener, tasks: &mut JoinSet<()>) -> CountListener {
    let (sender, receiver) = mpsc::channel::<Vec<PoolCount>>(PUBLISH_QUEUE_LIMIT);
    let receiver = Arc::new(Mutex::new(receiver));
    supervise(tasks, "inventory_publisher", move || {
        let (gate, receiver) = (Arc::clone(&gate), Arc::clone(&receiver));
        async move {
            let mut receiver = receiver.lock().await;
            let mut waiting = Vec::new();
            while receiver.recv_many(&mut waiting, PUBLISH_QUEUE_LIMIT).await > 0 {
                if waiting
                    .iter()
                    .flatten()
                    .all(|count| has_plenty(count.free, 0))
                {
                    // Nobody is refused by these counts in vain: the gate believes what it heard before them.
                    tokio::time::sleep(PUBLISH_LINGER).await;
                    while let Ok(more) = receiver.try_recv() {
                        waiting.push(more);
                    }
                }
                crash_points::point("publish.before");
                gate.publish(&newest(waiting.drain(..).flatten())).await;
                crash_points::point("publish.after");
            }
        }
    });
    Arc::new(move |counts: &[PoolCount]| {
        next(counts);
        if !counts.is_empty() {
            sender.try_send(counts.to_vec()).ok();
        }
    })
}

/// The newest count of each pool.
fn newest(counts: impl Iterator<Item = PoolCount>) -> Vec<PoolCount> {
    let mut newest = HashMap::<PoolId, PoolCount>::new();
    for count in counts {
        let known = newest.entry(count.pool).or_insert(count);
        if known.version < count.version {
            *known = count;
        }
    }
    newest.into_values().collect()
}

/// Records expired holds in the ledger, through the committer. Correctness does not depend on it: expired units
/// already count as free.
async fn sweep(commits: Commits, database: Database, commit_timeout: Duration) {
    loop {
        tokio::time::sleep(SWEEP_INTERVAL).await;
        if let Err(error) = sweep_once(&commits, &database, commit_timeout).await {
            tracing::debug!(%error, "finding expired holds failed");
        }
    }
}

/// Sweeps all expired holds, page by page. Each has a command of its own, so that the batch loads all of its
/// pools; one that can't be swept is skipped.
async fn sweep_once(
    commits: &Commits,
    database: &Database,
    commit_timeout: Duration,
) -> Result<(), StoreError> {
    let mut after = (Timestamp::UNIX_EPOCH, HoldId(Uuid::nil()));
    loop {
        let retry_until = Instant::now() + commit_timeout;
        let lapsed: Vec<ExpiredHold> =
            on_connection(database, retry_until, async |client: &Client| {
                expired_holds(client, after, SWEEP_LIMIT).await
            })
            .await?;
        let Some(last) = lapsed.last() else {
            return Ok(());
        };
        after = *last;
        let sweeps = lapsed.iter().map(|(_, hold)| {
            let command = Command::Sweep { hold: *hold };
            submit_to(commits, command, None, None, commit_timeout)
        });
        join_all(sweeps).await;
    }
}
