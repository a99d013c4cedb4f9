//! A panic in the committer fails one command, and sales go on.

#![expect(clippy::panic, reason = "what is tried")]

use std::sync::Arc;

use domain::HoldId;
use domain::sale_rules::SalesPolicy;
use futures_util::future::join_all;
use inventory::{Accepted, Inventory, InventoryError, RowStatement, Rows, Settings, Until};

use crate::support::{Bench, COMMIT_TIMEOUT, held, hold, pool_of, proved};

/// Rows that panic when their statements are built.
struct Bomb;

impl Rows for Bomb {
    fn statements(_: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        panic!("on purpose")
    }
}

#[tokio::test]
async fn rows_that_panic_fail_with_their_command_alone() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 100, None)]).await?;
    let inventory = bench.replica(false)?;
    let take = || hold(HoldId::generate(), &[1], 1, Until::Pinned);
    for _ in 0..5 {
        let commands = (0..9).map(|_| take()).collect::<anyhow::Result<Vec<_>>>()?;
        let good = join_all(
            commands
                .into_iter()
                .map(|one| inventory.command(one).verdict()),
        );
        let (good, bad) = tokio::join!(good, inventory.command(take()?).with(Bomb).verdict());
        assert!(matches!(bad, Err(InventoryError::Broken(_))), "{bad:?}");
        for one in good {
            assert!(matches!(one, Ok(Ok(_))), "{one:?}");
        }
    }
    assert_eq!(proved(&inventory).await?, (55, 45, 0));
    Ok(())
}

#[tokio::test]
async fn a_listener_that_panics_keeps_no_answer_back() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let settings = Settings {
        sales: SalesPolicy::default(),
        commit_timeout: COMMIT_TIMEOUT,
        proof_timeout: COMMIT_TIMEOUT,
    };
    let pool = pool_of(bench.database.url())?;
    let inventory = Inventory::start(pool, None, settings, Arc::new(|_| panic!("on purpose")));
    for _ in 0..3 {
        let id = HoldId::generate();
        let view = held(&inventory, hold(id, &[1], 1, Until::Pinned)?).await??;
        assert!(!view.replayed, "it was run again");
    }
    assert_eq!(proved(&inventory).await?, (7, 3, 0));
    Ok(())
}
