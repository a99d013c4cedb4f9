//! The expiry of a request's token.

use jiff::Timestamp;

/// Kept as a request extension, for long-lived responses.
#[derive(Clone, Copy, Debug)]
pub struct TokenExpiry(pub Timestamp);
