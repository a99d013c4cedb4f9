//! Where pages are that others lead to.

use domain::HoldId;
use uuid::Uuid;

/// Where somebody says who they are.
pub(super) const LOG_IN: &str = "/log-in";

/// Where somebody becomes a user.
pub(super) const SIGN_UP: &str = "/sign-up";

/// Where somebody is logged in.
pub(super) const SESSIONS: &str = "/account/sessions";

/// Where their other sessions end.
pub(super) const END_OTHERS: &str = "/account/sessions/end-others";

/// One of the two pages to log in or sign up, for somebody who wants to go on there.
pub(super) fn with_way_back(path: &str, back: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("back", back)
        .finish();
    format!("{path}?{query}")
}

/// An order.
pub(super) fn order(id: HoldId) -> String {
    format!("/orders/{id}")
}

/// An event.
pub(super) fn event(id: Uuid) -> String {
    format!("/events/{id}")
}

/// A booking of tickets.
pub(super) fn tickets(id: HoldId) -> String {
    format!("/tickets/{id}")
}
