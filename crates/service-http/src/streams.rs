//! Streams of server-sent events: how many a client, an address and all together may have open, and what ends
//! them: their time, their token's or session's end, a client that is gone, and the end of the service.
//!
//! They are counted apart from requests, so that they keep nobody from anything but streams. Other services are
//! not bound: they watch on behalf of clients who are.

mod events;
mod grant;
mod slots;

pub use events::{ALIVE, HEARTBEAT, events};
pub use grant::Grant;
pub use slots::Streams;
