//! The transposition table: lower bounds learned behind a flight.
//!
//! Many partial itineraries lead to the same flight, and all continue alike. Once everything behind a flight
//! was explored, the least cost of continuing is known, or that there is no continuation; the next itinerary
//! that reaches the flight is cut by it. In game-tree search this is a transposition table; in heuristic search
//! compare MREC (A. Sen and A. Bagchi, "Fast Recursive Formulations for TopK-First Search That Allow Controlled
//! Use of Memory", 1989).

use crate::timetable::FlightSlot;

/// A flight, the number of legs after it, and the set of via airports still to be visited.
#[derive(Clone, Copy)]
pub(crate) struct State {
    pub slot: FlightSlot,
    pub remaining_legs: usize,
    pub remaining_via: usize,
}

/// Number of entries: 256 KiB. A new entry overwrites a colliding one.
const ENTRIES: usize = 1 << 14;

/// Lower bounds of the remaining cost, by state. Allocated at first use.
#[derive(Default)]
pub(crate) struct TranspositionTable {
    entries: Vec<Entry>,
}

#[derive(Clone, Copy, Default)]
struct Entry {
    /// Zero in an empty entry.
    key: u64,
    bound: i64,
}

impl TranspositionTable {
    /// The learned bound of a state, if any.
    pub fn get(&self, state: State) -> Option<i64> {
        let key = key(state);
        let entry = self.entries.get(place(key))?;
        (entry.key == key).then_some(entry.bound)
    }

    /// Stores the bound of a state.
    pub fn learn(&mut self, state: State, bound: i64) {
        if self.entries.is_empty() {
            self.entries.resize(ENTRIES, Entry::default());
        }
        let key = key(state);
        if let Some(entry) = self.entries.get_mut(place(key)) {
            *entry = Entry { key, bound };
        }
    }
}

/// Never zero: `remaining_legs` is 1 to 3 wherever anything is learned.
fn key(state: State) -> u64 {
    // Both numbers are below 8, so the default is never used.
    let [remaining_legs, remaining_via] = [state.remaining_legs, state.remaining_via]
        .map(|number| u64::try_from(number).unwrap_or_default());
    u64::from(state.slot.0) | remaining_legs << 32 | remaining_via << 40
}

fn place(key: u64) -> usize {
    // Fibonacci hashing: the high bits of a product with the golden ratio are well distributed.
    let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - ENTRIES.trailing_zeros());
    usize::try_from(hash).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_learned_is_told_of_its_own_state_only() {
        let mut transpositions = TranspositionTable::default();
        let state = State {
            slot: FlightSlot(7),
            remaining_legs: 2,
            remaining_via: 1,
        };
        assert_eq!(transpositions.get(state), None);
        transpositions.learn(state, 500);
        assert_eq!(transpositions.get(state), Some(500));
        for other in [
            State {
                slot: FlightSlot(8),
                ..state
            },
            State {
                remaining_legs: 1,
                ..state
            },
            State {
                remaining_via: 0,
                ..state
            },
        ] {
            assert_eq!(transpositions.get(other), None);
        }
    }

    #[test]
    fn every_key_has_a_place() {
        let mut transpositions = TranspositionTable::default();
        for slot in [0, 1, u32::MAX] {
            let state = State {
                slot: FlightSlot(slot),
                remaining_legs: 3,
                remaining_via: 7,
            };
            transpositions.learn(state, 1);
            assert_eq!(transpositions.get(state), Some(1));
        }
    }
}
