//! HTTP/1.1 clients, each with a connection of its own and one request at a time.
//!
//! The generator shares the machine with the server that it measures, so it does little: a request is one
//! write, an answer's head is parsed by `httparse`, and there are no retries, redirects or cookies.

mod answer;
mod connection;
mod request;
mod target;

pub use answer::{Answer, Malformed};
pub use connection::{Connection, ConnectionError};
pub use request::{Method, Request};
pub use target::Target;

use crate::LoadError;
use crate::load::{self, Plan};
use crate::stats::{Outcome, Report};

/// Generates the load of a plan over HTTP. `request` makes each request from the index of its connection and
/// its number there; `classify` maps an answer to its outcome.
pub async fn run(
    plan: Plan,
    target: Target,
    request: impl Fn(usize, u64) -> Request + Clone + Send + 'static,
    classify: impl Fn(&Answer<'_>) -> Outcome + Clone + Send + 'static,
) -> Result<Report, LoadError> {
    load::run(plan, async move |client| {
        let mut connection = Connection::open(target).await?;
        let (request, classify) = (request.clone(), classify.clone());
        Ok::<_, ConnectionError>(async move |number| {
            match connection.send(&request(client, number)).await {
                Ok(answer) => classify(&answer),
                Err(_) => Outcome::Broken,
            }
        })
    })
    .await
}

/// An answer's outcome is its status.
#[must_use]
pub fn by_status(answer: &Answer<'_>) -> Outcome {
    Outcome::Status(answer.status)
}
