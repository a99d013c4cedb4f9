//! The expected answers, call by call. The columns are `visitors::VISITORS`, who call in that order: a later
//! visitor finds what the earlier ones have done.

use local_servers::service::Service;
use serde_json::{Value, json};

use super::target::Target;
use super::world::{FL123, OWNER, purchase_of};
use crate::databases::DAY;
use crate::services::AI101;

/// The identity of the visitor `Owner`.
#[derive(Clone, Copy, Debug)]
pub enum Owner {
    /// The customer with a number.
    Number,
    /// The user of `/api/v1`.
    User,
    /// The user without bookings.
    Leaver,
}

/// A call and its answers.
pub struct Row {
    /// Method and path as documented.
    pub call: &'static str,
    pub path: String,
    pub body: Option<Value>,
    pub owner: Owner,
    /// The code of its 401s and 403s, if not the usual one.
    pub refuses: Option<&'static str>,
    /// Nobody, expired, other audience; other customer, service, owner, agent, admin.
    pub answers: [u16; 8],
}

fn row(call: &'static str, path: impl Into<String>, answers: [u16; 8]) -> Row {
    Row {
        call,
        path: path.into(),
        body: None,
        owner: Owner::Number,
        refuses: None,
        answers,
    }
}

impl Row {
    fn sends(self, body: Value) -> Self {
        let body = Some(body);
        Self { body, ..self }
    }

    fn refuses(self, code: &'static str) -> Self {
        let refuses = Some(code);
        Self { refuses, ..self }
    }

    fn of_user(self) -> Self {
        let owner = Owner::User;
        Self { owner, ..self }
    }
}

const PUBLIC: [u16; 8] = [200; 8];
const STAFF: [u16; 8] = [401, 401, 401, 403, 403, 403, 200, 200];
const SERVICES: [u16; 8] = [401, 401, 401, 403, 200, 403, 403, 200];
const STAFF_AND_SERVICES: [u16; 8] = [401, 401, 401, 403, 200, 403, 200, 200];
const ADMINS: [u16; 8] = [401, 401, 401, 403, 403, 403, 403, 200];
/// Not found for other customers.
const OWN: [u16; 8] = [401, 401, 401, 404, 403, 200, 200, 200];
/// It names its owner, which other customers may not.
const NAMED: [u16; 8] = [401, 401, 401, 403, 403, 200, 200, 200];

/// The same with another status than 200.
fn with(answers: [u16; 8], granted: u16) -> [u16; 8] {
    answers.map(|answer| if answer == 200 { granted } else { answer })
}

/// The rows of each service.
pub fn rows(targets: &Target) -> [(Service, Vec<Row>); 3] {
    [
        (Service::Flight, flights(targets)),
        (Service::Booking, bookings(targets)),
        (Service::Payment, payments(targets)),
    ]
}

fn common() -> Vec<Row> {
    vec![
        row("GET /health", "/health", PUBLIC),
        row("GET /ready", "/ready", PUBLIC),
        row("GET /metrics", "/metrics", PUBLIC),
        row("GET /openapi.json", "/openapi.json", PUBLIC),
        row("GET /docs/", "/docs/", PUBLIC),
        row("GET /api/admin/actions", "/api/admin/actions", ADMINS),
    ]
}

fn flights(targets: &Target) -> Vec<Row> {
    let one_seat = json!({"flight_id": AI101, "seats": 1, "date": DAY});
    let hold = "0190f5b6-0000-7000-8000-000000000001";
    let holding =
        json!({"id": hold, "owner": "test", "legs": [{"flight_id": 17, "seats": ["C9"]}]});
    let of_hold = |what: &str| format!("/api/holds/{hold}{what}");
    let flight = format!("/api/flights/{}", targets.flight);
    let search = format!("/api/flights/search?source=DEL&destination=BOM&date={DAY}&seats=1");
    let calendar = "/api/flights/calendar?source=DEL&destination=BOM&month=2024-02";
    let mut rows = common();
    rows.extend([
        row("GET /api/flights/search", search, PUBLIC),
        row("GET /api/flights/calendar", calendar, PUBLIC),
        row(
            "GET /api/flights/itinerary",
            "/api/flights/itinerary?flight_ids=8,9",
            PUBLIC,
        ),
        row("GET /api/airports", "/api/airports", PUBLIC),
        row("GET /api/flights/{id}", "/api/flights/1", PUBLIC),
        row(
            "POST /api/flights/validate",
            "/api/flights/validate",
            PUBLIC,
        )
        .sends(one_seat.clone()),
        row(
            "GET /api/flights/{id}/seats",
            format!("/api/flights/{FL123}/seats"),
            PUBLIC,
        ),
        row(
            "GET /api/flights/{id}/seats/stream",
            format!("/api/flights/{FL123}/seats/stream"),
            PUBLIC,
        ),
        row(
            "GET /api/flights/{id}/ledger",
            "/api/flights/1/ledger",
            STAFF,
        ),
        row(
            "GET /api/ledger/proof",
            "/api/ledger/proof",
            STAFF_AND_SERVICES,
        ),
        row(
            "POST /api/flights/seats/decrement",
            "/api/flights/seats/decrement",
            SERVICES,
        )
        .sends(one_seat.clone()),
        row(
            "POST /api/flights/seats/increment",
            "/api/flights/seats/increment",
            SERVICES,
        )
        .sends(one_seat),
        // The admin comes second, and gets the service's answer again.
        row(
            "POST /api/holds",
            "/api/holds",
            [401, 401, 401, 403, 201, 403, 403, 200],
        )
        .sends(holding),
        row("GET /api/holds/{id}", of_hold(""), SERVICES),
        row("POST /api/holds/{id}/pin", of_hold("/pin"), SERVICES),
        // A pinned hold keeps its seats.
        row(
            "POST /api/holds/{id}/seats",
            of_hold("/seats"),
            with(SERVICES, 409),
        )
        .sends(json!({"number": 1, "expires_at": "2040-01-01T00:00:00Z",
                "legs": [{"flight_id": 17, "seats": ["C8"]}]})),
        row(
            "POST /api/holds/{id}/confirm",
            of_hold("/confirm"),
            SERVICES,
        ),
        row("POST /api/holds/batch", "/api/holds/batch", SERVICES)
            .sends(json!({"members": [{"call": {"confirm": {"id": hold}}}]})),
        row("POST /api/holds/confirm", "/api/holds/confirm", SERVICES)
            .sends(json!({"ids": [hold]})),
        row(
            "POST /api/holds/{id}/release",
            of_hold("/release"),
            SERVICES,
        ),
        // The second flight of one number and time would conflict, but only one visitor gets that far.
        row("POST /api/flights", "/api/flights", with(ADMINS, 201)).sends(json!({
            "flight_number": "ZZ2", "source": "DEL", "destination": "BOM",
            "departure_time": "2040-01-01T08:00:00Z", "arrival_time": "2040-01-01T10:00:00Z",
            "total_seats": 10, "price": 100, "currency": "INR"})),
        row("PATCH /api/flights/{id}", flight.clone(), SERVICES).sends(json!({"price": 120})),
        row("DELETE /api/flights/{id}", flight, with(SERVICES, 204)),
    ]);
    rows
}

fn bookings(targets: &Target) -> Vec<Row> {
    let Target {
        booking,
        order,
        user,
        other_user,
        leaver,
        event,
        other_event,
        ticket_option,
        purchase,
        ..
    } = targets;
    let of_order = |what: &str| format!("/api/orders/{order}{what}");
    let of_booking = |what: &str| format!("/api/bookings/{booking}{what}");
    let of_event = |what: &str| format!("/api/v1/events/{event}{what}");
    let seats = |what: &str| format!("/api/flights/{FL123}/seats{what}");
    let admin = |what: &str| format!("/api/admin/flights/9/{what}");
    let by_count = json!({"user_id": 7, "flight_id": AI101, "seats": 1, "date": DAY});
    let new_event = json!({"name": "Gala", "description": "", "date_time": "2040-01-01T20:00:00Z",
        "total_tickets": 100, "ticket_price": 75.5});
    let new_option = json!({"data": {"type": "ticket_options",
        "attributes": {"name": "Standing", "allocation": 100}}});
    let mut rows = common();
    rows.extend([
        row("POST /api/bookings", "/api/bookings", NAMED).sends(by_count),
        row("GET /api/bookings", "/api/bookings?user_id=7", NAMED),
        row("GET /api/bookings/{id}", of_booking(""), OWN),
        // A cancelled one can't be cancelled again.
        row(
            "PUT /api/bookings/{id}/cancel",
            of_booking("/cancel"),
            [401, 401, 401, 404, 403, 200, 400, 400],
        ),
        // An order is recorded even without its seats: later visitors get a failed one.
        row(
            "POST /api/flights/{id}/orders",
            format!("/api/flights/{FL123}/orders"),
            with(NAMED, 201),
        )
        .sends(json!({"userId": OWNER, "seats": ["B1"]})),
        // Customers may not buy without paying.
        row(
            "POST /api/orders",
            "/api/orders",
            with(STAFF_AND_SERVICES, 201),
        )
        .sends(json!({"flight_id": AI101, "customer_id": 7, "seats": 1})),
        row("GET /api/orders/{id}", of_order(""), OWN),
        row("POST /api/orders/{id}/seats", of_order("/seats"), OWN).sends(json!({"seats": ["A2"]})),
        // One that is being paid can't be paid again.
        row(
            "POST /api/orders/{id}/payment",
            of_order("/payment"),
            [401, 401, 401, 404, 403, 200, 409, 409],
        )
        .sends(json!({"paymentCode": "12345"})),
        row(
            "DELETE /api/orders/{id}",
            of_order(""),
            [401, 401, 401, 404, 403, 200, 409, 409],
        ),
        row("GET /api/flights/{id}/seats", seats(""), PUBLIC),
        row(
            "GET /api/flights/{id}/seats/stream",
            seats("/stream"),
            PUBLIC,
        ),
        row("GET /api/ledger/proof", "/api/ledger/proof", STAFF),
        row("POST /api/admin/flights/{id}/reset", admin("reset"), ADMINS),
        row(
            "POST /api/admin/flights/{id}/cancel",
            admin("cancel"),
            ADMINS,
        ),
        row("GET /api/v1/users", "/api/v1/users", STAFF),
        row(
            "GET /api/v1/users/{id}",
            format!("/api/v1/users/{user}"),
            OWN,
        )
        .of_user(),
        row(
            "PUT /api/v1/users/{id}",
            format!("/api/v1/users/{user}"),
            OWN,
        )
        .of_user()
        .sends(json!({"name": "Asha Rao"})),
        // The owner deletes the account, and is unknown afterwards.
        Row {
            owner: Owner::Leaver,
            ..row(
                "DELETE /api/v1/users/{id}",
                format!("/api/v1/users/{leaver}"),
                [401, 401, 401, 404, 403, 204, 404, 404],
            )
        },
        row("GET /api/v1/events", "/api/v1/events", PUBLIC),
        row("GET /api/v1/events/{id}", of_event(""), PUBLIC),
        row("POST /api/v1/events", "/api/v1/events", with(ADMINS, 201)).sends(new_event),
        row("PUT /api/v1/events/{id}", of_event(""), ADMINS).sends(json!({"name": "Ball"})),
        row(
            "GET /api/v1/events/{id}/statistics",
            of_event("/statistics"),
            STAFF,
        ),
        row(
            "DELETE /api/v1/events/{id}",
            format!("/api/v1/events/{other_event}"),
            with(ADMINS, 204),
        ),
        row(
            "GET /ticket_options/{id}",
            format!("/ticket_options/{ticket_option}"),
            PUBLIC,
        ),
        row("POST /ticket_options", "/ticket_options", with(ADMINS, 201)).sends(new_option),
        row(
            "POST /purchases",
            "/purchases",
            with(STAFF_AND_SERVICES, 201),
        )
        .sends(purchase_of(ticket_option, OWNER)),
        row("GET /purchases/{id}", format!("/purchases/{purchase}"), OWN),
    ]);
    rows.extend(tickets(targets));
    rows.extend(accounts(other_user));
    rows
}

/// Event tickets, their payments, and vouchers.
fn tickets(targets: &Target) -> Vec<Row> {
    let Target {
        user,
        event,
        tickets,
        ..
    } = targets;
    let of_tickets = |what: &str| format!("/api/v1/bookings/{tickets}{what}");
    let letter = "/api/v1/payments/dead-letters/00000000-0000-0000-0000-000000000000";
    vec![
        row(
            "POST /api/v1/bookings",
            "/api/v1/bookings",
            with(NAMED, 201),
        )
        .of_user()
        .sends(json!({"user_id": user, "event_id": event, "quantity": 1})),
        row("GET /api/v1/bookings/{id}", of_tickets(""), OWN).of_user(),
        row(
            "GET /api/v1/bookings/user/{id}",
            format!("/api/v1/bookings/user/{user}"),
            OWN,
        )
        .of_user(),
        // A cancelled one can't be cancelled again.
        row(
            "PUT /api/v1/bookings/{id}/cancel",
            of_tickets("/cancel"),
            [401, 401, 401, 404, 403, 200, 409, 409],
        )
        .of_user(),
        row(
            "GET /api/v1/payments/dead-letters",
            "/api/v1/payments/dead-letters",
            STAFF,
        ),
        // There is no failed payment.
        row(
            "GET /api/v1/payments/dead-letters/{id}",
            letter,
            with(STAFF, 404),
        ),
        row(
            "POST /api/v1/payments/dead-letters/{id}/requeue",
            format!("{letter}/requeue"),
            with(STAFF, 404),
        ),
        row(
            "POST /api/v1/vouchers",
            "/api/v1/vouchers",
            with(ADMINS, 201),
        )
        .sends(json!({"code": "ACCESS", "percent_off": 10, "max_uses": 5})),
        row("GET /api/v1/vouchers", "/api/v1/vouchers", STAFF),
        row(
            "GET /api/v1/vouchers/{code}",
            "/api/v1/vouchers/ACCESS",
            STAFF,
        ),
    ]
}

/// Sign-up and login.
fn accounts(other_user: &str) -> Vec<Row> {
    let password = format!("/api/v1/users/{other_user}/password");
    vec![
        // Only staff create users without a password; the second one finds the address taken.
        row(
            "POST /api/v1/users",
            "/api/v1/users",
            [401, 401, 401, 403, 403, 403, 201, 409],
        )
        .sends(json!({"name": "New", "email": "new@example.org"})),
        // A user needs the old password, and only admins change others'. This account is no visitor's.
        row(
            "PUT /api/v1/users/{id}/password",
            password,
            [401, 401, 401, 404, 403, 404, 403, 204],
        )
        .sends(json!({"new_password": "correct horse"})),
        // The new password logs in, with any token.
        row("POST /api/v1/sessions", "/api/v1/sessions", [201; 8])
            .sends(json!({"email": "ravi@example.org", "password": "correct horse"})),
        // Authenticated by the cookie alone, which these visitors lack.
        row("GET /api/v1/sessions", "/api/v1/sessions", [401; 8]).refuses("no_session"),
        row("DELETE /api/v1/sessions", "/api/v1/sessions", [401; 8]).refuses("no_session"),
        row(
            "DELETE /api/v1/sessions/{id}",
            "/api/v1/sessions/9f86d081884c7d65",
            [401; 8],
        )
        .refuses("no_session"),
        row(
            "GET /api/v1/sessions/current",
            "/api/v1/sessions/current",
            [401; 8],
        )
        .refuses("no_session"),
        row(
            "DELETE /api/v1/sessions/current",
            "/api/v1/sessions/current",
            [204; 8],
        ),
    ]
}

fn payments(targets: &Target) -> Vec<Row> {
    let charge = json!({"booking_id": 1, "amount": 100, "user_id": 1, "payment_type": "upi"});
    let of_charge = |what: &str| format!("/api/payments/{}{what}", targets.charge);
    let simulate = |what: &str| format!("/api/payments/simulate/{what}");
    let readers = [401, 401, 401, 403, 200, 403, 200, 200];
    let mut rows = common();
    rows.extend([
        row(
            "POST /api/payments/process",
            "/api/payments/process",
            SERVICES,
        )
        .sends(charge.clone()),
        row(
            "POST /api/payments/process/batch",
            "/api/payments/process/batch",
            SERVICES,
        )
        .sends(json!({"members": [{"call": {"key": "batched", "charge": charge}}]})),
        row(
            "POST /api/payments/simulate/success",
            simulate("success"),
            SERVICES,
        )
        .sends(charge.clone()),
        row(
            "POST /api/payments/simulate/failure",
            simulate("failure"),
            SERVICES,
        )
        .sends(charge.clone()),
        row(
            "POST /api/payments/simulate/timeout",
            simulate("timeout"),
            with(SERVICES, 408),
        )
        .sends(charge),
        row("POST /api/payments/close", "/api/payments/close", SERVICES)
            .sends(json!({"key": "closed"})),
        // No charge was made with this key.
        row(
            "GET /api/payments",
            "/api/payments?key=closed",
            with(readers, 404),
        ),
        row("GET /api/payments/{id}", of_charge(""), readers),
        row(
            "POST /api/payments/{id}/refunds",
            of_charge("/refunds"),
            with(SERVICES, 201),
        )
        .sends(json!({"amount": 1})),
        row("GET /api/payments/mock", "/api/payments/mock", ADMINS),
        row("PUT /api/payments/mock", "/api/payments/mock", ADMINS)
            .sends(json!({"failure_rate": 0.0})),
    ]);
    rows
}
