//! Refusals by status: the sets that the endpoints' descriptions list.

use service_http::refusals;

refusals! {
    /// Searches.
    ReadRefusals {
        "400": "A parameter is missing or wrong; `errors` names it",
        "503": "Ask again soon",
    }
    /// Look-ups.
    LookupRefusals {
        "404": "Nothing has this id",
        "503": "Ask again soon",
    }
    /// Bodies that can't be parsed.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Ask again soon",
    }
    /// Seats by count or hold, besides the body.
    SeatRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `seat_taken`, `sales_closed`, `wrong_date`, `not_taken` or `hold_released`",
        "422": "`idempotency_key_reused`: the key or id is bound to another request",
    }
    /// New flights, besides the body.
    NewFlightRefusals {
        "409": "`flight_exists`: the flight is in the schedule already",
        "422": "`idempotency_key_reused`: the key is bound to another request",
    }
    /// Changes of the schedule.
    ChangeRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`flight_has_bookings` or `capacity_in_use`",
        "503": "Ask again soon",
    }
    /// Changes of a hold.
    HoldRefusals {
        "404": "There is no such hold",
        "409": "`hold_released` or `hold_refused`: the hold no longer has seats",
        "410": "`hold_expired`: the hold has expired",
        "503": "Ask again soon",
    }
}
