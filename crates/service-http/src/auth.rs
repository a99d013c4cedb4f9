//! Authentication and authorization: bearer tokens, roles, and the rule of each endpoint.
//!
//! | module | contents |
//! | --- | --- |
//! | [`access`] | access rules, and which calls are recorded |
//! | [`guard`] | enforces the rule before each route |
//! | [`current_roles`] | a caller's current role, where users are stored |
//! | [`origin_policy`] | which origins an open service accepts |
//! | [`authenticator`] | verifies tokens and caches the result |
//! | [`token_end`] | a token's expiry, for long-lived responses |
//! | [`trusted_keys`] | verification keys from settings, files and a URL, reloaded as they change |
//!
//! Every route has a rule: [`crate::endpoints`] accepts none without. Ownership of a booking, an order or a
//! user is checked by the service, which asks the [`Caller`](service_core::caller::Caller).
//! only the service knows; it asks the [`Caller`](service_core::caller::Caller).

pub mod access;
pub mod authenticator;
pub mod current_roles;
pub mod guard;
pub mod origin_policy;
pub mod token_end;
pub mod trusted_keys;

pub use access::Rule;
