//! The state space: a world, and the configuration of a walk.

use std::fmt;

use lifecycle::{Action, BookingState};

use super::driver::Doing;
use super::services::{Request, Services};
use super::setting::{Claims, Fault, Setting};

/// Most workers at once.
pub const MOST_WORKERS: usize = 3;

/// A worker on the booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    pub doing: Doing,
    /// Whether the row is still the version that it read, so that it can write.
    pub is_current: bool,
    /// Whether it is the only worker the booking ever had, and has requested the hold once.
    pub is_alone: bool,
    /// Whether it was granted the hold, and writes that together with what follows.
    pub has_hold: bool,
}

/// One state of the model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub lifecycle: BookingState,
    pub services: Services,
    /// Sorted: workers are interchangeable.
    pub workers: [Option<Worker>; MOST_WORKERS],
    /// Bit set of requests in flight that nobody waits for.
    pub late: u16,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            lifecycle,
            services,
            ..
        } = self;
        write!(
            f,
            "{:?} (shown {:?}, {:?}, {:?}); hold {:?}; keys {:?}",
            lifecycle.state,
            lifecycle.public_status,
            lifecycle.seats,
            lifecycle.money,
            services.hold,
            services.keys
        )
    }
}

impl World {
    /// A new booking, and its maker at work on it.
    pub fn new(setting: &Setting) -> Self {
        let would_know = setting.claims == Claims::RaiseVersion;
        let maker = Worker {
            doing: Doing::Hold,
            is_current: true,
            is_alone: would_know || setting.has(Fault::ClaimUnseen),
            has_hold: false,
        };
        Self {
            lifecycle: BookingState::NEW,
            services: Services::NEW,
            workers: [Some(maker), None, None],
            late: 0,
        }
    }

    /// Whether no worker is active, nothing is in flight and nothing is left to do.
    pub fn is_at_rest(&self) -> bool {
        let is_quiet = self.late == 0 && self.workers.iter().all(Option::is_none);
        is_quiet && self.lifecycle.next() == Action::Nothing
    }

    /// Writes the row, which invalidates every earlier read.
    pub fn write(&mut self, lifecycle: BookingState) {
        self.lifecycle = lifecycle;
        self.overtake_all();
    }

    /// Invalidates every worker's read.
    pub fn overtake_all(&mut self) {
        for worker in self.workers.iter_mut().flatten() {
            worker.is_current = false;
        }
    }

    /// Merges worlds that can't differ in any future (state space reduction).
    ///
    /// Requests without further effect are dropped. Of an overtaken worker only its possible requests count:
    /// its last one is treated as late.
    pub fn simplify(&mut self, setting: &Setting) {
        self.workers.sort_unstable();
        if setting.is_unabridged {
            return;
        }
        if !setting.has(Fault::VersionIgnored) {
            for place in &mut self.workers {
                let Some(worker) = place.as_mut().filter(|worker| !worker.is_current) else {
                    continue;
                };
                worker.is_alone = false;
                if !worker.doing.leads_on(setting) {
                    self.late |= worker.doing.request().map_or(0, Request::bit);
                    *place = None;
                }
            }
        }
        for request in Request::all() {
            if self.services.is_spent(request) {
                self.late &= !request.bit();
            }
        }
        self.workers.sort_unstable();
    }
}
