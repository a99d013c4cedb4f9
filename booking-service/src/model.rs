//! Rows and values without I/O: `db` reads and writes them, `app` decides about them.

pub mod actor;
pub mod booking;
pub mod booking_row;
pub mod dashboard;
pub mod dead_letter;
pub mod event;
pub mod event_booking;
pub mod first_answer;
pub mod invalid_field;
pub mod refusal;
pub mod replay;
pub mod session;
pub mod text;
pub mod ticket_option;
pub mod user;
pub mod voucher;
