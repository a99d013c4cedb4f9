//! The report, for programs and for people.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use domain::Currency;
use serde::Serialize;
use uuid::Uuid;

/// Listed violations; more are only counted.
const LISTED_MAX: usize = 100;

/// The rules, by their names in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// A pool's ledger, holds or seats contradict its counts.
    PoolDiffers,
    /// A live hold has the owner of a booking that does not exist.
    OrphanHold,
    /// A charge has the key of a booking that does not exist.
    OrphanCharge,
    /// A confirmed booking's hold is not sold.
    NotSold,
    /// A confirmed booking has no captured charge.
    NotPaid,
    /// A confirmed booking's charge is partly refunded.
    PartlyRefunded,
    /// A confirmed booking's charge has another amount or currency.
    AmountDiffers,
    /// A confirmed booking names another charge than the captured one.
    PaymentDiffers,
    /// A free booking was charged.
    ChargedForNothing,
    /// A booking has more than one captured charge that is not refunded.
    ChargedTwice,
    /// A booking has ended, or shows its end, but has a live hold.
    EndedWithHold,
    /// A booking has ended, but a captured charge of it is not refunded in full.
    EndedWithMoney,
    /// A booking has ended, is known to have been charged and owes the refund, but there is no charge.
    ChargeMissing,
    /// A booking has ended, but a charge of it is still running.
    EndedWithOpenCharge,
    /// A charge's refunded total differs from the sum of its refunds.
    RefundsDiffer,
    /// A live hold of tickets has no booking or purchase, or other units than it; or a purchase has no hold.
    TicketsDiffer,
    /// An event's totals differ from the sums of its confirmed bookings.
    SalesDiffer,
}

impl Rule {
    fn name(self) -> &'static str {
        match self {
            Self::PoolDiffers => "pool_differs",
            Self::OrphanHold => "orphan_hold",
            Self::OrphanCharge => "orphan_charge",
            Self::NotSold => "not_sold",
            Self::NotPaid => "not_paid",
            Self::PartlyRefunded => "partly_refunded",
            Self::AmountDiffers => "amount_differs",
            Self::PaymentDiffers => "payment_differs",
            Self::ChargedForNothing => "charged_for_nothing",
            Self::ChargedTwice => "charged_twice",
            Self::EndedWithHold => "ended_with_hold",
            Self::EndedWithMoney => "ended_with_money",
            Self::ChargeMissing => "charge_missing",
            Self::EndedWithOpenCharge => "ended_with_open_charge",
            Self::RefundsDiffer => "refunds_differ",
            Self::TicketsDiffer => "tickets_differ",
            Self::SalesDiffer => "sales_differ",
        }
    }
}

/// A broken rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Violation {
    pub rule: Rule,
    /// The booking concerned, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub booking: Option<i64>,
    /// The hold concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Uuid>,
    /// The pool concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool: Option<i64>,
    /// The pool's kind; the two kinds are numbered separately.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_of: Option<PoolKind>,
    /// The finding in words; amounts are in minor units.
    pub what: String,
}

/// The kind of a pool's units, which tells the service that owns it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PoolKind {
    /// Seats on flights, in flight-service.
    Seats,
    /// Tickets of events and ticket options, uses of vouchers, users' limits; in booking-service.
    Tickets,
}

impl PoolKind {
    fn name(self) -> &'static str {
        match self {
            Self::Seats => "seats",
            Self::Tickets => "tickets",
        }
    }
}

/// Totals over all pools, in units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Pools {
    /// Number of pools.
    pub count: i64,
    pub capacity: i64,
    pub free: i64,
    pub held: i64,
    pub sold: i64,
}

/// Bookings with work left.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Unfinished {
    pub count: u64,
    /// Those whose work is overdue, and orders that should have expired.
    pub overdue: u64,
    /// The threshold, in seconds.
    pub overdue_after_s: u64,
}

/// Money of bookings' charges in one currency, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Money {
    pub captured_minor: i64,
    pub refunded_minor: i64,
}

/// The result of a reconciliation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// No violations.
    pub clean: bool,
    pub bookings: BTreeMap<String, u64>,
    /// Confirmed bookings that are to be paid: of any channel but `simple`, with an amount other than zero.
    pub confirmed_to_pay: u64,
    /// Bookings that have not reached a final state.
    pub unfinished: Unfinished,
    /// Pools of flights.
    pub pools: Pools,
    /// Pools of events, ticket options, vouchers and users' limits.
    pub ticket_pools: Pools,
    /// Holds of seats by status, whoever placed them.
    pub holds: BTreeMap<String, i64>,
    pub ticket_holds: BTreeMap<String, i64>,
    pub charges: BTreeMap<String, u64>,
    /// Captured charges of bookings that are not refunded in full.
    pub charges_kept: u64,
    /// Their money by currency.
    pub money: BTreeMap<String, Money>,
    pub violation_count: u64,
    /// The first violations, at most 100.
    pub violations: Vec<Violation>,
}

impl Report {
    pub(crate) fn new(overdue_after: Duration) -> Self {
        Self {
            clean: true,
            bookings: BTreeMap::new(),
            confirmed_to_pay: 0,
            unfinished: Unfinished {
                overdue_after_s: overdue_after.as_secs(),
                ..Unfinished::default()
            },
            pools: Pools::default(),
            ticket_pools: Pools::default(),
            holds: BTreeMap::new(),
            ticket_holds: BTreeMap::new(),
            charges: BTreeMap::new(),
            charges_kept: 0,
            money: BTreeMap::new(),
            violation_count: 0,
            violations: Vec::new(),
        }
    }

    pub(crate) fn add(&mut self, violation: Violation) {
        self.clean = false;
        self.violation_count += 1;
        if self.violations.len() < LISTED_MAX {
            self.violations.push(violation);
        }
    }

    /// Adds the confirmed suspects, and the number of those that were never rechecked.
    pub(crate) fn conclude(&mut self, suspects: Vec<Violation>, unexamined: u64) {
        for violation in suspects {
            self.add(violation);
        }
        self.violation_count += unexamined;
        self.clean &= unexamined == 0;
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.rule.name())?;
        match (self.booking, self.hold, self.pool) {
            (Some(booking), Some(hold), _) => write!(f, "booking {booking} ({hold}): ")?,
            (None, Some(hold), _) => write!(f, "{hold}: ")?,
            (_, _, Some(pool)) => {
                let kind = self.pool_of.unwrap_or(PoolKind::Seats).name();
                write!(f, "pool {pool} of {kind}: ")?;
            }
            _ => {}
        }
        f.write_str(&self.what)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, pools) in [("flights", &self.pools), ("tickets", &self.ticket_pools)] {
            writeln!(
                f,
                "{name}     {} pools: capacity {}, free {}, held {}, sold {}",
                pools.count, pools.capacity, pools.free, pools.held, pools.sold
            )?;
        }
        let (seats, tickets) = (list(&self.holds), list(&self.ticket_holds));
        writeln!(f, "holds       {seats} of seats; {tickets} of tickets")?;
        writeln!(f, "bookings    {}", list(&self.bookings))?;
        let unfinished = &self.unfinished;
        writeln!(
            f,
            "unfinished  {} with work left, {} overdue by more than {} s",
            unfinished.count, unfinished.overdue, unfinished.overdue_after_s
        )?;
        writeln!(
            f,
            "charges     {}; {} kept, {} confirmed bookings to pay",
            list(&self.charges),
            self.charges_kept,
            self.confirmed_to_pay
        )?;
        for (currency, money) in &self.money {
            let captured = decimal(currency, money.captured_minor);
            let refunded = decimal(currency, money.refunded_minor);
            writeln!(
                f,
                "money       {currency}: {captured} captured, {refunded} of it refunded"
            )?;
        }
        for violation in &self.violations {
            writeln!(f, "VIOLATION   {violation}")?;
        }
        let listed = u64::try_from(self.violations.len()).unwrap_or(u64::MAX);
        let more = self.violation_count.saturating_sub(listed);
        if more > 0 {
            writeln!(f, "VIOLATION   and {more} more")?;
        }
        if self.clean {
            f.write_str("verdict     every invariant holds")
        } else {
            write!(f, "verdict     {} violations", self.violation_count)
        }
    }
}

fn list<T: fmt::Display>(counts: &BTreeMap<String, T>) -> String {
    if counts.is_empty() {
        return "none".to_owned();
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(name, count)| format!("{count} {name}"))
        .collect();
    counts.join(", ")
}

/// Minor units as a decimal; unchanged if the currency is unknown.
fn decimal(currency: &str, minor: i64) -> String {
    Currency::stored(currency)
        .map_or_else(|_| minor.to_string(), |currency| currency.decimal(minor))
}
