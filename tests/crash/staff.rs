//! The staff of a round: they requeue payments that kept failing.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use test_stack::wait_until;
use tokio_postgres::Client;
use uuid::Uuid;

use crate::world::World;
use test_stack::caller::Call;

/// How long a round waits for the next calls to be answered.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(120);

const LETTERS: &str = "/api/v1/payments/dead-letters";

/// Answers between two looks of the staff.
const LOOK_AFTER: usize = 8;

/// The dead letters that were queued again, as staff have seen.
pub struct Requeued(Vec<Uuid>);

/// Requeues dead letters for as long as there are customers.
pub async fn work(world: &World, is_over: &AtomicBool) -> anyhow::Result<Requeued> {
    let mut requeued = Vec::new();
    while !is_over.load(Ordering::Relaxed) {
        let seen = world.answers.load(Ordering::Relaxed);
        let letters = world.look(LETTERS).await?;
        for letter in letters["data"].as_array().context("no list")? {
            let id: Uuid = letter["id"].as_str().context("no id")?.parse()?;
            let call = Call::new(Method::POST, format!("{LETTERS}/{id}/requeue"));
            let answer = world.bookings.retry(&call).await?;
            match answer.status {
                200 => requeued.push(id),
                // Its booking has ended, or an earlier call whose answer was lost requeued it.
                409 => {}
                _ => anyhow::bail!("{answer:?}"),
            }
            let details = world.look(&format!("{LETTERS}/{id}")).await?;
            let failures = details["failures"].as_array().map(Vec::len);
            let attempts = letter["attempts"].as_u64();
            ensure!(
                failures.map(|count| count as u64) >= attempts,
                "an attempt is missing: {details}"
            );
        }
        wait_until("more calls are answered", ANSWERED_WITHIN, async || {
            let answers = world.answers.load(Ordering::Relaxed);
            answers >= seen + LOOK_AFTER || is_over.load(Ordering::Relaxed)
        })
        .await?;
    }
    Ok(Requeued(requeued))
}

impl Requeued {
    /// How many were requeued.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Fails unless they are, and every dead letter has all failures of its job.
    pub async fn check(&self, sql: &Client) -> anyhow::Result<()> {
        let waiting = "SELECT id FROM dead_letters WHERE id = ANY ($1) AND requeued_at IS NULL";
        let waiting = sql.query(waiting, &[&self.0]).await?;
        ensure!(waiting.is_empty(), "queued again, but waiting: {waiting:?}");
        let incomplete = sql
            .query(
                "SELECT id FROM dead_letters letter
                 WHERE attempts <> (SELECT count(*) FROM payment_failures failure
                                    WHERE failure.booking_id = letter.booking_id
                                        AND failure.attempt <= letter.attempts)",
                &[],
            )
            .await?;
        ensure!(incomplete.is_empty(), "failures missing: {incomplete:?}");
        Ok(())
    }
}
