//! The client's credentials for other services.

use std::fmt;
use std::sync::Arc;

use reqwest::RequestBuilder;

/// Supplies the bearer token of each call. Clones share the source.
#[derive(Clone)]
pub struct Credentials(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl Credentials {
    /// For services in open mode.
    #[must_use]
    pub fn none() -> Self {
        Self::from_tokens(|| None)
    }

    /// `current` is called for each call; its token must stay valid for some minutes more.
    #[must_use]
    pub fn from_tokens(current: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }

    /// Adds the current token to a call.
    pub(crate) fn show(&self, call: RequestBuilder) -> RequestBuilder {
        match (self.0)() {
            Some(token) => call.bearer_auth(token),
            None => call,
        }
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials")
    }
}
