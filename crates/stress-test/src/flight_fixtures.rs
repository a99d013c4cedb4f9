//! Flights, reused from load to load: each schedule change makes flight-service rebuild its timetable, so no
//! more are created than needed.

use std::sync::Arc;

use anyhow::{Context as _, bail};
use futures_util::future::try_join_all;

use crate::endpoints::{Caller, Endpoint, Endpoints};
use crate::flow::OrderSize;
use crate::pool::{Pool, Products};
use crate::products::{self, Route};

/// Most seats that a flight may have.
const LARGEST_FLIGHT: u64 = 1_000;

/// Lower bound of the flights that bookings are spread over.
const FEWEST_FLIGHTS: usize = 20;

/// Upper bound of the flights: a load that wants more seats sells them out.
const MOST_FLIGHTS: usize = 400;

/// Concurrent creations.
const MADE_AT_ONCE: usize = 20;

#[derive(Debug)]
pub struct FlightFixtures {
    endpoints: Endpoints,
    route: Option<Route>,
    flights: Vec<i64>,
    date: String,
}

impl FlightFixtures {
    #[must_use]
    pub fn new(endpoints: Endpoints) -> Self {
        Self {
            endpoints,
            route: None,
            flights: Vec::new(),
            date: String::new(),
        }
    }

    /// The flights' local departure date.
    #[must_use]
    pub fn date(&self) -> &str {
        &self.date
    }

    /// All flights, with at least `free` free seats together. Reused ones have sold some.
    pub async fn flights(&mut self, caller: &mut Caller, free: u64) -> anyhow::Result<Vec<Pool>> {
        let mut pools = Vec::new();
        for id in &self.flights {
            pools.push(look_up(caller, *id).await?);
        }
        loop {
            let there: u64 = pools.iter().map(Pool::for_sale).sum();
            let is_enough = there >= free && pools.len() >= FEWEST_FLIGHTS;
            if is_enough || pools.len() >= MOST_FLIGHTS {
                return Ok(pools);
            }
            pools.extend(self.make(caller).await?);
        }
    }

    /// Retires flights with unclear orders: their seats may be held, and sold later.
    pub fn discard(&mut self, sales: &[(Arc<Pool>, OrderSize)]) {
        let unclear = |id: i64| {
            sales
                .iter()
                .any(|(pool, _)| pool.products == Products::Flight(id) && pool.told.unclear() > 0)
        };
        self.flights.retain(|id| !unclear(*id));
    }

    async fn make(&mut self, caller: &mut Caller) -> anyhow::Result<Vec<Pool>> {
        let route = match &self.route {
            Some(route) => route.clone(),
            None => self.route.insert(products::route(caller).await?).clone(),
        };
        let new = (0..MADE_AT_ONCE).map(async |_| {
            let mut caller = Caller::new(&self.endpoints);
            products::flight(&mut caller, &route, LARGEST_FLIGHT, None).await
        });
        let mut pools = Vec::new();
        for made in try_join_all(new).await? {
            // The first flight's date counts: flights created after midnight are left out.
            if self.date.is_empty() {
                self.date.clone_from(&made.date);
            }
            if self.date != made.date {
                continue;
            }
            if let Products::Flight(id) = made.pool.products {
                self.flights.push(id);
            }
            pools.push(made.pool);
        }
        if pools.is_empty() {
            bail!("midnight has passed: flights of the same day can't be made any more");
        }
        Ok(pools)
    }
}

async fn look_up(caller: &mut Caller, id: i64) -> anyhow::Result<Pool> {
    let reply = caller
        .get(Endpoint::Flight, format!("/api/flights/{id}"))
        .await?;
    let count = |name: &str| {
        let count = reply.body[name].as_u64();
        count.with_context(|| format!("flight {id} has no {name}"))
    };
    let (total, booked) = (count("total_seats")?, count("booked_seats")?);
    Ok(Pool::new(Products::Flight(id), total).sold(booked))
}
