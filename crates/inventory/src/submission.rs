//! Commands as calls of the inventory, each answered by what it makes.

use domain::{HoldId, PoolId, Units};
use uuid::Uuid;

use crate::command::{Command, Direction, HoldCommand, NewPool, Origin, PoolChange, SeatChange};
use crate::committer::Answer;
use crate::engine::Inventory;
use crate::rows::{AnyRows, Rows};
use crate::state::PoolCount;
use crate::verdict::{Accepted, Adjusted, HoldView, InventoryError};

/// A command that is ready to be sent, and is answered by a `T`.
#[must_use = "nothing is asked for until it is sent"]
pub struct Submission<'a, T> {
    inventory: &'a Inventory,
    command: Command,
    origin: Origin,
    rows: Option<Box<dyn AnyRows>>,
    answer: fn(Accepted) -> Option<T>,
}

impl<T> Submission<'_, T> {
    /// The same for a command whose id was just made, so that it can't have come before: if the gate
    /// refuses it, nothing has to be looked up.
    pub fn with_new_id(self) -> Self {
        Self {
            origin: Origin::New,
            ..self
        }
    }

    /// The same with rows of the caller's own, which are written in the command's transaction.
    pub fn with(self, rows: impl Rows) -> Self {
        Self {
            rows: Some(Box::new(rows)),
            ..self
        }
    }

    /// Has the command decided and waits until its verdict is durable.
    ///
    /// # Errors
    /// [`InventoryError::Refused`] for good; any other when there is no verdict: the same command may be sent
    /// again.
    pub async fn send(self) -> Result<T, InventoryError> {
        let answer = self.answer;
        let accepted = self.verdict().await?.map_err(InventoryError::Refused)?;
        let other =
            || InventoryError::Broken("it was answered as another kind of command".to_owned());
        answer(accepted).ok_or_else(other)
    }

    /// The same, with a refusal as an answer.
    ///
    /// # Errors
    /// When there is no verdict.
    pub async fn verdict(self) -> Answer {
        self.inventory
            .submit_through_gate(self.command, self.origin, self.rows)
            .await
    }
}

impl Inventory {
    /// Makes a pool.
    pub fn create(&self, pool: NewPool) -> Submission<'_, PoolCount> {
        self.submission(Command::Create(pool), Accepted::pool)
    }

    /// Changes a pool: all that is given, or nothing.
    pub fn change_pool(&self, change: PoolChange) -> Submission<'_, PoolCount> {
        self.submission(Command::ChangePool(change), Accepted::pool)
    }

    /// Takes units out of pools for one owner, all or nothing.
    pub fn hold(&self, hold: HoldCommand) -> Submission<'_, HoldView> {
        self.submission(Command::Hold(hold), Accepted::hold)
    }

    /// Takes a hold's expiry away: payment is under way.
    pub fn pin(&self, hold: HoldId) -> Submission<'_, HoldView> {
        self.submission(Command::Pin { hold }, Accepted::hold)
    }

    /// Turns a hold into a sale.
    pub fn confirm(&self, hold: HoldId) -> Submission<'_, HoldView> {
        self.submission(Command::Confirm { hold }, Accepted::hold)
    }

    /// Gives a hold's units back, sold ones too; one that has not arrived is refused if it does. Nobody is
    /// refused this.
    pub fn release(&self, hold: HoldId) -> Submission<'_, HoldView> {
        self.submission(Command::Release { hold }, Accepted::hold)
    }

    /// Swaps a hold's named seats and starts its expiry anew; the old ones stay if one can't be had.
    pub fn change_seats(&self, change: SeatChange) -> Submission<'_, HoldView> {
        self.submission(Command::ChangeSeats(change), Accepted::hold)
    }

    /// Takes units without a hold, or gives such units back; `id` is the adjustment's own.
    pub fn adjust(
        &self,
        id: Uuid,
        pool: PoolId,
        units: Units,
        direction: Direction,
    ) -> Submission<'_, Adjusted> {
        let command = Command::Adjust {
            id,
            pool,
            units,
            direction,
        };
        self.submission(command, Accepted::adjusted)
    }

    /// Any command.
    pub fn command(&self, command: Command) -> Submission<'_, Accepted> {
        self.submission(command, Some)
    }

    fn submission<T>(
        &self,
        command: Command,
        answer: fn(Accepted) -> Option<T>,
    ) -> Submission<'_, T> {
        Submission {
            inventory: self,
            command,
            origin: Origin::MaybeRetry,
            rows: None,
            answer,
        }
    }
}

impl Accepted {
    fn pool(self) -> Option<PoolCount> {
        match self {
            Self::Pool(count) => Some(count),
            Self::Hold(_) | Self::Adjusted(_) => None,
        }
    }

    fn hold(self) -> Option<HoldView> {
        match self {
            Self::Hold(view) => Some(view),
            Self::Pool(_) | Self::Adjusted(_) => None,
        }
    }

    fn adjusted(self) -> Option<Adjusted> {
        match self {
            Self::Adjusted(adjusted) => Some(adjusted),
            Self::Pool(_) | Self::Hold(_) => None,
        }
    }
}
