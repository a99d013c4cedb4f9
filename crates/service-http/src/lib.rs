//! The HTTP server that every service has.
//!
//! | module | what it gives |
//! | --- | --- |
//! | [`problem`] | errors as `application/problem+json`, in one place |
//! | [`endpoint`] | the table of a service's calls: route, guard, 405 and document from one line each |
//! | [`middleware`] | around each request: its id, time limit, metrics, error shape |
//! | [`context`], [`deadline`] | what is known of the request that is answered, and how long it may take |
//! | [`auth`] | who calls, and for whom each call is |
//! | [`audit_log`] | what admins did, written down before it is done |
//! | [`limits`] | how much a client may ask, and how much is answered at once |
//! | [`request_limits`], [`mod@body`] | the bounds of one request |
//! | [`security_headers`] | headers that keep browsers from doing more than was meant |
//! | [`client_address`] | where a request comes from |
//! | [`extract`] | bodies, queries and headers parsed into types, with errors that name the field |
//! | [`described`] | what the service's OpenAPI document says of a call, which requests are measured by |
//! | [`page`] | which page of a list is asked for |
//! | [`respond`], [`etag`] | JSON answers, and those that a client may ask about again |
//! | [`pieces`] | long bodies, sent piece by piece |
//! | [`streams`] | server-sent events: who may have how many |
//! | [`openapi`] | what the OpenAPI documents share |
//! | [`health`], [`docs`] | `/health /ready /metrics /openapi.json`, and `/docs` |
//! | [`server`] | binding, serving and draining |
//!
//! It knows nothing of flights, bookings or payments.

pub mod audit_log;
pub mod auth;
pub mod body;
pub mod client_address;
pub mod context;
pub mod deadline;
pub mod described;
pub mod docs;
pub mod endpoint;
pub mod etag;
pub mod extract;
pub mod health;
mod idempotency_key;
pub mod limits;
pub mod middleware;
pub mod openapi;
pub mod page;
mod parse;
mod paths;
pub mod pieces;
pub mod problem;
pub mod request_limits;
pub mod respond;
pub mod security_headers;
pub mod server;
pub mod streams;
mod wording;

pub use problem::Problem;
