//! The dashboard and the ledger proof, for staff.

pub mod dashboard;
pub mod ledger;
