//! The table of orders that customers hold without having paid.

use deadpool_postgres::Pool;
use domain::HoldId;
use sha2::{Digest as _, Sha256};

use crate::db::DbError;

/// How many rows that don't count any more go with a claim: more than a claim adds, so they don't pile up.
const REMOVED_WITH_A_CLAIM: i64 = 8;

/// Locks that last until the commit, always in one order. What reads after them sees what others committed
/// before they let go.
const LOCK: &str = "
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY 1
    ) AS keys";

/// Whether a claim counts: its order is not paid, or never will be; or it is so new that its order may yet
/// come.
const COUNTS: &str = "(
    EXISTS (
        SELECT FROM bookings WHERE bookings.hold_id = one.hold_id AND (
            state IN ('pending', 'held', 'paying', 'payment_failed') OR channel = 'simple' AND state = 'confirmed'
        )
    )
    OR EXISTS (SELECT FROM purchases WHERE purchases.id = one.hold_id)
    OR one.claimed_at > now() - interval '30 seconds'
        AND NOT EXISTS (SELECT FROM bookings WHERE bookings.hold_id = one.hold_id)
)";

/// An order that is to be.
#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The name that it will have.
    pub hold: HoldId,
    /// Whose it will be.
    pub user: &'a str,
    /// From where it came; none where it counts for the user alone.
    pub network: Option<&'a str>,
}

/// Adds a claim, if it may be added beside so many that the user has, and so many from the network.
///
/// # Errors
/// When the database does not answer.
pub async fn claim<E>(
    database: &Pool,
    claim: &Claim<'_>,
    decide: impl FnOnce(u32, u32) -> Result<(), E>,
) -> Result<Result<(), E>, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let network = claim.network.map(digest);
    let user_lock = format!("unpaid orders of user {}", claim.user);
    let network_lock = claim
        .network
        .map(|network| format!("unpaid orders from {network}"));
    let locks: Vec<String> = [Some(user_lock), network_lock]
        .into_iter()
        .flatten()
        .collect();
    let statement = transaction.prepare_cached(LOCK).await?;
    transaction.execute(&statement, &[&locks]).await?;

    let count = format!(
        "SELECT (SELECT count(*) FROM unpaid_orders one WHERE user_ref = $1 AND hold_id <> $3 AND {COUNTS}),
                (SELECT count(*) FROM unpaid_orders one WHERE network_digest = $2 AND hold_id <> $3 AND {COUNTS})"
    );
    let statement = transaction.prepare_cached(&count).await?;
    let row = transaction
        .query_one(&statement, &[&claim.user, &network, &claim.hold.0])
        .await?;
    let counted = |index| {
        let count: i64 = row.try_get(index)?;
        Ok::<_, DbError>(u32::try_from(count).unwrap_or(u32::MAX))
    };
    if let Err(too_many) = decide(counted(0)?, counted(1)?) {
        return Ok(Err(too_many));
    }
    // A request that is asked again under its key has the name that it had, and counts once.
    // Others' rows may be under their locks: those that they remove are left to them.
    let add = format!(
        "WITH removed AS (
             DELETE FROM unpaid_orders WHERE hold_id IN (
                 SELECT hold_id FROM unpaid_orders one
                 WHERE (user_ref = $2 OR network_digest IS NOT NULL AND claimed_at < now() - interval '1 hour')
                     AND hold_id <> $1 AND NOT {COUNTS}
                 LIMIT $4 FOR UPDATE SKIP LOCKED
             )
         )
         INSERT INTO unpaid_orders (hold_id, user_ref, network_digest) VALUES ($1, $2, $3)
         ON CONFLICT (hold_id) DO NOTHING"
    );
    let statement = transaction.prepare_cached(&add).await?;
    transaction
        .execute(
            &statement,
            &[&claim.hold.0, &claim.user, &network, &REMOVED_WITH_A_CLAIM],
        )
        .await?;
    transaction.commit().await?;
    Ok(Ok(()))
}

/// Removes a claim of which nothing came.
///
/// # Errors
/// When the database does not answer.
pub async fn give_back(database: &Pool, hold: HoldId) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client
        .prepare_cached("DELETE FROM unpaid_orders WHERE hold_id = $1")
        .await?;
    client.execute(&statement, &[&hold.0]).await?;
    Ok(())
}

/// Half of a digest: no address is kept, and no two share one.
fn digest(network: &str) -> Vec<u8> {
    let digest = Sha256::digest(network);
    digest.iter().copied().take(16).collect()
}
