//! Rows that callers write in their command's transaction, and commands that the database refuses in the middle
//! of a batch.

use anyhow::Context as _;
use domain::{HoldId, PoolId};
use futures_util::future::join_all;
use inventory::command::Direction;
use inventory::{
    Accepted, Command, HoldCommand, InventoryError, LegRequest, Refusal, RowStatement, Rows, Until,
};
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use test_stack::Proxy;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::audit::{counts, ledger_has_each_movement_once};
use crate::random::{chance, random_hold, with_seeds};
use crate::support::{
    Bench, COMMIT_TIMEOUT, adjust, change_seats, hold, hold_seats, proved, units,
};

/// Without a unique key, so that a double write is visible.
const RECEIPTS: &str = "
    CREATE TABLE receipts (
        belongs_to uuid NOT NULL,
        amount     integer NOT NULL CONSTRAINT receipts_amount_positive CHECK (amount > 0),
        number     bigint GENERATED ALWAYS AS IDENTITY,
        promised   bigint CONSTRAINT receipts_promised REFERENCES pools (id)
                   DEFERRABLE INITIALLY DEFERRED
    )";

/// A receipt for a hold or an adjustment.
#[derive(Clone, Copy, Debug)]
struct Receipt {
    belongs_to: Uuid,
    flaw: Option<Flaw>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flaw {
    /// Violates a constraint when it is written.
    Worthless,
    /// Violates a deferred constraint at commit.
    EmptyPromise,
    /// Fails to be encoded before it reaches the database.
    WrongType,
}

impl Receipt {
    fn good(belongs_to: Uuid) -> Self {
        let flaw = None;
        Self { belongs_to, flaw }
    }
}

impl Rows for Receipt {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let of = |flaw| batch.iter().any(|(receipt, _)| receipt.flaw == Some(flaw));
        let ids: Vec<Uuid> = batch.iter().map(|(one, _)| one.belongs_to).collect();
        let amounts = batch.iter().map(|(one, _)| match one.flaw {
            Some(Flaw::Worthless) => 0,
            _ => 1,
        });
        let promised = batch.iter().map(|(one, _)| match one.flaw {
            Some(Flaw::EmptyPromise) => Some(404),
            _ => None,
        });
        let insert = RowStatement::new(
            "INSERT INTO receipts (belongs_to, amount, promised) \
             SELECT * FROM unnest($1::uuid[], $2::int[], $3::bigint[])",
        );
        let insert = insert.with(ids);
        let insert = if of(Flaw::WrongType) {
            insert.with("one")
        } else {
            insert.with(amounts.collect::<Vec<i32>>())
        };
        vec![insert.with(promised.collect::<Vec<Option<i64>>>())]
    }
}

/// A second type of rows; each belongs to at most one receipt.
struct Stamp(Uuid);

impl Rows for Stamp {
    fn statements(batch: &[(&Self, &Accepted)]) -> Vec<RowStatement> {
        let ids: Vec<Uuid> = batch.iter().map(|(stamp, _)| stamp.0).collect();
        vec![
            RowStatement::new("INSERT INTO stamps (id) SELECT unnest($1::uuid[])").with(ids),
            RowStatement::new("INSERT INTO stamp_batches (stamps) VALUES ($1)")
                .with(i64::try_from(batch.len()).unwrap_or(-1)),
        ]
    }
}

const STAMPS: &str = "
    CREATE TABLE stamps (id uuid CONSTRAINT stamps_once PRIMARY KEY);
    CREATE TABLE stamp_batches (stamps bigint)";

async fn receipts(sql: &Client, belonging_to: Uuid) -> anyhow::Result<i64> {
    let count = "SELECT count(*) FROM receipts WHERE belongs_to = $1";
    Ok(sql.query_one(count, &[&belonging_to]).await?.try_get(0)?)
}

/// A sale of one unit to an owner whose name can't be stored.
fn unstorable(id: HoldId) -> anyhow::Result<Command> {
    let leg = LegRequest {
        pool: PoolId(1),
        units: units(1),
        seats: Vec::new(),
    };
    let owner = "nul\0".to_owned();
    let hold = HoldCommand::new(id, owner, vec![leg], Until::Sold)?;
    Ok(Command::Hold(hold))
}

/// A hundred good commands with rows, and four bad ones, in random order.
fn with_bad_ones(chance: &mut StdRng) -> anyhow::Result<Vec<(Command, Receipt, bool)>> {
    let mut commands = Vec::new();
    let flaws = [Flaw::Worthless, Flaw::EmptyPromise, Flaw::WrongType];
    for flaw in [None; 100].into_iter().chain(flaws.map(Some)) {
        let id = random_hold(chance);
        let belongs_to = id.0;
        let receipt = Receipt { belongs_to, flaw };
        commands.push((hold(id, &[1], 1, Until::Pinned)?, receipt, flaw.is_some()));
    }
    let id = random_hold(chance);
    commands.push((unstorable(id)?, Receipt::good(id.0), true));
    commands.shuffle(chance);
    Ok(commands)
}

#[tokio::test]
async fn bad_commands_among_a_hundred_good_ones_fail_alone() -> anyhow::Result<()> {
    with_seeds(&[1], async |seed| {
        let bench = Bench::new().await?;
        bench.create(&[(1, 200, None)]).await?;
        let sql = bench.sql().await?;
        sql.batch_execute(RECEIPTS).await?;
        let inventory = bench.replica(false)?;
        let commands = with_bad_ones(&mut chance(seed, 0))?;
        // All are queued before the committer looks: this runtime has one thread.
        let answers = commands.iter().map(|(command, receipt, _)| {
            inventory.command(command.clone()).with(*receipt).verdict()
        });
        let answers = join_all(answers).await;
        for ((_, receipt, is_bad), answer) in commands.iter().zip(answers) {
            let is_as_expected = match answer {
                Ok(Ok(_)) => !is_bad,
                // A CHECK refuses it, or the foreign key, whose name is reported.
                Err(InventoryError::Broken(_)) => *is_bad,
                Err(InventoryError::Conflict(ref name)) => {
                    let constraints = ["receipts_promised", "receipts_amount_positive"];
                    *is_bad && constraints.contains(&name.as_str())
                }
                _ => false,
            };
            anyhow::ensure!(is_as_expected, "{receipt:?}: {answer:?}");
            let written = receipts(&sql, receipt.belongs_to).await?;
            anyhow::ensure!(
                written == i64::from(!is_bad),
                "{receipt:?}: {written} times"
            );
        }
        anyhow::ensure!(proved(&inventory).await? == (100, 100, 0));
        ledger_has_each_movement_once(&sql).await?;
        let row = sql.query_one("SELECT version - 1 FROM pools", &[]).await?;
        let transactions: i64 = row.try_get(0)?;
        // Bisection finds each bad one in seven steps of a hundred.
        anyhow::ensure!(transactions <= 4 * 7, "{transactions} transactions");
        Ok(())
    })
    .await
}

#[tokio::test]
async fn rows_are_written_once_though_the_commits_answer_is_lost() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = "rows A-C, seats 1-10".parse()?;
    bench
        .create(&[(1, 10, None), (2, 30, Some(layout))])
        .await?;
    let sql = bench.sql().await?;
    sql.batch_execute(RECEIPTS).await?;
    let proxy = Proxy::before(bench.database.url()).await?;
    let inventory = bench.replica_at(proxy.url(), None, COMMIT_TIMEOUT)?;
    let (leg, seat) = (HoldId::generate(), HoldId::generate());
    let in_a_minute = Timestamp::now() + SignedDuration::from_mins(1);
    let until = Until::Expires(in_a_minute);
    let change = change_seats(seat, &[(2, "B1 B2")], in_a_minute, 1)?;
    let commands = [
        hold(leg, &[1], 2, until)?,
        hold_seats(seat, 2, "A1", until)?,
        change,
        Command::Pin { hold: seat },
        Command::Confirm { hold: leg },
        Command::Release { hold: leg },
        Command::Release {
            hold: HoldId::generate(),
        },
        adjust(Uuid::new_v4(), 1, 3, Direction::Take),
    ];
    for (lost, command) in (1..).zip(commands) {
        let id = Uuid::new_v4();
        let rows = Receipt::good(id);
        proxy.lose_next_commit();
        let verdict = inventory
            .command(command.clone())
            .with(rows)
            .verdict()
            .await?;
        assert!(verdict.is_ok(), "{command:?}: {verdict:?}");
        assert_eq!(proxy.commits_lost(), lost, "{command:?}");
        assert_eq!(receipts(&sql, id).await?, 1, "{command:?}");
        let again = inventory
            .command(command.clone())
            .with(rows)
            .verdict()
            .await?;
        assert!(again?.is_replayed(), "{command:?}");
        assert_eq!(receipts(&sql, id).await?, 1, "{command:?} again");
    }
    let expected = [(1, [7, 0, 3]), (2, [28, 2, 0])];
    assert_eq!(counts(&sql).await?, expected);
    Ok(())
}

#[tokio::test]
async fn rows_of_a_refused_command_are_not_written() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let sql = bench.sql().await?;
    sql.batch_execute(RECEIPTS).await?;
    let inventory = bench.replica(false)?;
    let sales: Vec<HoldId> = (0..15).map(|_| HoldId::generate()).collect();
    let mut accepted = 0;
    let answers = sales.iter().map(async |id| {
        let rows = Receipt::good(id.0);
        let sale = hold(*id, &[1], 1, Until::Sold)?;
        anyhow::Ok(inventory.command(sale).with(rows).verdict().await?)
    });
    for (id, answer) in sales.iter().zip(join_all(answers).await) {
        match answer? {
            Ok(_) => accepted += 1,
            Err(refusal) => assert_eq!(refusal, Refusal::SoldOut),
        }
        let view = inventory.find_hold(*id).await?.context("not recorded")?;
        let expected = i64::from(view.status.is_live());
        assert_eq!(receipts(&sql, id.0).await?, expected, "{view:?}");
    }
    assert_eq!(accepted, 10);
    assert_eq!(proved(&inventory).await?, (0, 0, 10));
    Ok(())
}

#[tokio::test]
async fn rows_of_one_type_are_written_together() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 1000, None)]).await?;
    let sql = bench.sql().await?;
    sql.batch_execute(RECEIPTS).await?;
    sql.batch_execute(STAMPS).await?;
    let inventory = bench.replica(false)?;
    let sale = || hold(HoldId::generate(), &[1], 1, Until::Sold);
    // All are queued before the committer runs: this runtime has one thread.
    let answers = (0..200).map(async |number| {
        let id = Uuid::from_u128(number);
        if number % 2 == 0 {
            anyhow::Ok(
                inventory
                    .command(sale()?)
                    .with(Stamp(id))
                    .with_new_id()
                    .verdict()
                    .await?,
            )
        } else {
            anyhow::Ok(
                inventory
                    .command(sale()?)
                    .with(Receipt::good(id))
                    .with_new_id()
                    .verdict()
                    .await?,
            )
        }
    });
    for answer in join_all(answers).await {
        assert!(answer?.is_ok());
    }
    let counts = "SELECT (SELECT count(*) FROM stamps), (SELECT count(*) FROM receipts), \
                         (SELECT max(stamps) FROM stamp_batches)";
    let row = sql.query_one(counts, &[]).await?;
    let counts: [i64; 3] = [row.try_get(0)?, row.try_get(1)?, row.try_get(2)?];
    assert_eq!(counts, [100, 100, 100]);
    assert_eq!(proved(&inventory).await?, (800, 0, 200));
    Ok(())
}

#[tokio::test]
async fn what_a_unique_key_of_its_rows_refuses_is_not_sold() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 1000, None)]).await?;
    let sql = bench.sql().await?;
    sql.batch_execute(STAMPS).await?;
    let inventory = bench.replica(false)?;
    let ids = (0..100).chain([7, 7, 8]).map(Uuid::from_u128);
    let answers = ids.map(async |id| {
        let sale = hold(HoldId::generate(), &[1], 1, Until::Sold)?;
        anyhow::Ok(
            inventory
                .command(sale)
                .with(Stamp(id))
                .with_new_id()
                .verdict()
                .await,
        )
    });
    let mut conflicts = 0;
    for answer in join_all(answers).await {
        match answer? {
            Ok(verdict) => assert!(verdict.is_ok()),
            Err(InventoryError::Conflict(key)) => {
                assert_eq!(key, "stamps_once");
                conflicts += 1;
            }
            Err(error) => anyhow::bail!(error),
        }
    }
    assert_eq!(conflicts, 3);
    assert_eq!(proved(&inventory).await?, (900, 0, 100));
    Ok(())
}
