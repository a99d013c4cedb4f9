//! The proof and the re-count find contradictions, whoever wrote them.

use anyhow::ensure;
use deadpool_postgres::Client;
use domain::{HoldId, PoolId};
use inventory::command::Direction;
use inventory::partitions::make_ahead;
use inventory::proof::checkpoints::{Pass, advance};
use inventory::proof::recount::{Step, again, step};
use inventory::proof::{Proof, prove, prove_whole};
use inventory::{Inventory, Until};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

use crate::support::{Bench, adjust, held, hold, hold_seats, proved};

fn later() -> anyhow::Result<Timestamp> {
    Ok(Timestamp::now().checked_add(SignedDuration::from_secs(60))?)
}

async fn client(bench: &Bench) -> anyhow::Result<Client> {
    Ok(bench.pool()?.get().await?)
}

async fn covered(client: &Client) -> anyhow::Result<Pass> {
    let pass = advance(client, Timestamp::now()).await?;
    pass.ok_or_else(|| anyhow::anyhow!("another session moves the checkpoints"))
}

/// Counts from the first entry, a pool at a time.
async fn recounted(client: &Client) -> anyhow::Result<()> {
    client
        .batch_execute("UPDATE ledger_progress SET recount_due_at = now()")
        .await?;
    for _ in 0..100 {
        if let Step::Ended { .. } = step(client, 1).await? {
            return Ok(());
        }
    }
    anyhow::bail!("the re-count does not end")
}

async fn incremental(client: &Client) -> anyhow::Result<Proof> {
    let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
    client.batch_execute(begin).await?;
    let proof = prove(client).await?;
    client.batch_execute("COMMIT").await?;
    Ok(proof)
}

fn whats(proof: &Proof) -> Vec<(i64, &str)> {
    let violations = proof.violations.iter();
    violations.map(|v| (v.pool.0, v.what.as_str())).collect()
}

/// Pool 1 has a seat map, pools 2 and 3 have none; each has a hold of 2 units and an adjustment of 1.
async fn sold(bench: &Bench) -> anyhow::Result<std::sync::Arc<Inventory>> {
    let layout = Some("rows A-B, seats 1-5".parse()?);
    bench
        .create(&[(1, 10, layout), (2, 10, None), (3, 10, None)])
        .await?;
    let inventory = bench.replica(false)?;
    for pool in 1..=3 {
        let command = if pool == 1 {
            hold_seats(HoldId::generate(), 1, "A1 A2", Until::Pinned)?
        } else {
            hold(HoldId::generate(), &[pool], 2, Until::Pinned)?
        };
        held(&inventory, command).await??;
        let take = adjust(Uuid::now_v7(), pool, 1, Direction::Take);
        inventory.command(take).verdict().await??;
    }
    Ok(inventory)
}

struct Tampering {
    sql: &'static str,
    what: &'static str,
    /// The proof finds it although checkpoints cover what was changed.
    past_checkpoints: bool,
}

const PINNED: &str = "the ledger does not add up to the counts";

const TAMPERINGS: &[Tampering] = &[
    Tampering {
        sql: "UPDATE pools SET free = free - 1, sold = sold + 1 WHERE id = 2",
        what: PINNED,
        past_checkpoints: true,
    },
    Tampering {
        sql: "SET session_replication_role = replica; DELETE FROM ledger WHERE pool_id = 2 AND reason = 'hold'",
        what: PINNED,
        past_checkpoints: false,
    },
    Tampering {
        sql: "UPDATE holds SET status = 'released'
              WHERE id IN (SELECT hold_id FROM hold_legs WHERE pool_id = 2)",
        what: "the live holds do not add up to the counts",
        past_checkpoints: false,
    },
    Tampering {
        sql: "UPDATE hold_legs SET units = 1 WHERE pool_id = 2",
        what: "the live holds do not add up to the counts",
        past_checkpoints: false,
    },
    Tampering {
        sql: "DELETE FROM holds WHERE id IN (SELECT hold_id FROM hold_legs WHERE pool_id = 2)",
        what: "there are units of a hold, but no hold",
        past_checkpoints: false,
    },
    Tampering {
        sql: "INSERT INTO live_seats (pool_id, seat, hold_id)
              SELECT 2, 'A1', hold_id FROM hold_legs WHERE pool_id = 2",
        what: "the live seats are not those of the live holds",
        past_checkpoints: false,
    },
    Tampering {
        sql: "DELETE FROM live_seats WHERE seat = 'A2'; UPDATE pools SET id = id",
        what: "the live seats are not those of the live holds",
        past_checkpoints: false,
    },
    Tampering {
        // A movement and its reverse: the sums are as they were, but for the lines.
        sql: "INSERT INTO ledger VALUES (2, 1, 1, 'free', 'sold', 1, 'x', NULL, now()),
                                        (2, 1, 3, 'sold', 'free', 1, 'x', NULL, now())",
        what: "the ledger has a gap",
        past_checkpoints: false,
    },
];

#[tokio::test]
async fn each_contradiction_is_found_and_named() -> anyhow::Result<()> {
    for covers in [false, true] {
        for one in TAMPERINGS {
            let bench = Bench::new().await?;
            let inventory = sold(&bench).await?;
            let client = client(&bench).await?;
            if covers {
                assert_eq!(covered(&client).await?.broken, 0);
            }
            recounted(&client).await?;
            assert_eq!(proved(&inventory).await?, (21, 6, 3));

            client.batch_execute(one.sql).await?;
            let pool = if one.sql.contains("A2") { 1 } else { 2 };
            let expected = [(pool, one.what)];
            let at_once = incremental(&client).await?;
            if !covers || one.past_checkpoints {
                assert_eq!(whats(&at_once), expected, "{covers} {}", one.sql);
            }
            recounted(&client).await?;
            let then = incremental(&client).await?;
            assert_eq!(whats(&then), expected, "{covers} {}", one.sql);
            let whole = prove_whole(&client).await?;
            assert!(
                whole.violations.iter().any(|v| v.pool == PoolId(pool)),
                "{covers} {}",
                one.sql
            );

            // The checkpoint stays, and the violation with it.
            covered(&client).await?;
            assert_eq!(
                whats(&incremental(&client).await?),
                expected,
                "{covers} {}",
                one.sql
            );
        }
    }
    Ok(())
}

#[tokio::test]
async fn what_belongs_to_nothing_is_found() -> anyhow::Result<()> {
    for (tampering, found_at_once, what) in [
        (
            "INSERT INTO ledger VALUES (9, 1, 0, 'issued', 'free', 1, 'create', NULL, now())",
            true,
            "there are entries of this pool, but no pool",
        ),
        (
            "INSERT INTO ledger VALUES (9, 1, 0, 'issued', 'free', 1, 'create', NULL, '2020-01-01')",
            false,
            "there are entries of this pool, but no pool",
        ),
        (
            "INSERT INTO pools VALUES (9, 'x', 1, 1, 0, 0, 0, NULL, NULL, NULL, 1, now())",
            false,
            PINNED,
        ),
    ] {
        let bench = Bench::new().await?;
        let _inventory = sold(&bench).await?;
        let client = client(&bench).await?;
        covered(&client).await?;
        client.batch_execute(tampering).await?;
        let expected = vec![(9, what)];
        if found_at_once {
            assert_eq!(whats(&incremental(&client).await?), expected);
            assert_eq!(covered(&client).await?.broken, 1);
            assert_eq!(whats(&incremental(&client).await?), expected);
        }
        recounted(&client).await?;
        assert_eq!(whats(&incremental(&client).await?), expected);
        assert_eq!(whats(&prove_whole(&client).await?), expected);
    }
    // Only the re-count of everything reads these two tables whole.
    for (tampering, pool, what) in [
        (
            "INSERT INTO hold_legs (hold_id, pool_id, units, seats) VALUES (gen_random_uuid(), 1, 1, '{}')",
            1,
            "there are units of a hold, but no hold",
        ),
        (
            "INSERT INTO adjustments (id, pool_id, units, free_after, applied_at)
             VALUES (gen_random_uuid(), 9, 1, 1, now())",
            9,
            "there are entries of this pool, but no pool",
        ),
    ] {
        let bench = Bench::new().await?;
        let _inventory = sold(&bench).await?;
        let client = client(&bench).await?;
        client.batch_execute(tampering).await?;
        assert_eq!(whats(&prove_whole(&client).await?), [(pool, what)]);
    }
    Ok(())
}

#[tokio::test]
async fn a_forged_checkpoint_is_found() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let _inventory = sold(&bench).await?;
    let client = client(&bench).await?;
    covered(&client).await?;
    let forged = "UPDATE pool_checkpoints SET free = free - 1, sold = sold + 1 WHERE pool_id = 2";
    client.batch_execute(forged).await?;
    assert_eq!(whats(&incremental(&client).await?), [(2, PINNED)]);
    recounted(&client).await?;
    let what = [(2, "the checkpoint does not add up")];
    assert_eq!(whats(&prove_whole(&client).await?), what);

    // The pool's row is forged to match it: only the re-count can tell.
    let forged = "UPDATE pools SET free = free - 1, sold = sold + 1 WHERE id = 2";
    let bench = Bench::new().await?;
    let _inventory = sold(&bench).await?;
    let client = self::client(&bench).await?;
    client.batch_execute(forged).await?;
    client
        .batch_execute(
            "INSERT INTO pool_checkpoints
             SELECT id, version, capacity, free, held, sold, adjusted, now(), now() + interval '1 day', false
             FROM pools",
        )
        .await?;
    client
        .batch_execute("UPDATE ledger_progress SET covered_until = now()")
        .await?;
    assert!(incremental(&client).await?.holds());
    recounted(&client).await?;
    assert_eq!(whats(&incremental(&client).await?), [(2, PINNED)]);
    Ok(())
}

#[tokio::test]
async fn a_broken_pool_holds_up_no_other_and_heals() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let inventory = sold(&bench).await?;
    let client = client(&bench).await?;
    let sell = async |pool: i64| {
        held(
            &inventory,
            hold(HoldId::generate(), &[pool], 1, Until::Sold)?,
        )
        .await??;
        anyhow::Ok(())
    };
    client
        .batch_execute(
            "UPDATE pools SET free = free - 1, sold = sold + 1, version = version + 1
             WHERE id = 2",
        )
        .await?;
    assert_eq!(covered(&client).await?.broken, 1);
    sell(3).await?;
    sell(2).await?;
    assert_eq!(covered(&client).await?.broken, 1);
    assert_eq!(whats(&incremental(&client).await?), [(2, PINNED)]);
    let saved = "SELECT array_agg(pool_id ORDER BY pool_id) FROM pool_checkpoints";
    let saved: Vec<i64> = client.query_one(saved, &[]).await?.try_get(0)?;
    assert_eq!(saved, [1, 3]);
    recounted(&client).await?;

    client
        .batch_execute(
            "UPDATE pools SET free = free + 1, sold = sold - 1, version = version + 1
             WHERE id = 2",
        )
        .await?;
    again(&client).await?;
    assert_eq!(covered(&client).await?.broken, 0);
    assert_eq!(proved(&inventory).await?, (19, 6, 5));
    let left = "SELECT count(*) FROM proof_violations";
    let left: i64 = client.query_one(left, &[]).await?.try_get(0)?;
    assert_eq!(left, 0);
    Ok(())
}

/// Departed pools are summed up, not compared; what happens to them late counts all the same.
#[tokio::test]
async fn settled_pools_count_and_may_change() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let inventory = sold(&bench).await?;
    let client = client(&bench).await?;
    let starts = async |pool: i64, days: i32| {
        let query = format!(
            "UPDATE pools SET starts_at = now() + interval '{days} days', version = version + 1
             WHERE id = {pool}"
        );
        client.batch_execute(&query).await
    };
    let settled = async || -> anyhow::Result<i64> {
        let query = "SELECT count(*) FROM pool_checkpoints WHERE settled";
        Ok(client.query_one(query, &[]).await?.try_get(0)?)
    };
    starts(1, -2).await?;
    starts(2, -2).await?;
    covered(&client).await?;
    assert_eq!(settled().await?, 2);
    let proof = incremental(&client).await?;
    assert!(proof.holds(), "{proof:?}");
    assert_eq!(
        (
            proof.pools,
            proof.capacity,
            proof.free,
            proof.held,
            proof.sold
        ),
        (3, 30, 21, 6, 3)
    );

    // A change of a settled pool counts at once, and is covered later.
    let take = adjust(Uuid::now_v7(), 2, 2, Direction::Take);
    inventory.command(take).verdict().await??;
    assert_eq!(proved(&inventory).await?, (19, 6, 5));
    covered(&client).await?;
    assert_eq!(
        (settled().await?, proved(&inventory).await?),
        (2, (19, 6, 5))
    );

    // A pool whose start is moved to the future is unsettled with its next change.
    starts(2, 5).await?;
    assert_eq!(proved(&inventory).await?, (19, 6, 5));
    held(
        &inventory,
        hold(HoldId::generate(), &[2, 3], 1, Until::Sold)?,
    )
    .await??;
    assert_eq!(proved(&inventory).await?, (17, 6, 7));
    covered(&client).await?;
    assert_eq!(
        (settled().await?, proved(&inventory).await?),
        (1, (17, 6, 7))
    );
    recounted(&client).await?;
    let proof = incremental(&client).await?;
    assert!(proof.holds(), "{proof:?}");
    assert_eq!(proof.recounted.map(|recounted| recounted.pools), Some(3));

    // The re-count finds what is wrong with a settled pool, and with the settled sums.
    client
        .batch_execute("UPDATE pools SET free = free - 1, sold = sold + 1 WHERE id = 1")
        .await?;
    client
        .batch_execute("UPDATE ledger_progress SET settled_sold = settled_sold + 1")
        .await?;
    recounted(&client).await?;
    let expected = [
        (0, "the sums of the settled pools do not add up"),
        (1, PINNED),
    ];
    assert_eq!(whats(&incremental(&client).await?), expected);
    Ok(())
}

/// Passes in between change nothing of what is proved.
#[tokio::test]
async fn checkpoints_change_no_proof() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench
        .create(&(1..=5).map(|id| (id, 100, None)).collect::<Vec<_>>())
        .await?;
    let inventory = bench.replica(false)?;
    let client = client(&bench).await?;
    let mut holds = Vec::new();
    for round in 0..40_i64 {
        let pools = [round % 5 + 1, round % 3 + 2];
        let pools = if pools[0] == pools[1] {
            &pools[..1]
        } else {
            &pools[..]
        };
        let mut pools = pools.to_vec();
        pools.sort_unstable();
        let id = HoldId::generate();
        let until = match round % 3 {
            0 => Until::Sold,
            1 => Until::Pinned,
            _ => Until::Expires(later()?),
        };
        held(&inventory, hold(id, &pools, 1 + round % 4, until)?).await??;
        holds.push(id);
        if round % 4 == 1 {
            let id = holds[holds.len() / 2];
            let command = if round % 8 == 1 {
                inventory::Command::Release { hold: id }
            } else {
                inventory::Command::Confirm { hold: id }
            };
            inventory.command(command).verdict().await?.ok();
        }
        if round % 7 == 3 {
            assert_eq!(covered(&client).await?.broken, 0);
        }
        let (quick, whole) = (incremental(&client).await?, prove_whole(&client).await?);
        ensure!(
            quick == whole && quick.holds(),
            "{round}: {quick:?} {whole:?}"
        );
    }
    Ok(())
}

/// Two replicas make the same months at once; a month that is missing does not stop sales.
#[tokio::test]
async fn months_are_made_ahead_beside_the_sales() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let inventory = sold(&bench).await?;
    let client = client(&bench).await?;
    let months = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'ledger'::regclass";
    let before: i64 = client.query_one(months, &[]).await?.try_get(0)?;
    let drop_last = "DO $$ BEGIN
        EXECUTE 'DROP TABLE ledger_' || to_char(now() AT TIME ZONE 'UTC' + interval '6 months', 'YYYY_MM');
        EXECUTE 'DROP TABLE ledger_' || to_char(now() AT TIME ZONE 'UTC' + interval '5 months', 'YYYY_MM');
        END $$";
    client.batch_execute(drop_last).await?;
    let (one, other) = (bench.pool()?, bench.pool()?);
    let made = tokio::try_join!(make_ahead(&one), make_ahead(&other))?;
    assert_eq!(made.0 + made.1, 2);
    let after: i64 = client.query_one(months, &[]).await?.try_get(0)?;
    assert_eq!(after, before);
    let this_month = "DO $$ BEGIN
        EXECUTE 'ALTER TABLE ledger DETACH PARTITION ledger_' || to_char(now() AT TIME ZONE 'UTC', 'YYYY_MM');
        END $$";
    client.batch_execute(this_month).await?;
    held(&inventory, hold(HoldId::generate(), &[3], 1, Until::Sold)?).await??;
    let late: i64 = client
        .query_one("SELECT count(*) FROM ledger_default", &[])
        .await?
        .try_get(0)?;
    assert_eq!(late, 1);
    Ok(())
}
