//! The settings that the user made in the environment.

/// Whether the user sets this variable.
pub fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some()
}
