//! The pools on sale, and how customers were answered.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Products {
    Flight(i64),
    Event(Uuid),
    TicketOption(Uuid),
    /// Payments with this reference: their number is unlimited.
    Charges(Uuid),
}

impl Products {
    /// Name in reports.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Flight(id) => format!("flight {id}"),
            Self::Event(id) => format!("event {id}"),
            Self::TicketOption(id) => format!("ticket option {id}"),
            Self::Charges(_) => "payments".to_owned(),
        }
    }
}

/// A pool created for this test, so that nobody else buys from it.
#[derive(Debug)]
pub struct Pool {
    pub products: Products,
    /// In units.
    pub capacity: u64,
    /// Units sold before the load.
    pub sold_before: u64,
    /// How customers were answered.
    pub told: ClientObservations,
}

/// Answers about one pool, in units.
#[derive(Debug, Default)]
pub struct ClientObservations {
    confirmed: AtomicU64,
    unclear: AtomicU64,
    /// Requested, whether or not there was an answer.
    asked: AtomicU64,
    answered: AtomicU64,
    wanting: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    /// Number of customers that each seat was confirmed to.
    seats: Mutex<BTreeMap<String, u64>>,
    /// Groups of seats that were refused to somebody.
    wanted_seats: Mutex<BTreeSet<Vec<String>>>,
    /// Bookings whose end is not known yet.
    open: Mutex<Vec<Open>>,
    receipts: Mutex<Vec<Receipt>>,
}

/// Receipts kept of a pool, mostly of late payments: each is looked up after the load.
const RECEIPTS: usize = 300;

/// The answer to a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    pub id: String,
    /// Whether the customer was told that money was taken.
    pub is_charged: bool,
}

/// A booking whose end its customer has not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its id in the notation of its endpoint.
    pub id: String,
    pub units: u64,
    /// The seats, if they were chosen.
    pub seats: Vec<String>,
}

impl Pool {
    /// A pool of which nothing is sold.
    #[must_use]
    pub fn new(products: Products, capacity: u64) -> Self {
        Self {
            products,
            capacity,
            sold_before: 0,
            told: ClientObservations::default(),
        }
    }

    /// Units for sale in the load.
    #[must_use]
    pub fn for_sale(&self) -> u64 {
        self.capacity.saturating_sub(self.sold_before)
    }

    /// A pool of which so many units were sold before.
    #[must_use]
    pub fn sold(self, sold_before: u64) -> Self {
        Self {
            sold_before,
            ..self
        }
    }
}

impl ClientObservations {
    /// Counts requested units. Without any further answer they are unclear.
    pub fn ask(&self, units: u64) {
        add(&self.asked, units);
    }

    /// Counts units confirmed to a customer.
    pub fn confirm(&self, units: u64, seats: &[String]) {
        add(&self.answered, units);
        add(&self.confirmed, units);
        let mut confirmed = lock(&self.seats);
        for seat in seats {
            *confirmed.entry(seat.clone()).or_default() += 1;
        }
    }

    /// Counts units refused as sold out; the customer still wants them.
    pub fn refuse(&self, units: u64, seats: &[String]) {
        add(&self.answered, units);
        add(&self.refused, units);
        add(&self.wanting, units);
        if !seats.is_empty() {
            lock(&self.wanted_seats).insert(seats.to_vec());
        }
    }

    /// Counts units of a failed request, as with a declined payment: the customer neither has nor wants them.
    pub fn fail(&self, units: u64) {
        add(&self.answered, units);
        add(&self.failed, units);
    }

    /// Counts units with an unknown outcome, as after a broken connection.
    pub fn lose(&self, units: u64) {
        add(&self.answered, units);
        add(&self.unclear, units);
    }

    /// Keeps a booking whose end is to be followed up.
    pub fn leave_open(&self, open: Open) {
        add(&self.answered, open.units);
        lock(&self.open).push(open);
    }

    /// Takes the open bookings; the caller must record their ends.
    pub fn take_open(&self) -> Vec<Open> {
        let open = std::mem::take(&mut *lock(&self.open));
        for booking in &open {
            self.answered.fetch_sub(booking.units, Ordering::Relaxed);
        }
        open
    }

    /// Keeps a customer's receipt.
    pub fn give(&self, receipt: Receipt) {
        let mut receipts = lock(&self.receipts);
        if receipts.len() < RECEIPTS {
            receipts.push(receipt);
        } else if let Some(place) = receipts.get_mut(rand::random_range(0..RECEIPTS)) {
            *place = receipt;
        }
    }

    /// A sample of the customers' receipts.
    pub fn receipts(&self) -> Vec<Receipt> {
        lock(&self.receipts).clone()
    }

    /// A refused customer retries; if refused again, the units are wanted again.
    pub fn stop_wanting(&self, units: u64) {
        self.wanting.fetch_sub(units, Ordering::Relaxed);
    }

    pub fn confirmed(&self) -> u64 {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Units requested in all.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Units refused as sold out, retried or not.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Units of bookings that failed otherwise.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Units with an unknown outcome: sold, held or free.
    pub fn unclear(&self) -> u64 {
        let unanswered = self
            .asked()
            .saturating_sub(self.answered.load(Ordering::Relaxed));
        let open: u64 = lock(&self.open).iter().map(|open| open.units).sum();
        self.unclear.load(Ordering::Relaxed) + unanswered + open
    }

    /// Units whose last request was refused.
    pub fn wanting(&self) -> u64 {
        self.wanting.load(Ordering::Relaxed)
    }

    /// Groups of seats refused to somebody and confirmed to nobody.
    pub fn wanted_seats(&self) -> Vec<Vec<String>> {
        let confirmed = lock(&self.seats);
        let wanted = lock(&self.wanted_seats);
        let is_open = |seats: &&Vec<String>| seats.iter().all(|seat| !confirmed.contains_key(seat));
        wanted.iter().filter(is_open).cloned().collect()
    }

    /// Takes the same groups for a retry; a group refused once more is wanted again.
    pub fn take_wanted_seats(&self) -> Vec<Vec<String>> {
        let wanted = self.wanted_seats();
        lock(&self.wanted_seats).clear();
        wanted
    }

    /// Drops groups with a seat that is not free: another customer has it, answered or not.
    pub fn want_only_of(&self, free: &BTreeSet<String>) {
        let is_free = |seats: &Vec<String>| seats.iter().all(|seat| free.contains(seat));
        lock(&self.wanted_seats).retain(is_free);
    }

    /// Confirmations of seats beyond the first of each.
    pub fn confirmed_twice(&self) -> u64 {
        let seats = lock(&self.seats);
        seats
            .values()
            .map(|customers| customers.saturating_sub(1))
            .sum()
    }
}

fn add(counter: &AtomicU64, units: u64) {
    counter.fetch_add(units, Ordering::Relaxed);
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn unanswered_units_are_unclear() {
        let told = ClientObservations::default();
        told.ask(2);
        assert_eq!(told.unclear(), 2);
        told.confirm(2, &[]);
        told.ask(1);
        told.lose(1);
        told.ask(3);
        let open = Open {
            id: "7".to_owned(),
            units: 3,
            seats: Vec::new(),
        };
        told.leave_open(open.clone());
        assert_eq!((told.confirmed(), told.unclear()), (2, 4));
        assert_eq!(told.take_open(), [open]);
        assert_eq!(told.unclear(), 4);
        told.fail(3);
        assert_eq!((told.unclear(), told.failed()), (1, 3));
    }

    #[test]
    fn a_retrying_customer_wants_once() {
        let told = ClientObservations::default();
        told.ask(2);
        told.refuse(2, &seats(&["A1", "A2"]));
        assert_eq!(told.wanting(), 2);
        assert_eq!(told.wanted_seats(), [seats(&["A1", "A2"])]);
        assert_eq!(told.take_wanted_seats().len(), 1);
        assert!(told.wanted_seats().is_empty());
        told.refuse(0, &seats(&["A1", "A2"]));
        told.want_only_of(&["A1".to_owned(), "B1".to_owned()].into());
        assert!(told.wanted_seats().is_empty());
        told.stop_wanting(2);
        told.ask(2);
        told.confirm(2, &seats(&["A1", "A2"]));
        assert_eq!((told.wanting(), told.refused()), (0, 2));
        assert!(told.wanted_seats().is_empty());
        assert_eq!(told.confirmed_twice(), 0);
        told.confirm(1, &seats(&["A2"]));
        assert_eq!(told.confirmed_twice(), 1);
    }
}
