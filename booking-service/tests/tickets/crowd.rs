//! Buyers compete for one ticket option on two replicas.

use anyhow::ensure;
use futures_util::StreamExt as _;
use futures_util::stream;
use rand::{RngExt as _, SeedableRng as _, rngs::StdRng};
use test_stack::wait_for;

use crate::support::{TestService, purchase, ticket_option};
use test_stack::caller::SOON;

const ALLOCATION: i64 = 2000;

/// Each buys 1 to 8: on average more than twice the allocation.
const BUYERS: usize = 1000;

#[tokio::test]
async fn a_thousand_buyers_never_get_more_and_in_the_end_all() -> anyhow::Result<()> {
    let seed: u64 = rand::random();
    let result = crowd(seed).await;
    result.map_err(|error| error.context(format!("seed {seed}")))
}

async fn crowd(seed: u64) -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let other = service.replica().await?;
    let id = service
        .caller
        .make("/ticket_options", &ticket_option(ALLOCATION))
        .await?;
    let mut chance = StdRng::seed_from_u64(seed);
    let wishes: Vec<i64> = (0..BUYERS).map(|_| chance.random_range(1..=8)).collect();
    let buy = async |buyer: usize, quantity: i64| {
        let caller = [&service.caller, &other.caller][buyer % 2];
        let answer = caller.post("/purchases", &purchase(&id, quantity)).await?;
        match answer.status {
            201 => Ok(quantity),
            400 => Ok(0),
            _ => anyhow::bail!("{}", answer.text),
        }
    };
    let bought: Vec<anyhow::Result<i64>> = stream::iter(wishes.into_iter().enumerate())
        .map(|(buyer, quantity)| buy(buyer, quantity))
        .buffer_unordered(BUYERS)
        .collect()
        .await;
    let mut sold = 0;
    for quantity in bought {
        sold += quantity?;
    }
    ensure!(sold <= ALLOCATION, "{sold} were sold");
    // The gate may refuse too early for a moment; retries sell the rest.
    while sold < ALLOCATION {
        let buyer = usize::try_from(sold)?;
        wait_for("what is left is sold", SOON, async || {
            match buy(buyer, 1).await {
                Ok(1) => Ok(()),
                Ok(_) => Err(format!("refused though {} are left", ALLOCATION - sold)),
                Err(error) => Err(format!("{error:#}")),
            }
        })
        .await?;
        sold += 1;
    }
    ensure!(buy(0, 1).await? == 0, "one more was sold");
    let row = service
        .sql()
        .await?
        .query_one(
            "SELECT sum(quantity), (SELECT sold::bigint FROM pools) FROM purchases",
            &[],
        )
        .await?;
    let (rows, pool): (i64, i64) = (row.try_get(0)?, row.try_get(1)?);
    ensure!((rows, pool) == (ALLOCATION, ALLOCATION), "{rows} {pool}");
    Ok(())
}
