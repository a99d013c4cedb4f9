//! Who calls, and what they may do: bearer tokens, roles, and which call is for whom.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`access`] | for whom a call is, and whether it is recorded |
//! | [`guard`] | stands before every route and asks its rule |
//! | [`current_roles`] | the role that a caller has now, where the users are |
//! | [`own_sites`] | whose requests an open service takes |
//! | [`authenticator`] | a token's caller; tokens that were checked are remembered |
//! | [`token_end`] | until when a token holds, for answers that last |
//! | [`trusted_keys`] | the keys, from settings, files and an address, as they change |
//!
//! Each route has a rule: its table ([`crate::endpoints`]) takes none without. Whose a booking, an order or a user is,
//! only the service knows; it asks the [`Caller`](service_core::caller::Caller).

pub mod access;
pub mod authenticator;
pub mod current_roles;
pub mod guard;
pub mod own_sites;
pub mod token_end;
pub mod trusted_keys;

pub use access::Rule;
