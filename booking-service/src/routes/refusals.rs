//! Error responses of the endpoints, in sets that their OpenAPI descriptions list.

use std::collections::BTreeMap;

use service_http::refusals;
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Response, ResponseBuilder};

use crate::routes::tickets::json_api;

/// Sets of errors in the JSON:API format.
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
    JsonApiCreateRefusals {
        "400": "Malformed, or a part of it is wrong; `source` names it",
        "403": "`client_generated_id`: the server assigns ids",
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "409": "`wrong_type`: another resource type; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON:API, nor JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    PurchaseRefusals {
        "400": "`invalid_purchase_quantity`: fewer are left, or the quantity is invalid, and nothing was bought; or a part of it is wrong; `source` names it",
        "403": "`client_generated_id`: the server assigns ids",
        "404": "`unknown_ticket_option`: there is no such ticket option",
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "409": "`wrong_type`: another resource type; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON:API, nor JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    JsonApiLookupRefusals {
        "406": "`not_acceptable`: `Accept` names JSON:API with parameters only",
        "404": "There is nothing with this id",
        "503": "Ask again soon",
    }
}

refusals! {
    CredentialRefusals {
        "400": "A field is wrong; `errors` names it",
        "401": "`wrong_credentials`: the address or the password is wrong",
        "403": "`cross_site`: the request comes from another site's page",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "429": "`too_many_requests`: too many attempts for this account, or from this address",
        "503": "Ask again soon",
    }
    SessionRefusals {
        "401": "`no_session`: there is no session cookie, or its session has expired",
        "503": "Ask again soon",
    }
    SignUpRefusals {
        "401": "`unauthenticated`: only staff may create users without a password",
        "403": "`forbidden`: only staff may create users without a password",
        "429": "`too_many_requests`: too many sign-ups from this address, or too many attempts with addresses that are taken",
    }
    UserRefusals {
        "400": "A field is wrong; `errors` names it",
        "409": "`email_taken`: the address belongs to another user; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon",
    }
    UserLookupRefusals {
        "404": "`unknown_user`: there is no such user",
        "503": "Ask again soon",
    }
    UserDeleteRefusals {
        "400": "`current_password` is missing",
        "401": "`wrong_credentials`: the password is wrong",
        "404": "`unknown_user`: there is no such user",
        "409": "`user_has_bookings`: the user has bookings that have not ended",
        "429": "`too_many_requests`: too many wrong passwords",
        "503": "Ask again soon",
    }
    EventRefusals {
        "400": "A field is wrong; `errors` names it",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon",
    }
    /// In addition to [`EventRefusals`].
    EventCreateRefusals {
        "409": "`idempotency_in_progress`: a request with this key still runs",
    }
    EventLookupRefusals {
        "404": "`unknown_event`: there is no such event",
        "503": "Ask again soon",
    }
    /// In addition to [`EventRefusals`].
    EventResizeRefusals {
        "409": "`capacity_in_use`: more tickets than that are held and sold",
    }
    EventDeleteRefusals {
        "404": "`unknown_event`: there is no such event",
        "409": "`event_has_bookings`: somebody has tickets to it",
        "503": "Ask again soon",
    }
    EventBookingRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "`unknown_event`, `unknown_user`, `unknown_voucher`: one of these does not exist",
        "409": "`sold_out`, `sales_closed`, `limit_reached`, `voucher_used_up`, `voucher_not_for_event`; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    EventCancelRefusals {
        "404": "There is no such booking",
        "409": "`wrong_state`: it has ended; `idempotency_in_progress`: it is being changed",
        "503": "It is being cancelled: ask again soon",
    }
    RequeueRefusals {
        "400": "`invalid_idempotency_key`: the key is malformed, or there is more than one",
        "404": "There is no such dead letter",
        "409": "`wrong_state`: it was requeued already, or its booking has ended; `idempotency_in_progress`: its booking is being changed",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon",
    }
    VoucherRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "`unknown_event`: there is no such event",
        "409": "`voucher_code_taken`: another voucher has this code; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon, with the same Idempotency-Key",
    }
    /// Beside the answers whose body is a booking.
    BookRefusals {
        "409": "`price_changed`: the total is not the expected one; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    LookupRefusals {
        "404": "There is no such booking",
        "503": "Ask again soon",
    }
    /// For endpoints without parameters.
    ReadRefusals {
        "503": "Ask again soon",
    }
    ListRefusals {
        "400": "A parameter is wrong; `errors` names it",
        "503": "Ask again soon",
    }
    CancelRefusals {
        "400": "`not_cancellable`: only a confirmed booking can be cancelled",
        "404": "There is no such booking",
        "409": "`idempotency_in_progress`: it is being cancelled",
        "503": "It is being cancelled: ask again soon",
    }
    OrderRefusals {
        "400": "A field is wrong, or the flight has no such seat; `errors` names it",
        "404": "`unknown_flight`: there is no such flight",
        "409": "`sold_out`, `sales_closed`; `idempotency_in_progress`: a request with this key still runs",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Another service did not answer: ask again with the same Idempotency-Key",
    }
    OrderChangeRefusals {
        "400": "A field is wrong; `errors` names it",
        "404": "There is no such order",
        "409": "`seat_taken`: the old seats are kept; `wrong_state`: it is being paid, or has ended; `idempotency_in_progress`: another change runs",
        "410": "`order_expired`: its hold has expired",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "503": "Another service did not answer: ask again soon",
    }
    PaymentRefusals {
        "400": "The code is not five digits; `invalid_idempotency_key`",
        "404": "There is no such order",
        "409": "`wrong_state`: it is being paid already, or has ended; `idempotency_in_progress`: its seats are being changed",
        "410": "`order_expired`: its hold has expired",
        "413": "The body is too large",
        "415": "The body is not JSON",
        "422": "`idempotency_key_reused`: the key was used with another request",
        "503": "Ask again soon",
    }
    FlightRefusals {
        "409": "Somebody else sells its seats: free them first; `idempotency_in_progress`: a booking of it is being worked on, ask again soon",
    }
    ResetRefusals {
        "409": "`idempotency_in_progress`: one of them is being worked on, ask again soon",
    }
}
