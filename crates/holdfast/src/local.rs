//! The local stack: what belongs to it, how it comes up, stays up and goes down.

pub mod banner;
pub mod keys;
pub mod orphans;
pub mod ports;
pub mod print;
pub mod probe;
pub mod seed;
pub mod services;
pub mod settings;
pub mod stack;
pub mod state;
pub mod supervise;
