//! Refusals by status: the sets that the endpoints' descriptions list.

use service_http::refusals;

refusals! {
    /// Bodies that can't be parsed.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
    }
    /// Queries.
    QueryRefusals {
        "400": "A parameter is missing or malformed; `errors` names it",
    }
    /// Charges, besides the body.
    ChargeRefusals {
        "409": "`idempotency_in_progress`: a request with this key is still running; `key_closed`: the key will never make a charge",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key is bound to another request",
        "503": "Outcome unknown, or nothing was done: retry with the same key",
    }
    /// Closing a key, besides the body.
    CloseRefusals {
        "409": "`idempotency_in_progress`: its charge is still running",
        "503": "Outcome unknown: retry",
    }
    /// Look-ups.
    LookupRefusals {
        "404": "There is no such charge",
        "503": "Ask again soon",
    }
    /// Refunds, besides the body.
    RefundRefusals {
        "404": "There is no such charge",
        "409": "`refund_exceeds_charge`: less is left of the charge; `not_captured`: the charge has taken no money",
        "422": "`idempotency_key_reused`: the key is bound to another refund",
        "503": "Nothing was done, or the outcome is unknown: retry with the same key",
    }
}
