//! Seats: counts, holds, adjustments, the ledger.

use std::sync::Arc;

use deadpool_postgres::{GenericClient, Pool as Database};
use domain::sale_rules::SalesPolicy;
use domain::sale_rules::itinerary::{ConnectionWindow, Leg, NoItinerary};
use domain::{Amount, FlightId, FlightNumber, HoldId, Legs, RefusalCode, Units, sale_rules};
use flight_api::{
    Airport, ConfirmResult, Flight, FlightStatus, Hold, HoldLeg, HoldRequest, Path,
    SeatChangeRequest, SeatsRequest, Validation,
};
use inventory::command::{HOLD_LEGS_MAX, MalformedHold};
use inventory::proof::Proof;
use inventory::{
    Direction, HoldCommand, HoldView, Inventory, InventoryError, LedgerPosition, LegRequest,
    RecordedMovement, Refusal, SeatChange, Until,
};
use jiff::Timestamp;
use jiff::civil::Date;
use service_core::idempotency::answers;
use service_core::idempotency::{Answer, Replayable, RequestKey};
use service_core::page::PageRequest;
use uuid::Uuid;

use super::AppError;
use super::current_schedule::CurrentSchedule;
use super::flight_times::{local_text, status};
use super::schedule::Departure;
use crate::db;
use crate::db::adjustment_answers::KeptAdjustment;
use crate::model::adjustment::adjusted;

/// Namespace of the ids that keys of adjustments hash to (RFC 9562, version 5).
const KEY_NAMESPACE: Uuid = Uuid::from_u128(0x5e41_9fdc_7a0b_4c55_9d0e_3b1f_6a2c_8e77);

/// Sells seats through the inventory, with prices and dates from the schedule.
pub struct Seats {
    database: Database,
    schedule: Arc<CurrentSchedule>,
    inventory: Arc<Inventory>,
    sales: SalesPolicy,
    connections: ConnectionWindow,
}

impl Seats {
    #[must_use]
    pub fn new(
        database: Database,
        schedule: Arc<CurrentSchedule>,
        inventory: Arc<Inventory>,
        sales: SalesPolicy,
        connections: ConnectionWindow,
    ) -> Self {
        Self {
            database,
            schedule,
            inventory,
            sales,
            connections,
        }
    }

    /// A flight with its current counts.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn flight(&self, id: FlightId) -> Result<Flight, AppError> {
        let client = self.database.get().await?;
        self.flight_in(&client, id).await
    }

    /// The same within a transaction, which may just have inserted the flight.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn flight_in(
        &self,
        client: &impl GenericClient,
        id: FlightId,
    ) -> Result<Flight, AppError> {
        let row = db::flights::find(client, id).await?;
        let row = row.ok_or(AppError::UnknownFlight(id))?;
        let schedule = self.schedule.get();
        let zone = |code| {
            schedule
                .airport(code)
                .map(|airport| &airport.time_zone)
                .ok_or(AppError::UnknownFlight(id))
        };
        Ok(Flight {
            id: row.id,
            flight_number: row.flight_number,
            source: row.source,
            destination: row.destination,
            departure_time: row.departs_at,
            arrival_time: row.arrives_at,
            departure_local: local_text(row.departs_at, zone(row.source)?),
            arrival_local: local_text(row.arrives_at, zone(row.destination)?),
            total_seats: row.capacity,
            booked_seats: row.capacity - row.free,
            available_seats: row.free,
            price: row.price.amount(),
            currency: row.price.currency(),
            status: match row.cancelled_at {
                Some(_) => FlightStatus::Cancelled,
                None => status(self.sales, row.departs_at, row.closed_at, Timestamp::now()),
            },
            created_at: row.created_at,
        })
    }

    /// Whether seats can be sold now, and the price.
    ///
    /// # Errors
    /// The database failed; seats that can't be sold are an answer, not an error.
    pub async fn validate(&self, request: &SeatsRequest) -> Result<Validation, AppError> {
        let refused = |code: RefusalCode, message: String| Validation {
            valid: false,
            price: None,
            currency: None,
            available_seats: None,
            message: Some(message),
            code: Some(code),
        };
        let flight = match self.flight(request.flight_id).await {
            Ok(flight) => flight,
            Err(error @ AppError::UnknownFlight(_)) => {
                return Ok(refused(RefusalCode::UnknownFlight, error.to_string()));
            }
            Err(error) => return Err(error),
        };
        if let Err(error) = self.departure(request.flight_id, Some(request.date)).await {
            return match error {
                AppError::WrongDate { .. } => {
                    Ok(refused(RefusalCode::WrongDate, error.to_string()))
                }
                error => Err(error),
            };
        }
        if flight.status != FlightStatus::Scheduled {
            return Ok(refused(
                Refusal::SalesClosed.code(),
                Refusal::SalesClosed.to_string(),
            ));
        }
        if i64::from(flight.available_seats) < i64::from(request.seats) {
            let message = format!("{} seats are left", flight.available_seats);
            return Ok(Validation {
                available_seats: Some(flight.available_seats),
                ..refused(Refusal::SoldOut.code(), message)
            });
        }
        let Some(price) = flight.price.checked_mul(request.seats) else {
            return Ok(refused(
                RefusalCode::TooExpensive,
                "the price is too large".to_owned(),
            ));
        };
        Ok(Validation {
            valid: true,
            price: Some(price),
            currency: Some(flight.currency),
            available_seats: Some(flight.available_seats),
            message: None,
            code: None,
        })
    }

    /// Takes seats without a hold, or returns seats that were taken so; once per key, if there is one.
    ///
    /// # Errors
    /// Too few seats are free, or more would be returned than were taken.
    pub async fn adjust(
        &self,
        key: Option<RequestKey>,
        request: &SeatsRequest,
        direction: Direction,
    ) -> Result<Replayable<Answer>, AppError> {
        if let Some(key) = &key
            && let Some(earlier) = self.answered(key).await?
        {
            return Ok(earlier);
        }
        self.departure(request.flight_id, Some(request.date))
            .await?;
        let pool = request.flight_id.pool();
        let adjust = |id| self.inventory.adjust(id, pool, request.seats, direction);
        let made = match key {
            None => adjust(Uuid::now_v7()).with_new_id().send().await?,
            Some(key) => {
                // Equal keys give equal ids, so the inventory replays the first verdict.
                let id = Uuid::new_v5(&KEY_NAMESPACE, key.key.as_bytes());
                let rows = KeptAdjustment {
                    key,
                    request: request.clone(),
                    direction,
                };
                adjust(id).with(rows).send().await?
            }
        };
        Ok(Replayable {
            value: Answer::ok(&adjusted(request, direction, made)),
            replayed: made.replayed,
        })
    }

    /// The stored answer of an earlier request with this key.
    async fn answered(&self, key: &RequestKey) -> Result<Option<Replayable<Answer>>, AppError> {
        let client = self.database.get().await?;
        let kept = answers::find(&client, &key.key).await;
        let kept = kept.map_err(db::DbError::from)?;
        kept.map(|((answer, _), digest)| Replayable::replay(answer, digest.as_deref(), key))
            .transpose()
    }

    /// Holds seats on flights, all or nothing.
    ///
    /// # Errors
    /// The legs are invalid, or the seats are not free.
    pub async fn hold(&self, request: &HoldRequest) -> Result<Replayable<Hold>, AppError> {
        // Before the flights are looked up.
        if request.legs.len() > HOLD_LEGS_MAX {
            return Err(AppError::MalformedHold(MalformedHold::LegCount));
        }
        let mut legs = Vec::with_capacity(request.legs.len());
        let mut departures = Vec::with_capacity(request.legs.len());
        for leg in &request.legs {
            departures.push(self.departure(leg.flight_id, leg.date).await?);
            let named = Units::of_len(leg.seats.len());
            legs.push(LegRequest {
                pool: leg.flight_id.pool(),
                units: leg.units.or(named).unwrap_or(Units::ONE),
                seats: leg.seats.clone(),
            });
        }
        if request.itinerary {
            let journey: Vec<Leg> = departures.iter().map(|departure| departure.leg).collect();
            sale_rules::itinerary::check(&journey, self.connections)?;
        }
        let until = request.expires_at.map_or(Until::Pinned, Until::Expires);
        let command = HoldCommand::new(request.id, request.owner.clone(), legs, until)
            .map_err(AppError::MalformedHold)?;
        let view = self.inventory.hold(command).send().await?;
        Ok(replayable(view, &departures))
    }

    /// These flights as one itinerary, with current counts.
    ///
    /// # Errors
    /// A flight does not exist, or they don't form an itinerary.
    pub async fn itinerary(&self, ids: &Legs) -> Result<Path, AppError> {
        let mut flights = Vec::with_capacity(ids.len());
        for id in ids.iter() {
            flights.push(self.flight(*id).await?);
        }
        let legs: Vec<Leg> = flights.iter().map(Flight::leg).collect();
        sale_rules::itinerary::check(&legs, self.connections)?;
        let (Some(first), Some(last)) = (flights.first(), flights.last()) else {
            return Err(NoItinerary::Empty.into());
        };
        let mut prices = flights.iter().map(|flight| flight.price);
        let total = prices.try_fold(Amount::ZERO, Amount::checked_add);
        let time = last.arrival_time.duration_since(first.departure_time);
        Ok(Path {
            total_price: total.ok_or_else(|| {
                let detail = "cost more together than can be paid".to_owned();
                AppError::Invalid("flight_ids", detail)
            })?,
            currency: first.currency,
            total_time_minutes: time.as_mins(),
            stops: flights.len() - 1,
            flights,
        })
    }

    /// Removes a hold's expiry.
    ///
    /// # Errors
    /// The hold has ended.
    pub async fn pin(&self, hold: HoldId) -> Result<Replayable<Hold>, AppError> {
        self.priced(self.inventory.pin(hold).send().await?).await
    }

    /// Turns a hold into a sale.
    ///
    /// # Errors
    /// The hold has ended.
    pub async fn confirm(&self, hold: HoldId) -> Result<Replayable<Hold>, AppError> {
        self.priced(self.inventory.confirm(hold).send().await?)
            .await
    }

    /// Releases a hold's seats, also sold ones.
    ///
    /// # Errors
    /// The inventory gave no verdict.
    pub async fn release(&self, hold: HoldId) -> Result<Replayable<Hold>, AppError> {
        self.priced(self.inventory.release(hold).send().await?)
            .await
    }

    /// Swaps a hold's seats and sets a new expiry.
    ///
    /// # Errors
    /// A seat is taken; then the old ones stay.
    pub async fn change_seats(
        &self,
        hold: HoldId,
        request: SeatChangeRequest,
    ) -> Result<Replayable<Hold>, AppError> {
        let legs = request.legs.into_iter();
        let legs = legs.map(|leg| (leg.flight_id.pool(), leg.seats)).collect();
        let change = SeatChange::new(hold, legs, request.expires_at, request.number)
            .map_err(AppError::MalformedSeatChange)?;
        self.priced(self.inventory.change_seats(change).send().await?)
            .await
    }

    /// Turns many holds into sales: one batch, if the committer is idle.
    ///
    /// # Errors
    /// The inventory gave no verdict; refusals are in the results.
    pub async fn confirm_many(&self, ids: &[HoldId]) -> Result<Vec<ConfirmResult>, AppError> {
        let submissions = ids.iter().map(|hold| async {
            let verdict = self.inventory.confirm(*hold).verdict().await?;
            let code = verdict.err().map(Refusal::code);
            Ok(ConfirmResult {
                id: *hold,
                confirmed: code.is_none(),
                code,
            })
        });
        futures_util::future::try_join_all(submissions).await
    }

    /// A page of a flight's ledger entries.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn ledger(
        &self,
        id: FlightId,
        part: PageRequest<LedgerPosition>,
        limit: i64,
    ) -> Result<Vec<RecordedMovement>, AppError> {
        self.departure(id, None).await?;
        Ok(self.inventory.ledger(id.pool(), part, limit).await?)
    }

    /// Resolves a flight's id or flight number; a number means its next departure.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn flight_named(&self, name: &str) -> Result<FlightId, AppError> {
        if let Ok(id) = name.parse() {
            return Ok(id);
        }
        let unknown = || AppError::UnknownFlightNumber(name.to_owned());
        let number: FlightNumber = name.parse().map_err(|_| unknown())?;
        if let Some(next) = self
            .schedule
            .get()
            .next_departure(&number, Timestamp::now())
        {
            return Ok(next);
        }
        // All its departures may be past, and no longer in memory.
        let client = self.database.get().await?;
        let last = db::flights::last_departure(&client, &number).await?;
        last.ok_or_else(unknown)
    }

    /// By code.
    #[must_use]
    pub fn airports(&self) -> Vec<Airport> {
        self.schedule.get().airports()
    }

    /// A hold in its current state.
    ///
    /// # Errors
    /// There is no such hold.
    pub async fn find_hold(&self, id: HoldId) -> Result<Hold, AppError> {
        let view = self.inventory.find_hold(id).await?;
        let view = view.ok_or(InventoryError::Refused(Refusal::UnknownHold))?;
        Ok(self.priced(view).await?.value)
    }

    /// Proves the ledger of all flights.
    ///
    /// # Errors
    /// The database failed.
    pub async fn prove(&self) -> Result<Proof, AppError> {
        Ok(self.inventory.prove().await?)
    }

    /// The API's hold, with current prices.
    async fn priced(&self, view: HoldView) -> Result<Replayable<Hold>, AppError> {
        let mut departures = Vec::with_capacity(view.legs.len());
        for leg in &view.legs {
            departures.push(self.departure(FlightId(leg.pool.0), None).await?);
        }
        Ok(replayable(view, &departures))
    }

    /// A flight's departure, checked against the requested date. The schedule in memory lacks departed
    /// flights and those added a moment ago.
    async fn departure(&self, id: FlightId, asked: Option<Date>) -> Result<Departure, AppError> {
        let departure = match self.schedule.get().departure(id) {
            Some(departure) => departure,
            None => self.departure_from_database(id).await?,
        };
        match asked {
            Some(asked) if asked != departure.date => {
                Err(AppError::WrongDate { flight: id, asked })
            }
            _ => Ok(departure),
        }
    }

    async fn departure_from_database(&self, id: FlightId) -> Result<Departure, AppError> {
        let client = self.database.get().await?;
        let row = db::flights::find(&client, id)
            .await?
            .ok_or(AppError::UnknownFlight(id))?;
        let schedule = self.schedule.get();
        let source = schedule.airport(row.source);
        let zone = source.ok_or(AppError::UnknownFlight(id))?.time_zone.clone();
        Ok(Departure {
            date: row.departs_at.to_zoned(zone).date(),
            price: row.price,
            leg: Leg {
                flight: id,
                source: row.source,
                destination: row.destination,
                departs_at: row.departs_at,
                arrives_at: row.arrives_at,
                currency: row.price.currency(),
            },
        })
    }
}

/// The API's hold; `departures` has those of its legs.
fn replayable(view: HoldView, departures: &[Departure]) -> Replayable<Hold> {
    let legs = view.legs.into_iter().filter_map(|leg| {
        let flight_id = FlightId(leg.pool.0);
        let departure = departures.iter().find(|one| one.leg.flight == flight_id)?;
        Some(HoldLeg {
            flight_id,
            units: leg.units,
            seats: leg.seats,
            price: departure.price.amount(),
            currency: departure.price.currency(),
        })
    });
    let mut legs: Vec<HoldLeg> = legs.collect();
    // Sorted, so that a repeated request gets the first answer.
    legs.sort_by_key(|leg| leg.flight_id);
    Replayable {
        value: Hold {
            id: view.id,
            owner: view.owner,
            status: view.status,
            legs,
            expires_at: view.expires_at,
        },
        replayed: view.replayed,
    }
}
