//! Tokens that the service issues: for users who log in, and for its own calls to other services.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokens::sign::{Grant, NotSigned};
use tokens::{Role, Signer};

use super::settings::AuthSettings;

/// Lifetime of a service token. It is renewed when half of that has passed.
const SERVICE_TOKEN_LIFETIME: Duration = Duration::from_secs(600);

/// Issues tokens under the configured `iss`.
#[derive(Clone, Debug)]
pub struct TokenIssuer {
    signer: Signer,
    issuer: String,
}

impl TokenIssuer {
    /// With the configured signing key or secret; `None` without either.
    ///
    /// # Errors
    /// When the key can't be read or used.
    pub fn new(settings: &AuthSettings) -> anyhow::Result<Option<Self>> {
        let signer = settings.signer()?;
        Ok(signer.map(|signer| Self {
            signer,
            issuer: settings.issuer.clone(),
        }))
    }

    /// A token that is valid from now on for `lifetime`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn issue(
        &self,
        subject: &str,
        role: Role,
        audience: &str,
        lifetime: Duration,
    ) -> Result<String, NotSigned> {
        let grant = Grant {
            issuer: &self.issuer,
            audience,
            subject,
            role,
            lifetime,
        };
        self.signer.sign(&grant, Timestamp::now())
    }
}

/// The token for calls to one other service, cached and renewed in time.
pub struct ServiceToken {
    issuer: TokenIssuer,
    service: &'static str,
    audience: String,
    current: ArcSwapOption<(String, Timestamp)>,
}

impl ServiceToken {
    /// For calls by `service` to the service of this audience.
    #[must_use]
    pub fn new(issuer: TokenIssuer, service: &'static str, audience: &str) -> Self {
        Self {
            issuer,
            service,
            audience: audience.to_owned(),
            current: ArcSwapOption::empty(),
        }
    }

    /// A token that is valid for at least half its lifetime; `None` if signing failed.
    #[must_use]
    pub fn current(&self) -> Option<String> {
        let now = Timestamp::now();
        if let Some(current) = self.current.load_full()
            && now < current.1
        {
            return Some(current.0.clone());
        }
        let issued = self.issuer.issue(
            self.service,
            Role::Service,
            &self.audience,
            SERVICE_TOKEN_LIFETIME,
        );
        match issued {
            Ok(token) => {
                // A race is harmless: each caller renews the token, and either is valid.
                let renewed_from = now + SERVICE_TOKEN_LIFETIME / 2;
                let kept = Arc::new((token.clone(), renewed_from));
                self.current.store(Some(kept));
                Some(token)
            }
            Err(error) => {
                tracing::error!(%error, "minting the service token failed");
                None
            }
        }
    }
}
