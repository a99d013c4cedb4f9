//! The totals of bookings, charges and money.

use std::collections::BTreeMap;

use crate::report::Report;
use crate::rules::Case;

impl Report {
    /// Adds a case to the totals, right or wrong.
    pub(crate) fn count(&mut self, case: &Case) {
        if let Some(booking) = &case.booking {
            raise(&mut self.bookings, &booking.state);
            let is_to_pay = booking.channel != "simple" && booking.amount != Some(0);
            self.confirmed_to_pay += u64::from(booking.state == "confirmed" && is_to_pay);
            self.unfinished.count += u64::from(booking.has_work);
            self.unfinished.overdue += u64::from(booking.is_overdue);
        }
        for charge in &case.charges {
            raise(&mut self.charges, &charge.status);
            self.charges_kept += u64::from(charge.keeps_money());
            if charge.status == "success" {
                let money = self.money.entry(charge.currency.clone()).or_default();
                money.captured_minor = money.captured_minor.saturating_add(charge.amount);
                money.refunded_minor = money.refunded_minor.saturating_add(charge.refunded);
            }
        }
    }
}

fn raise(counts: &mut BTreeMap<String, u64>, name: &str) {
    match counts.get_mut(name) {
        Some(count) => *count += 1,
        None => {
            counts.insert(name.to_owned(), 1);
        }
    }
}
