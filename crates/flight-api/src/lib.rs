//! The JSON bodies of flight-service, for the service and its callers.
//!
//! No HTTP client and no server: crate `clients` has the calls. booking-service answers the ledger proof
//! ([`LedgerProof`]) for its own pools too.
#![warn(missing_docs)]

mod counts;
mod flights;
mod holds;
mod ledger;
mod search;
mod seat_update;
mod seats;

pub use self::counts::{SeatsAnswer, SeatsRequest, Validation};
pub use self::flights::{
    Airport, AirportPage, AirportPageMeta, Flight, FlightChange, FlightStatus, NewFlight,
};
pub use self::holds::{
    CONFIRM_LIMIT, ConfirmAnswer, ConfirmRequest, ConfirmResult, Hold, HoldCall, HoldLeg,
    HoldLegRequest, HoldReference, HoldRequest, SeatChangeLeg, SeatChangeRequest,
};
pub use self::ledger::{LedgerEntry, LedgerProof, LedgerRecount, LedgerViolation};
pub use self::search::{
    CalendarAnswer, CalendarDay, Path, SearchAnswer, SearchMeta, SearchRequest,
};
pub use self::seat_update::{SeatComparison, SeatUpdate, Since, SubscriberState};
pub use self::seats::{Seat, SeatChanges, SeatMap, SeatStatus};
