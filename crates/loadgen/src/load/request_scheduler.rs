//! Decides when the clients of one thread send. They share one scheduler.

use std::cell::{Cell, RefCell};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;

use super::progress::{PUBLISH_INTERVAL, Progress};
use super::schedule::Schedule;
use super::{Pace, Plan, pacer};
use crate::stats::{Outcome, Phase, Tally};

/// Gives each client the start of its next request, and counts the outcomes.
pub(super) struct RequestScheduler {
    measured: Range<Instant>,
    order: Order,
    tally: RefCell<Tally>,
    watched: Option<Publisher>,
}

/// Publishes the tally to a watched run's [`Progress`].
struct Publisher {
    live: Arc<Progress>,
    thread: u64,
    published_at: Cell<Instant>,
}

enum Order {
    Closed(ClosedLoop),
    Fixed(FixedRate),
}

struct ClosedLoop {
    requests_left: Cell<u64>,
    used_up_at: Cell<Option<Instant>>,
}

struct FixedRate {
    schedule: Schedule,
    send_within: Duration,
    /// One permit for each request that is due and not yet taken.
    due: Arc<Semaphore>,
    taken: Cell<u64>,
}

impl RequestScheduler {
    pub(super) fn new(
        plan: &Plan,
        thread: u64,
        threads: u64,
        start: Instant,
        tally: Tally,
        live: Option<Arc<Progress>>,
    ) -> io::Result<Self> {
        let order = match plan.pace {
            Pace::Closed => Order::Closed(ClosedLoop {
                requests_left: Cell::new(plan.requests_of(thread, threads)),
                used_up_at: Cell::new(None),
            }),
            Pace::Fixed {
                per_second,
                send_within,
            } => {
                let (duration, limit) = (plan.duration(), plan.max_requests);
                let schedule = Schedule::new(start, per_second, thread, threads, duration, limit);
                Order::Fixed(FixedRate::start(schedule, send_within)?)
            }
        };
        Ok(Self {
            measured: start + plan.warm_up..start + plan.duration(),
            order,
            tally: RefCell::new(tally),
            watched: live.map(|live| Publisher {
                live,
                thread,
                published_at: Cell::new(start),
            }),
        })
    }

    /// The scheduled start of this client's next request; `None` when there are no more.
    pub(super) async fn next(&self) -> Option<Instant> {
        match &self.order {
            Order::Closed(closed) => closed.next(self.measured.end),
            Order::Fixed(fixed) => loop {
                let time = fixed.next().await?;
                if time.elapsed() <= fixed.send_within {
                    return Some(time);
                }
                self.tally.borrow_mut().miss(1, self.phase(time));
            },
        }
    }

    /// Counts a request by its outcome. `time` is its scheduled start, from which its latency counts.
    pub(super) fn record(&self, time: Instant, outcome: Outcome) {
        let (now, phase) = (Instant::now(), self.phase(time));
        let mut tally = self.tally.borrow_mut();
        tally.record(outcome, now.saturating_duration_since(time), phase);
        if phase == Phase::Measured {
            tally.record_end(outcome, now.saturating_duration_since(self.measured.start));
        }
        if let Some(watched) = &self.watched {
            watched.tell(now, &tally);
        }
    }

    pub(super) fn last_send(&self) -> Instant {
        match &self.order {
            Order::Closed(_) => self.measured.end,
            Order::Fixed(fixed) => self.measured.end + fixed.send_within,
        }
    }

    /// The final tally, and how long was measured. `unanswered` requests were still in flight after the given
    /// wait.
    pub(super) fn end(&self, unanswered: usize, waited: Duration) -> (Tally, Duration) {
        let mut tally = self.tally.borrow().clone();
        for _ in 0..unanswered {
            tally.record(Outcome::Unanswered, waited, Phase::Measured);
        }
        let mut until = self.measured.end;
        match &self.order {
            Order::Closed(closed) => {
                until = closed.used_up_at.get().map_or(until, |at| at.min(until));
            }
            Order::Fixed(fixed) => {
                for index in fixed.taken.get()..fixed.schedule.count() {
                    tally.miss(1, self.phase(fixed.schedule.time(index)));
                }
            }
        }
        let measured_for = until.saturating_duration_since(self.measured.start);
        (tally, measured_for)
    }

    fn phase(&self, time: Instant) -> Phase {
        if time < self.measured.start {
            Phase::WarmUp
        } else {
            Phase::Measured
        }
    }
}

impl Publisher {
    fn tell(&self, now: Instant, tally: &Tally) {
        if now.saturating_duration_since(self.published_at.get()) >= PUBLISH_INTERVAL {
            self.published_at.set(now);
            self.live.tell(self.thread, tally);
        }
    }
}

impl ClosedLoop {
    fn next(&self, end: Instant) -> Option<Instant> {
        let now = Instant::now();
        if now >= end {
            return None;
        }
        let Some(left) = self.requests_left.get().checked_sub(1) else {
            self.used_up_at.set(self.used_up_at.get().or(Some(now)));
            return None;
        };
        self.requests_left.set(left);
        Some(now)
    }
}

impl FixedRate {
    fn start(schedule: Schedule, send_within: Duration) -> io::Result<Self> {
        let due = Arc::new(Semaphore::new(0));
        if schedule.count() == 0 {
            due.close();
        }
        pacer::start(schedule, Arc::clone(&due))?;
        Ok(Self {
            schedule,
            send_within,
            due,
            taken: Cell::new(0),
        })
    }

    /// Waits until a request is due that no other client has taken.
    async fn next(&self) -> Option<Instant> {
        self.due.acquire().await.ok()?.forget();
        let index = self.taken.replace(self.taken.get() + 1);
        if index + 1 >= self.schedule.count() {
            self.due.close();
        }
        Some(self.schedule.time(index))
    }
}

impl Drop for FixedRate {
    fn drop(&mut self) {
        // Ends the pacer.
        self.due.close();
    }
}
