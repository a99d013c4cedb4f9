//! Visitors, who take units and named seats, and give all of them back.

use domain::{HoldStatus, PoolId};
use inventory::command::Direction;
use inventory::{Command, Refusal, Until};
use jiff::{SignedDuration, Timestamp};
use rand::RngExt as _;
use rand::seq::IndexedRandom as _;

use crate::caller::Caller;
use crate::random::{random_hold, random_id};
use crate::support::{adjust, hold, hold_seats};

/// What visitors choose from.
pub struct Offer {
    pub pools: Vec<i64>,
    pub seated: i64,
    pub seats: Vec<String>,
}

/// Takes units and gives them back, until the world is over.
pub async fn visit(mut caller: Caller, offer: &Offer) -> anyhow::Result<()> {
    while !caller.world.is_over() {
        if caller.chance.random_bool(0.2) {
            take_and_give_back(&mut caller, &offer.pools).await?;
        } else {
            hold_and_end(&mut caller, offer).await?;
        }
    }
    Ok(())
}

async fn take_and_give_back(caller: &mut Caller, pools: &[i64]) -> anyhow::Result<()> {
    let pool = *pools.choose(&mut caller.chance).unwrap();
    let count = caller.chance.random_range(1..=3);
    for direction in [Direction::Take, Direction::GiveBack] {
        let id = random_id(&mut caller.chance);
        let asked = caller
            .ask_perhaps_twice(&adjust(id, pool, i64::from(count), direction))
            .await?;
        match (direction, asked.verdict) {
            (_, Ok(_)) => {}
            (Direction::Take, Err(Refusal::SoldOut)) => return Ok(()),
            (_, other) => anyhow::bail!("{direction:?} of {count} on pool {pool}: {other:?}"),
        }
        let signed = match direction {
            Direction::Take => count,
            Direction::GiveBack => -count,
        };
        let mut facts = caller.world.facts.lock().unwrap();
        facts.adjustments.insert(id, (PoolId(pool), signed));
    }
    Ok(())
}

async fn hold_and_end(caller: &mut Caller, offer: &Offer) -> anyhow::Result<()> {
    let id = random_hold(&mut caller.chance);
    let lifetime = SignedDuration::from_millis(caller.chance.random_range(20..600));
    let soon = Until::Expires(Timestamp::now() + lifetime);
    let until = *[soon, soon, Until::Pinned, Until::Sold]
        .choose(&mut caller.chance)
        .unwrap();
    let command = if caller.chance.random_bool(0.3) {
        let count = caller.chance.random_range(1..=3);
        let names: Vec<String> = offer
            .seats
            .sample(&mut caller.chance, count)
            .cloned()
            .collect();
        hold_seats(id, offer.seated, &names.join(" "), until)?
    } else {
        let spread = caller.chance.random_range(1..=3);
        let pools: Vec<i64> = offer
            .pools
            .sample(&mut caller.chance, spread)
            .copied()
            .collect();
        hold(id, &pools, caller.chance.random_range(1..=2), until)?
    };
    if caller.hold(id, &command).await?.is_none() {
        return Ok(());
    }
    // Both may be too late for an expired hold; it is released all the same.
    match caller.chance.random_range(0..5) {
        0 => drop(caller.ask(&Command::Confirm { hold: id }).await?),
        1 => drop(caller.ask(&Command::Pin { hold: id }).await?),
        2 => {
            let other = hold(id, &offer.pools, 7, until)?;
            let reused = caller.ask(&other).await?.verdict;
            anyhow::ensure!(reused == Err(Refusal::IdReused), "{other:?}: {reused:?}");
        }
        3 if until == soon => {
            caller.world.hold_ended(id, HoldStatus::Expired);
            return Ok(());
        }
        _ => {}
    }
    caller.release(id).await
}
