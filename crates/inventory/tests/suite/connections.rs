//! The connection to PostgreSQL is lost, stalls, or is abandoned in mid-transaction.

use std::time::Duration;

use anyhow::Context as _;
use domain::{HoldId, HoldStatus, PoolId};
use futures_util::future::try_join_all;
use inventory::command::Direction;
use inventory::{Accepted, Command, HoldView, Inventory, NewPool, PoolChange, Until, Verdict};
use jiff::{SignedDuration, Timestamp};
use test_stack::{Proxy, wait_for, wait_until};
use tokio::time::timeout;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::audit::{counts, gate_agrees};
use crate::support::{
    Bench, COMMIT_TIMEOUT, adjust, change_seats, held, hold, hold_seats, proved, start,
};

fn in_a_minute() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(1)
}

/// A verdict in a word or two.
fn in_short(verdict: &Verdict) -> String {
    match verdict {
        Ok(Accepted::Hold(view)) => view.status.as_str().to_owned(),
        Ok(Accepted::Pool(count)) => format!("{} free", count.free),
        Ok(Accepted::Adjusted(adjusted)) => format!("{} free", adjusted.free_after),
        Err(refusal) => refusal.code().to_string(),
    }
}

async fn movements(sql: &Client) -> anyhow::Result<i64> {
    let row = sql.query_one("SELECT count(*) FROM ledger", &[]).await?;
    Ok(row.try_get(0)?)
}

/// Every kind of command, its verdict, and how many movements it makes. Pools 1 and 2 have ten units; pool 3
/// has a seat map.
fn commands() -> anyhow::Result<Vec<(Command, &'static str, i64)>> {
    let [leg, seat, late] = [(); 3].map(|()| HoldId::generate());
    let until = Until::Expires(in_a_minute());
    let change = change_seats(seat, &[(3, "B1")], in_a_minute(), 1)?;
    let new = NewPool {
        id: PoolId(4),
        kind: "flight_seats".to_owned(),
        capacity: 5,
        already_sold: 0,
        layout: None,
        starts_at: None,
    };
    let one = PoolId(1);
    let closed = PoolChange {
        closes: true,
        ..PoolChange::of(PoolId(2))
    };
    let emptied = PoolChange {
        only_unsold: true,
        ..closed
    };
    Ok(vec![
        (hold(leg, &[1, 2], 2, Until::Pinned)?, "held", 2),
        (hold_seats(seat, 3, "A1 A2", until)?, "held", 1),
        (hold_seats(late, 3, "A2 A3", until)?, "seat_taken", 0),
        (change, "held", 2),
        (Command::Pin { hold: seat }, "held", 0),
        (Command::Confirm { hold: leg }, "sold", 2),
        (Command::Release { hold: seat }, "released", 1),
        (
            Command::Release {
                hold: HoldId::generate(),
            },
            "released",
            0,
        ),
        (adjust(Uuid::new_v4(), 1, 3, Direction::Take), "5 free", 1),
        (
            adjust(Uuid::new_v4(), 1, 1, Direction::GiveBack),
            "6 free",
            1,
        ),
        (adjust(Uuid::new_v4(), 1, 7, Direction::Take), "sold_out", 0),
        (
            Command::ChangePool(PoolChange {
                capacity: Some(20),
                ..PoolChange::of(one)
            }),
            "16 free",
            1,
        ),
        (Command::ChangePool(emptied), "capacity_in_use", 0),
        (Command::ChangePool(closed), "8 free", 0),
        (hold(HoldId::generate(), &[2], 1, until)?, "sales_closed", 0),
        (Command::Create(new), "5 free", 1),
    ])
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_answered_once_and_truly() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = "rows A-C, seats 1-10".parse()?;
    bench
        .create(&[(1, 10, None), (2, 10, None), (3, 30, Some(layout))])
        .await?;
    let proxy = Proxy::before(bench.database.url()).await?;
    // Without the gate, which would refuse sold-out pools before anything is committed.
    let inventory = bench.replica_at(proxy.url(), None, COMMIT_TIMEOUT)?;
    let sql = bench.sql().await?;
    for (lost, (command, expected, moved)) in (1..).zip(commands()?) {
        let before = movements(&sql).await?;
        proxy.lose_next_commit();
        let verdict = inventory.command(command.clone()).verdict().await?;
        assert_eq!(proxy.commits_lost(), lost, "{command:?}");
        assert_eq!(in_short(&verdict), expected, "{command:?}: {verdict:?}");
        assert_eq!(movements(&sql).await? - before, moved, "{command:?}");
        proved(&inventory).await?;
    }
    Ok(())
}

#[tokio::test]
async fn a_sale_whose_answer_is_lost_is_one_sale_for_the_gate_too() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 3, None)]).await?;
    let proxy = Proxy::before(bench.database.url()).await?;
    let inventory = bench.replica_at(proxy.url(), Some(&bench.redis_url), COMMIT_TIMEOUT)?;
    for lost in 1..=3 {
        proxy.lose_next_commit();
        let sold = held(&inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?).await??;
        assert_eq!(sold.status, HoldStatus::Sold);
        assert_eq!(proxy.commits_lost(), lost);
    }
    gate_agrees(&bench).await?;
    let late = held(&inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?).await?;
    assert!(late.is_err(), "{late:?}");
    assert_eq!(proved(&inventory).await?, (0, 0, 3));
    Ok(())
}

/// Retries until there is an answer.
async fn answered(inventory: &Inventory, command: Command) -> anyhow::Result<HoldView> {
    let what = format!("there is an answer to {command:?}");
    wait_for(&what, Duration::from_secs(10), async || {
        let answer = timeout(Duration::from_secs(5), held(inventory, command.clone()));
        anyhow::Ok(answer.await.context("nobody answers")???)
    })
    .await
}

#[tokio::test]
async fn a_database_that_falls_silent_is_left_for_a_new_connection() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None), (2, 1, None)]).await?;
    let proxy = Proxy::before(bench.database.url()).await?;
    let commit_timeout = Duration::from_millis(500);
    let inventory = bench.replica_at(proxy.url(), Some(&bench.redis_url), commit_timeout)?;
    let last = hold(HoldId::generate(), &[2], 1, Until::Sold)?;
    held(&inventory, last.clone()).await??;
    let lapsing = HoldId::generate();
    let soon = Until::Expires(Timestamp::now() + SignedDuration::from_millis(300));
    held(&inventory, hold(lapsing, &[1], 1, soon)?).await??;
    // Several connections are open.
    try_join_all((0..6).map(|_| inventory.find_hold(lapsing))).await?;
    proxy.silence();
    // The committer, the gate and the lookup of a repeated command, the sweeper.
    answered(&inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?).await?;
    assert!(answered(&inventory, last).await?.replayed);
    let sql = bench.sql().await?;
    wait_for("the hold lapses", Duration::from_secs(5), async || {
        let counts = counts(&sql).await?;
        anyhow::ensure!(counts == [(1, [9, 0, 1]), (2, [0, 0, 1])], "{counts:?}");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn a_pool_that_is_locked_for_long_is_waited_for() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let proxy = Proxy::before(bench.database.url()).await?;
    // Delays answers, so that those of pipelined statements arrive together.
    proxy.delay(Duration::from_millis(20));
    let inventory = bench.replica_at(proxy.url(), None, COMMIT_TIMEOUT)?;
    let sql = bench.sql().await?;
    sql.batch_execute("BEGIN; SELECT FROM pools WHERE id = 1 FOR UPDATE")
        .await?;
    let sale = hold(HoldId::generate(), &[1], 1, Until::Sold)?;
    let sale = tokio::spawn(async move { held(&inventory, sale).await });
    let observer = bench.sql().await?;
    for _ in 0..2 {
        // Twice: the batch gives up when the lock does not come in time, and retries.
        for waits in [true, false] {
            let what = "the batch waits for the lock, and gives it up";
            wait_until(what, Duration::from_secs(10), async || {
                is_anyone_waiting(&observer)
                    .await
                    .is_ok_and(|anyone| anyone == waits)
            })
            .await?;
        }
    }
    sql.batch_execute("COMMIT").await?;
    assert_eq!(sale.await???.status, HoldStatus::Sold);
    Ok(())
}

async fn is_anyone_waiting(sql: &Client) -> anyhow::Result<bool> {
    let row = sql
        .query_one(
            "SELECT count(*) > 0 FROM pg_stat_activity
             WHERE datname = current_database() AND wait_event_type = 'Lock'",
            &[],
        )
        .await?;
    Ok(row.try_get(0)?)
}

#[tokio::test]
async fn an_inventory_that_ends_in_mid_batch_finishes_it() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let database = bench.pool()?;
    let inventory = start(database.clone(), None, COMMIT_TIMEOUT);
    let sql = bench.sql().await?;
    sql.batch_execute("BEGIN; SELECT FROM pools WHERE id = 1 FOR UPDATE")
        .await?;
    let sale = hold(HoldId::generate(), &[1], 1, Until::Sold)?;
    let submission = {
        let inventory = inventory.clone();
        tokio::spawn(async move { inventory.command(sale).verdict().await })
    };
    let observer = bench.sql().await?;
    wait_until("the batch waits", Duration::from_secs(10), async || {
        is_anyone_waiting(&observer)
            .await
            .is_ok_and(|anyone| anyone)
    })
    .await?;
    submission.abort();
    assert!(submission.await.is_err_and(|error| error.is_cancelled()));
    drop(inventory);
    sql.batch_execute("COMMIT").await?;
    wait_until(
        "the batch is committed",
        Duration::from_secs(10),
        async || {
            let counts = counts(&observer).await;
            counts.is_ok_and(|counts| counts == [(1, [9, 0, 1])])
        },
    )
    .await?;
    // Later writes on the same connections succeed: no transaction was left open.
    for capacity in 11..15 {
        let client = database.get().await?;
        client
            .execute(
                "UPDATE pools SET capacity = $1, free = $1 - 1",
                &[&capacity],
            )
            .await?;
        assert_eq!(counts(&observer).await?, [(1, [capacity - 1, 0, 1])]);
    }
    Ok(())
}
