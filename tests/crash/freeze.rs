//! Frozen processes that resume: a PostgreSQL server with all its processes, a service, or one of two
//! replicas. They keep their locks and sockets, answer nothing, and resume as if no time had passed. Whoever
//! does not need them continues at once; after the thaw everything reaches its end.
//!
//! `HOLDFAST_SILENCE_ROUNDS` is the number of rounds (3), `HOLDFAST_SILENCE_SECONDS` the length of a freeze
//! (6), `HOLDFAST_SILENCE_SEED` the first seed (random): it decides what freezes, and when. The interleaving
//! of processes is not determined by it.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use futures_util::future::try_join_all;
use local_servers::postgres::{self, Durability};
use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use test_stack::{Frozen, wait_for};
use tokio::time::{Instant, sleep_until, timeout, timeout_at};

use crate::databases::Databases;
use crate::pair::{Customer, Pair};
use crate::world::SETTLED_WITHIN;
use crate::{number, say};
use test_stack::caller::{Answer, Call};

const ROUNDS: u64 = 3;

const FROZEN_SECONDS: u64 = 6;

/// Timeout for whoever does not need the frozen process, including work that a frozen replica had begun.
const GOES_ON_WITHIN: Duration = Duration::from_secs(15);

/// The freeze starts so soon after the first bookings.
const FREEZES_WITHIN_MS: u64 = 1_000;

/// Customers per round, from before the freeze until after it.
const CUSTOMERS: usize = 24;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Victim {
    FlightsDatabase,
    BookingsDatabase,
    PaymentsDatabase,
    Flights,
    Payments,
    /// One of the two replicas.
    Bookings,
}

const VICTIMS: [Victim; 6] = [
    Victim::FlightsDatabase,
    Victim::BookingsDatabase,
    Victim::PaymentsDatabase,
    Victim::Flights,
    Victim::Payments,
    Victim::Bookings,
];

#[tokio::test]
async fn bookings_end_although_a_process_freezes() -> anyhow::Result<()> {
    let rounds = number("HOLDFAST_SILENCE_ROUNDS")?.unwrap_or(ROUNDS);
    let seconds = number("HOLDFAST_SILENCE_SECONDS")?.unwrap_or(FROZEN_SECONDS);
    let seed = number("HOLDFAST_SILENCE_SEED")?;
    let seed = seed.unwrap_or_else(|| u64::from(rand::random::<u32>()));
    say(&format!("HOLDFAST_SILENCE_SEED={seed}"))?;

    // A server each, so that a frozen one does not stop the others.
    let server = || postgres::Server::temporary(Durability::Fast);
    let servers = tokio::try_join!(server(), server(), server())?;
    let servers = <[postgres::Server; 3]>::from(servers);
    let urls = servers.each_ref().map(|server| server.url("postgres"));
    let databases = Databases::create_on(urls.each_ref().map(String::as_str)).await?;
    let pair = Pair::start(databases, "300ms").await?;
    let frozen_for = Duration::from_secs(seconds);
    let played = play(&pair, &servers, seed, rounds, frozen_for).await;
    let logs = pair.logs();
    let ended = pair.end().await;
    played.with_context(|| format!("HOLDFAST_SILENCE_SEED={seed}\n{logs}"))?;
    drop(ended?);
    for mut server in servers {
        server.stop().await?;
    }
    Ok(())
}

async fn play(
    pair: &Pair,
    servers: &[postgres::Server; 3],
    seed: u64,
    rounds: u64,
    frozen_for: Duration,
) -> anyhow::Result<()> {
    let mut random = StdRng::seed_from_u64(seed);
    let mut victims = VICTIMS;
    victims.shuffle(&mut random);
    let event = pair.event().await?;
    for (number, victim) in (0..rounds).zip(victims.into_iter().cycle()) {
        let round = Round {
            pair,
            servers,
            victim,
            name: format!("round{number}"),
            event: &event,
            frozen_for,
        };
        let summary = round.play(&mut random).await;
        let summary = summary.with_context(|| format!("round {number}, {victim:?}"))?;
        say(&format!("round {number}, {victim:?}: {summary}"))?;
    }
    Ok(())
}

struct Round<'a> {
    pair: &'a Pair,
    servers: &'a [postgres::Server; 3],
    victim: Victim,
    name: String,
    event: &'a str,
    frozen_for: Duration,
}

impl Round<'_> {
    async fn play(&self, random: &mut StdRng) -> anyhow::Result<String> {
        let customers = self.pair.customers(&self.name, CUSTOMERS, self.event);
        let customers = customers.await?;
        let ticket = async |name| {
            let name = format!("{}-{name}", self.name);
            self.pair.tickets(&name, self.event).await
        };
        let (early, late) = (ticket("early").await?, ticket("late").await?);
        let freezes_at =
            Instant::now() + Duration::from_millis(random.random_range(0..FREEZES_WITHIN_MS));
        let last_ms = FREEZES_WITHIN_MS + u64::try_from(self.frozen_for.as_millis())?;
        let asked = customers.iter().map(|customer| {
            // Half of them book just before the freeze, so that much is in flight.
            let within_ms = [FREEZES_WITHIN_MS, last_ms][usize::from(random.random_bool(0.5))];
            let asks_at = Instant::now() + Duration::from_millis(random.random_range(0..within_ms));
            let (at, call) = (customer.at.clone(), customer.call.clone());
            tokio::spawn(async move {
                sleep_until(asks_at).await;
                at.call_once(&call).await
            })
        });
        let asked: Vec<_> = asked.collect();

        sleep_until(freezes_at).await;
        // Its payment is under way when everything stands still.
        let early = self.pair.one.retry(&early).await?;
        ensure!(early.status == 201, "{early:?}");
        let frozen = self.freeze()?;
        let frozen_at = Instant::now();
        let goes_on = self.goes_on(&early, &late).await?;
        let others = if goes_on {
            format!("others continued after {:.1?}", frozen_at.elapsed())
        } else {
            "nobody could continue".to_owned()
        };
        sleep_until(frozen_at + self.frozen_for).await;
        drop(frozen);
        let thawed_at = Instant::now();

        let settled = async {
            for first in asked {
                first.await??;
            }
            let ends = customers.iter().map(|customer| self.end_of(customer));
            let confirmed = try_join_all(ends).await?;
            wait_for("everything adds up", SETTLED_WITHIN, async || {
                self.pair.is_settled().await
            })
            .await?;
            self.pair.are_ready().await?;
            anyhow::Ok(confirmed.into_iter().filter(|confirmed| *confirmed).count())
        };
        let settled = timeout_at(thawed_at + SETTLED_WITHIN, settled).await;
        let confirmed = settled.context("not settled in time")??;
        Ok(format!(
            "{confirmed} of {CUSTOMERS} confirmed, {others}, settled {:.1?} \
             after the thaw",
            thawed_at.elapsed()
        ))
    }

    /// Waits until the other replica has done what it can during the freeze; returns whether it can do
    /// anything.
    async fn goes_on(&self, early: &Answer, late: &Call) -> anyhow::Result<bool> {
        if self.victim == Victim::BookingsDatabase {
            return Ok(false);
        }
        let went_on = async {
            let late = self.pair.other.retry(late).await?;
            ensure!(late.status == 201, "{late:?}");
            if matches!(self.victim, Victim::Payments | Victim::PaymentsDatabase) {
                return Ok(());
            }
            wait_for("others are paid", GOES_ON_WITHIN, async || {
                self.pair.are_paid(early).await?;
                self.pair.are_paid(&late).await
            })
            .await
        };
        let went_on = timeout(GOES_ON_WITHIN, went_on).await;
        went_on.context("nobody continues")??;
        Ok(true)
    }

    fn freeze(&self) -> anyhow::Result<Frozen> {
        let [flights, bookings, payments] = self.servers;
        let process = match self.victim {
            Victim::FlightsDatabase => flights.identity(),
            Victim::BookingsDatabase => bookings.identity(),
            Victim::PaymentsDatabase => payments.identity(),
            Victim::Flights => self.pair.flights.process(),
            Victim::Payments => self.pair.payments.process(),
            Victim::Bookings => self.pair.one_service.process(),
        };
        Ok(Frozen::freeze(process.context("it does not run")?)?)
    }

    /// Returns whether it ended confirmed. Tickets do; seats may not, because their only payment may fail.
    async fn end_of(&self, customer: &Customer) -> anyhow::Result<bool> {
        let answer: Answer = self.pair.other.retry(&customer.call).await?;
        if customer.wants_tickets {
            ensure!(answer.status == 201, "{answer:?}");
            wait_for("tickets are paid", SETTLED_WITHIN, async || {
                self.pair.are_paid(&answer).await
            })
            .await?;
            return Ok(true);
        }
        let status = answer.body["status"].as_str().unwrap_or_default();
        ensure!(["confirmed", "failed"].contains(&status), "{answer:?}");
        Ok(status == "confirmed")
    }
}
