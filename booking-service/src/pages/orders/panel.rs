//! Content of an order's page: state, seats and actions.

use flight_api::Flight;
use jiff::Timestamp;
use lifecycle::{Outcome, State};
use maud::{Markup, html};

use crate::app::bookings::orders::seconds_left;
use crate::model::booking::{Booking, Leg};
use crate::pages::cancelling::CancellationWindow;
use crate::pages::orders::shown::Shown;
use crate::pages::paths;
use crate::pages::seat_selection::notice;
use crate::pages::session::PageSession;
use crate::pages::{formatting, forms, itinerary_view, seat_map, travelers};

pub(super) fn body(shown: &Shown, session: &PageSession, problem: Option<&str>) -> Markup {
    let order = &shown.order;
    let live = format!("{}/live?seen={}", paths::order(order.hold), event_id(order));
    let live = (!is_final(order)).then_some(live);
    html! {
        h1 { (shown.title()) }
        (notice(problem))
        div sse-connect=[live] sse-close="over" {
            div sse-swap="change" hx-swap="innerHTML" {
                (panel(shown, session, Timestamp::now()))
            }
        }
    }
}

/// The fragment that the event stream replaces.
pub(super) fn panel(shown: &Shown, session: &PageSession, now: Timestamp) -> Markup {
    html! {
        div.columns {
            div {
                section.card.state {
                    div.state-head role="status" {
                        (badge(&shown.order))
                        p { (story(shown)) }
                    }
                    @if waits_for_payment(&shown.order) { (countdown(&shown.order, now)) }
                    (steps(&shown.order))
                }
                @for ((before, flight), leg) in itinerary_view::with_before(&shown.flights).zip(&shown.order.legs) {
                    @if let Some(flight) = flight { (itinerary_view::wait(before.and_then(Option::as_ref), flight, &shown.airports)) }
                    (seats(shown, flight.as_ref(), leg))
                }
                @if !shown.order.travelers.is_empty() { section.card { (travelers::list(&shown.order.travelers)) } }
            }
            aside {
                section.card.summary {
                    (total(shown))
                    (actions(shown, session, now))
                    p.hint { "Order " code { (shown.order.hold) } }
                }
            }
        }
    }
}

/// Before the first payment, or after a decline.
fn waits_for_payment(order: &Booking) -> bool {
    matches!(
        order.lifecycle.public_status,
        State::Held | State::PaymentFailed { .. }
    )
}

/// Event id of the panel: equal for states that look the same.
pub(super) fn event_id(order: &Booking) -> String {
    let seats: Vec<String> = order
        .legs
        .iter()
        .map(|leg| seat_map::named(&leg.seats, leg.units.get()))
        .collect();
    let state = format!(
        "{}.{}.{}.{}",
        state_name(order),
        order.attempts,
        order.deadline_at.as_millisecond(),
        seats.join(".")
    );
    state.replace([' ', ','], "")
}

fn state_name(order: &Booking) -> &'static str {
    match order.lifecycle.public_status {
        State::Pending => "Making",
        State::Held => "Held for you",
        State::Paying { .. } => "Paying",
        State::PaymentFailed { .. } => "Not paid yet",
        State::Confirmed => "Confirmed",
        State::Ended(Outcome::Failed) => "Failed",
        State::Ended(Outcome::Expired) => "Expired",
        State::Ended(Outcome::Cancelled) => "Cancelled",
    }
}

/// Whether the order no longer changes by itself.
pub(super) fn is_final(order: &Booking) -> bool {
    matches!(
        order.lifecycle.public_status,
        State::Confirmed | State::Ended(_)
    ) && order.lifecycle.public_status == order.lifecycle.state
}

/// Reload interval for browsers without scripts; none while the customer may be typing a code.
pub(super) fn refresh_seconds(order: &Booking) -> Option<u8> {
    let moves = !waits_for_payment(order) && !is_final(order);
    moves.then_some(2)
}

pub(in crate::pages) fn badge(order: &Booking) -> Markup {
    let class = match order.lifecycle.public_status {
        State::Pending | State::Paying { .. } => "busy",
        State::Held | State::PaymentFailed { .. } => "held",
        State::Confirmed => "good",
        State::Ended(_) => "over",
    };
    html! { span class={ "badge " (class) } { (state_name(order)) } }
}

/// The state in a sentence.
fn story(shown: &Shown) -> String {
    let order = &shown.order;
    let refusal = order.refusal.as_ref();
    match order.lifecycle.public_status {
        State::Pending => "The seats are being held.".to_owned(),
        State::Held => "Nobody else can have these seats. Pay before the time runs out.".to_owned(),
        State::Paying { attempt } if attempt > 1 => format!(
            "The payment was declined and is tried again: attempt {attempt} of {}.",
            shown.attempts_max
        ),
        State::Paying { .. } => "The payment is under way.".to_owned(),
        State::PaymentFailed { attempts } => {
            let reason = refusal.map_or_else(
                || "The payment was declined.".to_owned(),
                |one| crate::pages::error_page::sentence(&one.message),
            );
            let left = shown.attempts_max.saturating_sub(attempts);
            let tries = formatting::counted(left.into(), "try", "tries");
            format!(
                "{reason} Nothing was charged, and the seats stay yours until the time runs out: pay with \
                 another code. You have {tries} left."
            )
        }
        State::Confirmed => "It is paid, and the seats are yours.".to_owned(),
        State::Ended(Outcome::Expired) => {
            "The time to pay ran out. Nothing was charged, and the seats are free again.".to_owned()
        }
        State::Ended(Outcome::Cancelled) => {
            "You gave it up. The seats are free again, and what was paid is refunded.".to_owned()
        }
        State::Ended(Outcome::Failed) if order.attempts > 0 => format!(
            "The payment was declined {}. Nothing was charged, and the seats are free again.",
            if order.attempts == 1 {
                "once".to_owned()
            } else {
                format!("{} times", order.attempts)
            }
        ),
        State::Ended(Outcome::Failed) => refusal.map_or_else(
            || "The seats could not be had.".to_owned(),
            |one| crate::pages::error_page::sentence(&one.message),
        ),
    }
}

/// Time left by the server's clock; scripts count down from it.
fn countdown(order: &Booking, now: Timestamp) -> Markup {
    let left = seconds_left(order, now);
    html! {
        p.countdown {
            span { "Held for another " }
            span.clock role="timer" data-deadline=(order.deadline_at.as_millisecond()) data-now=(now.as_millisecond()) {
                (formatting::clock(left))
            }
        }
    }
}

/// Progress from held to confirmed.
fn steps(order: &Booking) -> Markup {
    let done = match order.lifecycle.public_status {
        State::Pending => 0,
        State::Held | State::PaymentFailed { .. } => 1,
        State::Paying { .. } => 2,
        State::Confirmed => 3,
        State::Ended(_) => return html! {},
    };
    html! {
        ol.steps {
            @for (index, name) in ["Held", "Paying", "Confirmed"].iter().enumerate() {
                li.done[index < done] aria-current=[(index + 1 == done).then_some("step")] { (name) }
            }
        }
    }
}

fn seats(shown: &Shown, flight: Option<&Flight>, leg: &Leg) -> Markup {
    let names = seat_map::named(&leg.seats, leg.units.get());
    html! {
        section.card.leg {
            @match flight {
                Some(flight) => (itinerary_view::leg(flight, &shown.airports)),
                None => { h2 { "Flight " (leg.flight) } p.quiet { "Its times can't be shown just now." } }
            }
            p.yours { @if leg.seats.is_empty() { (names) } @else { "Seats " b { (names) } } }
        }
    }
}

fn total(shown: &Shown) -> Markup {
    html! {
        h2 { "Total" }
        p.price {
            @match shown.order.total {
                Some(total) => (formatting::of(total)),
                None => "–",
            }
        }
    }
}

fn actions(shown: &Shown, session: &PageSession, now: Timestamp) -> Markup {
    let order = &shown.order;
    let path = paths::order(order.hold);
    let pay = match order.lifecycle.public_status {
        State::PaymentFailed { .. } => "Pay again",
        _ => "Pay",
    };
    let has_named_seats = order.legs.iter().all(|leg| !leg.seats.is_empty());
    html! {
        @match order.lifecycle.public_status {
            State::Held | State::PaymentFailed { .. } => {
                form method="post" action=(format!("{path}/payment")) {
                    (forms::token(session))
                    div.field {
                        label for="code" { "Payment code" }
                        input #code name="code" required inputmode="numeric" pattern="[0-9]{5}" maxlength="5" autocomplete="off" placeholder="12345" aria-describedby="code-hint";
                        p.hint #code-hint { "Five digits. " code { "00000" } " is always declined." }
                    }
                    button.primary.wide { (pay) }
                }
                // A declined payment has pinned the hold, so its seats cannot be changed.
                @if has_named_seats && order.lifecycle.public_status == State::Held { a.button.quiet.wide href=(format!("{path}/seats")) { "Change seats" } }
                (give_up(&path, session, "Give up the seats", "The seats go back, and nothing is charged."))
            }
            State::Paying { .. } => (give_up(&path, session, "Cancel", "The payment is stopped or refunded, and the seats go back.")),
            State::Confirmed => {
                @let departs = shown.flights.first().and_then(Option::as_ref).map(|flight| flight.departure_time);
                @let chance = CancellationWindow::of(shown.cutoff, departs, session.actor, now);
                @if chance.is_open() { (give_up(&path, session, "Cancel the booking", "The payment is refunded, and the seats go back.")) }
                (chance.hint())
            }
            State::Ended(_) => a.button.primary.wide href=(again(order)) { "Book again" },
            State::Pending => {},
        }
    }
}

/// Asks for confirmation, without a script.
fn give_up(path: &str, session: &PageSession, name: &str, meaning: &str) -> Markup {
    html! {
        details.give-up {
            summary { (name) }
            form method="post" action=(format!("{path}/cancel")) {
                (forms::token(session))
                p { (meaning) }
                button.danger.wide { "Yes, " (name.to_lowercase()) }
            }
        }
    }
}

/// Link to the same flights, for a new order.
pub(in crate::pages) fn again(order: &Booking) -> String {
    let ids: Vec<String> = order
        .legs
        .iter()
        .map(|leg| leg.flight.to_string())
        .collect();
    let seats = order.legs.first().map_or(1, |leg| leg.units.get());
    format!("/itinerary?flights={}&seats={seats}", ids.join(","))
}
