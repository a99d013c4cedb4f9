//! The services of one round, their databases and their Redis.

use std::sync::atomic::AtomicUsize;

use anyhow::ensure;
use audit::{Options, Urls, Verdict};
use stack::ports::free_port;
use stack::redis;
use stack::scratch::{Scratch, unused_path};
use stack::testing::wait_for;
use tokio::sync::watch;
use tokio_postgres::Client;

use crate::caller::{Caller, PEACE_WITHIN};
use crate::databases::Databases;
use crate::kills::Plan;
use crate::process::{Keeping, Part, Service};

/// What every service is told. Times are short, because rounds are many.
const EVERY_SERVICE: [(&str, &str); 5] = [
    ("HOLDFAST__HTTP__WORKERS", "1"),
    // Several rounds share a server: enough for a dozen customers each.
    ("HOLDFAST__DATABASE__POOL_SIZE", "8"),
    ("HOLDFAST__DATABASE__MIGRATE_ON_START", "false"),
    ("HOLDFAST__LOG__FORMAT", "pretty"),
    ("NO_COLOR", "1"),
];

const FLIGHTS: [(&str, &str); 1] = [("HOLDFAST__SALES__CLOSE_BEFORE_DEPARTURE", "never")];

const BOOKINGS: [(&str, &str); 7] = [
    ("RESERVATION_TIMEOUT", "4s"),
    ("HOLDFAST__BOOKINGS__HOLD_MARGIN", "1s"),
    ("HOLDFAST__BOOKINGS__LEASE", "2s"),
    ("HOLDFAST__BOOKINGS__LOOK_FOR_WORK_EVERY", "100ms"),
    ("HOLDFAST__BOOKINGS__PAYMENT_PAUSE", "50ms"),
    ("HOLDFAST__BOOKINGS__SALE_PATIENCE", "300ms"),
    ("PAYMENT_TIMEOUT", "1s"),
];

const PAYMENTS: [(&str, &str); 9] = [
    ("HOLDFAST__MOCK__FAILURE_RATE", "0.15"),
    ("HOLDFAST__MOCK__TIMEOUT_RATE", "0.05"),
    ("HOLDFAST__MOCK__LOST_ANSWER_RATE", "0.05"),
    ("HOLDFAST__MOCK__PROCESSING_TIME", "20ms"),
    ("HOLDFAST__MOCK__PROCESSING_SPREAD", "15ms"),
    ("HOLDFAST__CHARGES__TIME_LIMIT", "700ms"),
    ("HOLDFAST__CHARGES__LEASE", "800ms"),
    ("HOLDFAST__CHARGES__CLOSE_WAIT", "500ms"),
    ("HOLDFAST__HTTP__REQUEST_TIMEOUT", "2s"),
];

pub struct World {
    pub bookings: Caller,
    /// How many calls were answered: the round's clock.
    pub answers: AtomicUsize,
    services: [Service; 3],
    peace: watch::Sender<bool>,
    redis: redis::Server,
    databases: Databases,
    logs: Scratch,
}

impl World {
    pub async fn start(plan: &Plan) -> anyhow::Result<Self> {
        let databases = Databases::create().await?;
        let redis = redis::Server::temporary().await?;
        let logs = Scratch::new("crash")?;
        let ports = [free_port()?, free_port()?, free_port()?];
        let (peace, at_peace) = watch::channel(false);
        let services = Part::ALL.map(|part| {
            let (database, own): (_, &[(&str, &str)]) = match part {
                Part::Flights => (&databases.flights, &FLIGHTS),
                Part::Bookings => (&databases.bookings, &BOOKINGS),
                Part::Payments => (&databases.payments, &PAYMENTS),
            };
            let url = |part: Part| format!("http://127.0.0.1:{}", ports[part as usize]);
            let mut environment = vec![
                ("PORT", ports[part as usize].to_string()),
                ("DATABASE_URL", database.url().to_owned()),
                ("REDIS_URL", redis.url()),
                ("FLIGHT_SERVICE_URL", url(Part::Flights)),
                ("PAYMENT_SERVICE_URL", url(Part::Payments)),
            ];
            let settings = EVERY_SERVICE.iter().chain(own);
            environment.extend(settings.map(|(name, value)| (*name, (*value).to_owned())));
            Service::keep(Keeping {
                part,
                environment: environment
                    .into_iter()
                    .map(|(name, value)| (name.to_owned(), value))
                    .collect(),
                steps: plan.steps(part),
                log: logs.path().join(format!("{part:?}.log")),
                peace: at_peace.clone(),
            })
        });
        Ok(Self {
            bookings: Caller::new(ports[Part::Bookings as usize])?,
            answers: AtomicUsize::new(0),
            services,
            peace,
            redis,
            databases,
            logs,
        })
    }

    pub fn service(&self, part: Part) -> &Service {
        &self.services[part as usize]
    }

    pub async fn flush_redis(&self) -> anyhow::Result<()> {
        Ok(self.redis.flush().await?)
    }

    /// A connection to the bookings database.
    pub async fn sql(&self) -> anyhow::Result<Client> {
        Ok(stack::database::connect(self.databases.bookings.url()).await?)
    }

    /// Nobody is killed any more: everything comes to its end, orders that nobody pays too.
    pub async fn at_peace(&self) -> anyhow::Result<Verdict> {
        self.peace.send(true)?;
        let sql = self.sql().await?;
        wait_for(
            "every booking has come to its end",
            PEACE_WITHIN,
            async || {
                let left = sql
                .query(
                    "SELECT id::text || ' ' || door || ' ' || state || ', shown ' || shown || ', '
                            || seats_task || '/' || money_task || ', takeovers ' || takeovers
                            || ', due in ' || (next_step_at - now())
                     FROM bookings WHERE next_step_at IS NOT NULL ORDER BY id LIMIT 5",
                    &[],
                )
                .await?;
                let left: Vec<String> = left.iter().map(|row| row.get(0)).collect();
                ensure!(left.is_empty(), "{left:?}");
                Ok(())
            },
        )
        .await?;
        let verdict = self.audit().await?;
        ensure!(verdict.unfinished.count == 0, "{verdict}");
        ensure!(verdict.pools.held == 0, "{verdict}");
        ensure!(
            verdict.charges_kept == verdict.confirmed_to_pay,
            "{verdict}"
        );
        Ok(verdict)
    }

    /// What is done is right, whatever is still under way.
    pub async fn audit(&self) -> anyhow::Result<Verdict> {
        let urls = Urls {
            flights: self.databases.flights.url().to_owned(),
            bookings: self.databases.bookings.url().to_owned(),
            payments: self.databases.payments.url().to_owned(),
        };
        let verdict = audit::audit(&urls, &Options::default()).await?;
        ensure!(verdict.clean, "{verdict}");
        Ok(verdict)
    }

    /// Ends everything but the logs; answers where they are, to be read.
    pub async fn end_with_logs(self) -> anyhow::Result<String> {
        let logs = unused_path(&std::env::temp_dir(), "crash-logs");
        std::fs::rename(self.logs.path(), &logs)?;
        self.end().await?;
        Ok(logs.display().to_string())
    }

    pub async fn end(self) -> anyhow::Result<()> {
        for service in self.services {
            service.end().await?;
        }
        let mut redis = self.redis;
        Ok(redis.stop().await?)
    }
}
