//! How calls are refused, by status: the sets that the descriptions of the calls list.

use std::collections::BTreeMap;

use service_http::refusals;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::routes::tickets::json_api;

/// Refusals of the calls that speak JSON:API, by status.
macro_rules! json_api_refusals {
    ($($(#[$doc:meta])* $name:ident { $($status:literal: $description:literal,)* })*) => {$(
        $(#[$doc])*
        pub(crate) struct $name;

        impl utoipa::IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                [$(($status, $description)),*]
                    .into_iter()
                    .map(|(status, text)| (status.to_owned(), json_api_refusal(text).into()))
                    .collect()
            }
        }
    )*};
}

pub(crate) fn json_api_refusal(description: &str) -> Response {
    let schema = Ref::from_schema_name("Errors");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content(json_api::MEDIA_TYPE, content)
        .build()
}

json_api_refusals! {
    /// How a resource is not made.
    JsonApiCreateRefusals {
        "400": "Malformed, or a part of it is wrong; `source` names it",
        "403": "`client_generated_id`: ids are given by the server",
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "409": "`wrong_type`: another kind of resource; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON:API, nor JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    /// How a purchase is refused.
    PurchaseRefusals {
        "400": "`invalid_purchase_quantity`: fewer are left, or it is no number of tickets, and nothing was bought; or a part of it is wrong; `source` names it",
        "403": "`client_generated_id`: ids are given by the server",
        "404": "`unknown_ticket_option`: there is no such ticket option",
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "409": "`wrong_type`: another kind of resource; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON:API, nor JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    /// How a look-up is refused.
    JsonApiLookupRefusals {
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "404": "There is nothing with this id",
        "503": "Ask again soon",
    }
}

refusals! {
    /// How a log-in is refused.
    CredentialRefusals {
        "400": "A field is wrong; `errors` names it",
        "401": "`wrong_credentials`: the address or the password is wrong",
        "403": "`cross_site`: the request comes from another site's page",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "429": "`too_many_requests`: too many attempts for this account, or from this address",
        "503": "Ask again soon",
    }
    /// How the look-up of a session is refused.
    SessionRefusals {
        "401": "`no_session`: there is no session cookie, or its session is over",
        "503": "Ask again soon",
    }
    /// How too many sign-ups are refused.
    SignUpRefusals {
        "401": "`unauthenticated`: without a password only staff make users",
        "403": "`forbidden`: without a password only staff make users",
        "429": "`too_many_requests`: too many sign-ups from this address, or too many addresses tried that are taken",
    }
    /// How a user is refused.
    UserRefusals {
        "400": "A field is wrong; `errors` names it",
        "409": "`email_taken`: the address belongs to another user; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon",
    }
    /// How the look-up of a user is refused.
    UserLookupRefusals {
        "404": "`unknown_user`: there is no such user",
        "503": "Ask again soon",
    }
    /// How a user is not deleted.
    UserDeleteRefusals {
        "400": "`current_password` is missing",
        "401": "`wrong_credentials`: the password is wrong",
        "404": "`unknown_user`: there is no such user",
        "409": "`user_has_bookings`: it has bookings that have not ended",
        "429": "`too_many_requests`: too many wrong passwords",
        "503": "Ask again soon",
    }
    /// How an event is refused.
    EventRefusals {
        "400": "A field is wrong; `errors` names it",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon",
    }
    /// How an event is not made.
    EventCreateRefusals {
        "409": "`idempotency_in_progress`: a request with this key still runs",
    }
    /// How the look-up of an event is refused.
    EventLookupRefusals {
        "404": "`unknown_event`: there is no such event",
        "503": "Ask again soon",
    }
    /// How an event does not get other tickets.
    EventResizeRefusals {
        "409": "`capacity_in_use`: more tickets are held and sold",
    }
    /// How an event is not deleted.
    EventDeleteRefusals {
        "404": "`unknown_event`: there is no such event",
        "409": "`event_has_bookings`: somebody has tickets to it",
        "503": "Ask again soon",
    }
    /// How a booking of tickets is refused.
    EventBookingRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "`unknown_event`, `unknown_user`, `unknown_voucher`: there is no such one",
        "409": "`sold_out`, `sales_closed`, `limit_reached`, `voucher_used_up`, `voucher_not_for_event`; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    /// How the cancellation of a booking of tickets is refused.
    EventCancelRefusals {
        "404": "There is no such booking",
        "409": "`wrong_state`: it is over; `idempotency_in_progress`: it is being changed",
        "503": "It is being cancelled: ask again soon",
    }
    /// How a dead letter is not tried again.
    RequeueRefusals {
        "400": "`invalid_idempotency_key`: the key is malformed, or there is more than one",
        "404": "There is no such dead letter",
        "409": "`wrong_state`: it was tried again already, or its booking is over; `idempotency_in_progress`: its booking is being changed",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon",
    }
    /// How a voucher is refused.
    VoucherRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "`unknown_event`: there is no such event",
        "409": "`voucher_code_taken`: there is a voucher with this code; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    /// How a booking is refused, besides its body.
    BookRefusals {
        "409": "`price_changed`: the total is not the expected one; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    /// How a look-up is refused.
    LookupRefusals {
        "404": "There is no such booking",
        "503": "Ask again soon",
    }
    /// How what takes no parameters is refused.
    ReadRefusals {
        "503": "Ask again soon",
    }
    /// How a list is refused.
    ListRefusals {
        "400": "A parameter is wrong; `errors` names it",
        "503": "Ask again soon",
    }
    /// How a cancellation is refused.
    CancelRefusals {
        "400": "`not_cancellable`: only a confirmed booking can be cancelled",
        "404": "There is no such booking",
        "409": "`idempotency_in_progress`: it is being cancelled",
        "503": "It is being cancelled: ask again soon",
    }
    /// How an order is refused.
    OrderRefusals {
        "400": "A field is wrong, or a seat is none of the flight's; `errors` names it",
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `sales_closed`; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    /// How a change of an order is refused.
    OrderChangeRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "There is no such order",
        "409": "`seat_taken`: the old seats stay; `wrong_state`: it is being paid, or has ended; `idempotency_in_progress`: another change runs",
        "410": "`order_expired`: its time ran out",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Another service did not answer: ask again soon",
    }
    /// How a payment is refused.
    PaymentRefusals {
        "400": "The code is not five digits; `invalid_idempotency_key`",
        "404": "There is no such order",
        "409": "`wrong_state`: it is being paid already, or has ended; `idempotency_in_progress`: its seats are being changed",
        "410": "`order_expired`: its time ran out",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key came with another request before",
        "503": "Ask again soon",
    }
    /// How a flight can't be cancelled.
    FlightRefusals {
        "409": "Somebody else sells its seats: free them first; `idempotency_in_progress`: a booking of it is being worked on, ask again soon",
    }
    /// How the bookings of a flight can't be ended.
    ResetRefusals {
        "409": "`idempotency_in_progress`: one of them is being worked on, ask again soon",
    }
}
