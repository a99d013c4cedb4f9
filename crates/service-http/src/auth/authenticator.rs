//! A token's caller. Checking a signature takes some fifty microseconds, and the same token comes with
//! each of its bearer's calls: those that were checked are remembered.

use std::sync::Arc;

use jiff::Timestamp;
use moka::sync::Cache;
use sha2::{Digest as _, Sha256};
use tokens::{Identity, TokenError, Verifier};

use super::trusted_keys::TrustedKeys;
use service_core::caller::Caller;
use service_core::settings::{AuthMode, AuthSettings};

/// How many tokens are remembered: a few megabytes.
const TOKENS_REMEMBERED: u64 = 20_000;

/// Which token, checked by which keys. The token itself is not kept.
type Checked = ([u8; 32], u64);

/// Tells callers apart.
#[derive(Clone)]
pub struct Authenticator(Option<Arc<Tokens>>);

struct Tokens {
    verifier: Verifier,
    keys: Arc<TrustedKeys>,
    checked: Cache<Checked, (Caller, Timestamp)>,
}

/// Why a caller is not known by a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unknown {
    /// The token does not hold.
    #[error(transparent)]
    Token(#[from] TokenError),
    /// No key could be had so far.
    #[error("the keys of tokens can't be had now")]
    NoKeys,
}

impl Authenticator {
    /// By these settings: in an open service nobody is asked.
    ///
    /// # Errors
    /// When there is nothing to check tokens by.
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

    /// Whether every caller may do everything.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.0.is_none()
    }

    /// The keys, to be followed as they change; none in an open service.
    #[must_use]
    pub fn keys(&self) -> Option<Arc<TrustedKeys>> {
        self.0.as_ref().map(|tokens| Arc::clone(&tokens.keys))
    }

    /// Whose a token is.
    ///
    /// # Errors
    /// When it does not hold, or there are no keys.
    pub async fn caller(&self, token: &str) -> Result<Caller, Unknown> {
        let (caller, _) = self.identify(token).await?;
        Ok(caller)
    }

    /// Whose a token is, and until when it holds.
    ///
    /// # Errors
    /// When it does not hold, or there are no keys.
    pub async fn identify(&self, token: &str) -> Result<(Caller, Timestamp), Unknown> {
        let Some(tokens) = &self.0 else {
            return Ok((Caller::open(), Timestamp::MAX));
        };
        let generation = tokens.keys.generation();
        match tokens.check(token, Timestamp::now()) {
            // Its key may have been published since.
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
