//! Batches that are committed without locks: what another replica wrote since, clocks that jump, commits that fail.

use domain::{HoldId, HoldStatus, PoolId};
use inventory::{
    Accepted, Command, Inventory, InventoryError, PoolChange, RowStatement, Rows, Until,
};
use jiff::{SignedDuration, Timestamp};
use proptest::strategy::{Strategy as _, ValueTree as _};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use tokio_postgres::Client;

use crate::decisions::{a_command, at, creations};
use crate::model::Model;
use crate::random::with_seeds;
use crate::support::{Bench, change_seats, held, hold, hold_seats, proved};

fn in_a_minute() -> Timestamp {
    Timestamp::now() + SignedDuration::from_mins(1)
}

/// Hold by id, its status or refusal.
async fn outcome(inventory: &Inventory, command: Command) -> anyhow::Result<String> {
    Ok(match held(inventory, command).await? {
        Ok(view) => view.status.as_str().to_owned(),
        Err(refusal) => refusal.code().to_string(),
    })
}

/// Whether the last batch was committed by one statement; the others end with COMMIT.
async fn is_last_without_locks(sql: &Client) -> anyhow::Result<bool> {
    let query = "SELECT count(*) > 0 FROM pg_stat_activity
                 WHERE datname = current_database() AND query LIKE 'WITH %'";
    Ok(sql.query_one(query, &[]).await?.try_get(0)?)
}

#[tokio::test]
async fn what_is_known_is_committed_without_locks() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = "rows A-C, seats 1-10".parse()?;
    bench
        .create(&[(1, 10, None), (2, 30, Some(layout))])
        .await?;
    let inventory = bench.replica(false)?;
    let sql = bench.sql().await?;
    // The first batch reads the clock.
    held(&inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?).await??;
    assert!(!is_last_without_locks(&sql).await?);
    let id = HoldId::generate();
    let until = Until::Expires(in_a_minute());
    let commands = [
        (hold_seats(id, 2, "A1 A2", until)?, "held"),
        (change_seats(id, &[(2, "A2 A3")], in_a_minute(), 1)?, "held"),
        (Command::Pin { hold: id }, "held"),
        (Command::Confirm { hold: id }, "sold"),
        (Command::Release { hold: id }, "released"),
        (hold(HoldId::generate(), &[1], 10, until)?, "sold_out"),
        (hold(HoldId::generate(), &[1, 2], 2, Until::Sold)?, "sold"),
    ];
    for (command, expected) in commands {
        assert_eq!(outcome(&inventory, command.clone()).await?, expected);
        assert!(is_last_without_locks(&sql).await?, "{command:?}");
    }
    assert_eq!(proved(&inventory).await?, (35, 0, 5));
    Ok(())
}

/// Whatever one replica does to a pool or a hold that the other knows, the other decides on it.
#[tokio::test]
async fn what_another_replica_wrote_is_decided_on() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = "rows A-A, seats 1-10".parse()?;
    let pools = (1..=9).map(|id| (id, 10, (id == 2).then_some(layout)));
    bench.create(&pools.collect::<Vec<_>>()).await?;
    let [here, there] = [bench.replica(false)?, bench.replica(false)?];
    let until = Until::Expires(in_a_minute());
    let seat = |id, names| hold_seats(id, 2, names, until);
    let of = |pool| PoolChange::of(PoolId(pool));
    let ids = [(); 8].map(|()| HoldId::generate());
    let [released, pinned, moved, sold, first, second, all, refused] = ids;

    // Each is known to `here` before `there` changes it.
    for (id, command) in [
        (released, hold(released, &[1, 3], 2, until)?),
        (pinned, seat(pinned, "A1")?),
        (moved, seat(moved, "A2")?),
        (sold, hold(sold, &[4], 1, until)?),
    ] {
        assert_eq!(outcome(&here, command).await?, "held", "{id:?}");
    }
    let seats = |id, names, number| change_seats(id, &[(2, names)], in_a_minute(), number);
    let steps: Vec<(&Inventory, Command, &str)> = vec![
        (&there, Command::Release { hold: released }, "released"),
        (&here, Command::Confirm { hold: released }, "hold_released"),
        (&here, hold(all, &[1, 3], 10, Until::Pinned)?, "held"),
        (&there, hold(refused, &[3], 1, Until::Pinned)?, "sold_out"),
        (&there, Command::Pin { hold: pinned }, "held"),
        (&here, seats(pinned, "A3", 1)?, "hold_pinned"),
        (&there, seats(moved, "A4", 1)?, "held"),
        (&here, seat(first, "A4")?, "seat_taken"),
        (&here, seats(moved, "A4", 1)?, "held"),
        (&here, seat(second, "A2")?, "held"),
        // A refused change uses its number up.
        (&there, seats(moved, "A1", 2)?, "seat_taken"),
        (&here, seats(moved, "A5", 2)?, "seat_taken"),
        (&there, Command::Confirm { hold: sold }, "sold"),
        (&here, Command::Pin { hold: sold }, "sold"),
        (&there, Command::Release { hold: all }, "released"),
        (&here, hold(HoldId::generate(), &[3], 10, until)?, "held"),
        // Recorded here, asked there, and the other way round.
        (&there, hold(refused, &[3], 1, Until::Pinned)?, "sold_out"),
        (&there, seat(first, "A4")?, "seat_taken"),
    ];
    for (number, (replica, command, expected)) in steps.into_iter().enumerate() {
        let outcome = outcome(replica, command.clone()).await?;
        assert_eq!(outcome, expected, "step {number}: {command:?}");
    }
    let larger = PoolChange {
        capacity: Some(12),
        ..of(3)
    };
    there.change_pool(larger).send().await?;
    let two = hold(HoldId::generate(), &[3], 2, Until::Sold)?;
    assert_eq!(outcome(&here, two).await?, "sold");
    let closed = PoolChange {
        closes: true,
        ..of(4)
    };
    there.change_pool(closed).send().await?;
    let late = hold(HoldId::generate(), &[4], 1, Until::Sold)?;
    assert_eq!(outcome(&here, late).await?, "sales_closed");
    for replica in [&here, &there] {
        proved(replica).await?;
    }
    Ok(())
}

/// Rows that violate a constraint when the transaction commits.
struct EmptyPromise;

impl Rows for EmptyPromise {
    fn statements(_: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        vec![RowStatement::new("INSERT INTO promises VALUES (404)")]
    }
}

#[tokio::test]
async fn nothing_is_decided_on_what_was_not_committed() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = "rows A-A, seats 1-2".parse()?;
    bench.create(&[(1, 1, None), (2, 2, Some(layout))]).await?;
    let sql = bench.sql().await?;
    sql.batch_execute(
        "CREATE TABLE promises (
             pool bigint CONSTRAINT promised REFERENCES pools (id) DEFERRABLE INITIALLY DEFERRED)",
    )
    .await?;
    let inventory = bench.replica(false)?;
    let until = Until::Expires(in_a_minute());
    let mine = HoldId::generate();
    held(&inventory, hold_seats(mine, 2, "A1", until)?).await??;
    for _ in 0..3 {
        let taking = hold(HoldId::generate(), &[1, 2], 1, Until::Sold)?;
        let releasing = Command::Release { hold: mine };
        for command in [taking, releasing] {
            let answer = inventory
                .command(command)
                .with(EmptyPromise)
                .verdict()
                .await;
            let is_refused =
                matches!(&answer, Err(InventoryError::Conflict(key)) if key == "promised");
            assert!(is_refused, "{answer:?}");
        }
    }
    // Nothing was taken, and nothing was given back.
    let taken = hold_seats(HoldId::generate(), 2, "A1", until)?;
    assert_eq!(outcome(&inventory, taken).await?, "seat_taken");
    let last = hold(HoldId::generate(), &[1, 2], 1, Until::Sold)?;
    assert_eq!(outcome(&inventory, last).await?, "sold");
    assert_eq!(
        outcome(&inventory, Command::Confirm { hold: mine }).await?,
        "sold"
    );
    assert_eq!(proved(&inventory).await?, (0, 0, 3));
    Ok(())
}

/// Puts a clock that can be set in front of the database's, for sessions that begin afterwards.
async fn fake_clock(bench: &Bench) -> anyhow::Result<()> {
    let sql = bench.sql().await?;
    let database: String = sql
        .query_one("SELECT current_database()::text", &[])
        .await?
        .try_get(0)?;
    sql.batch_execute(&format!(
        "CREATE SCHEMA fake;
         CREATE TABLE fake.clock (shift interval NOT NULL);
         INSERT INTO fake.clock VALUES ('0');
         CREATE FUNCTION fake.clock_timestamp() RETURNS timestamptz LANGUAGE sql VOLATILE
             AS 'SELECT pg_catalog.clock_timestamp() + shift FROM fake.clock';
         CREATE FUNCTION fake.statement_timestamp() RETURNS timestamptz LANGUAGE sql STABLE
             AS 'SELECT pg_catalog.statement_timestamp() + shift FROM fake.clock';
         ALTER DATABASE \"{database}\" SET search_path = fake, pg_catalog, public"
    ))
    .await?;
    Ok(())
}

async fn shift_clock(sql: &Client, by: SignedDuration) -> anyhow::Result<()> {
    let seconds = by.as_secs_f64();
    let shift = "UPDATE fake.clock SET shift = make_interval(secs => $1)";
    sql.execute(shift, &[&seconds]).await?;
    Ok(())
}

#[tokio::test]
async fn a_jump_of_the_databases_clock_is_followed_at_once() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None), (2, 10, None)]).await?;
    fake_clock(&bench).await?;
    let inventory = bench.replica(false)?;
    let sql = bench.sql().await?;
    let [early, late] = [(); 2].map(|()| HoldId::generate());
    let in_two_hours = Timestamp::now() + SignedDuration::from_hours(2);
    for (id, until) in [(early, in_a_minute()), (late, in_two_hours)] {
        held(&inventory, hold(id, &[1], 1, Until::Expires(until))?).await??;
    }
    shift_clock(&sql, SignedDuration::from_hours(1)).await?;
    let confirm = Command::Confirm { hold: early };
    assert_eq!(outcome(&inventory, confirm).await?, "hold_expired");
    shift_clock(&sql, SignedDuration::ZERO).await?;
    // Expired by this machine's clock, not by the database's.
    let soon = Timestamp::now() + SignedDuration::from_mins(30);
    let id = HoldId::generate();
    held(&inventory, hold(id, &[1], 1, Until::Expires(soon))?).await??;
    assert_eq!(
        outcome(&inventory, Command::Pin { hold: id }).await?,
        "held"
    );
    shift_clock(&sql, SignedDuration::from_hours(3)).await?;
    assert_eq!(
        outcome(&inventory, Command::Pin { hold: late }).await?,
        "hold_expired"
    );
    let view = inventory.find_hold(id).await?;
    assert_eq!(view.map(|view| view.status), Some(HoldStatus::Held));
    assert_eq!(proved(&inventory).await?, (19, 1, 0));
    Ok(())
}

/// Random commands, each to one of two replicas, in the database's time: each decides as the naive model does,
/// whichever of them knows what.
#[tokio::test]
async fn two_replicas_decide_as_the_naive_model_does() -> anyhow::Result<()> {
    with_seeds(&[1, 2, 3], as_the_model).await
}

async fn as_the_model(seed: u64) -> anyhow::Result<()> {
    const COMMANDS: usize = 150;
    let bench = Bench::new().await?;
    fake_clock(&bench).await?;
    let sql = bench.sql().await?;
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let generator = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
    let mut runner = TestRunner::new_with_rng(Config::default(), generator);
    let replicas = [bench.replica(false)?, bench.replica(false)?];
    let mut model = Model::default();
    // Steps of the model's time are far apart, so that the time that passes meanwhile makes no difference.
    let mut second = 0;
    let choices = (0..2usize, 0..8i64, a_command());
    for number in 0..COMMANDS {
        let (replica, pause, command) = choices
            .new_tree(&mut runner)
            .map_err(anyhow::Error::msg)?
            .current();
        let command = creations().into_iter().nth(number).unwrap_or(command);
        second += pause / 6;
        let now = at(second);
        shift_clock(&sql, now.duration_since(Timestamp::now())).await?;
        let verdict = replicas[replica].command(command.clone()).verdict().await?;
        model.expire(now, |_| true);
        let expected = model.apply(&command, &verdict);
        let found = verdict.as_ref().map(|_| ()).map_err(|refusal| *refusal);
        anyhow::ensure!(
            found == expected,
            "{number}, at {second} s: {command:?}: {verdict:?}, not {expected:?}"
        );
    }
    for replica in &replicas {
        proved(replica).await?;
    }
    Ok(())
}
