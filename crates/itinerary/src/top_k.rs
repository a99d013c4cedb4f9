//! The best itineraries so far, at most as many as were asked for.

use std::collections::BinaryHeap;

use crate::order::Rank;

/// A heap with the worst on top, which leaves when something better comes.
pub(crate) struct TopK {
    limit: usize,
    heap: BinaryHeap<Rank>,
}

impl TopK {
    /// Nothing yet. It grows with what comes, so a large limit costs nothing by itself.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            heap: BinaryHeap::new(),
        }
    }

    /// The most that the order's first key may be, where a full answer sets a limit: whatever
    /// exceeds it would be refused, whatever equals it may still win by the keys that follow.
    pub fn cutoff(&self) -> Option<i64> {
        let worst = self.heap.peek()?;
        (self.heap.len() >= self.limit).then_some(worst.keys.main.0)
    }

    /// Takes it in if it is among the best.
    pub fn offer(&mut self, rank: Rank) {
        if self.heap.len() < self.limit {
            self.heap.push(rank);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && rank < *worst
        {
            *worst = rank;
        }
    }

    /// The best, best first.
    pub fn into_sorted(self) -> Vec<Rank> {
        self.heap.into_sorted_vec()
    }
}
