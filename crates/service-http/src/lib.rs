//! The HTTP server that all services share.
//!
//! | module | contents |
//! | --- | --- |
//! | [`problem`] | errors as `application/problem+json`, in one place |
//! | [`endpoint`] | the endpoint table: route, guard, 405 and OpenAPI document from one line each |
//! | [`middleware`] | around each request: id, time limit, metrics, error format |
//! | [`context`], [`deadline`] | the current request's ids and deadline |
//! | [`auth`] | authentication and authorization |
//! | [`audit_log`] | what staff change, recorded before it is done |
//! | [`batch`] | many calls in one request, each with its own answer |
//! | [`limits`] | rate limits and the concurrency limit |
//! | [`request_limits`], [`mod@body`] | size limits of one request |
//! | [`security_headers`] | security headers and CORS |
//! | [`client_address`] | the client's address behind proxies |
//! | [`extract`] | bodies, queries and path ids parsed into types, with errors that name the field |
//! | [`described`] | validation of requests against the OpenAPI document |
//! | [`page`] | keyset pagination |
//! | [`respond`], [`etag`] | JSON answers and conditional requests |
//! | [`pieces`] | long bodies, sent in chunks |
//! | [`streams`] | server-sent events and their limits |
//! | [`openapi`] | what the OpenAPI documents share |
//! | [`health`], [`docs`] | `/health /ready /metrics /openapi.json`, and `/docs` |
//! | [`server`] | binding, serving and graceful shutdown |
//!
//! It knows nothing of flights, bookings or payments.

pub mod audit_log;
pub mod auth;
pub mod batch;
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
