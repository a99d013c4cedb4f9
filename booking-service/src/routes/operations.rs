//! The ledger proof, for staff.

pub(crate) mod ledger;
