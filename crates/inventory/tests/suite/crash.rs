//! The process is killed at each crash point. Afterwards everything acknowledged is there, everything else gets
//! one verdict on a retry, and the gate agrees.
//!
//! The process is this test program, started again to run one test, [`the_process_that_is_killed`], which does
//! nothing elsewhere.

use std::collections::BTreeSet;
use std::env;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Output, Stdio};
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::{HoldId, HoldStatus};
use futures_util::future::try_join_all;
use inventory::{Inventory, Refusal, Until};
use test_stack::wait_for;
use tokio::process::Command;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::audit::{counts, gate_agrees, ledger_has_each_movement_once};
use crate::support::{
    Bench, COMMIT_TIMEOUT, REDIS_TIMEOUT, gate, held, hold, pool_of, proved, start,
};

const DATABASE_URL: &str = "HOLDFAST_CRASH_DATABASE_URL";
const REDIS_URL: &str = "HOLDFAST_CRASH_REDIS_URL";
const KEY_PREFIX: &str = "HOLDFAST_CRASH_KEY_PREFIX";

/// Two pools of this capacity; each sale wants one unit of either, or one of both.
const CAPACITY: i32 = 150;
const PATHS: [&[i64]; 3] = [&[1], &[2], &[1, 2]];
const SELLERS: usize = 8;

/// Longer than it takes to sell everything.
const DEAD_WITHIN: Duration = Duration::from_secs(30);

fn sale(id: HoldId) -> anyhow::Result<inventory::Command> {
    // The id determines the sale, so that a retry asks for the same.
    let path = PATHS[usize::from(id.0.as_bytes()[0]) % PATHS.len()];
    hold(id, path, 1, Until::Sold)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_process_that_is_killed() -> anyhow::Result<()> {
    let Ok(database_url) = env::var(DATABASE_URL) else {
        return Ok(());
    };
    let database = pool_of(&database_url)?;
    let (redis_url, key_prefix) = (env::var(REDIS_URL)?, env::var(KEY_PREFIX)?);
    let gate = gate(&redis_url, &key_prefix, &database, REDIS_TIMEOUT)?;
    let inventory = start(database, Some(gate), COMMIT_TIMEOUT);
    let mut sellers = JoinSet::new();
    for _ in 0..SELLERS {
        let inventory = Arc::clone(&inventory);
        sellers.spawn(async move {
            loop {
                let id = HoldId::generate();
                say("asked", id)?;
                match held(&inventory, sale(id)?).await? {
                    Ok(_) => say("acknowledged", id)?,
                    Err(_) => return anyhow::Ok(()),
                }
            }
        });
    }
    while let Some(seller) = sellers.join_next().await {
        seller??;
    }
    anyhow::bail!("everything is sold, and this process still lives")
}

/// Writes one line, and flushes it before anything else happens.
fn say(what: &str, id: HoldId) -> anyhow::Result<()> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{what} {id}")?;
    Ok(output.flush()?)
}

/// Sells until killed at this crash point; returns the output.
async fn sell_until_killed(bench: &Bench, point: &str) -> anyhow::Result<Output> {
    let child = Command::new(env::current_exe()?)
        .args([
            "--exact",
            "crash::the_process_that_is_killed",
            "--nocapture",
        ])
        .env("HOLDFAST_CRASH_AT", point)
        .env(DATABASE_URL, bench.database.url())
        .env(REDIS_URL, &bench.redis_url)
        .env(KEY_PREFIX, &bench.key_prefix)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()?;
    let output = timeout(DEAD_WITHIN, child.wait_with_output())
        .await
        .context("it lives on")??;
    let errors = String::from_utf8_lossy(&output.stderr);
    anyhow::ensure!(
        output.status.signal() == Some(9),
        "{}: {errors}",
        output.status
    );
    Ok(output)
}

/// The ids of the output lines with this prefix.
fn ids(output: &Output, what: &str) -> anyhow::Result<BTreeSet<HoldId>> {
    let text = std::str::from_utf8(&output.stdout)?;
    let lines = text.lines().filter_map(|line| line.strip_prefix(what));
    lines.map(|id| Ok(HoldId(id.trim().parse()?))).collect()
}

/// Asks both replicas at once and retries while the outcome is unknown; all answers must agree.
async fn one_verdict(replicas: &[Arc<Inventory>; 2], id: HoldId) -> anyhow::Result<bool> {
    let mut verdicts = Vec::new();
    for _ in 0..2 {
        let asked = replicas.iter().map(async |replica| {
            let verdict = held(replica, sale(id)?).await?;
            anyhow::Ok(verdict.map(|view| (view.status, view.legs)))
        });
        verdicts.extend(try_join_all(asked).await?);
    }
    let is_the_same = verdicts.iter().all(|verdict| *verdict == verdicts[0]);
    anyhow::ensure!(is_the_same, "{id:?}: {verdicts:?}");
    Ok(verdicts[0].is_ok())
}

async fn killed_at(point: &str) -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench
        .create(&[(1, CAPACITY, None), (2, CAPACITY, None)])
        .await?;
    let output = sell_until_killed(&bench, point).await?;
    let (asked, acknowledged) = (ids(&output, "asked ")?, ids(&output, "acknowledged ")?);

    let replicas = [bench.replica(true)?, bench.replica(true)?];
    for id in &acknowledged {
        let view = replicas[0].find_hold(*id).await?;
        let status = view.map(|view| view.status);
        anyhow::ensure!(
            status == Some(HoldStatus::Sold),
            "{id:?} was lost: {status:?}"
        );
    }
    proved(&replicas[0]).await?;
    let sql = bench.sql().await?;
    ledger_has_each_movement_once(&sql).await?;
    let mut sold = acknowledged.clone();
    for id in asked.difference(&acknowledged) {
        if one_verdict(&replicas, *id).await? {
            sold.insert(*id);
        }
    }
    let rows = sql
        .query("SELECT id FROM holds WHERE status = 'sold'", &[])
        .await?;
    let recorded: BTreeSet<HoldId> = rows.iter().map(|row| HoldId(row.get(0))).collect();
    anyhow::ensure!(
        recorded == sold,
        "{recorded:?} are sold, {sold:?} were asked for"
    );
    gate_agrees(&bench).await?;
    sell_the_rest(&bench, &replicas).await
}

/// Units that the dead process took from the gate in vain can be sold too.
async fn sell_the_rest(bench: &Bench, replicas: &[Arc<Inventory>; 2]) -> anyhow::Result<()> {
    let sql = bench.sql().await?;
    let all_sold = [(1, [0, 0, CAPACITY]), (2, [0, 0, CAPACITY])];
    let within = Duration::from_secs(10);
    wait_for("everything is sold", within, async || {
        let sales = (0..64).map(async |number| {
            let path = PATHS[number % PATHS.len()];
            let sale = hold(HoldId::generate(), path, 1, Until::Sold)?;
            match held(&replicas[number % 2], sale).await? {
                Ok(_) | Err(Refusal::SoldOut) => anyhow::Ok(()),
                Err(refusal) => anyhow::bail!("{refusal}"),
            }
        });
        try_join_all(sales).await?;
        let counts = counts(&sql).await?;
        anyhow::ensure!(counts == all_sold, "{counts:?}");
        Ok(())
    })
    .await?;
    proved(&replicas[1]).await?;
    ledger_has_each_movement_once(&sql).await
}

macro_rules! killed {
    ($($test:ident: $point:literal, $occurrences:expr;)*) => {$(
        #[tokio::test]
        async fn $test() -> anyhow::Result<()> {
            for occurrence in $occurrences {
                let point = format!("{}:{occurrence}", $point);
                killed_at(&point).await.context(point)?;
            }
            Ok(())
        }
    )*};
}

killed! {
    // The counts of pools with plenty are published together, so there are few.
    killed_after_it_took_from_the_gate: "take.after", [1, 7];
    killed_before_a_commit: "commit.before", [1, 7];
    killed_after_a_commit: "commit.after", [1, 7];
    killed_before_it_publishes: "publish.before", [1, 3];
    killed_after_it_published: "publish.after", [1, 3];
    killed_before_it_answers: "answer.before", [1, 7];
}
