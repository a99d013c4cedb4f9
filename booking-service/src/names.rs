//! Names of this service in other systems.

pub const NAME: &str = "booking-service";

/// Kind of this service's pools: the first part of the gate's Redis keys.
pub const POOL_KIND: &str = "event_tickets";
