//! The JSON of batched calls between services, for the service and its callers: many calls in one request, each with its
//! own deadline, context and answer. No HTTP client and no server: `service-http` answers batches, `clients` sends them.
//!
//! The answer is a stream of lines ([NDJSON](https://github.com/ndjson/ndjson-spec)), each a [`MemberAnswer`], in the order
//! in which the calls end: a slow one delays nobody.
#![warn(missing_docs)]

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// Most calls in a batch: enough to spread the cost of a request thin.
pub const MEMBERS_MAX: usize = 64;

/// The media type of the answer.
pub const ANSWER_MEDIA_TYPE: &str = "application/x-ndjson";

/// Calls to make side by side.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct CallBatch<M> {
    /// The calls, 1 to 64.
    #[schema(min_items = 1, max_items = 64)]
    pub members: Vec<M>,
}

/// One call of a batch.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
pub struct Member<C> {
    /// The call.
    pub call: C,
    /// Milliseconds for which the caller still waits for this call's answer. Absent: the service's own limit.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_ms: Option<u64>,
    /// Id of the request for which the call is made, as in `X-Request-Id`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// Its W3C trace context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
}

/// The answer to one call, as its own endpoint would give it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct MemberAnswer<'a> {
    /// Position of the call in the batch, from 0.
    pub member: usize,
    /// The HTTP status.
    #[schema(example = 200)]
    pub status: u16,
    /// Whether the body is a problem document.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_problem: bool,
    /// As in `Retry-After`, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
    /// The JSON body.
    #[serde(borrow)]
    #[schema(value_type = Object)]
    pub body: &'a RawValue,
}
