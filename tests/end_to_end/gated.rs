//! A payment provider that answers only when released, to stop in the middle of a payment.

use std::sync::Arc;

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use payment_service::charge::Outcome;
use payment_service::provider::{NoAnswer, PaymentProvider, ProviderCharge};
use tokio::sync::Semaphore;

/// Captures every charge once it is released.
pub struct Gated {
    asked: Semaphore,
    let_through: Semaphore,
}

impl Gated {
    pub fn new() -> Arc<Self> {
        Arc::new(Self {
            asked: Semaphore::new(0),
            let_through: Semaphore::new(0),
        })
    }

    /// Waits until it has received one more charge.
    pub async fn is_asked(&self) -> anyhow::Result<()> {
        self.asked.acquire().await?.forget();
        Ok(())
    }

    /// Releases one charge.
    pub fn let_through(&self) {
        self.let_through.add_permits(1);
    }
}

impl PaymentProvider for Gated {
    fn charge<'a>(&'a self, _: &'a ProviderCharge) -> BoxFuture<'a, Result<Outcome, NoAnswer>> {
        async {
            self.asked.add_permits(1);
            let permit = self.let_through.acquire().await.map_err(|_| NoAnswer)?;
            permit.forget();
            Ok(Outcome::captured())
        }
        .boxed()
    }
}
