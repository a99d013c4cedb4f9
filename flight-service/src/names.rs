//! What this service is called elsewhere.

/// The service's name.
pub const NAME: &str = "flight-service";

/// The first part of the gate's keys.
pub const POOL_KIND: &str = "flight_seats";
