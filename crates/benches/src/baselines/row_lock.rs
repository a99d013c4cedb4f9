//! The row lock: each request takes a unit of one row in a transaction of its own, as it is often done: lock
//! the row, check it, insert the hold, decrement the count, commit.
//!
//! Its statements are prepared, and each client has a connection of its own.

use anyhow::ensure;
use domain::HoldId;
use loadgen::load::{self, Plan};
use loadgen::stats::{Outcome, Report};
use local_servers::database::connect;
use tokio_postgres::{Client, Statement};

use crate::oversell_check::{GRANTED, check_taken, unclear};

const CAPACITY: i32 = 1_000_000_000;

/// Same fill factor as the inventory's pools, and the simplest row for a hold.
const TABLES: &str = "
    CREATE TABLE pools (
        id   bigint  PRIMARY KEY,
        free integer NOT NULL CONSTRAINT pools_free_not_negative CHECK (free >= 0)
    ) WITH (fillfactor = 70);
    CREATE TABLE holds (
        id         uuid        PRIMARY KEY,
        pool_id    bigint      NOT NULL,
        units      integer     NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );";

/// The database, and how many units were granted.
pub(super) struct RowLock {
    url: String,
    granted: u64,
    unclear: u64,
}

impl RowLock {
    pub(super) async fn prepare(client: &Client, url: String) -> anyhow::Result<Self> {
        client.batch_execute(TABLES).await?;
        client
            .execute("INSERT INTO pools VALUES (1, $1)", &[&CAPACITY])
            .await?;
        Ok(Self {
            url,
            granted: 0,
            unclear: 0,
        })
    }

    /// Takes one unit per request.
    pub(super) async fn run(&mut self, plan: Plan) -> anyhow::Result<Report> {
        let url = self.url.clone();
        let report = load::run(plan, async move |_| {
            let client = RowLockClient::connect(&url).await?;
            Ok::<_, tokio_postgres::Error>(async move |_| match client.take_one().await {
                Ok(true) => GRANTED,
                Ok(false) => Outcome::Named("sold_out"),
                Err(_) => Outcome::Broken,
            })
        })
        .await?;
        self.granted += report.tally().total(GRANTED);
        self.unclear += unclear(&report);
        Ok(report)
    }

    /// Fails unless the units taken are the units granted.
    pub(super) async fn prove(&self) -> anyhow::Result<String> {
        let client = connect(&self.url).await?;
        let row = client
            .query_one("SELECT free, (SELECT count(*) FROM holds) FROM pools", &[])
            .await?;
        let (free, holds): (i32, i64) = (row.try_get(0)?, row.try_get(1)?);
        let taken = i64::from(CAPACITY) - i64::from(free);
        ensure!(
            taken == holds,
            "the row lock took {taken} units for {holds} holds"
        );
        check_taken("rowlock", taken, self.granted, self.unclear)
    }
}

struct RowLockClient {
    client: Client,
    lock: Statement,
    insert: Statement,
    lower: Statement,
}

impl RowLockClient {
    async fn connect(url: &str) -> Result<Self, tokio_postgres::Error> {
        let client = connect(url).await?;
        Ok(Self {
            lock: client
                .prepare("SELECT free FROM pools WHERE id = $1 FOR UPDATE")
                .await?,
            insert: client
                .prepare("INSERT INTO holds (id, pool_id, units) VALUES ($1, $2, $3)")
                .await?,
            lower: client
                .prepare("UPDATE pools SET free = free - $2 WHERE id = $1")
                .await?,
            client,
        })
    }

    /// `false` when none is left.
    async fn take_one(&self) -> Result<bool, tokio_postgres::Error> {
        const POOL: i64 = 1;
        const UNITS: i32 = 1;
        self.client.batch_execute("BEGIN").await?;
        let row = self.client.query_one(&self.lock, &[&POOL]).await?;
        if row.try_get::<_, i32>(0)? < UNITS {
            self.client.batch_execute("ROLLBACK").await?;
            return Ok(false);
        }
        let hold = HoldId::generate().0;
        self.client
            .execute(&self.insert, &[&hold, &POOL, &UNITS])
            .await?;
        self.client.execute(&self.lower, &[&POOL, &UNITS]).await?;
        self.client.batch_execute("COMMIT").await?;
        Ok(true)
    }
}
