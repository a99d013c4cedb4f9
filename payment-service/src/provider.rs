//! Who takes the money: what this service needs from a payment provider, and the mock.

pub mod mock;

use futures_util::future::BoxFuture;

use crate::charge::{ChargeDetails, Outcome};

/// A charge as a provider sees it.
#[derive(Clone, Debug)]
pub struct ProviderCharge {
    /// Names this charge. The same key again is the same charge.
    pub key: String,
    /// What is to be paid, by whom and how.
    pub details: ChargeDetails,
}

/// What a provider answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How the charge ended, for good.
    pub outcome: Outcome,
    /// Whether this service is to record the outcome but leave its caller without an answer, as a
    /// broken network does. Only the mock asks for that.
    pub withhold_answer: bool,
}

/// The provider timed out; outcome unknown: whether money was taken is not known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the provider timed out; outcome unknown")]
pub struct NoAnswer;

/// Takes money.
///
/// What an implementation promises:
///
/// - A key is charged at most once, however often and from wherever it is asked; asking again brings
///   the first outcome. This service asks again when it does not know the outcome: after
///   [`NoAnswer`], after its own time limit, and after it was killed in between.
/// - An outcome is final. [`Outcome::timed_out`] is one: the provider gave up and says so, nothing
///   was taken and nothing will be. Silence is not an outcome: it is [`NoAnswer`], the charge stays
///   `processing`, and the caller is answered 503.
/// - Dropping the future does not undo the charge.
pub trait PaymentProvider: Send + Sync + 'static {
    /// Charges, or says how this charge ended before.
    fn charge<'a>(&'a self, charge: &'a ProviderCharge)
    -> BoxFuture<'a, Result<Verdict, NoAnswer>>;
}
