//! The client of flight-service.

mod client;
mod seat_stream;

pub use self::client::FlightClient;
pub use self::seat_stream::SeatStream;
