//! A cabin as a grid of check boxes, one per seat. Who has a seat is shown for the viewer's own seats only.

use std::collections::{BTreeSet, HashSet};

use domain::{FlightId, SeatNumber};
use flight_api::{Seat, SeatStatus};
use maud::{Markup, html};

use crate::pages::formatting;

/// The viewer's seats in a cabin.
#[derive(Clone, Debug, Default)]
pub(super) struct OwnSeats {
    /// The viewer's order, whose seats stay selectable.
    pub(super) order: Option<String>,
    /// Selected seats.
    pub(super) ticked: HashSet<SeatNumber>,
}

/// A seat as the viewer sees it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SeatView {
    Free,
    OwnSeats,
    Held,
    Sold,
}

impl SeatView {
    fn of(seat: &Seat, mine: &OwnSeats) -> Self {
        match seat.status {
            SeatStatus::Available => Self::Free,
            _ if mine.order.is_some() && seat.reserved_by == mine.order => Self::OwnSeats,
            SeatStatus::Reserved => Self::Held,
            SeatStatus::Booked => Self::Sold,
        }
    }

    fn words(self) -> (&'static str, &'static str) {
        match self {
            Self::Free => ("free", "free"),
            Self::OwnSeats => ("mine", "yours now"),
            Self::Held => ("held", "held by somebody"),
            Self::Sold => ("sold", "sold"),
        }
    }
}

/// A flight's seats, updated by server-sent events.
pub(super) fn map(flight: FlightId, seats: &[Seat], version: i64, mine: &OwnSeats) -> Markup {
    let mut live = format!("/flights/{flight}/live?after={version}");
    if let Some(order) = &mine.order {
        live = format!("{live}&order={order}");
    }
    html! {
        div.map sse-connect=(live) {
            p.count role="status" sse-swap="seats" hx-swap="innerHTML" { (count(seats)) }
            (cabin(flight, seats, mine))
            p.lost role="status" hidden { "The connection is lost; it is being restored. Seats may have changed." }
        }
    }
}

pub(super) fn count(seats: &[Seat]) -> Markup {
    let free = seats
        .iter()
        .filter(|seat| seat.status == SeatStatus::Available);
    let free = free.count();
    html! { b { (free) } " of " (seats.len()) " seats are free" }
}

fn cabin(flight: FlightId, seats: &[Seat], mine: &OwnSeats) -> Markup {
    let letters: BTreeSet<u8> = seats.iter().map(|seat| seat.seat_number.row()).collect();
    let numbers: BTreeSet<u16> = seats.iter().map(|seat| seat.seat_number.number()).collect();
    // The longer side runs from nose to tail, so that a phone's width is enough.
    let is_lettered_across = letters.len() <= numbers.len();
    let width = letters.len().min(numbers.len());
    let mut rows: Vec<(String, Vec<&Seat>)> = Vec::new();
    if is_lettered_across {
        for number in &numbers {
            let row = seats
                .iter()
                .filter(|seat| seat.seat_number.number() == *number);
            rows.push((number.to_string(), row.collect()));
        }
    } else {
        for letter in &letters {
            let row = seats
                .iter()
                .filter(|seat| seat.seat_number.row() == *letter);
            rows.push((char::from(*letter).to_string(), row.collect()));
        }
    }
    html! {
        div.cabin data-cabin role="group" aria-label="Seats" {
            @for (name, row) in &rows {
                div.cabin-row {
                    @for (index, seat) in row.iter().enumerate() {
                        @if index == width / 2 && width > 1 { span.aisle aria-hidden="true" { (name) } }
                        (crate::pages::seat_map::seat(flight, seat, mine, false))
                    }
                }
            }
        }
    }
}

/// `is_change` marks the seat for an out-of-band swap.
pub(super) fn seat(flight: FlightId, seat: &Seat, mine: &OwnSeats, is_change: bool) -> Markup {
    let look = SeatView::of(seat, mine);
    let number = seat.seat_number;
    let (class, words) = look.words();
    let can_be_had = matches!(look, SeatView::Free | SeatView::OwnSeats);
    let is_ticked = can_be_had && mine.ticked.contains(&number);
    html! {
        label class={ "seat " (class) } id=(format!("seat-{flight}-{number}")) hx-swap-oob=[is_change.then_some("true")] {
            input type="checkbox" id=(format!("tick-{flight}-{number}")) name=(format!("seat-{flight}")) value=(number) checked[is_ticked] disabled[!can_be_had];
            span.box { (number) }
            span.unseen { ", " (words) }
        }
    }
}

pub(super) fn legend(has_own: bool) -> Markup {
    html! {
        ul.legend aria-label="Legend" {
            li { span.seat.free aria-hidden="true" { span.box {} } "Free" }
            li { span.seat.ticked aria-hidden="true" { span.box {} } "Your choice" }
            @if has_own { li { span.seat.mine aria-hidden="true" { span.box {} } "Yours now" } }
            li { span.seat.held aria-hidden="true" { span.box {} } "Held by somebody" }
            li { span.seat.sold aria-hidden="true" { span.box {} } "Sold" }
        }
    }
}

/// `A1, A2`, or a count for seats without numbers.
pub(super) fn named(seats: &[SeatNumber], units: u32) -> String {
    if seats.is_empty() {
        return formatting::counted(units.into(), "seat", "seats");
    }
    let names: Vec<String> = seats.iter().map(ToString::to_string).collect();
    names.join(", ")
}
