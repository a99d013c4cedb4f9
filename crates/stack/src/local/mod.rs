//! The local stack: what belongs to it, how it comes up, stays up and goes down.

pub mod banner;
pub mod first_load;
pub mod leftovers;
pub mod ports;
pub mod probe;
pub mod say;
pub mod services;
pub mod settings;
pub mod signals;
pub mod stack;
pub mod state;
pub mod supervise;
