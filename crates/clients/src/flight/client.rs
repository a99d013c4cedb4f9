//! The client of flight-service.

use std::time::Duration;

use domain::{AirportCode, FlightId, HoldId, Legs, Units};
use flight_api::{
    AirportPage, CalendarAnswer, ConfirmAnswer, ConfirmRequest, ConfirmResult, Flight,
    FlightChange, Hold, HoldCall, HoldReference, HoldRequest, LedgerProof, Path, SearchAnswer,
    SearchRequest, SeatChangeRequest, SeatMap,
};
use jiff::civil::Date;
use reqwest::{Method, Url};

use super::seat_stream::{SeatStream, SeatStreams};
use crate::http::{CallContext, CallError, Connection, Credentials, Request};

/// Page size of [`FlightClient::airports`]; the service's maximum.
const AIRPORTS_LIMIT: &str = "200";

/// Calls flight-service. Clones share the connections.
#[derive(Clone, Debug)]
pub struct FlightClient {
    connection: Connection,
    streams: SeatStreams,
}

impl FlightClient {
    /// A client for the service at this URL; `timeout` bounds each attempt of a call.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    ///
    /// # Panics
    /// Outside a Tokio runtime. Batches are sent on this one, so call this where the service is built.
    pub fn new(base: &Url, timeout: Duration) -> Result<Self, reqwest::Error> {
        Self::with_credentials(base, timeout, Credentials::none())
    }

    /// The same with bearer tokens.
    ///
    /// # Errors
    /// The HTTP client can't be built.
    pub fn with_credentials(
        base: &Url,
        timeout: Duration,
        credentials: Credentials,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            streams: SeatStreams::new(base, credentials.clone())?,
            connection: Connection::new(
                "flight-service",
                base,
                timeout,
                credentials,
                "api/holds/batch",
            )?,
        })
    }

    pub async fn flight(&self, id: FlightId, context: &CallContext) -> Result<Flight, CallError> {
        self.find_flight(&id.to_string(), context).await
    }

    /// A flight by id or flight number; a number means its next departure.
    pub async fn find_flight(
        &self,
        reference: &str,
        context: &CallContext,
    ) -> Result<Flight, CallError> {
        let request = Request::idempotent(Method::GET, &["api", "flights", reference]);
        self.ask(request, context).await
    }

    /// A flight's seats, by id or flight number; a number means its next departure.
    pub async fn seat_map(
        &self,
        reference: &str,
        context: &CallContext,
    ) -> Result<SeatMap, CallError> {
        let request = Request::idempotent(Method::GET, &["api", "flights", reference, "seats"]);
        self.ask(request, context).await
    }

    /// A flight's seats with their owners, then each change, as server-sent events.
    pub async fn seat_stream(
        &self,
        reference: &str,
        context: &CallContext,
    ) -> Result<SeatStream, CallError> {
        self.streams.open(reference, context).await
    }

    /// Changes price or capacity, or closes sales. Idempotent.
    pub async fn change_flight(
        &self,
        id: FlightId,
        change: &FlightChange,
        context: &CallContext,
    ) -> Result<Flight, CallError> {
        let id = id.to_string();
        let request = Request::idempotent(Method::PATCH, &["api", "flights", &id]).json(change)?;
        self.ask(request, context).await
    }

    /// Cancels a flight without held or sold seats.
    pub async fn cancel_flight(
        &self,
        id: FlightId,
        context: &CallContext,
    ) -> Result<(), CallError> {
        let id = id.to_string();
        let request = Request::non_idempotent(Method::DELETE, &["api", "flights", &id]);
        self.connection
            .send(request, context)
            .await?
            .empty_success()
    }

    /// Holds seats, all or nothing, once per hold id.
    ///
    /// Never retried: not every refusal is recorded, so a delayed first request could still be granted after
    /// a second one was refused.
    ///
    /// # Errors
    /// The hold may exist or not, until it is released.
    pub async fn hold(
        &self,
        request: &HoldRequest,
        context: &CallContext,
    ) -> Result<Hold, CallError> {
        let request = Request::non_idempotent(Method::POST, &["api", "holds"])
            .json(request)?
            .batched(&HoldCall::Place(request.clone()))?;
        self.ask(request, context).await
    }

    /// Removes a hold's expiry, because its payment is under way. Idempotent.
    pub async fn pin(&self, id: HoldId, context: &CallContext) -> Result<Hold, CallError> {
        self.move_hold(HoldCall::Pin(HoldReference { id }), "pin", id, context)
            .await
    }

    /// Turns a hold into a sale. Idempotent.
    pub async fn confirm(&self, id: HoldId, context: &CallContext) -> Result<Hold, CallError> {
        self.move_hold(
            HoldCall::Confirm(HoldReference { id }),
            "confirm",
            id,
            context,
        )
        .await
    }

    /// Turns 1 to [`flight_api::CONFIRM_LIMIT`] holds into sales, each on its own. Idempotent.
    ///
    /// # Errors
    /// Any of them may be sold or not.
    pub async fn confirm_many(
        &self,
        ids: &[HoldId],
        context: &CallContext,
    ) -> Result<Vec<ConfirmResult>, CallError> {
        let body = ConfirmRequest { ids: ids.to_vec() };
        let request =
            Request::idempotent(Method::POST, &["api", "holds", "confirm"]).json(&body)?;
        let answered: ConfirmAnswer = self.ask(request, context).await?;
        Ok(answered.results)
    }

    /// Releases a hold's seats, even if the hold has not arrived yet (a tombstone). Idempotent.
    pub async fn release(&self, id: HoldId, context: &CallContext) -> Result<Hold, CallError> {
        self.move_hold(
            HoldCall::Release(HoldReference { id }),
            "release",
            id,
            context,
        )
        .await
    }

    /// Swaps a hold's seats; if one is taken, the old ones stay. The change's number makes it idempotent.
    ///
    /// # Errors
    /// The hold may have the old seats or the new ones.
    pub async fn change_seats(
        &self,
        id: HoldId,
        change: &SeatChangeRequest,
        context: &CallContext,
    ) -> Result<Hold, CallError> {
        let id = id.to_string();
        let request =
            Request::idempotent(Method::POST, &["api", "holds", &id, "seats"]).json(change)?;
        self.ask(request, context).await
    }

    async fn move_hold(
        &self,
        call: HoldCall,
        how: &str,
        id: HoldId,
        context: &CallContext,
    ) -> Result<Hold, CallError> {
        let id = id.to_string();
        let request =
            Request::idempotent(Method::POST, &["api", "holds", &id, how]).batched(&call)?;
        self.ask(request, context).await
    }

    /// A page of the best itineraries.
    pub async fn search(
        &self,
        search: &SearchRequest,
        context: &CallContext,
    ) -> Result<SearchAnswer, CallError> {
        let mut request = Request::idempotent(Method::GET, &["api", "flights", "search"])
            .query("source", search.source.as_str())
            .query("destination", search.destination.as_str())
            .query("date", &search.date.to_string())
            .query("seats", &search.seats.to_string())
            .query("sort_by", search.order.as_str());
        if let Some(stops) = search.max_stops {
            request = request.query("max_stops", &stops.to_string());
        }
        if let Some(after) = &search.after {
            request = request.query("after", after);
        }
        self.ask(request, context).await
    }

    /// These flights as one itinerary; a refusal if they don't connect.
    pub async fn itinerary(&self, ids: &Legs, context: &CallContext) -> Result<Path, CallError> {
        let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
        let request = Request::idempotent(Method::GET, &["api", "flights", "itinerary"])
            .query("flight_ids", &ids.join(","));
        self.ask(request, context).await
    }

    /// The lowest fare of each day in the month of `day`.
    pub async fn calendar(
        &self,
        source: AirportCode,
        destination: AirportCode,
        day: Date,
        seats: Units,
        context: &CallContext,
    ) -> Result<CalendarAnswer, CallError> {
        let month = format!("{:04}-{:02}", day.year(), day.month());
        let request = Request::idempotent(Method::GET, &["api", "flights", "calendar"])
            .query("source", source.as_str())
            .query("destination", destination.as_str())
            .query("month", &month)
            .query("seats", &seats.to_string());
        self.ask(request, context).await
    }

    /// A page of the airports in the order of their codes, after this code.
    pub async fn airports(
        &self,
        after: Option<&str>,
        context: &CallContext,
    ) -> Result<AirportPage, CallError> {
        let mut request =
            Request::idempotent(Method::GET, &["api", "airports"]).query("limit", AIRPORTS_LIMIT);
        if let Some(after) = after {
            request = request.query("after", after);
        }
        self.ask(request, context).await
    }

    /// The ledger proof over the pools of all flights.
    pub async fn ledger_proof(&self, context: &CallContext) -> Result<LedgerProof, CallError> {
        let request = Request::idempotent(Method::GET, &["api", "ledger", "proof"]);
        self.ask(request, context).await
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: Request,
        context: &CallContext,
    ) -> Result<T, CallError> {
        self.connection.send(request, context).await?.success()
    }
}
