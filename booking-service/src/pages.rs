//! The web pages: rendered here, on the same [`crate::app`] as the API. Nothing is decided here.
//!
//! | module | what it holds |
//! | --- | --- |
//! | `session` | who looks at a page: the one place that decides it |
//! | `middleware` | what stands around every page: for whom it is, how often, and what browsers may do with it |
//! | `account` | signing up, logging in and out |
//! | `forms` | what forms send, and that they come from these pages |
//! | `layout`, `error_page`, `formatting` | what pages share: head and menu, errors, money and times |
//! | `assets` | the style sheet and the scripts, in the binary |
//! | `search` | flights: the form, what was found, the fare calendar, airports while typing |
//! | `seat_selection`, `seat_map`, `seat_stream` | an itinerary and the seats of its flights, as they change |
//! | `orders`, `bookings`, `travelers` | what was booked, for whom: paid, changed, given up |
//! | `events`, `tickets` | events and their tickets |
//! | `event_stream` | pieces of pages that are sent again when they change |
//! | `operations` | how the service does |
//!
//! Every page works without scripts: links, forms and redirects. With them, htmx swaps in what the server
//! renders, and server-sent events bring changes. Deliberately absent: scripts and styles inside pages,
//! which the content security policy forbids, anything from another host, and a build step.

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
