//! What staff look at: the dashboard and the ledger's proof.

pub mod dashboard;
pub mod ledger;
