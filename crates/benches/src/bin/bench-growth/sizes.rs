//! How much history there is, and whether the disk has room for it.

use anyhow::{Context as _, ensure};
use loadgen::console::line;
use nix::sys::statvfs::statvfs;

/// The history of scale 1.
const FLIGHTS: u64 = 5_000_000;
const FLIGHTS_TO_COME: u64 = 200_000;
const BOOKINGS: u64 = 10_000_000;
const LEDGER_ENTRIES: u64 = 100_000_000;

/// Ledger entries of a flight's pool, and of a booking.
const ENTRIES_OF_FLIGHT: u64 = 1;
const ENTRIES_OF_BOOKING: u64 = 2;

/// The history of the stack that others are compared with, of scale 1.
const EMPTY: f64 = 0.000_1;

/// Disk space of scale 1, with indexes and what the write-ahead log takes meanwhile.
const BYTES_OF_SCALE_1: f64 = 45e9;
/// Of the flights to come, and of each stack.
const BYTES_OF_STACK: f64 = 3e9;
/// The part of the free space that is used.
const USED_OF_FREE: f64 = 0.8;

#[derive(Clone, Debug, clap::Args)]
pub struct SizeArguments {
    /// History of each stack beside the empty one: 1 is 5 million flights, 10 million bookings and 100 million
    /// ledger entries. Less if the disk has too little room
    #[arg(long, default_values_t = [0.1, 1.0], value_name = "SCALE", value_delimiter = ',')]
    scale: Vec<f64>,
    /// Flights to come, the same in each stack
    #[arg(long, default_value_t = FLIGHTS_TO_COME, value_name = "COUNT", value_parser = clap::value_parser!(u64).range(1_000..=1_000_000))]
    flights_to_come: u64,
}

/// The rows of a stack.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sizes {
    pub flights_to_come: u64,
    /// Departed flights.
    pub past_flights: u64,
    /// Bookings of departed flights, each with a hold, a leg and a charge.
    pub bookings: u64,
    /// Pairs of ledger entries that enlarge a pool and make it smaller again.
    pub resizes: u64,
}

impl SizeArguments {
    /// The stacks' sizes from the empty one on; smaller than asked for if the disk has too little room.
    pub fn within_disk(&self) -> anyhow::Result<Vec<Sizes>> {
        ensure!(
            self.scale.iter().all(|scale| (0.001..=2.0).contains(scale)),
            "--scale must be from 0.001 to 2"
        );
        let directory = std::env::temp_dir();
        let disk = statvfs(&directory)
            .with_context(|| format!("{} can't be examined", directory.display()))?;
        let free = number(disk.blocks_available()) * number(disk.fragment_size());
        let stacks = number(u64::try_from(self.scale.len())? + 1);
        let room = free * USED_OF_FREE - stacks * BYTES_OF_STACK;
        let needed = self.scale.iter().sum::<f64>() * BYTES_OF_SCALE_1;
        let fits = if needed > room { room / needed } else { 1.0 };
        ensure!(
            fits > 0.0,
            "{} has {:.0} GB free, too little even for empty tables",
            directory.display(),
            free / 1e9
        );
        if fits < 1.0 {
            line(format_args!(
                "{} has {:.0} GB free, and {:.0} GB are needed: the history is smaller by {fits:.3}",
                directory.display(),
                free / 1e9,
                needed / 1e9,
            ))?;
        }
        let mut sizes = vec![self.of_scale(EMPTY)?];
        for scale in &self.scale {
            sizes.push(self.of_scale(scale * fits)?);
        }
        Ok(sizes)
    }

    fn of_scale(&self, scale: f64) -> anyhow::Result<Sizes> {
        let scaled = |count: u64| -> anyhow::Result<u64> {
            Ok(format!("{:.0}", number(count) * scale).parse()?)
        };
        let past_flights = scaled(FLIGHTS.saturating_sub(self.flights_to_come))?.max(1);
        let bookings = scaled(BOOKINGS)?;
        let flights = past_flights + self.flights_to_come;
        let others = flights * ENTRIES_OF_FLIGHT + bookings * ENTRIES_OF_BOOKING;
        Ok(Sizes {
            flights_to_come: self.flights_to_come,
            past_flights,
            bookings,
            resizes: scaled(LEDGER_ENTRIES)?.saturating_sub(others) / 2,
        })
    }
}

impl Sizes {
    pub fn flights(&self) -> u64 {
        self.past_flights + self.flights_to_come
    }

    pub fn ledger_entries(&self) -> u64 {
        self.flights() * ENTRIES_OF_FLIGHT + self.bookings * ENTRIES_OF_BOOKING + self.resizes * 2
    }

    /// Users of the bookings, 20 each.
    pub fn users(&self) -> u64 {
        (self.bookings / 20).max(1)
    }

    /// For people.
    pub fn shown(&self) -> String {
        format!(
            "{} flights, {} of them to come, {} bookings, {} ledger entries",
            self.flights(),
            self.flights_to_come,
            self.bookings,
            self.ledger_entries()
        )
    }
}

/// Exact up to 2^53.
fn number(count: u64) -> f64 {
    loadgen::stats::as_number(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scale_1_is_what_the_help_says() {
        let arguments = SizeArguments {
            scale: vec![1.0],
            flights_to_come: FLIGHTS_TO_COME,
        };
        let sizes = arguments.of_scale(1.0).unwrap();
        assert_eq!(sizes.flights(), FLIGHTS);
        assert_eq!(sizes.bookings, BOOKINGS);
        assert_eq!(sizes.ledger_entries(), LEDGER_ENTRIES);
        let empty = arguments.of_scale(EMPTY).unwrap();
        assert_eq!((empty.bookings, empty.users()), (1_000, 50));
        assert_eq!(empty.flights_to_come, FLIGHTS_TO_COME);
    }
}
