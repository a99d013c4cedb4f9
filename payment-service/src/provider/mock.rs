//! A provider that takes no money; it declines, times out and delays at configured rates.
//!
//! Its random numbers come from a digest of the charge's key: under the same behaviour a key has the same
//! outcome in every process. It keeps no state of its own.

mod behaviour;

use std::sync::{Arc, PoisonError, RwLock};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;

pub use self::behaviour::{Behaviour, InvalidBehaviour};
use super::{NoAnswer, PaymentProvider, ProviderCharge};
use crate::charge::Outcome;

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
    pub fn change(
        &self,
        change: impl FnOnce(&mut Behaviour),
    ) -> Result<Behaviour, InvalidBehaviour> {
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

    /// Delivers a captured charge's answer. A lost answer never arrives, as in a broken network: the future
    /// stays pending and the connection silent until the client gives up or `request_timeout` ends the
    /// request. The charge is recorded.
    pub async fn deliver(&self, key: &str) {
        if self.behaviour().loses_answer(key) {
            std::future::pending::<()>().await;
        }
    }
}

impl PaymentProvider for MockProvider {
    fn charge<'a>(
        &'a self,
        charge: &'a ProviderCharge,
    ) -> BoxFuture<'a, Result<Outcome, NoAnswer>> {
        let (outcome, takes) = self.behaviour().decide(charge);
        async move {
            if !takes.is_zero() {
                tokio::time::sleep(takes).await;
            }
            Ok(outcome)
        }
        .boxed()
    }

    /// A charge that takes time is made like any provider's, so that it can be cut off midway.
    fn local_outcome(&self, charge: &ProviderCharge) -> Option<Outcome> {
        let (outcome, takes) = self.behaviour().decide(charge);
        takes.is_zero().then_some(outcome)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const DEFAULT: Behaviour = Behaviour {
        failure_rate: 0.15,
        timeout_rate: 0.05,
        lost_answer_rate: 0.1,
        processing_time: Duration::from_millis(200),
        processing_jitter: Duration::from_millis(100),
    };

    #[test]
    fn senseless_behaviour_is_refused_and_changes_nothing() {
        let mock = MockProvider::new(DEFAULT);
        type Change = fn(&mut Behaviour);
        let changes: [(Change, &str); 6] = [
            (|b| b.failure_rate = 1.1, "failure_rate"),
            (|b| b.timeout_rate = -0.1, "timeout_rate"),
            (|b| b.timeout_rate = f64::NAN, "timeout_rate"),
            (|b| b.timeout_rate = 0.9, "failure_rate"),
            (|b| b.lost_answer_rate = 2.0, "lost_answer_rate"),
            (
                |b| b.processing_time = Duration::from_secs(61),
                "processing_time_ms",
            ),
        ];
        for (change, field) in changes {
            assert_eq!(mock.change(change).unwrap_err().field, field);
        }
        assert_eq!(mock.behaviour(), DEFAULT);
    }
}
