//! What customers do: they book, order, change their minds, pay, and cancel, and remember the final answers.

mod tickets;

use std::sync::atomic::Ordering;

use anyhow::{Context as _, ensure};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use reqwest::Method;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::databases::DAY;
use crate::events::Events;
use crate::observations::{End, Observation, Which};
use crate::world::World;
use test_stack::caller::{Answer, Call};

/// Actions per customer.
const ACTIONS: usize = 5;

/// Flights and itineraries to book by count; the demo has them all on its day.
const PATHS: [&[i64]; 5] = [&[1], &[3], &[8, 9], &[12, 13], &[10, 11, 15]];

/// The demo's flight with a seat map, and the map's rows and numbers.
const SEATED: &str = "FL123";
const ROWS: [&str; 3] = ["A", "B", "C"];

pub struct Customer<'a> {
    world: &'a World,
    events: &'a Events,
    name: String,
    /// Their user id for event tickets.
    user: Uuid,
    random: StdRng,
    observations: Vec<Observation>,
}

impl<'a> Customer<'a> {
    /// A new customer, with a user for event tickets.
    pub async fn arrive(
        world: &'a World,
        events: &'a Events,
        seed: u64,
        number: u64,
    ) -> anyhow::Result<Self> {
        let name = format!("{seed}-{number}");
        Ok(Self {
            world,
            events,
            user: Events::user(world, &name).await?,
            name,
            random: StdRng::seed_from_u64(seed.wrapping_mul(1_000).wrapping_add(number)),
            observations: Vec::new(),
        })
    }

    /// Does all they want to, and answers what they have observed.
    pub async fn live(mut self) -> anyhow::Result<Vec<Observation>> {
        for wish in 0..ACTIONS {
            match self.random.random_range(0..14) {
                0..4 => self.book(wish).await,
                4..5 => self.order_simply(wish).await,
                5..10 => self.book_tickets(wish).await,
                _ => self.order(wish).await,
            }
            .with_context(|| format!("customer {} with wish {wish}", self.name))?;
        }
        Ok(self.observations)
    }

    fn key(&self, wish: usize) -> String {
        format!("{}-{wish}", self.name)
    }

    fn is_likely(&mut self, probability: f64) -> bool {
        self.random.random_bool(probability)
    }

    async fn retry(&self, call: &Call) -> anyhow::Result<Answer> {
        let answer = self.world.bookings.retry(call).await?;
        self.world.answers.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    async fn call_once(&self, call: &Call) -> anyhow::Result<Option<Answer>> {
        let answer = self.world.bookings.call_once(call).await?;
        self.world.answers.fetch_add(1, Ordering::Relaxed);
        Ok(answer)
    }

    /// Books by count; may cancel.
    async fn book(&mut self, wish: usize) -> anyhow::Result<()> {
        let path = PATHS.choose(&mut self.random).copied().unwrap_or_default();
        let seats = self.random.random_range(1..=3);
        let mut body = json!({"user_id": 7, "seats": seats, "date": DAY});
        match path {
            [flight] => body["flight_id"] = json!(flight),
            flights => body["flight_ids"] = json!(flights),
        }
        let call = Call::post("/api/bookings", body);
        let (call, answer) = if self.is_likely(0.7) {
            let call = call.keyed(self.key(wish));
            let answer = self.retry(&call).await?;
            (Some(call), answer)
        } else {
            match self.call_once(&call).await? {
                Some(answer) => (None, answer),
                None => return Ok(()),
            }
        };
        if answer.status == 400 {
            return Ok(());
        }
        ensure!(answer.status == 200, "{answer:?}");
        let id = answer.body["booking_id"].as_i64().context("no id")?;
        if let Some(call) = call.filter(|_| self.random.random_bool(0.3)) {
            let again = self.retry(&call).await?;
            ensure!(again.body == answer.body, "{again:?} after {answer:?}");
        }
        let which = Which::Booking(id);
        if !self.is_likely(0.3) {
            self.observe(which, End::Confirmed);
            return Ok(());
        }
        let cancel = Call::new(Method::PUT, format!("/api/bookings/{id}/cancel"));
        let answer = self.retry(&cancel).await?;
        // Asked again, it may have been cancelled already.
        ensure!([200, 400].contains(&answer.status), "{answer:?}");
        self.observe(which, End::Cancelled);
        Ok(())
    }

    /// Orders without paying.
    async fn order_simply(&mut self, wish: usize) -> anyhow::Result<()> {
        let body = json!({"flight_id": 5, "customer_id": 7, "seats": 1});
        let call = Call::post("/api/orders", body).keyed(self.key(wish));
        let answer = self.retry(&call).await?;
        ensure!(answer.status == 201, "{answer:?}");
        let id = answer.body["id"].as_i64().context("no id")?;
        self.observe(Which::Booking(id), End::Confirmed);
        Ok(())
    }

    /// Orders seats; may change them, pay, and cancel, also during the charge.
    async fn order(&mut self, wish: usize) -> anyhow::Result<()> {
        let body = json!({"userId": self.name, "seats": self.seats()});
        let call = Call::post(format!("/api/flights/{SEATED}/orders"), body);
        let answer = self.retry(&call.keyed(self.key(wish))).await?;
        ensure!(answer.status == 201, "{answer:?}");
        let id = answer.body["orderId"].as_str().context("no orderId")?;
        let id: Uuid = id.parse()?;
        if answer.body["status"] != "SEATS_RESERVED" {
            return Ok(());
        }
        let path = format!("/api/orders/{id}");
        // These answers depend on a race: between the customer, their previous call, and the order's
        // deadline.
        let may_be = [200, 409, 410];
        if self.is_likely(0.4) {
            let change = Call::post(format!("{path}/seats"), json!({"seats": self.seats()}));
            let changed = self.retry(&change).await?;
            ensure!(may_be.contains(&changed.status), "{changed:?}");
        }
        if self.is_likely(0.7) {
            let code = if self.is_likely(0.9) {
                "12345"
            } else {
                "00000"
            };
            let pay = Call::post(format!("{path}/payment"), json!({"paymentCode": code}));
            let paid = self.retry(&pay).await?;
            ensure!(may_be.contains(&paid.status), "{paid:?}");
        }
        let gives_up = self.is_likely(0.3);
        if self.is_likely(0.5) {
            let seen = self.retry(&Call::get(path.clone())).await?;
            ensure!(seen.status == 200, "{seen:?}");
            if seen.body["status"] == "CONFIRMED" && !gives_up {
                self.observe(Which::Hold(id), End::Confirmed);
            }
        }
        if gives_up {
            let answer = self.retry(&Call::new(Method::DELETE, path)).await?;
            ensure!(may_be.contains(&answer.status), "{answer:?}");
            if answer.status == 200 {
                self.observe(Which::Hold(id), End::Cancelled);
            }
        }
        Ok(())
    }

    /// One seat, or two adjacent ones.
    fn seats(&mut self) -> Value {
        let row = ROWS.choose(&mut self.random).copied().unwrap_or_default();
        let first = self.random.random_range(1..=9);
        let last = first + self.random.random_range(0..=1);
        (first..=last)
            .map(|seat| json!(format!("{row}{seat}")))
            .collect()
    }

    fn observe(&mut self, which: Which, end: End) {
        self.observations.push(Observation { which, end });
    }
}
