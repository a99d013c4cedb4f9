//! After a load: every booking reaches its end, and refused customers retry.
//!
//! A stale gate may refuse for as long as a second, so no refusal is final before that.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use futures_util::future::join_all;
use tokio::time::{Instant, sleep};

use crate::endpoints::{Caller, Endpoint, Endpoints};
use crate::flow::{OrderSize, ask_again, follow_up};
use crate::outcome::CONFIRMED;
use crate::pool::{Pool, Products};
use crate::recorded_sales::{proof, wait_for_rest};
use crate::target::TargetEnvironment;
use test_stack::ledger_proof::Proof;

/// Timeout for the end of bookings that their customers stopped waiting for.
const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// Concurrent lookups.
const FOLLOWED_AT_ONCE: usize = 64;

/// How long refused customers retry.
const RETRY_FOR: Duration = Duration::from_secs(30);

/// Delay of a retry: the gate's counts are at most a second old.
const RETRY_DELAY: Duration = Duration::from_millis(1100);

/// Consecutive refusals before a customer gives up.
const REFUSALS: u32 = 2;

/// The state after the drain.
pub(super) struct Drained {
    /// Units sold on a retry, in the order of the sales.
    pub(super) sold_again: Vec<u64>,
    /// In the order of the scenario's ledgers.
    pub(super) ledgers: Vec<Proof>,
}

/// Waits for every booking's end, and retries refused requests.
pub(super) async fn drain(
    target: &TargetEnvironment,
    sales: &[(Arc<Pool>, OrderSize)],
    ledgers: &[(Endpoint, Proof)],
) -> anyhow::Result<Drained> {
    let endpoints = &target.endpoints;
    for (pool, _) in sales {
        follow_all(endpoints, pool).await;
    }
    let mut caller = Caller::new(endpoints);
    wait_for_all(target, &mut caller, sales, ledgers).await?;
    let before: Vec<u64> = confirmed(sales).collect();
    if sales
        .iter()
        .any(|(pool, order_size)| wanted(pool, order_size) > 0)
    {
        join_all(
            sales
                .iter()
                .map(|(pool, order_size)| ask(endpoints, pool, order_size)),
        )
        .await;
        wait_for_all(target, &mut caller, sales, ledgers).await?;
    }
    for (pool, order_size) in sales {
        if let (Products::Flight(flight), OrderSize::Seats(_)) = (pool.products, order_size) {
            pool.told
                .want_only_of(&free_seats(&mut caller, flight).await?);
        }
    }
    let mut after = Vec::with_capacity(ledgers.len());
    for (endpoint, _) in ledgers {
        after.push(proof(&mut caller, *endpoint).await?);
    }
    Ok(Drained {
        sold_again: confirmed(sales)
            .zip(before)
            .map(|(all, first)| all - first)
            .collect(),
        ledgers: after,
    })
}

/// The free seats of a flight. A group with any other seat was refused rightly, even if it is unclear who has
/// that seat.
async fn free_seats(caller: &mut Caller, flight: i64) -> anyhow::Result<BTreeSet<String>> {
    let path = format!("/api/flights/{flight}/seats");
    let reply = caller.get(Endpoint::Flight, path).await?;
    let seats = reply.body["seats"].as_array();
    let seats = seats.with_context(|| format!("flight {flight} shows no seats"))?;
    let free = seats.iter().filter(|seat| seat["status"] == "AVAILABLE");
    Ok(free
        .filter_map(|seat| Some(seat["seatNumber"].as_str()?.to_owned()))
        .collect())
}

/// Follows the open bookings of a pool to their end. Those not found stay unclear.
async fn follow_all(endpoints: &Endpoints, pool: &Pool) {
    let until = Instant::now() + ENDED_WITHIN;
    let open = pool.told.take_open();
    for some in open.chunks(FOLLOWED_AT_ONCE) {
        let ends = some.iter().map(async |open| {
            if Instant::now() < until {
                follow_up(&mut Caller::new(endpoints), pool, open.clone()).await;
            } else {
                pool.told.leave_open(open.clone());
            }
        });
        join_all(ends).await;
    }
}

fn confirmed(sales: &[(Arc<Pool>, OrderSize)]) -> impl Iterator<Item = u64> {
    sales.iter().map(|(pool, _)| pool.told.confirmed())
}

/// Waits until no more is held than before, except unclear units: an abandoned order may keep its seats for
/// as long as orders are held.
async fn wait_for_all(
    target: &TargetEnvironment,
    caller: &mut Caller,
    sales: &[(Arc<Pool>, OrderSize)],
    ledgers: &[(Endpoint, Proof)],
) -> anyhow::Result<()> {
    let unclear: u64 = sales.iter().map(|(pool, _)| pool.told.unclear()).sum();
    for (endpoint, before) in ledgers {
        let at_most = before.held + unclear;
        wait_for_rest(caller, target.databases.as_ref(), *endpoint, at_most).await?;
    }
    Ok(())
}

/// Refused customers of a pool retry.
async fn ask(endpoints: &Endpoints, pool: &Pool, order_size: &OrderSize) {
    let mut caller = Caller::new(endpoints);
    let until = Instant::now() + RETRY_FOR;
    match order_size {
        OrderSize::Seats(_) => {
            for round in 0..REFUSALS {
                // A seat refused once more is still wanted; one that can't be retried in time does not count.
                let wanted = pool.told.take_wanted_seats();
                if round > 0 && !wanted.is_empty() {
                    sleep(RETRY_DELAY).await;
                }
                for seats in wanted.iter().take_while(|_| Instant::now() < until) {
                    ask_again(&mut caller, pool, order_size, Some(seats)).await;
                }
            }
        }
        OrderSize::Units { units, .. } => {
            let mut refusals = 0;
            while pool.told.wanting() >= *units && refusals < REFUSALS && Instant::now() < until {
                pool.told.stop_wanting(*units);
                let outcome = ask_again(&mut caller, pool, order_size, None).await;
                if outcome == CONFIRMED {
                    refusals = 0;
                    continue;
                }
                // Refused or failed: neither is retried for ever.
                refusals += 1;
                if refusals < REFUSALS {
                    sleep(RETRY_DELAY).await;
                }
            }
        }
    }
}

/// Units that customers still want after the retries.
pub(super) fn wanted(pool: &Pool, order_size: &OrderSize) -> u64 {
    match order_size {
        OrderSize::Seats(_) => {
            let groups = pool.told.wanted_seats();
            let seats: usize = groups.iter().map(Vec::len).sum();
            u64::try_from(seats).unwrap_or(u64::MAX)
        }
        OrderSize::Units { .. } => pool.told.wanting(),
    }
}
