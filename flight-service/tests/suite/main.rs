//! flight-service as its callers see it, against a real PostgreSQL and a real Redis.

mod adjust;
mod adjust_keys;
mod bad_requests;
mod caller;
mod demo;
mod flights;
mod hold_changes;
mod hold_requests;
mod hold_seats;
mod hold_times;
mod holds;
mod import;
mod import_refusals;
mod ledger;
mod operations;
mod sales;
mod schedule_changes;
mod schema;
mod search;
mod search_parameters;
mod seat_maps;
mod support;
mod us_week;
mod validate;
mod without_redis;
