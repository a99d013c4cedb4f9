//! The rules for one booking with its hold and its charges.

use uuid::Uuid;

use crate::report::{Rule, Violation};
use crate::rows::{Booking, Charge, Hold};

/// All rows under one hold's id.
pub struct Case {
    pub id: Uuid,
    pub booking: Option<Booking>,
    /// Only if it is live.
    pub hold: Option<Hold>,
    pub charges: Vec<Charge>,
}

impl Case {
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = Vec::new();
        self.check_charges(&mut found);
        match &self.booking {
            None => self.check_orphans(&mut found),
            Some(booking) => self.check_booking(booking, &mut found),
        }
        found
    }

    /// Rules for charges, whatever the booking's state.
    fn check_charges(&self, found: &mut Vec<Violation>) {
        for charge in &self.charges {
            if charge.refunded != charge.refunds {
                let what = format!(
                    "{} of its charge {} count as refunded, the refunds sum up to {}",
                    charge.refunded, charge.payment, charge.refunds
                );
                found.push(self.violation(Rule::RefundsDiffer, what));
            }
        }
        let kept = self.charges.iter().filter(|charge| charge.keeps_money());
        let kept = kept.count();
        if kept > 1 {
            let what = format!("{kept} captured charges are not refunded");
            found.push(self.violation(Rule::ChargedTwice, what));
        }
    }

    fn check_orphans(&self, found: &mut Vec<Violation>) {
        if let Some(hold) = self.hold.as_ref().filter(|hold| hold.is_of_a_booking()) {
            let what = format!(
                "there is no such booking, but a live hold of `{}`",
                hold.owner
            );
            found.push(self.violation(Rule::OrphanHold, what));
        }
        for charge in &self.charges {
            let what = format!(
                "there is no such booking, but the charge {}",
                charge.payment
            );
            found.push(self.violation(Rule::OrphanCharge, what));
        }
    }

    fn check_booking(&self, booking: &Booking, found: &mut Vec<Violation>) {
        let has_ended = |state: &str| matches!(state, "failed" | "expired" | "cancelled");
        let is_held = self.hold.is_some();
        let is_there = |charge: &Charge| Some(charge.payment) == booking.payment;
        if booking.owes_refund && !self.charges.iter().any(is_there) {
            let what = "it was charged and owes the refund, but its charge is not there".to_owned();
            found.push(self.violation(Rule::ChargeMissing, what));
        }
        match (booking.state.as_str(), booking.has_work) {
            ("confirmed", false) => self.check_confirmed(booking, found),
            (state, false) if has_ended(state) => {
                if is_held {
                    let what = "it has ended, but its seats are not free".to_owned();
                    found.push(self.violation(Rule::EndedWithHold, what));
                }
                self.check_ended_money(found);
            }
            (_, true) if has_ended(&booking.public_status) && is_held => {
                let what = "it shows its end, but its seats are not free".to_owned();
                found.push(self.violation(Rule::EndedWithHold, what));
            }
            _ => {}
        }
    }

    /// A confirmed booking without work left.
    fn check_confirmed(&self, booking: &Booking, found: &mut Vec<Violation>) {
        match &self.hold {
            Some(hold) if hold.is_sold => {}
            other => {
                let hold = other.as_ref().map_or("gone", |_| "held");
                let what = format!("it is confirmed, but its hold is {hold}, not sold");
                found.push(self.violation(Rule::NotSold, what));
            }
        }
        let mut kept = self.charges.iter().filter(|charge| charge.keeps_money());
        let is_free = booking.channel == "simple" || booking.amount == Some(0);
        match (kept.next(), is_free) {
            (None, true) => {}
            (Some(charge), true) => {
                let what = format!("nothing was to pay, but {} was charged", charge.payment);
                found.push(self.violation(Rule::ChargedForNothing, what));
            }
            (None, false) => {
                let what = "it is confirmed, but no captured charge is kept".to_owned();
                found.push(self.violation(Rule::NotPaid, what));
            }
            (Some(charge), false) => self.check_payment(booking, charge, found),
        }
    }

    /// The charge of a confirmed booking; the first if there are several.
    fn check_payment(&self, booking: &Booking, charge: &Charge, found: &mut Vec<Violation>) {
        if charge.refunded != 0 {
            let what = format!("{} of its charge were given back", charge.refunded);
            found.push(self.violation(Rule::PartlyRefunded, what));
        }
        if booking.amount != Some(charge.amount)
            || booking.currency.as_deref() != Some(charge.currency.as_str())
        {
            let what = format!(
                "it costs {:?} {}, but {} {} were charged, in minor units",
                booking.amount.unwrap_or_default(),
                booking.currency.as_deref().unwrap_or("-"),
                charge.amount,
                charge.currency
            );
            found.push(self.violation(Rule::AmountDiffers, what));
        }
        if booking.payment != Some(charge.payment) {
            let what = format!("it was not paid with its payment, but {}", charge.payment);
            found.push(self.violation(Rule::PaymentDiffers, what));
        }
    }

    /// The money of a booking that ended otherwise, without work left.
    fn check_ended_money(&self, found: &mut Vec<Violation>) {
        for charge in &self.charges {
            if charge.keeps_money() {
                let what = format!("it has ended, but its charge {} is kept", charge.payment);
                found.push(self.violation(Rule::EndedWithMoney, what));
            } else if charge.status == "processing" {
                let what = format!("it has ended, but {} may still charge", charge.payment);
                found.push(self.violation(Rule::EndedWithOpenCharge, what));
            }
        }
    }

    fn violation(&self, rule: Rule, what: String) -> Violation {
        let booking = self.booking.as_ref().map(|booking| booking.id);
        Violation {
            rule,
            booking,
            hold: Some(self.id),
            pool: None,
            pool_of: None,
            what,
        }
    }
}

impl Charge {
    /// Captured, and not refunded in full.
    pub fn keeps_money(&self) -> bool {
        self.status == "success" && self.refunded < self.amount
    }
}

impl Hold {
    /// Whether booking-service placed it: the owner is `booking <id>`, or for an order the hold's id.
    fn is_of_a_booking(&self) -> bool {
        let number = self.owner.strip_prefix("booking ");
        let is_numbered = number.is_some_and(|number| {
            !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
        });
        is_numbered || self.owner == self.id.to_string()
    }
}
