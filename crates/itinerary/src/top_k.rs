//! The K best itineraries found so far.

use std::collections::BinaryHeap;

use crate::rank::Rank;

/// A heap with the worst on top; a better one replaces it.
pub(crate) struct TopK {
    limit: usize,
    heap: BinaryHeap<Rank>,
}

impl TopK {
    /// Memory grows with the itineraries found, so a large limit costs nothing by itself.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            heap: BinaryHeap::new(),
        }
    }

    /// The largest first key that can still enter; `None` until the heap is full. An equal key may still win by
    /// the keys after it.
    pub fn cutoff(&self) -> Option<i64> {
        let worst = self.heap.peek()?;
        (self.heap.len() >= self.limit).then_some(worst.keys.main.0)
    }

    /// Keeps the itinerary if it is among the best.
    pub fn offer(&mut self, rank: Rank) {
        if self.heap.len() < self.limit {
            self.heap.push(rank);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && rank < *worst
        {
            *worst = rank;
        }
    }

    /// Best first.
    pub fn into_sorted(self) -> Vec<Rank> {
        self.heap.into_sorted_vec()
    }
}
