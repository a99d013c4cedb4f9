//! Verifies bearer tokens. A signature check takes some fifty microseconds and a bearer sends the same token
//! with each call, so verified tokens are cached.

use std::sync::Arc;

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokens::{Identity, TokenError, Verifier};

use super::trusted_keys::TrustedKeys;
use service_core::caller::Caller;
use service_core::settings::{AuthMode, AuthSettings};

/// Size of the token cache: a few megabytes.
const TOKENS_REMEMBERED: u64 = 20_000;

/// Cache key: the token's digest and the key generation that verified it. The token itself is not kept.
type Checked = ([u8; 32], u64);

/// Identifies callers by their tokens; clones share the cache.
#[derive(Clone)]
pub struct Authenticator(Option<Arc<Tokens>>);

struct Tokens {
    verifier: Verifier,
    keys: Arc<TrustedKeys>,
    checked: Cache<Checked, (Caller, Timestamp)>,
}

/// Why a token identifies nobody.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The token is invalid.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No verification key was obtained yet.
    #[error("no token keys are available yet")]
    NoKeys,
}

impl Authenticator {
    /// In open mode no token is asked for.
    ///
    /// # Errors
    /// No source of verification keys is configured.
    pub fn new(settings: &AuthSettings) -> anyhow::Result<Self> {
        if settings.mode == AuthMode::Open {
            return Ok(Self(None));
        }
        let tokens = Tokens {
            verifier: settings.verifier(),
            keys: Arc::new(TrustedKeys::new(settings)?),
            checked: Cache::new(TOKENS_REMEMBERED),
        };
        Ok(Self(Some(Arc::new(tokens))))
    }

    /// Open mode: every caller may do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// The keys, to be kept up to date by a background task; `None` in open mode.
    #[must_use]
    pub fn keys(&self) -> Option<Arc<TrustedKeys>> {
        self.0.as_ref().map(|tokens| Arc::clone(&tokens.keys))
    }

    /// The caller of a token.
    ///
    /// # Errors
    /// The token is invalid, or no keys are available.
    pub async fn caller(&self, token: &str) -> Result<Caller, Unknown> {
        let (caller, _) = self.identify(token).await?;
        Ok(caller)
    }

    /// The caller of a token, and the token's expiry.
    ///
    /// # Errors
    /// The token is invalid, or no keys are available.
    pub async fn identify(&self, token: &str) -> Result<(Caller, Timestamp), Unknown> {
        let Some(tokens) = &self.0 else {
            return Ok((Caller::open(), Timestamp::MAX));
        };
        let generation = tokens.keys.generation();
        match tokens.check(token, Timestamp::now()) {
            // The key may have been published since the last fetch.
            Err(Unknown::Token(TokenError::UnknownKey) | Unknown::NoKeys)
                if tokens.keys.fetch_again(generation).await =>
            {
                tokens.check(token, Timestamp::now())
            }
            outcome => outcome,
        }
    }
}

impl Tokens {
    fn check(&self, token: &str, now: Timestamp) -> Result<(Caller, Timestamp), Unknown> {
        let (keys, generation) = self.keys.current();
        if keys.is_empty() {
            return Err(Unknown::NoKeys);
        }
        let name = (Sha256::digest(token).into(), generation);
        if let Some(known) = self.checked.get(&name)
            && now < known.1
        {
            return Ok(known);
        }
        let identity = self.verifier.verify(&keys, token, now)?;
        let Identity {
            subject,
            role,
            refused_from,
        } = identity;
        let known = (Caller::known(&subject, role), refused_from);
        self.checked.insert(name, known.clone());
        Ok(known)
    }
}

#[cfg(test)]
mod tests;
