//! What follows a load: every booking comes to its end, and customers who were refused ask again.
//!
//! A refusal may come too early for as long as a second, so nobody is refused for good before that.

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

/// How long customers look for the end of bookings that they could not wait for.
const ENDED_WITHIN: Duration = Duration::from_secs(30);

/// How many look at once.
const FOLLOWED_AT_ONCE: usize = 64;

/// How long customers who were refused go on asking.
const ASKING_FOR: Duration = Duration::from_secs(30);

/// How long after a refusal it is asked again: the gate's count is a second old at most.
const ASKED_AGAIN_AFTER: Duration = Duration::from_millis(1100);

/// How often in a row it is refused before it counts.
const REFUSALS: u32 = 2;

/// How it all came to its end.
pub(super) struct Settled {
    /// Units that customers had only when they asked again, in the order of the sales.
    pub(super) sold_again: Vec<u64>,
    /// The proofs, in the order of the ledgers.
    pub(super) ledgers: Vec<Proof>,
}

/// Has everything come to its end.
pub(super) async fn drain(
    target: &TargetEnvironment,
    sales: &[(Arc<Pool>, OrderSize)],
    ledgers: &[(Endpoint, Proof)],
) -> anyhow::Result<Settled> {
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
    Ok(Settled {
        sold_again: confirmed(sales)
            .zip(before)
            .map(|(all, first)| all - first)
            .collect(),
        ledgers: after,
    })
}

/// The seats of a flight that nobody has: of the others somebody was refused one rightly, even if nobody
/// knows yet whose it is.
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

/// Looks for the end of the bookings of a pool that their customers could not wait for. What is not found
/// stays unclear.
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

/// Waits until nothing more is held than before, except what is unclear: whoever broke off an order may
/// have its seats for as long as orders are held.
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

/// Customers of a pool who were refused ask again.
async fn ask(endpoints: &Endpoints, pool: &Pool, order_size: &OrderSize) {
    let mut caller = Caller::new(endpoints);
    let until = Instant::now() + ASKING_FOR;
    match order_size {
        OrderSize::Seats(_) => {
            for round in 0..REFUSALS {
                // Who is refused once more wants them still; who can't ask in time does not count.
                let wanted = pool.told.take_wanted_seats();
                if round > 0 && !wanted.is_empty() {
                    sleep(ASKED_AGAIN_AFTER).await;
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
                // Refused or failed: neither is asked for ever.
                refusals += 1;
                if refusals < REFUSALS {
                    sleep(ASKED_AGAIN_AFTER).await;
                }
            }
        }
    }
}

/// What is wanted in the end by customers who were refused again.
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
