//! Web pages, rendered on the server over the same [`crate::app`] as the API. No business decision is made
//! here.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `session` | the one place that decides who is behind a page's request |
//! | `middleware` | access control, rate limits and security headers of every page |
//! | `account`, `sessions`, `acting` | sign-up, log-in and log-out; a user's sessions; acting as another user |
//! | `endpoints`, `paths` | the routes with their access, and the paths that other pages link to |
//! | `forms`, `answers` | form parsing with CSRF protection; fragments, redirects and cookies |
//! | `layout`, `error_page`, `formatting` | shared by pages: frame and menu, errors, money and times |
//! | `assets` | the style sheet, the scripts and the icon, in the binary |
//! | `search` | flights: form, results, fare calendar, airport suggestions |
//! | `seat_selection`, `seat_map`, `seat_stream` | an itinerary and its live seat maps |
//! | `itinerary_view`, `cancelling` | flights in words; whether a booking can still be cancelled |
//! | `orders`, `bookings`, `travelers` | bookings and whom they are for: pay, change, cancel |
//! | `events`, `tickets` | events and their tickets |
//! | `event_stream` | server-sent events that replace a fragment when it changes |
//! | `operations` | dashboard, booking search, dead letters and audit log, for staff |
//!
//! Every page works without scripts: links, forms and redirects. With scripts, htmx swaps in fragments that
//! the server renders, and server-sent events bring changes. Deliberately absent: inline scripts and styles
//! (the content security policy forbids them), third-party hosts, and a build step.

mod account;
mod acting;
mod answers;
mod assets;
mod bookings;
mod cancelling;
mod endpoints;
mod error_page;
mod event_stream;
mod events;
mod formatting;
mod forms;
mod itinerary_view;
mod layout;
mod middleware;
mod operations;
mod orders;
mod paths;
mod search;
mod seat_map;
mod seat_selection;
mod seat_stream;
mod session;
mod sessions;
mod tickets;
mod travelers;

pub use endpoints::configure;
