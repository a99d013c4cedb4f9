//! Rate limits and the concurrency limit.
//!
//! | module | contents |
//! | --- | --- |
//! | [`rate`] | the rate limit per client and per address |
//! | [`client`], [`status`] | the client's identity; the remaining quota and its headers |
//! | [`shared`] | counts in Redis, shared by all replicas |
//! | [`local`] | counts in memory, where Redis is absent or does not answer |
//! | [`shares`] | how many of something each key may hold at once, such as an address its connections |
//! | [`concurrency`] | requests answered at once; more are shed |
//!
//! Deliberately absent: the size limits of one request, in [`crate::request_limits`] and [`crate::body`], and
//! the login throttle, in booking-service.

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
