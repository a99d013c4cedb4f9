//! Paths that other pages link to.

use domain::HoldId;
use uuid::Uuid;

pub(super) const LOG_IN: &str = "/log-in";

pub(super) const SIGN_UP: &str = "/sign-up";

/// List of the user's sessions.
pub(super) const SESSIONS: &str = "/account/sessions";

pub(super) const END_OTHERS: &str = "/account/sessions/end-others";

/// A log-in or sign-up page that returns to `back`.
pub(super) fn with_way_back(path: &str, back: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("back", back)
        .finish();
    format!("{path}?{query}")
}

pub(super) fn order(id: HoldId) -> String {
    format!("/orders/{id}")
}

pub(super) fn event(id: Uuid) -> String {
    format!("/events/{id}")
}

/// An event booking.
pub(super) fn tickets(id: HoldId) -> String {
    format!("/tickets/{id}")
}
