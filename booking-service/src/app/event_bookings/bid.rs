//! What a booking of tickets takes and costs: read before it is decided whether it can be had.

use domain::{Money, PoolId, Units};
use inventory::{Command, PoolChange, Refusal};
use jiff::Timestamp;
use uuid::Uuid;

use super::EventBookingRequest;
use crate::app::AppError;
use crate::app::booking::Refusal as Reason;
use crate::app::engine::Engine;
use crate::app::events::Event;
use crate::app::vouchers::Voucher;
use crate::db;
use crate::db::ticket_limits::TicketLimit;

/// What somebody asks for, at the price of now.
pub(super) struct Bid {
    /// When this is, by the database's clock.
    pub now: Timestamp,
    /// What one ticket costs.
    pub unit_price: Money,
    /// What the voucher takes off.
    pub discount: Money,
    /// What is left to pay.
    pub total: Money,
    /// The voucher, if there is one.
    pub voucher: Option<Voucher>,
    /// Where the event's tickets are counted.
    pub tickets: PoolId,
    share: Option<PoolId>,
    quantity: Units,
}

impl Bid {
    /// # Errors
    /// When there is no such event, user or voucher, it is not on sale, the user has had their share, or the
    /// database does not answer.
    pub async fn make(engine: &Engine, request: &EventBookingRequest) -> Result<Self, AppError> {
        let offer = db::events::offer(&engine.database, request.event, request.user).await?;
        let offer = offer.ok_or(AppError::UnknownEvent)?;
        if !offer.has_user {
            return Err(AppError::UnknownUser);
        }
        let event = offer.event;
        if !event.sales.is_open(offer.now) {
            let message = "the event is not on sale now";
            return Err(AppError::Refused(Reason::new("sales_closed", message)));
        }
        let quantity = request.quantity;
        let price = event.price.checked_mul(quantity).ok_or_else(too_much)?;
        let (voucher, discount) = match &request.voucher {
            Some(code) => {
                let voucher = db::vouchers::find(&engine.database, code).await?;
                let voucher = voucher.ok_or(AppError::UnknownVoucher)?;
                let discount = discount(&voucher, &event, price)?;
                (Some(voucher), discount)
            }
            None => (None, Money::zero(price.currency())),
        };
        let share = match event.tickets_per_user {
            Some(most) => Some(share(engine, &event, request.user, most).await?),
            None => None,
        };
        Ok(Self {
            now: offer.now,
            unit_price: event.price,
            discount,
            total: price.checked_sub(discount).ok_or_else(too_much)?,
            voucher,
            tickets: event.pool,
            share,
            quantity,
        })
    }

    /// Whether there is nothing to pay.
    pub fn is_free(&self) -> bool {
        self.total.minor() == 0
    }

    /// The pools and units that it takes.
    pub fn wanted(&self) -> Vec<(PoolId, Units)> {
        let voucher = self.voucher.as_ref();
        let use_of_voucher = voucher.map(|voucher| (voucher.pool, Units::ONE));
        let share = self.share.map(|pool| (pool, self.quantity));
        [Some((self.tickets, self.quantity)), use_of_voucher, share]
            .into_iter()
            .flatten()
            .collect()
    }

    /// Why it could not be had: which of its pools has too few units left. The gate, which refuses before
    /// the counts are written, is asked about the tickets alone; the others are as they were then, unless
    /// something was given back since.
    pub async fn shortage(&self, engine: &Engine) -> Result<AppError, AppError> {
        let wanted = self.wanted();
        let refusal = if wanted.len() == 1 {
            sold_out()
        } else {
            let pools: Vec<PoolId> = wanted.iter().map(|(pool, _)| *pool).collect();
            let free = db::ticket_limits::free_units(&engine.database, &pools).await?;
            let is_short = |pool: PoolId, units: Units| {
                let free = free.get(&pool).copied().unwrap_or(0);
                free < units.get().cast_signed()
            };
            if self.share.is_some_and(|pool| is_short(pool, self.quantity)) {
                limit_reached()
            } else if let Some(voucher) = &self.voucher
                && is_short(voucher.pool, Units::ONE)
            {
                Reason::new("voucher_used_up", "the voucher has been used up")
            } else {
                sold_out()
            }
        };
        Ok(AppError::Refused(refusal))
    }
}

fn sold_out() -> Reason {
    Reason::new("sold_out", "not so many tickets are left")
}

fn limit_reached() -> Reason {
    let message = "a user may not have so many tickets to this event";
    Reason::new("limit_reached", message)
}

fn too_much() -> AppError {
    let detail = "costs more than can be paid at once".to_owned();
    AppError::Invalid("quantity".to_owned(), detail)
}

fn discount(voucher: &Voucher, event: &Event, price: Money) -> Result<Money, AppError> {
    let is_for_it = voucher.event.is_none_or(|only| only == event.id);
    let off = voucher.reduction.of(price).filter(|_| is_for_it);
    off.ok_or_else(|| {
        let message = "the voucher is not for this event";
        AppError::Refused(Reason::new("voucher_not_for_event", message))
    })
}

/// The pool of a user's share of an event, made if it is the first time, and as large as the limit is now.
async fn share(
    engine: &Engine,
    event: &Event,
    user: Uuid,
    most: Units,
) -> Result<PoolId, AppError> {
    let capacity = most.get().cast_signed();
    let limit = match db::ticket_limits::find(&engine.database, event.id, user).await? {
        Some(limit) => limit,
        None => new_share(engine, event, user, capacity).await?,
    };
    if limit.capacity == capacity {
        return Ok(limit.pool);
    }
    let resize = Command::ChangePool(PoolChange {
        capacity: Some(capacity),
        ..PoolChange::of(limit.pool)
    });
    match engine.inventory.submit(resize).await? {
        Ok(_) => Ok(limit.pool),
        // The user has more tickets than the limit allows by now.
        Err(Refusal::CapacityInUse) => Err(AppError::Refused(limit_reached())),
        Err(_) => Err(AppError::OtherAnswer),
    }
}

async fn new_share(
    engine: &Engine,
    event: &Event,
    user: Uuid,
    capacity: i32,
) -> Result<TicketLimit, AppError> {
    db::ticket_limits::insert(&engine.database, event.id, user, capacity).await?;
    let limit = db::ticket_limits::find(&engine.database, event.id, user).await?;
    limit.ok_or(AppError::OtherAnswer)
}
