//! payment-service as its callers see it, against a real PostgreSQL.

mod batched_calls;
mod batches;
mod charges;
mod idempotency;
mod killed;
mod mock;
mod operations;
mod refunds;
mod requests;
mod schema;
mod support;
mod tombstones;
mod unknown;
