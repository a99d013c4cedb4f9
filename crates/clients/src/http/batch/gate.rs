//! Which calls go at once, which wait, and which go together: no I/O, and the time is an argument.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use batch_api::MEMBERS_MAX;

/// How long one request keeps others waiting. A healthy service answers most calls within it; past it, those that
/// wait go with a request of their own, so that a slow call or a silent service holds up nobody for longer.
pub(super) const GATHERING: Duration = Duration::from_millis(5);

/// Requests under way: at one every 5 ms, what a service that takes 600 ms for each has.
const REQUESTS_MAX: usize = 128;

/// Calls that wait: some seconds' work of a replica.
const QUEUE_MAX: usize = 8192;

/// Upper limit of a request's calls in bytes, below what services read.
const BATCH_BYTES_MAX: usize = 48 * 1024;

/// What waits.
pub(super) trait Waits {
    /// Nobody waits for its answer any more.
    fn is_abandoned(&self) -> bool;

    /// About how long it is as a member of a batch.
    fn bytes(&self) -> usize;
}

/// Where a call stands.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// It goes now, alone, as the request with this number.
    Alone(u64),
    /// It waits in this place.
    Queued(u64),
    /// It can't wait.
    Full,
}

/// Group commit's rule for requests: while one is under way, further calls wait and go together; there is no timer for a
/// lone one.
#[derive(Debug)]
pub(super) struct Gate<W> {
    /// In the order of their places, which rise.
    queue: VecDeque<(u64, W)>,
    next_place: u64,
    under_way: usize,
    next_number: u64,
    /// The newest request under way, and its start.
    newest: Option<(u64, Instant)>,
}

impl<W: Waits> Gate<W> {
    pub(super) fn new() -> Self {
        Self {
            queue: VecDeque::new(),
            next_place: 0,
            under_way: 0,
            next_number: 0,
            newest: None,
        }
    }

    /// Lets a call go, or has it wait.
    pub(super) fn enter(&mut self, now: Instant, waiting: impl FnOnce() -> W) -> Entry {
        if self.queue.is_empty() && self.is_open(now) {
            return Entry::Alone(self.start(now));
        }
        if self.queue.len() >= QUEUE_MAX {
            return Entry::Full;
        }
        let place = self.next_place;
        self.next_place += 1;
        self.queue.push_back((place, waiting()));
        Entry::Queued(place)
    }

    /// The next request with its calls, if there are some and it may start.
    pub(super) fn next(&mut self, now: Instant) -> Option<(u64, Vec<W>)> {
        if !self.is_open(now) {
            return None;
        }
        let mut batch = Vec::new();
        let mut bytes = 0;
        while batch.len() < MEMBERS_MAX
            && let Some((_, first)) = self.queue.front()
        {
            bytes += first.bytes();
            if !first.is_abandoned() && !batch.is_empty() && bytes > BATCH_BYTES_MAX {
                break;
            }
            let next = self.queue.pop_front();
            batch.extend(
                next.map(|(_, waiting)| waiting)
                    .filter(|one| !one.is_abandoned()),
            );
        }
        (!batch.is_empty()).then(|| (self.start(now), batch))
    }

    /// A request has ended.
    pub(super) fn end(&mut self, number: u64) {
        self.under_way = self.under_way.saturating_sub(1);
        self.newest = self.newest.filter(|(newest, _)| *newest != number);
    }

    /// Takes a call out that waits no longer; `false` if it has gone.
    pub(super) fn withdraw(&mut self, place: u64) -> bool {
        let found = self.queue.binary_search_by_key(&place, |(place, _)| *place);
        found.is_ok_and(|index| self.queue.remove(index).is_some())
    }

    /// Whether a call still waits.
    pub(super) fn has(&self, place: u64) -> bool {
        self.queue.front().is_some_and(|(first, _)| *first <= place)
    }

    fn is_open(&self, now: Instant) -> bool {
        let is_gathering = self
            .newest
            .is_some_and(|(_, started)| now.saturating_duration_since(started) < GATHERING);
        !is_gathering && self.under_way < REQUESTS_MAX
    }

    fn start(&mut self, now: Instant) -> u64 {
        let number = self.next_number;
        self.next_number += 1;
        self.under_way += 1;
        self.newest = Some((number, now));
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Its length, and whether it is abandoned.
    #[derive(Debug, PartialEq, Eq)]
    struct Call(usize, bool);

    impl Waits for Call {
        fn is_abandoned(&self) -> bool {
            self.1
        }

        fn bytes(&self) -> usize {
            self.0
        }
    }

    fn enter(gate: &mut Gate<Call>, now: Instant) -> Entry {
        gate.enter(now, || Call(100, false))
    }

    fn sizes(batch: Option<(u64, Vec<Call>)>) -> Option<usize> {
        batch.map(|(_, batch)| batch.len())
    }

    #[test]
    fn a_lone_call_goes_at_once_and_what_waits_goes_together() {
        let (mut gate, now) = (Gate::new(), Instant::now());
        assert_eq!(enter(&mut gate, now), Entry::Alone(0));
        assert_eq!(enter(&mut gate, now), Entry::Queued(0));
        assert_eq!(enter(&mut gate, now), Entry::Queued(1));
        assert_eq!(gate.next(now), None);
        gate.end(0);
        let (number, batch) = gate.next(now).unwrap();
        assert_eq!((number, batch.len()), (1, 2));
        assert_eq!(gate.next(now), None);
        gate.end(1);
        assert_eq!(enter(&mut gate, now), Entry::Alone(2));
    }

    #[test]
    fn a_slow_request_keeps_others_waiting_for_some_milliseconds_only() {
        let (mut gate, now) = (Gate::new(), Instant::now());
        assert_eq!(enter(&mut gate, now), Entry::Alone(0));
        assert_eq!(enter(&mut gate, now), Entry::Queued(0));
        let later = now + GATHERING;
        assert_eq!(sizes(gate.next(later)), Some(1));
        // The end of the older one says nothing about the newer.
        gate.end(0);
        assert_eq!(enter(&mut gate, later), Entry::Queued(1));
        // A call does not pass those that wait.
        let latest = later + GATHERING;
        assert_eq!(enter(&mut gate, latest), Entry::Queued(2));
        assert_eq!(sizes(gate.next(latest)), Some(2));
        assert_eq!(enter(&mut gate, latest + GATHERING), Entry::Alone(3));
    }

    #[test]
    fn requests_calls_and_bytes_are_bounded() {
        let (mut gate, mut now) = (Gate::new(), Instant::now());
        for _ in 0..REQUESTS_MAX {
            assert!(matches!(enter(&mut gate, now), Entry::Alone(_)));
            now += GATHERING;
        }
        for _ in 0..QUEUE_MAX {
            assert!(matches!(enter(&mut gate, now), Entry::Queued(_)));
        }
        assert_eq!(enter(&mut gate, now), Entry::Full);
        assert_eq!(gate.next(now), None);
        gate.end(0);
        assert_eq!(sizes(gate.next(now)), Some(MEMBERS_MAX));

        let mut gate = Gate::new();
        enter(&mut gate, now);
        for _ in 0..3 {
            gate.enter(now, || Call(BATCH_BYTES_MAX, false));
        }
        gate.end(0);
        assert_eq!(sizes(gate.next(now)), Some(1));
    }

    #[test]
    fn what_is_abandoned_or_withdrawn_does_not_go() {
        let (mut gate, now) = (Gate::new(), Instant::now());
        enter(&mut gate, now);
        for is_abandoned in [true, false, false] {
            gate.enter(now, || Call(100, is_abandoned));
        }
        assert!(gate.has(1) && gate.has(2));
        assert!(gate.withdraw(1));
        assert!(!gate.withdraw(1));
        gate.end(0);
        assert_eq!(sizes(gate.next(now)), Some(1));
        assert!(!gate.has(2));
        assert!(!gate.withdraw(2));
    }
}
