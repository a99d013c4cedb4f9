//! The proof: compares the ledger with the pools, holds and seats.

use std::sync::{Arc, Mutex as LockedFor, PoisonError};
use std::time::Duration;

use deadpool_postgres::{Client, GenericClient, Pool as Database};
use domain::PoolId;
use futures_util::FutureExt as _;
use futures_util::future::{BoxFuture, Shared, WeakShared};
use service_core::connections::on_connection;
use tokio::sync::Mutex;
use tokio::time::Instant;

use crate::store::StoreError;

/// The sums over all pools, and the contradictions found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// How many pools were checked.
    pub pools: i64,
    /// Sum of capacities.
    pub capacity: i64,
    /// Sum of free units.
    pub free: i64,
    /// Sum of held units.
    pub held: i64,
    /// Sum of sold units.
    pub sold: i64,
    /// Empty if the proof holds; at most one hundred are listed.
    pub violations: Vec<Violation>,
}

/// A pool whose rows contradict each other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// The pool concerned.
    pub pool: PoolId,
    /// The contradiction, in words.
    pub what: String,
}

impl Proof {
    /// Whether there is no violation.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations.is_empty()
    }
}

const TOTALS: &str = "
    SELECT count(*), coalesce(sum(capacity), 0)::bigint, coalesce(sum(free), 0)::bigint,
           coalesce(sum(held), 0)::bigint, coalesce(sum(sold), 0)::bigint
    FROM pools";

/// Each pool's counts against the sums of its ledger, its live holds and its live seats.
const VIOLATIONS: &str = "
    WITH balance AS (
        SELECT pool_id, account, sum(units) AS units
        FROM (SELECT pool_id, to_account AS account, units::bigint FROM ledger
              UNION ALL
              SELECT pool_id, from_account, -units::bigint FROM ledger) movement
        GROUP BY pool_id, account
    ), ledger_sums AS (
        SELECT pool_id,
               -coalesce(sum(units) FILTER (WHERE account = 'issued'), 0) AS capacity,
               coalesce(sum(units) FILTER (WHERE account = 'free'), 0) AS free,
               coalesce(sum(units) FILTER (WHERE account = 'held'), 0) AS held,
               coalesce(sum(units) FILTER (WHERE account = 'sold'), 0) AS sold
        FROM balance GROUP BY pool_id
    ), hold_sums AS (
        SELECT leg.pool_id,
               coalesce(sum(leg.units) FILTER (WHERE hold.status = 'held'), 0) AS held,
               coalesce(sum(leg.units) FILTER (WHERE hold.status = 'sold'), 0) AS sold,
               coalesce(sum(cardinality(leg.seats)), 0) AS seats
        FROM hold_legs leg JOIN holds hold ON hold.id = leg.hold_id
        WHERE hold.status IN ('held', 'sold')
        GROUP BY leg.pool_id
    ), seat_sums AS (
        SELECT pool_id, count(*) AS seats FROM live_seats GROUP BY pool_id
    ), checked AS (
        SELECT pool.id,
               CASE
                   WHEN pool.free < 0 OR pool.free + pool.held + pool.sold <> pool.capacity
                       THEN 'the counts do not add up to the capacity'
                   WHEN (pool.capacity, pool.free, pool.held, pool.sold)
                        IS DISTINCT FROM
                        (coalesce(ledger.capacity, 0), coalesce(ledger.free, 0),
                         coalesce(ledger.held, 0), coalesce(ledger.sold, 0))
                       THEN 'the ledger does not add up to the counts'
                   WHEN (pool.held, pool.sold - pool.adjusted)
                        IS DISTINCT FROM (coalesce(live.held, 0), coalesce(live.sold, 0))
                       THEN 'the live holds do not add up to the counts'
                   WHEN coalesce(live.seats, 0) <> coalesce(seat.seats, 0)
                       THEN 'the live seats are not those of the live holds'
               END AS what
        FROM pools pool
        LEFT JOIN ledger_sums ledger ON ledger.pool_id = pool.id
        LEFT JOIN hold_sums live ON live.pool_id = pool.id
        LEFT JOIN seat_sums seat ON seat.pool_id = pool.id
    )
    SELECT id, what FROM checked WHERE what IS NOT NULL
    UNION ALL
    SELECT pool_id, 'there are entries of this pool, but no pool'
    FROM (SELECT pool_id FROM ledger_sums UNION SELECT pool_id FROM hold_legs
          UNION SELECT pool_id FROM adjustments) entered
    WHERE NOT EXISTS (SELECT FROM pools WHERE pools.id = entered.pool_id)
    UNION ALL
    SELECT DISTINCT pool_id, 'there are units of a hold, but no hold'
    FROM hold_legs
    WHERE NOT EXISTS (SELECT FROM holds WHERE holds.id = hold_legs.hold_id)
    ORDER BY id LIMIT 100";

/// Checks all pools. Run it in one REPEATABLE READ transaction, so that both queries see the same snapshot. At
/// most one hundred violations are listed.
///
/// # Errors
/// When the database fails or does not answer.
pub async fn prove(client: &impl GenericClient) -> Result<Proof, StoreError> {
    let totals = client.query_one(TOTALS, &[]).await?;
    let violations = client.query(VIOLATIONS, &[]).await?;
    let violations = violations
        .iter()
        .map(|row| {
            Ok(Violation {
                pool: PoolId(row.try_get("id")?),
                what: row.try_get("what")?,
            })
        })
        .collect::<Result<_, StoreError>>()?;
    Ok(Proof {
        pools: totals.try_get(0)?,
        capacity: totals.try_get(1)?,
        free: totals.try_get(2)?,
        held: totals.try_get(3)?,
        sold: totals.try_get(4)?,
        violations,
    })
}

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
