//! Who a client is to the service that it calls.

use std::fmt;
use std::sync::Arc;

use reqwest::RequestBuilder;

/// Gives the token that a call carries, if there is one. Cloned with the client.
#[derive(Clone)]
pub struct Credentials(Arc<dyn Fn() -> Option<String> + Send + Sync>);

impl Credentials {
    /// None: the services that are called ask for none.
    #[must_use]
    pub fn none() -> Self {
        Self::from_tokens(|| None)
    }

    /// The token that this gives when a call is made; it holds for some minutes more.
    #[must_use]
    pub fn from_tokens(current: impl Fn() -> Option<String> + Send + Sync + 'static) -> Self {
        Self(Arc::new(current))
    }

    /// The call with the token of this moment.
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
