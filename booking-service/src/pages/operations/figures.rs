//! What is sold, held and waiting.

use clients::flight::Flight;
use domain::FlightId;
use maud::{Markup, html};

use super::super::words;
use super::chart::chart;
use crate::app::AppError;
use crate::app::catalog::Catalog;
use crate::app::overview::{EventSales, FlightSales, LATEST_BOOKINGS, Overview, Span, Totals};
use crate::routes::call_context;

/// All figures of a span.
pub(super) struct Figures {
    span: Span,
    totals: Totals,
    flights: Vec<(FlightSales, Option<Flight>)>,
    events: Vec<EventSales>,
}

/// Reads them.
pub(super) async fn read(
    overview: &Overview,
    catalog: &Catalog,
    span: Span,
) -> Result<Figures, AppError> {
    let (totals, sales, events) = futures_util::try_join!(
        overview.totals(span),
        overview.flights(span),
        overview.events()
    )?;
    let ids: Vec<FlightId> = sales.iter().map(|sales| sales.flight).collect();
    let flights = catalog.flights(&ids, &call_context()).await;
    Ok(Figures {
        span,
        totals,
        flights: sales.into_iter().zip(flights).collect(),
        events,
    })
}

impl Figures {
    /// As a piece of a page.
    pub(super) fn html(&self) -> Markup {
        let totals = &self.totals;
        let span = match self.span {
            Span::Hour => "hour",
            Span::Day => "day",
            Span::Week => "week",
        };
        html! {
            div.tiles {
                (tile("Bookings made", &words::count(totals.made)))
                (tile("Confirmed", &words::count(totals.confirmed)))
                (tile("Held or paying", &words::count(totals.open)))
                (tile("Failed or expired", &words::count(totals.failed)))
                (tile("Cancelled", &words::count(totals.cancelled)))
                @for (currency, minor) in &totals.revenue {
                    (tile(&format!("Sold, {currency}"), &words::minor(minor / 100 * 100, Some(*currency))))
                }
                (tile("Work overdue", &words::count(totals.overdue)))
            }
            section.card.stack aria-labelledby="over-time" {
                h2 #over-time { "Bookings in the last " (span) }
                (chart(&totals.over_time, span))
                @if totals.made >= LATEST_BOOKINGS {
                    p.hint { "Only the latest " (words::count(LATEST_BOOKINGS)) " bookings are counted." }
                }
            }
            div.two { (self.flights_table()) (self.events_table()) }
        }
    }

    fn flights_table(&self) -> Markup {
        html! {
            section.card.stack aria-labelledby="by-flight" {
                h2 #by-flight { "Flights" }
                @if self.flights.is_empty() { p.quiet { "Nothing was booked on a flight in this time." } }
                @else {
                    table.numbers-table {
                        thead { tr { th scope="col" { "Flight" } th.right scope="col" { "Sold" } th.right scope="col" { "Held" } th.right scope="col" { "Free now" } } }
                        tbody {
                            @for (sales, flight) in &self.flights {
                                tr {
                                    td {
                                        a href=(format!("/flights/{}", sales.flight)) {
                                            @match flight { Some(flight) => (flight.flight_number), None => (sales.flight) }
                                        }
                                        @if let Some(flight) = flight {
                                            " " small { (flight.source) " – " (flight.destination) }
                                        }
                                    }
                                    td.right { (words::count(sales.sold)) }
                                    td.right { (words::count(sales.held)) }
                                    td.right { @match flight { Some(flight) => (flight.available_seats), None => "–" } }
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    fn events_table(&self) -> Markup {
        html! {
            section.card.stack aria-labelledby="by-event" {
                h2 #by-event { "Events" }
                @if self.events.is_empty() { p.quiet { "There are no events." } }
                @else {
                    table.numbers-table {
                        thead { tr { th scope="col" { "Event" } th.right scope="col" { "Sold" } th.right scope="col" { "Held" } th.right scope="col" { "Free now" } } }
                        tbody {
                            @for event in &self.events {
                                tr {
                                    td { a href=(format!("/events/{}", event.event)) { (event.name) } }
                                    td.right { (event.sold) }
                                    td.right { (event.held) }
                                    td.right { (event.capacity - event.held - event.sold) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn tile(name: &str, value: &str) -> Markup {
    html! { div.card.tile-number { span { (name) } b { (value) } } }
}
