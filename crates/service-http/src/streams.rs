//! Server-sent events: limits per client, per address and in total, and what ends a stream: its time limit,
//! the end of its token or session, a disconnected client, shutdown.
//!
//! Streams are counted apart from requests, so that they can only crowd out streams. Other services are not
//! limited: they watch for clients who are.

mod events;
mod grant;
mod slots;

pub use events::{ALIVE, HEARTBEAT, events};
pub use grant::Grant;
pub use slots::Streams;
