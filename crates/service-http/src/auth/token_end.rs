//! Until when a token holds.

use jiff::Timestamp;

/// Until when the token that a request showed holds; kept with the request.
#[derive(Clone, Copy, Debug)]
pub struct TokenEnd(pub Timestamp);
