//! The paths that every service has.

/// What those ask who watch a service: answered however busy it is, and counted apart.
pub(crate) const HEALTH_PATHS: [&str; 3] = ["/health", "/ready", "/metrics"];

/// What those who run a service ask it: how that is limited is said nowhere.
pub(crate) const COMMON_PATHS: [&str; 5] =
    ["/health", "/ready", "/metrics", "/openapi.json", "/docs/"];
