//! What this service is called elsewhere.

/// The service's name.
pub const NAME: &str = "booking-service";

/// What the pools of this service are: the first part of the gate's keys.
pub const POOL_KIND: &str = "event_tickets";
