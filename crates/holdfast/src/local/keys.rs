//! The keys that sign and verify the services' tokens.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use local_servers::service::Service;
use tokens::Signer;

use super::environment::is_set;
use super::settings::Settings;
use crate::commands::mint_key;

/// Variables with keys that a user may set.
const KEY_VARIABLES: [&str; 7] = [
    "HOLDFAST__AUTH__SECRET",
    "HOLDFAST__AUTH__SECRET_FILE",
    "HOLDFAST__AUTH__JWKS_FILE",
    "HOLDFAST__AUTH__JWKS_URL",
    "HOLDFAST__AUTH__JWKS",
    SIGNING_KEY,
    SIGNING_KEY_FILE,
];
pub const SIGNING_KEY: &str = "HOLDFAST__AUTH__SIGNING_KEY";
pub const SIGNING_KEY_FILE: &str = "HOLDFAST__AUTH__SIGNING_KEY_FILE";
const JWKS: &str = "HOLDFAST__AUTH__JWKS";

/// The keys of a stack that authenticates callers, unless the user provides some. Only booking-service has
/// the private key.
pub struct Keys {
    /// File with the private key, for booking-service.
    private: Option<PathBuf>,
    /// The public key set as text, for all services.
    public: Option<String>,
}

impl Keys {
    /// None while auth is open; else the user's keys, or those in the state directory.
    pub fn of(settings: &Settings) -> anyhow::Result<Self> {
        let value = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        let is_required = value("HOLDFAST__AUTH__MODE").is_some_and(|mode| mode == "required");
        if !is_required {
            return Ok(Self {
                private: None,
                public: None,
            });
        }
        if !KEY_VARIABLES.iter().any(|name| is_set(name)) {
            let (private, public) = mint_key::ensure(&settings.state_directory)?;
            let public = fs::read_to_string(&public)
                .with_context(|| format!("{} can't be read", public.display()))?;
            return Ok(Self {
                private: Some(private),
                public: Some(public),
            });
        }
        // Services that only verify get the public half, not the user's private key.
        let private = match (value(SIGNING_KEY), value(SIGNING_KEY_FILE)) {
            (Some(key), _) => Some(key),
            (None, Some(path)) => {
                let key = fs::read_to_string(&path);
                Some(key.with_context(|| format!("{path}, {SIGNING_KEY_FILE}, can't be read"))?)
            }
            (None, None) => None,
        };
        let public = match private.filter(|_| !is_set(JWKS)) {
            Some(key) => Signer::from_pem(key.as_bytes())?.public_jwks(),
            None => None,
        };
        Ok(Self {
            private: None,
            public,
        })
    }

    /// The variables with a service's keys.
    pub fn environment(&self, service: Service) -> Vec<(String, String)> {
        let private = self
            .private
            .as_ref()
            .filter(|_| service == Service::Booking);
        let private = private.map(|path| (SIGNING_KEY_FILE, path.display().to_string()));
        let public = self.public.clone().map(|set| (JWKS, set));
        let variables = private.into_iter().chain(public);
        variables
            .map(|(name, value)| (name.to_owned(), value))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_booking_service_is_given_the_private_key() {
        let keys = Keys {
            private: Some("private.pem".into()),
            public: Some("{}".to_owned()),
        };
        let names = |service: Service| {
            let variables = keys.environment(service).into_iter();
            variables.map(|(name, _)| name).collect::<Vec<_>>()
        };
        assert_eq!(names(Service::Booking), [SIGNING_KEY_FILE, JWKS]);
        for other in [Service::Flight, Service::Payment] {
            assert_eq!(names(other), [JWKS]);
        }
    }
}
