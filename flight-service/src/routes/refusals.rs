//! How calls are refused, by status: the sets that the descriptions of the calls list.

use service_http::refusals;

refusals! {
    /// How a search is refused.
    ReadRefusals {
        "400": "A parameter is missing or wrong; `errors` names it",
        "503": "Ask again soon",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is nothing with this id",
        "503": "Ask again soon",
    }
    /// How a body is refused before it is understood.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Ask again soon",
    }
    /// How seats are refused, besides the body.
    SeatRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `seat_taken`, `sales_closed`, `wrong_date`, `not_taken` or `hold_released`",
        "422": "`idempotency_key_reused`: the key or id came with another request before",
    }
    /// How a new flight is refused, besides the body.
    NewFlightRefusals {
        "409": "`flight_exists`: it is in the schedule already",
        "422": "`idempotency_key_reused`: the key came with another request before",
    }
    /// How a change of the schedule is refused.
    ChangeRefusals {
        "404": "`unknown_flight`: there is no such flight",
        "409": "`flight_has_bookings` or `capacity_in_use`",
        "503": "Ask again soon",
    }
    /// How a change of a hold is refused.
    HoldRefusals {
        "404": "There is no such hold",
        "409": "`hold_released` or `hold_refused`: it has no seats any more",
        "410": "`hold_expired`: its time ran out",
        "503": "Ask again soon",
    }
}
