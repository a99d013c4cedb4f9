//! What customers hold without having paid for it: how much of it there may be is claimed before anything is
//! held, and decided in the database, so that many requests at once get no more than one after the other.

use deadpool_postgres::Pool;
use domain::sale_rules::holding::HoldingLimits;
use domain::{HoldId, Units};

use crate::app::AppError;
use crate::app::tickets::key_locks::KeyLocks;
use crate::db;
use crate::db::bookings::unpaid_orders::Claim;
use crate::model::actor::Actor;
use crate::model::invalid_field::InvalidField;

/// Holds customers to their limits.
#[derive(Clone)]
pub struct UnpaidOrders {
    database: Pool,
    limits: HoldingLimits,
    /// Claims of one user, and those from one network, come one after the other here too: else a crowd of them
    /// would have every connection and wait for one lock.
    users: KeyLocks,
    networks: KeyLocks,
}

impl UnpaidOrders {
    /// Limits of what is in this database.
    #[must_use]
    pub fn new(database: Pool, limits: HoldingLimits) -> Self {
        Self {
            database,
            limits,
            users: KeyLocks::default(),
            networks: KeyLocks::default(),
        }
    }

    /// The limits of these; none of staff.
    #[must_use]
    pub fn limits_of(&self, actor: Actor) -> HoldingLimits {
        if actor.is_customer() {
            self.limits
        } else {
            HoldingLimits::default()
        }
    }

    /// That an order may have so many seats on a flight, or tickets, in this field of the request.
    ///
    /// # Errors
    /// When they are too many.
    pub fn check_units(&self, actor: Actor, field: &str, units: Units) -> Result<(), AppError> {
        let checked = self.limits_of(actor).check_units(units);
        checked.map_err(|many| InvalidField::new(field, many.to_string()).into())
    }

    /// Whether orders of these have to be claimed.
    #[must_use]
    pub fn concern(&self, actor: Actor) -> bool {
        let limits = self.limits_of(actor);
        limits.unpaid_orders_per_user.is_some() || limits.unpaid_orders_per_address.is_some()
    }

    /// Claims an order that is to be paid later.
    ///
    /// # Errors
    /// When the user or the network has as many as they may, or the database does not answer.
    pub async fn claim(&self, actor: Actor, user: &str, hold: HoldId) -> Result<(), AppError> {
        let Actor::Customer { network } = actor else {
            return Ok(());
        };
        let network = Some(network.to_string());
        self.claim_for(user, network, hold).await
    }

    /// Claims an order that is complete and never paid. It counts for its user as long as it is not given up,
    /// and for no network: those who share one would shut each other out for good.
    ///
    /// # Errors
    /// As [`Self::claim`].
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

    /// Takes a claim back of which nothing came. One that is left counts for half a minute.
    pub async fn give_back(&self, actor: Actor, hold: HoldId) {
        if !self.concern(actor) {
            return;
        }
        if let Err(error) = db::bookings::unpaid_orders::give_back(&self.database, hold).await {
            tracing::warn!(%hold, %error, "a claim is left to lapse");
        }
    }
}
