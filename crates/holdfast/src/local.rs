//! The local stack: its parts, their start, supervision and stop.

pub mod banner;
mod environment;
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
