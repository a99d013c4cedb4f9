//! Claims on the number of unpaid orders that a user, or a network, may hold at once.

use deadpool_postgres::Pool;
use domain::HoldId;
use sha2::{Digest as _, Sha256};

use crate::db::DbError;

/// Rows that no longer count and are deleted with each claim: more than a claim adds, so they do not pile up.
const REMOVED_WITH_A_CLAIM: i64 = 8;

/// Advisory locks until the commit, always in the same order (no deadlock). A statement that follows sees
/// what earlier lock holders committed.
const LOCK: &str = "
    SELECT pg_advisory_xact_lock(key) FROM (
        SELECT DISTINCT hashtextextended(name, 0) AS key FROM unnest($1::text[]) AS name ORDER BY 1
    ) AS keys";

/// Whether a claim counts: its order is unpaid or never needs payment, or the claim is so new that its order
/// may not be written yet.
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

#[derive(Clone, Copy, Debug)]
pub struct Claim<'a> {
    /// The order's id.
    pub hold: HoldId,
    pub user: &'a str,
    /// The client's network; `None` where only the user's own count applies.
    pub network: Option<&'a str>,
}

/// Adds a claim if `decide` accepts the current counts of the user and of the network.
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
    // A repeated request has the same hold id and counts once. Others may be deleting the same rows under
    // their own locks: locked rows are left to them.
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

/// Removes the claim of an order that was not made.
pub async fn release_claim(database: &Pool, hold: HoldId) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client
        .prepare_cached("DELETE FROM unpaid_orders WHERE hold_id = $1")
        .await?;
    client.execute(&statement, &[&hold.0]).await?;
    Ok(())
}

/// Half of a SHA-256 digest: no address is stored, and collisions are negligible.
fn digest(network: &str) -> Vec<u8> {
    let digest = Sha256::digest(network);
    digest.iter().copied().take(16).collect()
}
