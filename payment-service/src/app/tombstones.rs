//! Closing a key: afterwards the caller knows for good whether the key made a charge.

use std::time::Duration;

use tokio::time::Instant;

use super::error::PaymentError;
use super::payments::Payments;
use crate::charge::{Charge, Progress};
use crate::db::charges::{self as table, KeyBinding};

/// Pause between two looks at a running charge: a quarter of the mock's default processing time.
const POLL_INTERVAL: Duration = Duration::from_millis(50);

impl Payments {
    /// Closes a key: returns the charge that it made, or writes a tombstone, after which no charge is ever
    /// made with it.
    ///
    /// Waits for a running charge, and takes over one whose lease has expired.
    ///
    /// # Errors
    /// `InProgress` if a charge is still running after `close_wait`; `OutcomeUnknown`.
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
                    let settled = self.complete_abandoned(charge, attempt);
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

    /// Writes the key's tombstone, or returns the charge that has the key.
    async fn close_or_find(&self, key: &str) -> Result<Option<Charge>, PaymentError> {
        let client = self.client().await?;
        if table::close_key(&client, key).await? {
            crash_points::point("key.closed");
            tracing::info!("idempotency key closed before any charge");
            return Ok(None);
        }
        match table::by_key(&client, key).await? {
            Some(KeyBinding::Charge(charge)) => Ok(Some(*charge)),
            Some(KeyBinding::Closed) => Ok(None),
            // Rows are never deleted, so this can't happen; asking again is right all the same.
            None => Err(PaymentError::InProgress),
        }
    }

    /// Takes over a charge whose lease has expired and completes it; `None` if another took it over.
    async fn complete_abandoned(
        &self,
        charge: Charge,
        attempt: i32,
    ) -> Result<Option<Charge>, PaymentError> {
        let permit = self.acquire_permit()?;
        let this = self.clone();
        self.run_to_completion(async move {
            let _permit = permit;
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
