//! Lower bounds of the remaining cost to the destination. [`crate::relaxation`] computes them.

use domain::{LEGS_MAX, SearchOrder};

/// The bound where no path exists: it exceeds every cutoff, and four of them can be added without overflow.
pub(crate) const UNREACHABLE: i64 = 1 << 61;

/// The cost that is bounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// In ten-thousandths of the currency unit.
    Price,
    /// In seconds, connections included.
    Time,
}

impl Measure {
    /// How many measures there are.
    pub const COUNT: usize = 2;

    /// An index below [`Self::COUNT`].
    pub fn index(self) -> usize {
        match self {
            Self::Price => 0,
            Self::Time => 1,
        }
    }

    /// The measures of an order's two main keys.
    pub fn of(order: SearchOrder) -> (Self, Self) {
        match order {
            SearchOrder::Cheapest => (Self::Price, Self::Time),
            SearchOrder::Fastest => (Self::Time, Self::Price),
        }
    }
}

/// Lower bounds to one destination within one network.
#[derive(Debug)]
pub(crate) struct Bounds {
    airports: usize,
    /// For each set of remaining via airports and each airport outside the set: the least cost of exactly 0, 1,
    /// 2 and 3 remaining_legs legs, each with the connection before it.
    onward: Vec<[i64; LEGS_MAX]>,
}

impl Bounds {
    /// No path is known yet, with so many sets of remaining via airports.
    pub fn unreachable(airports: usize, sets: usize) -> Self {
        Self {
            airports,
            onward: vec![[UNREACHABLE; LEGS_MAX]; airports * sets],
        }
    }

    /// The bounds from an airport, by the number of remaining_legs legs.
    pub fn at_mut(&mut self, airport: u16, remaining_via: usize) -> &mut [i64; LEGS_MAX] {
        let place = self.place(airport, remaining_via);
        &mut self.onward[place]
    }

    /// Memory of the bounds for a query without via airports, in bytes.
    pub fn bytes(airports: usize) -> usize {
        airports * size_of::<[i64; LEGS_MAX]>()
    }

    /// The least cost of exactly `remaining_legs` more legs (0 to 3) from an airport that still have to visit the via
    /// airports `remaining_via`; at least [`UNREACHABLE`] if there is no path.
    pub fn onward(&self, airport: u16, remaining_via: usize, remaining_legs: usize) -> i64 {
        self.onward[self.place(airport, remaining_via)][remaining_legs]
    }

    fn place(&self, airport: u16, remaining_via: usize) -> usize {
        remaining_via * self.airports + usize::from(airport)
    }
}
