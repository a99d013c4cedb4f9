//! A durable one-row `INSERT` per request: what one commit costs on this machine.
//!
//! Over TCP, prepared, in autocommit; each client has a connection of its own.

use loadgen::load::{self, Plan};
use loadgen::stats::{Outcome, Report};
use local_servers::database::connect;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::oversell_check::{GRANTED, check_taken, unclear};

const TABLE: &str = "
    CREATE TABLE inserted (
        id         uuid        PRIMARY KEY,
        pool_id    bigint      NOT NULL,
        units      integer     NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now()
    );";

const INSERT: &str = "INSERT INTO inserted (id, pool_id, units) VALUES ($1, $2, $3)";

pub(super) struct Inserts {
    url: String,
    granted: u64,
    unclear: u64,
}

impl Inserts {
    pub(super) async fn prepare(client: &Client, url: String) -> anyhow::Result<Self> {
        client.batch_execute(TABLE).await?;
        Ok(Self {
            url,
            granted: 0,
            unclear: 0,
        })
    }

    pub(super) async fn run(&mut self, plan: Plan) -> anyhow::Result<Report> {
        let url = self.url.clone();
        let report = load::run(plan, async move |_| {
            let client = connect(&url).await?;
            let insert = client.prepare(INSERT).await?;
            Ok::<_, tokio_postgres::Error>(async move |_| {
                const POOL: i64 = 1;
                const UNITS: i32 = 1;
                // Time-ordered, as the services' ids are.
                let id = Uuid::now_v7();
                match client.execute(&insert, &[&id, &POOL, &UNITS]).await {
                    Ok(_) => GRANTED,
                    Err(_) => Outcome::Broken,
                }
            })
        })
        .await?;
        self.granted += report.tally().total(GRANTED);
        self.unclear += unclear(&report);
        Ok(report)
    }

    /// Fails unless the rows stored are as many as were granted.
    pub(super) async fn prove(&self) -> anyhow::Result<String> {
        let client = connect(&self.url).await?;
        let count = client.query_one("SELECT count(*) FROM inserted", &[]);
        let count: i64 = count.await?.try_get(0)?;
        check_taken("durable insert", count, self.granted, self.unclear)
    }
}
