//! Closing a key: after it, the caller knows for good whether the key has made a charge.

use std::time::Duration;

use tokio::time::Instant;

use crate::app::{PaymentError, Payments};
use crate::charge::{Charge, Progress};
use crate::db::charges::{self as table, LeaseOwner};

/// How long to wait before looking again at a charge that is running: a quarter of what the mock
/// takes by default.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Payments {
    /// Closes a key: the charge that it made, or none, and then none will ever be made with it.
    ///
    /// A running charge is waited for, and taken over where its lease has run out.
    ///
    /// # Errors
    /// When a charge is still running at the end of the wait, or the outcome is not known.
    pub async fn close_key(&self, key: &str) -> Result<Option<Charge>, PaymentError> {
        let deadline = Instant::now() + self.limits.close_wait;
        loop {
            let Some(charge) = self.close_or_find(key).await? else {
                return Ok(None);
            };
            match charge.progress {
                Progress::Ended { .. } => return Ok(Some(charge)),
                Progress::Processing {
                    attempt,
                    lease_expired: true,
                } => {
                    let settled = self.settle(charge, attempt);
                    match tokio::time::timeout_at(deadline, settled).await {
                        Ok(Ok(Some(charge))) => return Ok(Some(charge)),
                        Ok(Err(error)) => return Err(error),
                        Ok(Ok(None)) | Err(_) => {}
                    }
                }
                Progress::Processing { .. } => {}
            }
            if Instant::now() >= deadline {
                return Err(PaymentError::InProgress);
            }
            tokio::time::sleep(POLL_INTERVAL).await;
        }
    }

    /// Makes a tombstone of the key, or finds the charge that has it.
    async fn close_or_find(&self, key: &str) -> Result<Option<Charge>, PaymentError> {
        let client = self.client().await?;
        if table::close_key(&client, key).await? {
            crash_points::point("key.closed");
            tracing::info!("idempotency key closed before any charge");
            return Ok(None);
        }
        match table::by_key(&client, key).await? {
            Some(LeaseOwner::Charge(charge)) => Ok(Some(*charge)),
            Some(LeaseOwner::Closed) => Ok(None),
            // Rows are never deleted, so this can't be; asking again is right all the same.
            None => Err(PaymentError::InProgress),
        }
    }

    /// Takes over a charge whose lease has run out and brings it to its end; `None` when someone
    /// else took it over.
    async fn settle(&self, charge: Charge, attempt: i32) -> Result<Option<Charge>, PaymentError> {
        let place = self.place()?;
        let this = self.clone();
        self.detached(async move {
            let _place = place;
            let lease = this.limits.lease;
            let client = this.client().await?;
            let taken = table::take_over(&client, charge.id, attempt, lease).await?;
            drop(client);
            match taken {
                Some(charge) => Ok(Some(this.ask_provider(charge).await?.charge)),
                None => Ok(None),
            }
        })
        .await
    }
}
