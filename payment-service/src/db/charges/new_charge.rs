//! A charge to insert.

use std::time::Duration;

use service_core::idempotency::RequestKey;

use crate::charge::{ChargeDetails, ChargeKind, Outcome};

/// The state in which a new charge is recorded.
#[derive(Clone, Debug)]
pub enum Start {
    /// The provider is called next, under a lease.
    Processing { lease: Duration },
    /// The outcome is known without a provider.
    Ended(Outcome),
}

#[derive(Clone, Debug)]
pub struct NewCharge {
    pub kind: ChargeKind,
    pub details: ChargeDetails,
    /// `None`: each request makes a charge of its own.
    pub key: Option<RequestKey>,
    pub start: Start,
}
