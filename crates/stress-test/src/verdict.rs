//! Whether units were oversold or undersold: a pure function of the customers' answers and the recorded
//! sales.
//!
//! Valid once every booking has ended and refused customers have retried, with a provider that declines
//! nothing. Then, whatever happened before (declined payments included, whose units are free again):
//!
//! - no more is confirmed than was for sale, no seat to two customers, and nothing that the records don't
//!   show as sold: each such unit is *oversold*;
//! - no unit is still held, none is sold without a confirmation to a customer, and none is free while a
//!   customer wants it: each such unit is *undersold*.
//!
//! With a demand of D units against a capacity of C this means that exactly min(D, C) are sold. Units of
//! unclear requests may be sold, held or free, which is allowed for on both sides.

use serde::{Deserialize, Serialize};

/// The sales of a pool, or of several together, by one source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordedSales {
    pub source: String,
    /// `None` if the source counts only sold units.
    pub free: Option<u64>,
    /// Units in holds, if the source counts them.
    pub held: Option<u64>,
    /// Units sold, those sold before the load included.
    pub sold: u64,
}

/// Everything known of a pool, or of several together, in units.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sale {
    /// Name of the product.
    pub name: String,
    pub capacity: u64,
    /// Units sold before the load.
    pub sold_before: u64,
    /// Confirmed to customers.
    pub confirmed: u64,
    /// Confirmations of seats already confirmed to somebody else.
    pub confirmed_twice: u64,
    /// Requests with an unknown outcome.
    pub unclear: u64,
    /// Wanted by customers whose retry was refused.
    pub wanted: u64,
    pub recorded_sales: Vec<RecordedSales>,
}

/// The violations of a sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub oversold: u64,
    /// Units that could have been sold.
    pub undersold: u64,
    /// One sentence per violation.
    pub reasons: Vec<String>,
}

impl Finding {
    #[must_use]
    pub fn is_clean(&self) -> bool {
        // Every oversold or undersold unit has a reason, and so has any other violation.
        self.reasons.is_empty()
    }

    /// Two views of the same sale: the worse count of each, and the reasons of both.
    #[must_use]
    pub fn or_worse(mut self, other: Self) -> Self {
        self.oversold = self.oversold.max(other.oversold);
        self.undersold = self.undersold.max(other.undersold);
        self.reasons.extend(other.reasons);
        self
    }

    /// The sum over two sales.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.oversold += other.oversold;
        self.undersold += other.undersold;
        self.reasons.extend(other.reasons);
        self
    }

    fn oversell(&mut self, units: u64, reason: impl FnOnce() -> String) {
        if units > 0 {
            self.oversold = self.oversold.max(units);
            self.reasons.push(reason());
        }
    }
}

/// Judges a sale. Symptoms of one fault count once: the worst symptom of overselling, and the worst source of
/// underselling.
#[must_use]
pub fn judge(sale: &Sale) -> Finding {
    let mut finding = Finding::default();
    let (name, confirmed) = (&sale.name, sale.confirmed);
    let sellable = sale.capacity.saturating_sub(sale.sold_before);
    finding.oversell(confirmed.saturating_sub(sellable), || {
        format!("{name}: {confirmed} units were confirmed to customers, {sellable} were for sale")
    });
    let twice = sale.confirmed_twice;
    finding.oversell(twice, || {
        format!("{name}: {twice} seats were confirmed to more than one customer")
    });
    for recorded_sales in &sale.recorded_sales {
        let found = compare(sale, recorded_sales);
        finding = finding.or_worse(found);
    }
    finding
}

/// Compares the customers' answers with one source.
fn compare(sale: &Sale, recorded_sales: &RecordedSales) -> Finding {
    let mut finding = Finding::default();
    let (name, source) = (&sale.name, &recorded_sales.source);
    let sold = recorded_sales.sold;
    finding.oversell(sold.saturating_sub(sale.capacity), || {
        format!(
            "{name}: {source} has {sold} units sold of {}",
            sale.capacity
        )
    });
    let promised = sale.sold_before + sale.confirmed;
    finding.oversell(promised.saturating_sub(sold), || {
        format!("{name}: customers have {promised} units, {source} has {sold} sold")
    });
    let mut undersell = |units: u64, reason: String| {
        if units > 0 {
            finding.undersold += units;
            finding.reasons.push(format!("{name}: {reason}"));
        }
    };
    // Each unclear unit excuses one unit, wherever it is.
    let mut unclear = sale.unclear;
    let mut beyond_unclear = |units: u64| {
        let excused = units.min(unclear);
        unclear -= excused;
        units - excused
    };
    let untold = beyond_unclear(sold.saturating_sub(promised));
    undersell(
        untold,
        format!("{source} has {untold} units sold that were confirmed to nobody"),
    );
    let held = beyond_unclear(recorded_sales.held.unwrap_or_default());
    undersell(
        held,
        format!("{source} has {held} units held although every booking has ended"),
    );
    let free = recorded_sales.free.unwrap_or_default();
    let unsold = free.min(sale.wanted);
    undersell(
        unsold,
        format!(
            "{source} has {free} units free while refused customers want {}",
            sale.wanted
        ),
    );
    finding
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorded_sales(free: u64, held: u64, sold: u64) -> RecordedSales {
        RecordedSales {
            source: "the ledger".to_owned(),
            free: Some(free),
            held: Some(held),
            sold,
        }
    }

    fn sale(capacity: u64, confirmed: u64, wanted: u64, recorded_sales: RecordedSales) -> Sale {
        Sale {
            name: "the event".to_owned(),
            capacity,
            confirmed,
            wanted,
            recorded_sales: vec![recorded_sales],
            ..Sale::default()
        }
    }

    /// Units oversold and undersold.
    fn judged(sale: &Sale) -> (u64, u64) {
        let finding = judge(sale);
        let units = (finding.oversold, finding.undersold);
        assert_eq!(finding.is_clean(), units == (0, 0), "{finding:?}");
        units
    }

    #[test]
    fn selling_the_minimum_of_demand_and_capacity_is_right() {
        // Demand above, equal to and below the capacity.
        assert_eq!(
            judged(&sale(100, 100, 40, recorded_sales(0, 0, 100))),
            (0, 0)
        );
        assert_eq!(
            judged(&sale(100, 100, 0, recorded_sales(0, 0, 100))),
            (0, 0)
        );
        assert_eq!(judged(&sale(100, 60, 0, recorded_sales(40, 0, 60))), (0, 0));
        assert_eq!(judged(&sale(100, 0, 0, recorded_sales(100, 0, 0))), (0, 0));
    }

    #[test]
    fn a_unit_too_many_is_oversold() {
        assert_eq!(
            judged(&sale(100, 103, 40, recorded_sales(0, 0, 100))),
            (3, 0)
        );
        // The server's own records show it.
        assert_eq!(
            judged(&sale(100, 103, 40, recorded_sales(0, 0, 103))),
            (3, 0)
        );
        // Confirmed, but not recorded.
        assert_eq!(judged(&sale(100, 50, 0, recorded_sales(52, 0, 48))), (2, 0));
    }

    #[test]
    fn two_customers_of_one_seat_are_one_too_many() {
        let twice = Sale {
            confirmed_twice: 1,
            ..sale(100, 50, 0, recorded_sales(50, 0, 50))
        };
        assert_eq!(judged(&twice), (1, 0));
    }

    #[test]
    fn a_free_unit_that_is_refused_is_undersold() {
        assert_eq!(judged(&sale(100, 95, 40, recorded_sales(5, 0, 95))), (0, 5));
        assert_eq!(judged(&sale(100, 95, 2, recorded_sales(5, 0, 95))), (0, 2));
    }

    #[test]
    fn a_unit_that_is_held_at_the_end_is_undersold() {
        // As when a declined payment does not free its seats.
        assert_eq!(judged(&sale(100, 60, 0, recorded_sales(37, 3, 60))), (0, 3));
    }

    #[test]
    fn a_unit_sold_but_confirmed_to_nobody_is_undersold() {
        assert_eq!(judged(&sale(100, 60, 0, recorded_sales(38, 0, 62))), (0, 2));
    }

    #[test]
    fn each_unclear_unit_excuses_one_unit() {
        let unclear = |unclear, recorded_sales| Sale {
            unclear,
            ..sale(100, 60, 0, recorded_sales)
        };
        assert_eq!(judged(&unclear(5, recorded_sales(35, 2, 63))), (0, 0));
        assert_eq!(judged(&unclear(5, recorded_sales(34, 3, 63))), (0, 1));
        assert_eq!(judged(&unclear(5, recorded_sales(35, 0, 65))), (0, 0));
        assert_eq!(judged(&unclear(5, recorded_sales(40, 0, 60))), (0, 0));
    }

    #[test]
    fn units_sold_before_are_not_for_sale() {
        let storm = |confirmed, sold| Sale {
            sold_before: 10,
            ..sale(10, confirmed, 5_000, recorded_sales(0, 0, sold))
        };
        assert_eq!(judged(&storm(0, 10)), (0, 0));
        assert_eq!(judged(&storm(1, 10)), (1, 0));
        assert_eq!(judged(&storm(1, 11)), (1, 0));
    }

    #[test]
    fn sources_that_see_the_same_fault_count_it_once() {
        let mut both = sale(100, 95, 40, recorded_sales(5, 0, 95));
        both.recorded_sales.push(recorded_sales(5, 0, 95));
        assert_eq!(judged(&both), (0, 5));
        both.recorded_sales.push(RecordedSales {
            source: "bookings".to_owned(),
            free: None,
            held: None,
            sold: 95,
        });
        assert_eq!(judged(&both), (0, 5));
    }

    #[test]
    fn findings_add_up_over_sales_and_not_over_views() {
        let one = judge(&sale(100, 103, 0, recorded_sales(0, 0, 100)));
        let two = judge(&sale(100, 101, 0, recorded_sales(0, 0, 100)));
        assert_eq!(one.clone().and(two.clone()).oversold, 4);
        assert_eq!(one.or_worse(two).oversold, 3);
    }
}
