//! Calls for those who run the service.

pub(crate) mod ledger;
