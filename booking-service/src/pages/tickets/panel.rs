//! Content of an event booking's page: state and actions.

use jiff::Timestamp;
use maud::{Markup, html};

use crate::model::event_booking::{EventBooking, EventBookingStatus};
use crate::pages::cancelling::CancellationWindow;
use crate::pages::seat_selection::notice;
use crate::pages::session::PageSession;
use crate::pages::tickets::shown::Shown;
use crate::pages::{error_page, formatting, forms, paths};

pub(super) fn title(shown: &Shown) -> String {
    let event = shown.event.as_ref();
    event.map_or_else(|| "Tickets".to_owned(), |event| event.name.clone())
}

pub(super) fn body(shown: &Shown, session: &PageSession, problem: Option<&str>) -> Markup {
    let booking = &shown.booking;
    let live = format!(
        "{}/live?seen={}",
        paths::tickets(booking.id),
        event_id(booking)
    );
    let live = (!is_final(booking)).then_some(live);
    html! {
        h1 { (title(shown)) }
        (notice(problem))
        div sse-connect=[live] sse-close="over" {
            div sse-swap="change" hx-swap="innerHTML" { (panel(shown, session, Timestamp::now())) }
        }
    }
}

/// Event id of the panel: equal for states that look the same.
pub(super) fn event_id(booking: &EventBooking) -> String {
    let has_reason = booking.reason.is_some();
    format!(
        "{}.{}.{has_reason}.{}",
        booking.status.as_str(),
        booking.attempts,
        booking.is_declined
    )
}

/// Whether the booking no longer changes by itself.
pub(super) fn is_final(booking: &EventBooking) -> bool {
    booking.status != EventBookingStatus::Pending
}

fn badge(booking: &EventBooking) -> Markup {
    match booking.status {
        EventBookingStatus::Pending if booking.reason.is_some() => {
            html! { span.badge.held { "Not paid yet" } }
        }
        EventBookingStatus::Pending => html! { span.badge.busy { "Paying" } },
        EventBookingStatus::Confirmed => html! { span.badge.good { "Confirmed" } },
        EventBookingStatus::Cancelled => html! { span.badge { "Cancelled" } },
    }
}

fn story(booking: &EventBooking) -> String {
    let reason = booking
        .reason
        .as_ref()
        .map(|reason| error_page::sentence(&reason.message));
    match (booking.status, reason) {
        (EventBookingStatus::Pending, None) => {
            "Your tickets are held, and the payment is being made.".to_owned()
        }
        (EventBookingStatus::Pending, Some(reason)) if booking.is_declined => format!(
            "{reason} Nothing was charged, and your tickets stay held until the time runs out: you can pay again."
        ),
        (EventBookingStatus::Pending, Some(reason)) => {
            format!("{reason} Your tickets stay held, and the payment is tried again in a moment.")
        }
        (EventBookingStatus::Confirmed, _) => {
            "They are paid, and the tickets are yours.".to_owned()
        }
        (EventBookingStatus::Cancelled, None) => {
            "The tickets are back on sale, and what was paid is refunded.".to_owned()
        }
        (EventBookingStatus::Cancelled, Some(reason)) => {
            format!("{reason} The tickets are back on sale.")
        }
    }
}

/// The fragment that the event stream replaces.
pub(super) fn panel(shown: &Shown, session: &PageSession, now: Timestamp) -> Markup {
    let booking = &shown.booking;
    let left = booking.deadline_at.duration_since(now).as_secs().max(0);
    html! {
        div.columns {
            div {
                section.card.state {
                    div.state-head role="status" { (badge(booking)) p { (story(booking)) } }
                    @if booking.status == EventBookingStatus::Pending {
                        p.countdown {
                            span { "Held for another " }
                            span.clock role="timer" data-deadline=(booking.deadline_at.as_millisecond()) data-now=(now.as_millisecond()) { (formatting::clock(left)) }
                        }
                    }
                }
                section.card.stack {
                    h2 { (formatting::counted(booking.quantity.get().into(), "ticket", "tickets")) }
                    @if let Some(event) = &shown.event {
                        p.quiet { (formatting::event(event)) }
                        p.links { a href=(paths::event(event.id)) { "See the event" } }
                    }
                }
            }
            aside {
                section.card.summary {
                    h2 { "Total" }
                    p.price { (formatting::of(booking.total)) }
                    @if let Some(voucher) = &booking.voucher {
                        p.quiet { "Voucher " code { (voucher) } ": " (formatting::of(booking.discount)) " off" }
                    }
                    (actions(shown, session, now))
                    p.hint { "Booking " code { (booking.id) } }
                }
            }
        }
    }
}

fn actions(shown: &Shown, session: &PageSession, now: Timestamp) -> Markup {
    let booking = &shown.booking;
    html! {
        @if booking.status == EventBookingStatus::Cancelled {
            @if let Some(event) = &shown.event { a.button.primary.wide href=(paths::event(event.id)) { "Book again" } }
        } @else {
            @if booking.is_declined {
                form method="post" action=(format!("{}/payment", paths::tickets(booking.id))) {
                    (forms::token(session))
                    button.primary.wide { "Pay again" }
                }
            }
            @let starts_at = shown.event.as_ref().map(|event| event.starts_at);
            // An unpaid booking can be cancelled at any time.
            @let starts_at = starts_at.filter(|_| booking.status == EventBookingStatus::Confirmed);
            @let chance = CancellationWindow::of(shown.cutoff, starts_at, session.actor, now);
            (chance.hint())
            @if chance.is_open() {
                details.give-up {
                    summary { "Cancel the booking" }
                    form method="post" action=(format!("{}/cancel", paths::tickets(booking.id))) {
                        (forms::token(session))
                        p { "The tickets go back, and what was paid is refunded." }
                        button.danger.wide { "Yes, cancel the booking" }
                    }
                }
            }
        }
    }
}
