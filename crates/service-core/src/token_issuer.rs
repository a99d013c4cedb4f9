//! Tokens that the service makes itself: for customers who log in, and for its calls to other services.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use jiff::Timestamp;
use tokens::sign::{Grant, NotSigned};
use tokens::{Role, Signer};

use super::settings::AuthSettings;

/// How long a token for another service holds; a new one is made when half of that is over.
const SERVICE_TOKEN_LIFETIME: Duration = Duration::from_secs(600);

/// Makes tokens in the name of these settings' issuer.
#[derive(Clone, Debug)]
pub struct TokenIssuer {
    signer: Signer,
    issuer: String,
}

impl TokenIssuer {
    /// With the settings' signing key or secret; none where they have neither.
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

    /// A token with this name and role for this audience, from now on for so long.
    ///
    /// # Errors
    /// When it can't be made.
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

/// The token that this service shows to another one, and to no third.
pub struct ServiceToken {
    issuer: TokenIssuer,
    service: &'static str,
    audience: String,
    current: ArcSwapOption<(String, Timestamp)>,
}

impl ServiceToken {
    /// Tokens in this service's name, for the service of this audience.
    #[must_use]
    pub fn new(issuer: TokenIssuer, service: &'static str, audience: &str) -> Self {
        Self {
            issuer,
            service,
            audience: audience.to_owned(),
            current: ArcSwapOption::empty(),
        }
    }

    /// A token that holds for some minutes more; none if it can't be made.
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
                // Two that find it too old make one each; either holds.
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
