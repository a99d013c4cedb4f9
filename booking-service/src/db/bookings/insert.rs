//! Inserts bookings, many in one statement.

use std::collections::HashMap;
use std::time::Duration;

use deadpool_postgres::GenericClient;
use domain::{BookingId, HoldId};
use jiff::Timestamp;
use lifecycle::BookingState;

use crate::db::DbError;
use crate::db::column;
use crate::model::booking::{Booking, NewBooking};

#[derive(Clone, Debug)]
pub struct Insertion {
    pub new: NewBooking,
    /// Fresh; it becomes the order's id too.
    pub hold: HoldId,
    /// Time until the customer's deadline.
    pub deadline: Duration,
    /// Time for which the booking belongs to the process that adds it.
    pub lease: Duration,
}

/// Only inserted rows are returned; a key or hold that exists keeps its booking.
const INSERT: &str = "
    WITH added AS (
        INSERT INTO bookings (channel, user_ref, flight_ref, travel_date, payment_type, expected_total,
                              state, public_status, hold_id, idempotency_key, request_digest,
                              deadline_at, next_step_at)
        SELECT channel, user_ref, flight_ref, travel_date, payment_type, expected_total::numeric,
               'pending', 'pending', hold_id, idempotency_key, request_digest,
               now() + make_interval(secs => deadline_s), now() + make_interval(secs => lease_s)
        FROM unnest($1::text[], $2::text[], $3::text[], $4::date[], $5::text[], $6::text[],
                    $7::uuid[], $8::text[], $9::bytea[], $10::float8[], $11::float8[])
            AS new (channel, user_ref, flight_ref, travel_date, payment_type, expected_total, hold_id,
                    idempotency_key, request_digest, deadline_s, lease_s)
        ON CONFLICT DO NOTHING
        RETURNING id, hold_id, deadline_at, version, created_at, updated_at
    ), legs AS (
        INSERT INTO booking_legs (booking_id, position, flight_id, units, seats)
        SELECT added.id, leg.position, leg.flight_id, leg.units, string_to_array(leg.seats, ',')
        FROM added JOIN unnest($12::uuid[], $13::smallint[], $14::bigint[], $15::int[], $16::text[])
            AS leg (hold_id, position, flight_id, units, seats) USING (hold_id)
    ), traveling AS (
        INSERT INTO travelers (booking_id, position, given_name, family_name, born_on, document)
        SELECT added.id, traveler.position, traveler.given_name, traveler.family_name,
               traveler.born_on, traveler.document
        FROM added JOIN unnest($17::uuid[], $18::smallint[], $19::text[], $20::text[], $21::date[],
                               $22::text[])
            AS traveler (hold_id, position, given_name, family_name, born_on, document)
            USING (hold_id)
    )
    SELECT id, hold_id, deadline_at, version, created_at, updated_at FROM added";

/// Inserts bookings; `None` where the key or hold has a booking already. If the database refuses one, none is
/// inserted.
pub async fn insert(
    client: &impl GenericClient,
    insertions: &[Insertion],
) -> Result<Vec<Option<Booking>>, DbError> {
    // Sorted by key, so that two batches cannot deadlock (lock order).
    let mut ordered: Vec<&Insertion> = insertions.iter().collect();
    ordered.sort_by_key(|one| one.new.key.as_ref().map(|key| key.key.as_str()));
    let of = ordered.as_slice();
    let legs: Vec<_> = of
        .iter()
        .flat_map(|one| one.new.legs.iter().zip(0i16..).map(|leg| (one.hold.0, leg)))
        .collect();
    let travelers: Vec<_> = of
        .iter()
        .flat_map(|one| {
            let travelers = one.new.travelers.iter().zip(0i16..);
            travelers.map(|traveler| (one.hold.0, traveler))
        })
        .collect();
    let statement = client.prepare_cached(INSERT).await?;
    let rows = client
        .query(
            &statement,
            &[
                &column(of, |one| one.new.channel.as_str()),
                &column(of, |one| one.new.user.as_str()),
                &column(of, |one| one.new.flight_ref.as_str()),
                &column(of, |one| one.new.date),
                &column(of, |one| one.new.payment_type.as_str()),
                &column(of, |one| {
                    one.new.expected_total.map(|total| total.to_string())
                }),
                &column(of, |one| one.hold.0),
                &column(of, |one| one.new.key.as_ref().map(|key| key.key.as_str())),
                &column(of, |one| {
                    let key = one.new.key.as_ref();
                    key.map_or(&[][..], |key| key.digest.as_slice())
                }),
                &column(of, |one| one.deadline.as_secs_f64()),
                &column(of, |one| one.lease.as_secs_f64()),
                &column(&legs, |(hold, _)| *hold),
                &column(&legs, |(_, (_, position))| *position),
                &column(&legs, |(_, (leg, _))| leg.flight.0),
                &column(&legs, |(_, (leg, _))| leg.units.get().cast_signed()),
                &column(&legs, |(_, (leg, _))| {
                    crate::db::bookings::joined(&leg.seats)
                }),
                &column(&travelers, |(hold, _)| *hold),
                &column(&travelers, |(_, (_, position))| *position),
                &column(&travelers, |(_, (one, _))| one.given_name.as_str()),
                &column(&travelers, |(_, (one, _))| one.family_name.as_str()),
                &column(&travelers, |(_, (one, _))| one.born_on),
                &column(&travelers, |(_, (one, _))| one.document.as_deref()),
            ],
        )
        .await?;
    let mut added = HashMap::with_capacity(rows.len());
    for row in rows {
        let hold = HoldId(row.try_get("hold_id")?);
        let facts = Added {
            id: BookingId(row.try_get("id")?),
            deadline_at: row.try_get("deadline_at")?,
            version: row.try_get("version")?,
            created_at: row.try_get("created_at")?,
            updated_at: row.try_get("updated_at")?,
        };
        added.insert(hold, facts);
    }
    Ok(insertions
        .iter()
        .map(|one| added.remove(&one.hold).map(|facts| facts.booking(one)))
        .collect())
}

/// The columns that the database sets.
struct Added {
    id: BookingId,
    deadline_at: Timestamp,
    version: i64,
    created_at: Timestamp,
    updated_at: Timestamp,
}

impl Added {
    fn booking(self, insertion: &Insertion) -> Booking {
        let new = insertion.new.clone();
        Booking {
            id: self.id,
            channel: new.channel,
            user: new.user,
            flight_ref: new.flight_ref,
            legs: new.legs,
            tickets: None,
            date: new.date,
            travelers: new.travelers,
            payment_type: new.payment_type,
            payment_code: None,
            expected_total: new.expected_total,
            lifecycle: BookingState::NEW,
            attempts: 0,
            is_on_session: false,
            refusal: None,
            hold: insertion.hold,
            seat_change: 0,
            requested_seats: None,
            total: None,
            held_at: None,
            payment: None,
            has_key: new.key.is_some(),
            digest: new.key.map_or_else(Vec::new, |key| key.digest.to_vec()),
            answer: None,
            deadline_at: self.deadline_at,
            is_past_deadline: false,
            lease_reclaims: 0,
            version: self.version,
            created_at: self.created_at,
            updated_at: self.updated_at,
        }
    }
}
