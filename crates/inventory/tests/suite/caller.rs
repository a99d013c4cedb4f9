//! A client of two replicas that retries a command under the same id until there is an answer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use domain::{HoldId, HoldStatus};
use inventory::{Accepted, Command, HoldView, Inventory, InventoryError, Refusal, Verdict};
use rand::RngExt as _;
use rand::rngs::StdRng;
use tokio::time::Instant;

use crate::audit::Facts;

/// After retrying this long the test has failed.
const ANSWERED_WITHIN: Duration = Duration::from_secs(30);

/// Pause before a command without an answer is retried.
const RETRY_PAUSE: Duration = Duration::from_millis(20);

/// Two replicas, and what they answered.
pub struct World {
    pub replicas: [Arc<Inventory>; 2],
    pub answers: AtomicUsize,
    pub facts: Mutex<Facts>,
    pub is_over: AtomicBool,
}

impl World {
    pub fn new(replicas: [Arc<Inventory>; 2]) -> Arc<Self> {
        Arc::new(Self {
            replicas,
            answers: AtomicUsize::new(0),
            facts: Mutex::default(),
            is_over: AtomicBool::new(false),
        })
    }

    pub fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    pub fn hold_ended(&self, id: HoldId, status: HoldStatus) {
        self.facts.lock().unwrap().holds.insert(id, status);
    }
}

/// A verdict, and whether no other attempt can have got another: it is the answer to the only attempt.
/// Otherwise a refusal is not final, because another attempt may have got the units.
pub struct Asked {
    pub verdict: Verdict,
    pub is_only: bool,
}

/// A client of both replicas.
pub struct Caller {
    pub world: Arc<World>,
    pub chance: StdRng,
}

impl Caller {
    pub fn new(world: &Arc<World>, chance: StdRng) -> Self {
        let world = Arc::clone(world);
        Self { world, chance }
    }

    /// Asks one replica, then the other, until there is an answer. `is_new`: the id was never sent before.
    async fn ask_from(
        &self,
        first: usize,
        command: &Command,
        is_new: bool,
    ) -> anyhow::Result<Asked> {
        let give_up_at = Instant::now() + ANSWERED_WITHIN;
        let mut attempt = 0;
        loop {
            let replica = &self.world.replicas[(first + attempt) % 2];
            let answer = if is_new && attempt == 0 {
                replica
                    .command(command.clone())
                    .with_new_id()
                    .verdict()
                    .await
            } else {
                replica.command(command.clone()).verdict().await
            };
            match answer {
                Ok(verdict) => {
                    self.world.answers.fetch_add(1, Ordering::SeqCst);
                    let is_only = attempt == 0;
                    return Ok(Asked { verdict, is_only });
                }
                Err(InventoryError::Busy | InventoryError::Unavailable(_))
                    if Instant::now() < give_up_at =>
                {
                    tokio::time::sleep(RETRY_PAUSE).await;
                }
                Err(error) => anyhow::bail!("{command:?}: {error}"),
            }
            attempt += 1;
        }
    }

    pub async fn ask(&mut self, command: &Command) -> anyhow::Result<Asked> {
        let first = self.chance.random_range(0..2);
        self.ask_from(first, command, false).await
    }

    /// Sends a new command to one replica, or to both at once; it must act once either way.
    pub async fn ask_perhaps_twice(&mut self, command: &Command) -> anyhow::Result<Asked> {
        if self.chance.random_bool(0.7) {
            let first = self.chance.random_range(0..2);
            return self.ask_from(first, command, true).await;
        }
        let (left, right) = tokio::try_join!(
            self.ask_from(0, command, false),
            self.ask_from(1, command, false)
        )?;
        let is_first = |asked: &Asked| {
            let accepted = asked.verdict.as_ref();
            accepted.is_ok_and(|accepted| !accepted.is_replayed())
        };
        anyhow::ensure!(
            !is_first(&left) || !is_first(&right),
            "{command:?} acted twice"
        );
        let asked = if left.verdict.is_ok() { left } else { right };
        let is_only = false;
        Ok(Asked { is_only, ..asked })
    }

    /// Requests a hold; `None` if units or seats were lacking.
    pub async fn hold(
        &mut self,
        id: HoldId,
        command: &Command,
    ) -> anyhow::Result<Option<HoldView>> {
        let asked = self.ask_perhaps_twice(command).await?;
        match asked.verdict {
            Ok(Accepted::Hold(view)) => Ok(Some(view)),
            Err(Refusal::SoldOut | Refusal::SeatTaken) => {
                if !asked.is_only {
                    self.release(id).await?;
                }
                Ok(None)
            }
            other => anyhow::bail!("{command:?}: {other:?}"),
        }
    }

    pub async fn release(&mut self, id: HoldId) -> anyhow::Result<()> {
        let released = self.ask(&Command::Release { hold: id }).await?;
        let Ok(Accepted::Hold(view)) = released.verdict else {
            anyhow::bail!("{id:?} can't be released: {:?}", released.verdict);
        };
        anyhow::ensure!(!view.status.is_live(), "{view:?} is released");
        self.world.hold_ended(id, view.status);
        Ok(())
    }
}
