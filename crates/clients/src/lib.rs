//! The services' wire types, and the HTTP clients that speak them.
//!
//! [`flight`] and [`payment`] each have the JSON bodies of one service, used by the service itself
//! and by those who call it, and a client. [`http`] is what the clients share: time limits, what to
//! make of an answer, the headers that tie calls to the request they serve. [`ledger`] is the proof that
//! two services answer.

pub mod flight;
pub mod http;
pub mod ledger;
pub mod payment;
