//! Limits of unpaid orders per user and per network. A claim precedes the hold and is decided in the database
//! under a lock, so concurrent requests get no more than sequential ones.

use deadpool_postgres::Pool;
use domain::sale_rules::holding::HoldingLimits;
use domain::{HoldId, Units};

use crate::app::AppError;
use crate::app::key_locks::KeyLocks;
use crate::db;
use crate::db::bookings::unpaid_orders::Claim;
use crate::model::actor::Actor;
use crate::model::invalid_field::InvalidField;

#[derive(Clone)]
pub struct UnpaidOrders {
    database: Pool,
    limits: HoldingLimits,
    /// Serializes claims of one user and of one network within this process as well; otherwise a crowd of
    /// them would occupy every connection while waiting for one database lock.
    users: KeyLocks,
    networks: KeyLocks,
}

impl UnpaidOrders {
    #[must_use]
    pub fn new(database: Pool, limits: HoldingLimits) -> Self {
        Self {
            database,
            limits,
            users: KeyLocks::default(),
            networks: KeyLocks::default(),
        }
    }

    /// Staff have no limits.
    #[must_use]
    pub fn limits_of(&self, actor: Actor) -> HoldingLimits {
        if actor.is_customer() {
            self.limits
        } else {
            HoldingLimits::default()
        }
    }

    /// Whether an order may have so many seats on a flight, or tickets. `field` names the request's field in
    /// the error.
    pub fn check_units(&self, actor: Actor, field: &str, units: Units) -> Result<(), AppError> {
        let checked = self.limits_of(actor).check_units(units);
        checked.map_err(|many| InvalidField::new(field, many.to_string()).into())
    }

    /// Whether orders of this actor need a claim.
    #[must_use]
    pub fn concern(&self, actor: Actor) -> bool {
        let limits = self.limits_of(actor);
        limits.unpaid_orders_per_user.is_some() || limits.unpaid_orders_per_address.is_some()
    }

    /// Claims an order that is to be paid later. [`AppError::TooManyUnpaid`] if the user or the network has
    /// reached the limit.
    pub async fn claim(&self, actor: Actor, user: &str, hold: HoldId) -> Result<(), AppError> {
        let Actor::Customer { network } = actor else {
            return Ok(());
        };
        let network = Some(network.to_string());
        self.claim_for(user, network, hold).await
    }

    /// Claims an order that is complete and never paid. It counts for its user until it is cancelled, but for
    /// no network: users who share one would lock each other out permanently.
    pub async fn claim_for_good(
        &self,
        actor: Actor,
        user: &str,
        hold: HoldId,
    ) -> Result<(), AppError> {
        if !actor.is_customer() {
            return Ok(());
        }
        self.claim_for(user, None, hold).await
    }

    async fn claim_for(
        &self,
        user: &str,
        network: Option<String>,
        hold: HoldId,
    ) -> Result<(), AppError> {
        if self.limits.unpaid_orders_per_user.is_none()
            && self.limits.unpaid_orders_per_address.is_none()
        {
            return Ok(());
        }
        let _user = self.users.lock(Some(user)).await;
        let _network = self.networks.lock(network.as_deref()).await;
        let claim = Claim {
            hold,
            user,
            network: network.as_deref(),
        };
        let decide = |of_user, of_address| self.limits.check_unpaid(of_user, of_address);
        let claimed = db::bookings::unpaid_orders::claim(&self.database, &claim, decide).await?;
        claimed.map_err(AppError::TooManyUnpaid)
    }

    /// Removes the claim of an order that was not made. A claim that stays counts for 30 seconds.
    pub async fn release_claim(&self, actor: Actor, hold: HoldId) {
        if !self.concern(actor) {
            return;
        }
        if let Err(error) = db::bookings::unpaid_orders::release_claim(&self.database, hold).await {
            tracing::warn!(%hold, %error, "releasing an unpaid order's claim failed; it expires");
        }
    }
}
