//! Three databases with bookings in several months.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use archive::{Cutoff, Options};
use inventory::proof::checkpoints::advance;
use inventory::proof::recount::{Step, step};
use inventory::proof::{Proof, prove, prove_whole};
use jiff::Timestamp;
use local_servers::database::connect;
use reconcile::Urls;
use refinery::Runner;
use test_stack::TestDatabase;
use tokio_postgres::Client;

mod inventory_tables {
    refinery::embed_migrations!("../../migrations/inventory");
}
mod users {
    refinery::embed_migrations!("../../migrations/bookings");
}
mod payments {
    refinery::embed_migrations!("../../migrations/payments");
}

const ID_OF: &str = "
    CREATE FUNCTION id_of(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT md5('id ' || number)::uuid $$;";

/// Pool 1 departed in March, pool 2 departs next year. Bookings 1 to 60 are of pool 1 and 61 to 70 of pool 2, made in
/// January to March: each third one was cancelled. 71 is of pool 1 and made last week.
const FLIGHTS: &str = "
    SELECT ledger_add_month(month) FROM unnest('{2026-01-01,2026-02-01,2026-03-01}'::date[]) AS month;
    CREATE TEMPORARY TABLE sale AS
    SELECT n, id_of(n) AS id, CASE WHEN n BETWEEN 61 AND 70 THEN 2 ELSE 1 END AS pool, n % 3 = 0 AS is_cancelled,
           CASE WHEN n = 71 THEN now() - interval '7 days'
                ELSE '2026-01-05'::timestamptz + (n % 3) * interval '1 month' + n * interval '1 minute' END AS at,
           row_number() OVER (PARTITION BY CASE WHEN n BETWEEN 61 AND 70 THEN 2 ELSE 1 END ORDER BY n) AS number
    FROM generate_series(1, 71) AS n;
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, starts_at, version, updated_at)
    SELECT pool, 'flight_seats', 100, 100 - sum((NOT is_cancelled)::int), 0, sum((NOT is_cancelled)::int), 0,
           CASE pool WHEN 1 THEN '2026-03-20'::timestamptz ELSE now() + interval '300 days' END,
           max(number) * 2 + 1, max(at)
    FROM sale GROUP BY pool;
    INSERT INTO holds (id, owner, status, created_at)
    SELECT id, 'booking ' || n, CASE WHEN is_cancelled THEN 'released' ELSE 'sold' END, at FROM sale;
    INSERT INTO hold_legs (hold_id, pool_id, units, seats) SELECT id, pool, 1, '{}' FROM sale;
    INSERT INTO ledger SELECT pool, 1, 0, 'issued', 'free', 100, 'create', NULL, '2026-01-01'
    FROM (VALUES (1), (2)) pools (pool);
    INSERT INTO ledger SELECT pool, number * 2, 0, 'free', 'held', 1, 'hold', id, at FROM sale;
    INSERT INTO ledger SELECT pool, number * 2 + 1, 0, 'held', CASE WHEN is_cancelled THEN 'free' ELSE 'sold' END,
                              1, 'end', id, at FROM sale;";

/// Booking 1 has work left, whatever its age.
const BOOKINGS: &str = "
    INSERT INTO bookings (id, channel, user_ref, flight_ref, payment_type, state, public_status, attempt, charged,
                          hold_id, amount_minor, currency, payment_id, request_digest, deadline_at, seats_task,
                          next_step_at, created_at, updated_at)
    SELECT n, 'count', '7', '1', 'upi', state, state, 1, true, id_of(n), 1000, 'INR', id_of(n * 1000), '', at,
           CASE WHEN n = 1 THEN 'confirm' ELSE 'nothing' END,
           CASE WHEN n = 1 THEN now() + interval '1 hour' END, at, at
    FROM (SELECT n, CASE WHEN n % 3 = 0 THEN 'cancelled' ELSE 'confirmed' END AS state,
                 CASE WHEN n = 71 THEN now() - interval '7 days'
                      ELSE '2026-01-05'::timestamptz + (n % 3) * interval '1 month' + n * interval '1 minute' END AS at
          FROM generate_series(1, 71) AS n) new;
    INSERT INTO booking_legs SELECT id, 0, 1, 1, '{}' FROM bookings;
    INSERT INTO travelers SELECT id, 0, 'Ann', 'Lee' FROM bookings WHERE id % 2 = 0;
    SELECT setval(pg_get_serial_sequence('bookings', 'id'), 100);";

/// Of booking 2 the provider was asked again, for whatever reason.
const PAYMENTS: &str = "
    INSERT INTO charges (payment_id, status, kind, booking_ref, user_ref, amount_minor, currency, payment_type,
                         message, refunded_minor, idempotency_key, request_digest, ended_at, lease_expires_at)
    SELECT id_of(n * 1000), CASE WHEN n = 2 THEN 'processing' ELSE 'success' END, 'process', '1', '7', 1000, 'INR',
           'upi', CASE WHEN n <> 2 THEN 'paid' END, CASE WHEN n % 3 = 0 THEN 1000 ELSE 0 END,
           'booking ' || id_of(n) || '/1', sha256('body'), CASE WHEN n <> 2 THEN now() END,
           CASE WHEN n = 2 THEN now() + interval '1 hour' END
    FROM generate_series(1, 71) AS n;
    INSERT INTO refunds (refund_id, payment_id, amount_minor)
    SELECT id_of(n * 1000 + 1), id_of(n * 1000), 1000 FROM generate_series(3, 71, 3) AS n;";

pub struct History {
    pub flights: Client,
    pub bookings: Client,
    pub payments: Client,
    pub urls: Urls,
    prover: deadpool_postgres::Client,
    _databases: [TestDatabase; 3],
}

impl History {
    pub async fn new() -> anyhow::Result<Self> {
        let inventory = inventory_tables::migrations::runner;
        let flights = database("flights", &[inventory], FLIGHTS).await?;
        let bookings = database(
            "bookings",
            &[inventory, users::migrations::runner],
            BOOKINGS,
        )
        .await?;
        let payments = database("payments", &[payments::migrations::runner], PAYMENTS).await?;
        let manager =
            deadpool_postgres::Manager::new(flights.url().parse()?, tokio_postgres::NoTls);
        let pool = deadpool_postgres::Pool::builder(manager)
            .max_size(1)
            .build()?;
        let history = Self {
            flights: connect(flights.url()).await?,
            bookings: connect(bookings.url()).await?,
            payments: connect(payments.url()).await?,
            urls: Urls {
                flights: flights.url().to_owned(),
                bookings: bookings.url().to_owned(),
                payments: payments.url().to_owned(),
            },
            prover: pool.get().await?,
            _databases: [flights, bookings, payments],
        };
        history.cover().await?;
        Ok(history)
    }

    /// Moves the checkpoints on.
    pub async fn cover(&self) -> anyhow::Result<()> {
        advance(&self.prover, Timestamp::now()).await?;
        Ok(())
    }

    /// The sums of the pools; fails unless all proofs agree, also after a re-count.
    pub async fn proved(&self) -> anyhow::Result<(i64, i64)> {
        let due = "UPDATE ledger_progress SET recount_due_at = now()";
        self.prover.batch_execute(due).await?;
        while !matches!(step(&self.prover, 10).await?, Step::Ended { .. }) {}
        let proofs: [Proof; 2] = [prove_whole(&self.prover).await?, prove(&self.prover).await?];
        for proof in &proofs {
            anyhow::ensure!(proof.holds(), "{:?}", proof.violations);
        }
        Ok((proofs[1].free, proofs[1].sold))
    }

    pub async fn audit(&self) -> anyhow::Result<reconcile::Report> {
        let urls = reconcile::Urls {
            flights: self.urls.flights.clone(),
            bookings: self.urls.bookings.clone(),
            payments: self.urls.payments.clone(),
        };
        Ok(reconcile::reconcile(&urls, &reconcile::Options::default()).await?)
    }
}

/// Everything before April, in small batches without pauses.
pub fn before_april() -> anyhow::Result<Options> {
    Ok(Options {
        batch: 7,
        pause: 0,
        ..Options::new(Cutoff::new("2026-04-01".parse()?, Timestamp::now())?)
    })
}

pub async fn count(client: &Client, table: &str) -> anyhow::Result<i64> {
    let query = format!("SELECT count(*) FROM {table}");
    Ok(client.query_one(&query, &[]).await?.try_get(0)?)
}

async fn database(
    name: &str,
    runners: &[fn() -> Runner],
    rows: &str,
) -> anyhow::Result<TestDatabase> {
    let mut digest = DefaultHasher::new();
    ID_OF.hash(&mut digest);
    for runner in runners {
        for migration in runner().get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    let template = format!("archive-{name}-{:016x}", digest.finish());
    let database = TestDatabase::create(&template, async |url| {
        let mut client = connect(url).await?;
        for (set, runner) in runners.iter().enumerate() {
            let mut runner = runner();
            runner.set_migration_table_name(format!("migrations_{set}"));
            runner.run_async(&mut client).await?;
        }
        Ok(client.batch_execute(ID_OF).await?)
    })
    .await?;
    connect(database.url()).await?.batch_execute(rows).await?;
    Ok(database)
}
