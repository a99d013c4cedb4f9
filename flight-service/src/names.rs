//! The service's names in other systems.

pub const NAME: &str = "flight-service";

/// Prefix of the gate's keys in Redis.
pub const POOL_KIND: &str = "flight_seats";
