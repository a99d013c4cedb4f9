//! What is sold in a trial, and what customers were told about it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use uuid::Uuid;

/// What can be sold out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Products {
    /// Seats of a flight.
    Flight(i64),
    /// Tickets to an event.
    Event(Uuid),
    /// Tickets of an option.
    TicketOption(Uuid),
    /// Payments with this reference: there is no end of them.
    Charges(Uuid),
}

impl Products {
    /// How reports name it.
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

/// A pool that was made for a trial: nobody else buys of it.
#[derive(Debug)]
pub struct Pool {
    /// What is sold.
    pub products: Products,
    /// How many units there are.
    pub capacity: u64,
    /// How many of them were sold before anything was counted.
    pub sold_before: u64,
    /// What customers were told.
    pub told: Told,
}

/// What customers were told about one pool, in units.
#[derive(Debug, Default)]
pub struct Told {
    confirmed: AtomicU64,
    unclear: AtomicU64,
    /// Asked for, whether or not there was an answer.
    asked: AtomicU64,
    answered: AtomicU64,
    wanting: AtomicU64,
    refused: AtomicU64,
    failed: AtomicU64,
    /// How many customers each seat was confirmed to.
    seats: Mutex<BTreeMap<String, u64>>,
    /// Seats that somebody was refused.
    wanted_seats: Mutex<BTreeSet<Vec<String>>>,
    /// Bookings whose end nobody has seen yet.
    open: Mutex<Vec<Open>>,
    receipts: Mutex<Vec<Receipt>>,
}

/// So many receipts are kept of a pool, mostly late ones: each is looked up when the load is over.
const RECEIPTS: usize = 300;

/// What a customer was told of a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The payment's id.
    pub id: String,
    /// Whether money was taken.
    pub is_charged: bool,
}

/// A booking whose end its customer has not seen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Open {
    /// Its id, as the endpoint that it came through writes it.
    pub id: String,
    /// How many units it has.
    pub units: u64,
    /// The seats, where they were chosen.
    pub seats: Vec<String>,
}

impl Pool {
    /// One of which nothing is sold.
    #[must_use]
    pub fn new(products: Products, capacity: u64) -> Self {
        Self {
            products,
            capacity,
            sold_before: 0,
            told: Told::default(),
        }
    }

    /// How many units there are to sell.
    #[must_use]
    pub fn for_sale(&self) -> u64 {
        self.capacity.saturating_sub(self.sold_before)
    }

    /// The same, of which so much was sold before.
    #[must_use]
    pub fn sold(self, sold_before: u64) -> Self {
        Self {
            sold_before,
            ..self
        }
    }
}

impl Told {
    /// Somebody asks for so many. What is asked and gets no answer at all is unclear.
    pub fn ask(&self, units: u64) {
        add(&self.asked, units);
    }

    /// They were confirmed to a customer.
    pub fn confirm(&self, units: u64, seats: &[String]) {
        add(&self.answered, units);
        add(&self.confirmed, units);
        let mut confirmed = lock(&self.seats);
        for seat in seats {
            *confirmed.entry(seat.clone()).or_default() += 1;
        }
    }

    /// Somebody who wants them was told that there are none.
    pub fn refuse(&self, units: u64, seats: &[String]) {
        add(&self.answered, units);
        add(&self.refused, units);
        add(&self.wanting, units);
        if !seats.is_empty() {
            lock(&self.wanted_seats).insert(seats.to_vec());
        }
    }

    /// Somebody was told that it has failed, as with a declined payment: the units are not that
    /// customer's, nor asked for any more.
    pub fn fail(&self, units: u64) {
        add(&self.answered, units);
        add(&self.failed, units);
    }

    /// Nobody knows what became of them, as after a broken connection.
    pub fn lose(&self, units: u64) {
        add(&self.answered, units);
        add(&self.unclear, units);
    }

    /// The end of a booking is yet to be seen.
    pub fn leave_open(&self, open: Open) {
        add(&self.answered, open.units);
        lock(&self.open).push(open);
    }

    /// The bookings whose end is yet to be seen: whoever takes them must tell what became of them.
    pub fn take_open(&self) -> Vec<Open> {
        let open = std::mem::take(&mut *lock(&self.open));
        for booking in &open {
            self.answered.fetch_sub(booking.units, Ordering::Relaxed);
        }
        open
    }

    /// A customer has a receipt.
    pub fn give(&self, receipt: Receipt) {
        let mut receipts = lock(&self.receipts);
        if receipts.len() < RECEIPTS {
            receipts.push(receipt);
        } else if let Some(place) = receipts.get_mut(rand::random_range(0..RECEIPTS)) {
            *place = receipt;
        }
    }

    /// Some of the receipts that customers have.
    pub fn receipts(&self) -> Vec<Receipt> {
        lock(&self.receipts).clone()
    }

    /// One who was refused asks again. Whoever is refused again wants them still.
    pub fn stop_wanting(&self, units: u64) {
        self.wanting.fetch_sub(units, Ordering::Relaxed);
    }

    /// Units confirmed to customers.
    pub fn confirmed(&self) -> u64 {
        self.confirmed.load(Ordering::Relaxed)
    }

    /// Units that were asked for in all.
    pub fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }

    /// Units that were refused because there were none, asked for again or not.
    pub fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// Units of bookings that failed otherwise.
    pub fn failed(&self) -> u64 {
        self.failed.load(Ordering::Relaxed)
    }

    /// Units that nobody knows about: they may be sold, held or free.
    pub fn unclear(&self) -> u64 {
        let unanswered = self
            .asked()
            .saturating_sub(self.answered.load(Ordering::Relaxed));
        let open: u64 = lock(&self.open).iter().map(|open| open.units).sum();
        self.unclear.load(Ordering::Relaxed) + unanswered + open
    }

    /// Units that customers want who were refused the last time they asked.
    pub fn wanting(&self) -> u64 {
        self.wanting.load(Ordering::Relaxed)
    }

    /// Groups of seats that somebody was refused, and that nobody was confirmed.
    pub fn wanted_seats(&self) -> Vec<Vec<String>> {
        let confirmed = lock(&self.seats);
        let wanted = lock(&self.wanted_seats);
        let is_open = |seats: &&Vec<String>| seats.iter().all(|seat| !confirmed.contains_key(seat));
        wanted.iter().filter(is_open).cloned().collect()
    }

    /// The same groups, to be asked for again: none is wanted until somebody is refused it once more.
    pub fn take_wanted_seats(&self) -> Vec<Vec<String>> {
        let wanted = self.wanted_seats();
        lock(&self.wanted_seats).clear();
        wanted
    }

    /// Leaves out what somebody wants of which some is not free: another has it, told or not.
    pub fn want_only_of(&self, free: &BTreeSet<String>) {
        let is_free = |seats: &Vec<String>| seats.iter().all(|seat| free.contains(seat));
        lock(&self.wanted_seats).retain(is_free);
    }

    /// How often a seat was confirmed beyond its first customer.
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
    fn what_has_no_answer_is_unclear() {
        let told = Told::default();
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
    fn whoever_asks_again_wants_once() {
        let told = Told::default();
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
