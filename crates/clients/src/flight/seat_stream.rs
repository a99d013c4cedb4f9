//! The live changes of a flight's seats (server-sent events).

use std::time::Duration;

use reqwest::{Response, StatusCode, Url};

use crate::http::{Answer, CallContext, CallError, Credentials, http_client};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// Longest silence before the stream counts as broken: the service sends a heartbeat every 15 s.
const SILENCE_MAX: Duration = Duration::from_secs(45);

/// Opens streams. They last as long as somebody reads them, so no call timeout applies.
#[derive(Clone, Debug)]
pub(super) struct SeatStreams {
    client: reqwest::Client,
    base: Url,
    credentials: Credentials,
}

/// Server-sent events as text, in chunks as they arrive.
#[derive(Debug)]
pub struct SeatStream {
    response: Response,
}

impl SeatStreams {
    pub(super) fn new(base: &Url, credentials: Credentials) -> Result<Self, reqwest::Error> {
        let client = http_client(base)
            .connect_timeout(CONNECT_TIMEOUT)
            .read_timeout(SILENCE_MAX)
            .build()?;
        Ok(Self {
            client,
            base: base.clone(),
            credentials,
        })
    }

    pub(super) async fn open(
        &self,
        reference: &str,
        context: &CallContext,
    ) -> Result<SeatStream, CallError> {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty()
                .extend(["api", "flights", reference, "seats", "stream"]);
        }
        // As a service: it watches for many clients, and has no rate limit there.
        let mut request = self.credentials.show(self.client.get(url));
        if !context.request_id.is_empty() {
            request = request.header("x-request-id", &context.request_id);
        }
        let sent = request.send().await;
        let no_answer = |error: reqwest::Error| CallError::NoAnswer(error.into());
        let response = sent.map_err(no_answer)?;
        match response.status() {
            StatusCode::OK => Ok(SeatStream { response }),
            // This service holds too many streams there, which is not its client's fault.
            status @ StatusCode::TOO_MANY_REQUESTS => Err(CallError::Unavailable(status)),
            status if status.is_client_error() => {
                Err(Answer::read(response).await.map_err(no_answer)?.refusal())
            }
            status => Err(CallError::Unavailable(status)),
        }
    }
}

impl SeatStream {
    /// The next chunk; `None` when the stream ends, whatever the cause: the browser reconnects with
    /// `Last-Event-ID`.
    pub async fn next(&mut self) -> Option<impl AsRef<[u8]> + use<>> {
        self.response.chunk().await.ok().flatten()
    }
}
