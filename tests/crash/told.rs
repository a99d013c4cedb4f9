//! What customers were told for good, and whether it is so in the end.

use anyhow::{Context as _, ensure};
use tokio_postgres::Client;
use uuid::Uuid;

/// What a customer was told for good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    pub which: Which,
    pub end: End,
}

/// A booking by its number, or what goes by its hold's id: an order, or a booking of tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    Booking(i64),
    Hold(Uuid),
}

/// How something ends, as far as its customer was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Confirmed,
    /// Given up by its customer.
    Cancelled,
    /// Over, whoever ended it.
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

impl Told {
    /// What the customer was told is so.
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
        let row = row.context("it is not there")?;
        let shown: &str = row.try_get(0)?;
        ensure!(self.end.is(shown), "it is {shown}");
        Ok(())
    }
}
