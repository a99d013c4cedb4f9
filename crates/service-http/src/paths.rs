//! The paths that all services have.

/// Monitoring: exempt from load shedding, with a rate limit of its own.
pub(crate) const HEALTH_PATHS: [&str; 3] = ["/health", "/ready", "/metrics"];

/// The operator's endpoints: their limits are not documented.
pub(crate) const COMMON_PATHS: [&str; 5] =
    ["/health", "/ready", "/metrics", "/openapi.json", "/docs/"];
