//! Refusals by status: the sets that the endpoints' descriptions list.

use service_http::refusals;

refusals! {
    /// How a body is refused before it is understood.
    BodyRefusals {
        "400": "The request is malformed; `errors` names the fields",
        "413": "The body is too large",
        "415": "The body is not JSON",
    }
    /// How a query is refused.
    QueryRefusals {
        "400": "A parameter is missing or malformed; `errors` names it",
    }
    /// How a charge is refused, besides its body.
    ChargeRefusals {
        "409": "`idempotency_in_progress`: a request with this key still runs; `key_closed`: no charge will be made with it",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another body or call before",
        "503": "The outcome is not known yet, or nothing was done: ask again with the same key",
    }
    /// How closing a key is refused, besides its body.
    CloseRefusals {
        "409": "`idempotency_in_progress`: its charge still runs",
        "503": "Not known yet: ask again",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is no such charge",
        "503": "Ask again soon",
    }
    /// How a refund is refused, besides its body.
    RefundRefusals {
        "404": "There is no such charge",
        "409": "`refund_exceeds_charge`: less is left of it; `not_captured`: it has taken no money",
        "422": "`idempotency_key_reused`: the key came with another refund before",
        "503": "Nothing was done, or it is not known: ask again with the same key",
    }
}
