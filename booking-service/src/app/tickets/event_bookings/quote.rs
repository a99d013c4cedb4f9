//! The quote of an event booking: the pools that it needs and its price, read before the hold decides.

use domain::sale_rules::holding::TicketAllowance;
use domain::{Money, PoolId, RefusalCode, Units};
use inventory::{InventoryError, PoolChange, Refusal};
use jiff::Timestamp;
use uuid::Uuid;

use crate::app::bookings::engine::Engine;
use crate::app::tickets::event_bookings::request::EventBookingRequest;
use crate::app::{AppError, Unknown};
use crate::db;
use crate::db::DbError;
use crate::db::tickets::ticket_limits::TicketLimit;
use crate::model::event::Event;
use crate::model::invalid_field::InvalidField;
use crate::model::refusal::Refusal as Reason;
use crate::model::voucher::Voucher;

pub(super) struct Quote {
    /// By the database's clock.
    pub now: Timestamp,
    pub unit_price: Money,
    /// By the voucher.
    pub discount: Money,
    /// After the discount.
    pub total: Money,
    pub voucher: Option<Voucher>,
    /// The event's pool.
    pub tickets: PoolId,
    user_limit: Option<UserLimit>,
    quantity: Units,
}

/// A user's limit for an event.
struct UserLimit {
    /// Counts the user's tickets.
    pool: PoolId,
    event: Uuid,
    user: Uuid,
    /// In tickets.
    most: u32,
}

impl UserLimit {
    /// The limit, with the tickets that the user has now.
    async fn read(&self, engine: &Engine) -> Result<TicketAllowance, AppError> {
        let held =
            db::tickets::ticket_limits::held(&engine.database, self.event, self.user).await?;
        Ok(TicketAllowance {
            most: self.most,
            has: held.all,
        })
    }
}

impl Quote {
    /// Refuses unknown events, users and vouchers, closed sales, and users who have reached their limit.
    pub async fn make(engine: &Engine, request: &EventBookingRequest) -> Result<Self, AppError> {
        let offer =
            db::tickets::events::offer(&engine.database, request.event, request.user).await?;
        let offer = offer.ok_or(Unknown::Event)?;
        if !offer.has_user {
            return Err(AppError::Unknown(Unknown::User));
        }
        let event = offer.event;
        if !event.sales.is_open(offer.now) {
            let message = "the event is not on sale now";
            return Err(AppError::Refused(Reason::new(
                RefusalCode::SalesClosed,
                message,
            )));
        }
        let quantity = request.quantity;
        let price = event.price.checked_mul(quantity).ok_or_else(too_much)?;
        let (voucher, discount) = match &request.voucher {
            Some(code) => {
                let voucher = db::tickets::vouchers::find(&engine.database, code).await?;
                let voucher = voucher.ok_or(Unknown::Voucher)?;
                voucher.check_covers(quantity).map_err(AppError::Refused)?;
                let discount = discount(&voucher, &event, price)?;
                (Some(voucher), discount)
            }
            None => (None, Money::zero(price.currency())),
        };
        let user_limit = match event.tickets_per_user {
            Some(most) => Some(user_limit(engine, &event, request, most).await?),
            None => None,
        };
        Ok(Self {
            now: offer.now,
            unit_price: event.price,
            discount,
            total: price.checked_sub(discount).ok_or_else(too_much)?,
            voucher,
            tickets: event.pool,
            user_limit,
            quantity,
        })
    }

    pub fn is_free(&self) -> bool {
        self.total.minor() == 0
    }

    /// The pools and units of the hold.
    pub fn wanted(&self) -> Vec<(PoolId, Units)> {
        let voucher = self.voucher.as_ref();
        let use_of_voucher = voucher.map(|voucher| (voucher.pool, Units::ONE));
        let user_limit = self
            .user_limit
            .as_ref()
            .map(|user_limit| (user_limit.pool, self.quantity));
        [
            Some((self.tickets, self.quantity)),
            use_of_voucher,
            user_limit,
        ]
        .into_iter()
        .flatten()
        .collect()
    }

    /// The reason for a refused hold: the pool with too few units. The gate, which refuses before the counts
    /// are written, covers the tickets only; the other pools are as they were at the refusal, unless
    /// something was released since.
    pub async fn shortage(&self, engine: &Engine) -> Result<AppError, AppError> {
        let wanted = self.wanted();
        let refusal = if wanted.len() == 1 {
            sold_out()
        } else {
            let pools: Vec<PoolId> = wanted.iter().map(|(pool, _)| *pool).collect();
            let free = db::tickets::ticket_limits::free_units(&engine.database, &pools).await?;
            let is_short = |pool: PoolId, units: Units| {
                let free = free.get(&pool).copied().unwrap_or(0);
                free < units.get().cast_signed()
            };
            if let Some(user_limit) = &self.user_limit
                && is_short(user_limit.pool, self.quantity)
            {
                limit_reached(user_limit.read(engine).await?)
            } else if let Some(voucher) = &self.voucher
                && is_short(voucher.pool, Units::ONE)
            {
                Reason::new(RefusalCode::VoucherUsedUp, "the voucher has been used up")
            } else {
                sold_out()
            }
        };
        Ok(AppError::Refused(refusal))
    }
}

fn sold_out() -> Reason {
    Reason::new(RefusalCode::SoldOut, "not so many tickets are left")
}

fn limit_reached(user_limit: TicketAllowance) -> Reason {
    Reason::new(RefusalCode::LimitReached, user_limit.to_string())
}

fn too_much() -> AppError {
    let detail = "costs more than can be paid at once".to_owned();
    InvalidField::new("quantity", detail).into()
}

fn discount(voucher: &Voucher, event: &Event, price: Money) -> Result<Money, AppError> {
    let is_for_it = voucher.event.is_none_or(|only| only == event.id);
    let off = voucher.reduction.of(price).filter(|_| is_for_it);
    off.ok_or_else(|| {
        let message = "the voucher is not for this event";
        AppError::Refused(Reason::new(RefusalCode::VoucherNotForEvent, message))
    })
}

/// A user's limit for an event. Its pool is created on first use and resized to the current limit, minus the
/// tickets that were booked while there was no limit, which the pool does not count.
async fn user_limit(
    engine: &Engine,
    event: &Event,
    request: &EventBookingRequest,
    most: Units,
) -> Result<UserLimit, AppError> {
    let user = request.user;
    let most = most.get();
    let held = db::tickets::ticket_limits::held(&engine.database, event.id, user).await?;
    let user_limit = TicketAllowance {
        most,
        has: held.all,
    };
    if request.quantity.get() > user_limit.left() {
        return Err(AppError::Refused(limit_reached(user_limit)));
    }
    let capacity = most.saturating_sub(held.without_limit).cast_signed();
    let limit = match db::tickets::ticket_limits::find(&engine.database, event.id, user).await? {
        Some(limit) => limit,
        None => new_user_limit(engine, event, user, capacity).await?,
    };
    if limit.capacity != capacity {
        let resized = PoolChange {
            capacity: Some(capacity),
            ..PoolChange::of(limit.pool)
        };
        let resizing = engine.inventory.change_pool(resized).send().await;
        resizing.map_err(|error| match error {
            // The user already has more tickets than the limit, which was lowered.
            InventoryError::Refused(Refusal::CapacityInUse) => {
                AppError::Refused(limit_reached(user_limit))
            }
            error => error.into(),
        })?;
    }
    Ok(UserLimit {
        pool: limit.pool,
        event: event.id,
        user,
        most,
    })
}

async fn new_user_limit(
    engine: &Engine,
    event: &Event,
    user: Uuid,
    capacity: i32,
) -> Result<TicketLimit, AppError> {
    db::tickets::ticket_limits::insert(&engine.database, event.id, user, capacity).await?;
    let limit = db::tickets::ticket_limits::find(&engine.database, event.id, user).await?;
    Ok(limit.ok_or(DbError::Unreadable("ticket_limits"))?)
}
