//! flight-service: flights, search, seats and holds.

mod client;
mod counts;
mod flights;
mod holds;
mod ledger;
mod schedule;
mod search;
mod seat_news;
mod seat_stream;
mod seats;

pub use self::client::{CONFIRM_LIMIT, FlightClient};
pub use self::counts::{SeatsAnswer, SeatsRequest, Validation};
pub use self::flights::{Airport, Flight, FlightChange, FlightStatus, NewFlight};
pub use self::holds::{
    ConfirmAnswer, ConfirmRequest, ConfirmResult, Hold, HoldLeg, HoldLegRequest, HoldRequest,
    HoldStatus, SeatChangeLeg, SeatChangeRequest,
};
pub use self::ledger::LedgerEntry;
pub use self::schedule::{SearchOrder, SearchRequest};
pub use self::search::{CalendarAnswer, CalendarDay, Path, SearchAnswer, SearchMeta};
pub use self::seat_news::{SeatComparison, SeatNews, SeatsKnown, Since};
pub use self::seat_stream::SeatStream;
pub use self::seats::{Seat, SeatChanges, SeatMap, SeatStatus};
pub use crate::http::Answer;
pub use crate::ledger::{LedgerProof, LedgerViolation};
