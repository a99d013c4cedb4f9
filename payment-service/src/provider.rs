//! Payment providers: the interface that this service needs, and the mock.

pub mod mock;

use futures_util::future::BoxFuture;

use crate::charge::{ChargeDetails, Outcome};

#[derive(Clone, Debug)]
pub struct ProviderCharge {
    /// The provider's idempotency key: the same key is the same charge.
    pub key: String,
    pub details: ChargeDetails,
}

/// The provider gave no answer in time; whether money was taken is unknown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider timed out; outcome unknown")]
pub struct NoAnswer;

/// Takes money.
///
/// What an implementation guarantees:
///
/// - Idempotency: a key is charged at most once, and every further call with it returns the first outcome. This
///   service repeats a call whose outcome it does not know: after [`NoAnswer`], after its own timeout, and after
///   a crash in between.
/// - Outcomes are final, [`Outcome::timed_out`] too: the provider has given up, nothing was taken and nothing
///   will be. Silence is not an outcome but [`NoAnswer`]: the charge stays `processing`, and the caller is
///   answered 503.
/// - Dropping the future does not undo the charge.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Charges, or returns the outcome of the charge that this key made before.
    fn charge<'a>(&'a self, charge: &'a ProviderCharge)
    -> BoxFuture<'a, Result<Outcome, NoAnswer>>;

    /// The outcome of a charge that has no effect outside this service's database, and so can be recorded in one
    /// commit: a crash before it leaves nothing, and a key closed before it refuses it. `None` for every
    /// provider that moves money: its charge is recorded before the call and again after it.
    fn local_outcome(&self, _charge: &ProviderCharge) -> Option<Outcome> {
        None
    }
}
