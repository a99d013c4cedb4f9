//! Buyers, who retry until they have bought.

use std::time::Duration;

use domain::{HoldId, HoldStatus};
use inventory::{Accepted, Command, Until};
use jiff::{SignedDuration, Timestamp};
use rand::seq::{IndexedRandom as _, SliceRandom as _};

use crate::caller::Caller;
use crate::random::random_hold;
use crate::support::{hold, hold_seats};

/// What a buyer wants.
#[derive(Clone, Debug)]
pub enum Wish {
    Units(Vec<i64>, i64),
    Seat(i64, String),
}

impl Wish {
    fn command(&self, id: HoldId, until: Until) -> anyhow::Result<Command> {
        match self {
            Self::Units(pools, count) => hold(id, pools, *count, until),
            Self::Seat(pool, seat) => hold_seats(id, *pool, seat, until),
        }
    }
}

/// A client that retries until it has bought.
pub struct Buyer {
    caller: Caller,
    wish: Wish,
    pub has_bought: bool,
}

impl Buyer {
    pub fn new(mut caller: Caller, mut wish: Wish) -> Self {
        if let Wish::Units(pools, _) = &mut wish {
            pools.shuffle(&mut caller.chance);
        }
        let has_bought = false;
        Self {
            caller,
            wish,
            has_bought,
        }
    }

    /// One attempt under a new id, unless it has bought already.
    pub async fn try_to_buy(&mut self) -> anyhow::Result<()> {
        if self.has_bought {
            return Ok(());
        }
        let id = random_hold(&mut self.caller.chance);
        let in_a_minute = Until::Expires(Timestamp::now() + SignedDuration::from_mins(1));
        let ways = [Until::Sold, Until::Pinned, in_a_minute];
        let until = *ways.choose(&mut self.caller.chance).unwrap();
        let Some(view) = self.caller.hold(id, &self.wish.command(id, until)?).await? else {
            return Ok(());
        };
        if view.status != HoldStatus::Sold {
            let confirmed = self.caller.ask(&Command::Confirm { hold: id }).await?;
            let is_sold = matches!(&confirmed.verdict,
                Ok(Accepted::Hold(view)) if view.status == HoldStatus::Sold);
            anyhow::ensure!(is_sold, "{view:?}, confirmed: {:?}", confirmed.verdict);
        }
        self.caller.world.hold_ended(id, HoldStatus::Sold);
        self.has_bought = true;
        Ok(())
    }

    /// Tries until the world is over, a second after each refusal.
    pub async fn run(mut self) -> anyhow::Result<Self> {
        while !self.caller.world.is_over() {
            self.try_to_buy().await?;
            if self.has_bought {
                break;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        Ok(self)
    }
}
