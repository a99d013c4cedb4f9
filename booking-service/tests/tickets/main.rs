//! Users, events and ticket options over HTTP, against a real PostgreSQL and a real Redis.

mod accounts;
mod crowd;
mod events;
mod json_api;
mod keys;
mod lists;
mod moves;
mod pages;
mod purchases;
mod support;
mod unanswered;
mod user_limits;
mod users;
