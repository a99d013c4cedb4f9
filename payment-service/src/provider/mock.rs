//! A provider that takes no money; it declines, times out and delays at configured rates.
//!
//! Its random numbers come from a digest of the charge's key: under the same behaviour a key has the same
//! outcome in every process. It keeps no state of its own.

mod behaviour;

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use self::behaviour::{Behaviour, Senseless};
use super::{NoAnswer, PaymentProvider, ProviderCharge, Verdict};

/// Clones share one behaviour, which may change at any time; the change holds for this process only.
#[derive(Clone, Debug)]
pub struct MockProvider {
    behaviour: Arc<RwLock<Behaviour>>,
}

impl MockProvider {
    #[must_use]
    pub fn new(behaviour: Behaviour) -> Self {
        Self {
            behaviour: Arc::new(RwLock::new(behaviour)),
        }
    }

    #[must_use]
    pub fn behaviour(&self) -> Behaviour {
        *self
            .behaviour
            .read()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the behaviour of the charges that start from now on; running charges keep theirs.
    ///
    /// # Errors
    /// The value out of range; then nothing has changed.
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
