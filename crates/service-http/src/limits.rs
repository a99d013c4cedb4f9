//! How much a client may ask, and how much is answered at once.
//!
//! | module | what it holds |
//! | --- | --- |
//! | [`rate`] | requests of one client, and how many it may make |
//! | [`client`], [`status`] | who it is; what is left, and what its answers say of that |
//! | [`shared`] | the counts in Redis, which all replicas of a service share |
//! | [`local`] | the counts in memory, where Redis is not or does not answer |
//! | [`shares`] | what each may have at once, such as connections of an address |
//! | [`concurrency`] | requests that are answered at once; the rest is told to come back |
//!
//! Deliberately not here: the bounds of one request, which are in [`crate::request_limits`] and [`crate::body`], and
//! attempts to log in, which booking-service counts.

pub mod client;
pub mod concurrency;
pub mod local;
pub mod rate;
pub mod shared;
pub mod shares;
pub mod status;

pub use client::Client;
pub use concurrency::ConcurrencyLimit;
pub use rate::RateLimit;
pub use status::RateLimitStatus;
