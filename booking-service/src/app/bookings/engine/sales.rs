//! Confirms holds at flight-service: at once where a customer waits, else those of many bookings in one call (group
//! commit).

use std::time::{Duration, Instant};

use clients::{CallContext, CallError, FlightClient};
use domain::{HoldId, RefusalCode};
use flight_api::CONFIRM_LIMIT;
use service_core::group_commit::{GroupCommit, ItemFault, Limits};

use crate::db::bookings::writer::LINGER;
use crate::model::refusal::Refusal;

/// A batch is flight-service's limit for one call. The queue holds less than a second's work.
const LIMITS: Limits = Limits {
    batch: CONFIRM_LIMIT,
    queue: 8192,
    wait: Duration::from_secs(2),
    linger: LINGER,
};

/// Clones share one queue.
#[derive(Clone)]
pub struct Sales {
    flights: FlightClient,
    later: GroupCommit<HoldId, Sale, NotSold>,
}

/// The hold was sold, or why it cannot be.
pub type Sale = Result<(), Refusal>;

/// The batch got no answer: each of its holds may be sold or not.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct NotSold(#[from] CallError);

impl ItemFault for NotSold {
    /// Never a single hold's fault, because flight-service answers for each on its own; so a failed batch is
    /// not bisected.
    fn is_item_fault(&self) -> bool {
        false
    }
}

impl Sales {
    /// Spawns its task on the current runtime.
    #[must_use]
    pub fn start(flights: FlightClient) -> Self {
        let sell = {
            let flights = flights.clone();
            move |holds: Vec<HoldId>| {
                let flights = flights.clone();
                async move { sell(&flights, &holds).await }
            }
        };
        Self {
            flights,
            later: GroupCommit::start("sales", LIMITS, sell),
        }
    }

    /// Sells a hold that its customer waits for. `None` if no answer came in time: it may be sold or not.
    pub async fn sell(&self, hold: HoldId, timeout: Duration) -> Option<Sale> {
        let context = CallContext {
            deadline: Instant::now().checked_add(timeout),
            ..CallContext::default()
        };
        match self.flights.confirm(hold, &context).await {
            Ok(_) => Some(Ok(())),
            Err(CallError::Refused(refusal)) => Some(Err(lost(refusal.code))),
            Err(_) => None,
        }
    }

    /// Like [`Self::sell`] where nobody waits: after [`LINGER`], together with others.
    pub async fn sell_later(&self, hold: HoldId, timeout: Duration) -> Option<Sale> {
        let sold = tokio::time::timeout(timeout, self.later.submit(hold)).await;
        sold.ok()?.ok()
    }
}

async fn sell(flights: &FlightClient, holds: &[HoldId]) -> Result<Vec<Sale>, NotSold> {
    let results = flights.confirm_many(holds, &CallContext::default()).await?;
    let sales = results.into_iter().map(|result| match result.code {
        None => Ok(()),
        Some(code) => Err(lost(code)),
    });
    Ok(sales.collect())
}

fn lost(code: RefusalCode) -> Refusal {
    Refusal::new(code, "the seats are not held any more")
}
