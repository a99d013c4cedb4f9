//! Statistics of bookings, flights and events.

use std::sync::Arc;

use domain::FlightId;
use flight_api::Flight;
use maud::{Markup, html};

use crate::app::AppError;
use crate::app::catalog::Catalog;
use crate::app::operations::dashboard::{Dashboard, Figures, LATEST_BOOKINGS};
use crate::http::call_context;
use crate::model::dashboard::{EventSales, Span};
use crate::pages::formatting;
use crate::pages::operations::chart;

/// Flights that could not be read are `None`.
pub(super) struct Shown {
    span: Span,
    figures: Arc<Figures>,
    flights: Vec<Option<Flight>>,
}

pub(super) async fn read(
    dashboard: &Dashboard,
    catalog: &Catalog,
    span: Span,
) -> Result<Shown, AppError> {
    let figures = dashboard.figures(span).await?;
    let ids: Vec<FlightId> = figures.flights.iter().map(|sales| sales.flight).collect();
    Ok(Shown {
        span,
        flights: catalog.flights(&ids, &call_context()).await,
        figures,
    })
}

impl Shown {
    pub(super) fn html(&self) -> Markup {
        let totals = &self.figures.totals;
        let span = match self.span {
            Span::Hour => "hour",
            Span::Day => "day",
            Span::Week => "week",
        };
        html! {
            div.tiles {
                (tile("Bookings made", &formatting::count(totals.made)))
                (tile("Confirmed", &formatting::count(totals.confirmed)))
                (tile("Held or paying", &formatting::count(totals.open)))
                (tile("Failed or expired", &formatting::count(totals.failed)))
                (tile("Cancelled", &formatting::count(totals.cancelled)))
                @for revenue in &totals.revenue {
                    (tile(&format!("Sold, {}", revenue.currency), &formatting::whole(revenue.total(), revenue.currency)))
                }
                (tile("Work overdue", &formatting::count(totals.overdue)))
            }
            section.card.stack aria-labelledby="over-time" {
                h2 #over-time { "Bookings in the last " (span) }
                (chart::bookings(&totals.over_time, span))
                @if totals.made >= LATEST_BOOKINGS {
                    p.hint { "Only the latest " (formatting::count(LATEST_BOOKINGS)) " bookings are counted." }
                }
            }
            @if !totals.revenue.is_empty() {
                div.two {
                    @for (index, revenue) in totals.revenue.iter().enumerate() {
                        section.card.stack aria-labelledby=(format!("sold-{index}")) {
                            h2 id=(format!("sold-{index}")) { "Sold in the last " (span) ", " (revenue.currency) }
                            (chart::revenue(revenue, span))
                        }
                    }
                }
            }
            div.two { (self.flights_table()) (self.events_table()) }
        }
    }

    /// For the event filter of the booking search.
    pub(super) fn events(&self) -> &[EventSales] {
        &self.figures.events
    }

    fn flights_table(&self) -> Markup {
        html! {
            section.card.stack aria-labelledby="by-flight" {
                h2 #by-flight { "Flights" }
                @if self.figures.flights.is_empty() { p.quiet { "Nothing was booked on a flight in this time." } }
                @else {
                    table.numbers-table {
                        thead { tr { th scope="col" { "Flight" } th.right scope="col" { "Sold" } th.right scope="col" { "Held" } th.right scope="col" { "Free now" } } }
                        tbody {
                            @for (sales, flight) in self.figures.flights.iter().zip(&self.flights) {
                                tr {
                                    td data-name="Flight" {
                                        a href=(format!("/flights/{}", sales.flight)) {
                                            @match flight { Some(flight) => (flight.flight_number), None => (sales.flight) }
                                        }
                                        @if let Some(flight) = flight {
                                            " " small { (flight.source) " – " (flight.destination) }
                                        }
                                    }
                                    td.right data-name="Sold" { (sold(&format!("flight={}", sales.flight), sales.sold)) }
                                    td.right data-name="Held" { (formatting::count(sales.held)) }
                                    td.right data-name="Free now" { @match flight { Some(flight) => (flight.available_seats), None => "–" } }
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
                @if self.figures.events.is_empty() { p.quiet { "There are no events." } }
                @else {
                    table.numbers-table {
                        thead { tr { th scope="col" { "Event" } th.right scope="col" { "Sold" } th.right scope="col" { "Held" } th.right scope="col" { "Free now" } } }
                        tbody {
                            @for event in &self.figures.events {
                                tr {
                                    td data-name="Event" { a href=(format!("/events/{}", event.event)) { (event.name) } }
                                    td.right data-name="Sold" { (sold(&format!("event={}", event.event), event.sold.into())) }
                                    td.right data-name="Held" { (event.held) }
                                    td.right data-name="Free now" { (event.capacity - event.held - event.sold) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The number sold, as a link to its bookings.
fn sold(of: &str, units: i64) -> Markup {
    html! {
        a href=(format!("/operations/bookings?{of}")) {
            (formatting::count(units)) span.unseen { " sold: see the bookings" }
        }
    }
}

fn tile(name: &str, value: &str) -> Markup {
    html! { div.card.tile-number { span { (name) } b { (value) } } }
}
