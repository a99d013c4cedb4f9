//! A provider that takes no money: it declines, times out and dawdles at set rates.
//!
//! Its random numbers come from a digest of the charge's key, so that while its behaviour stays the
//! same, the same key always ends the same way, in every process. It has no memory of its own.

mod behaviour;

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use self::behaviour::{Behaviour, Senseless};
use super::{NoAnswer, PaymentProvider, ProviderCharge, Verdict};

/// The mock. Clones share their behaviour, which may change at any time, for this process only.
#[derive(Clone, Debug)]
pub struct MockProvider {
    behaviour: Arc<RwLock<Behaviour>>,
}

impl MockProvider {
    /// A mock that behaves so.
    #[must_use]
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour: Arc::new(RwLock::new(behaviour)),
        }
    }

    /// How it behaves now.
    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        *self
            .behaviour
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes how it behaves from now on. Charges under way go on as they began.
    ///
    /// # Errors
    /// The value that makes no sense; then nothing has changed.
    pub fn change(&self, change: impl FnOnce(&mut Behaviour)) -> Result<Behaviour, Senseless> {
        let mut current = self
            .behaviour
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        let mut changed = *current;
        change(&mut changed);
        changed.check()?;
        *current = changed;
        Ok(changed)
    }
}

impl PaymentProvider for MockProvider {
    fn charge<'a>(
        &'a self,
        charge: &'a ProviderCharge,
    ) -> BoxFuture<'a, Result<Verdict, NoAnswer>> {
        let (verdict, takes) = self.behaviour().decide(charge);
        async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            Ok(verdict)
        }
        .boxed()
    }
}
