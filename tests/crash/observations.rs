//! What customers have observed: answers that are final, and whether they hold in the end.

use anyhow::{Context as _, ensure};
use tokio_postgres::Client;
use uuid::Uuid;

/// A final answer that a customer has seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observation {
    pub which: Which,
    pub end: End,
}

/// A booking by its number; an order or a booking of tickets by its hold's id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Booking(i64),
    Hold(Uuid),
}

/// How something ends, as far as its customer has seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Confirmed,
    /// By its customer.
    Cancelled,
    /// Ended without a sale, for call_once reason.
    Over,
    /// Confirmed or over.
    Any,
}

impl End {
    fn is(self, shown: &str) -> bool {
        let is_over = matches!(shown, "cancelled" | "expired" | "failed");
        match self {
            Self::Confirmed => shown == "confirmed",
            Self::Cancelled => shown == "cancelled",
            Self::Over => is_over,
            Self::Any => is_over || shown == "confirmed",
        }
    }
}

impl Observation {
    /// Fails unless it holds.
    pub async fn check(&self, sql: &Client) -> anyhow::Result<()> {
        let row = match &self.which {
            Which::Booking(id) => {
                sql.query_opt("SELECT public_status FROM bookings WHERE id = $1", &[id])
                    .await?
            }
            Which::Hold(id) => {
                sql.query_opt(
                    "SELECT public_status FROM bookings WHERE hold_id = $1",
                    &[id],
                )
                .await?
            }
        };
        let row = row.context("the booking is missing")?;
        let shown: &str = row.try_get(0)?;
        ensure!(self.end.is(shown), "it is {shown}");
        Ok(())
    }
}
