//! The world at one moment, and what is walked through.

use std::fmt;

use lifecycle::{Action, BookingState, Payment, PaymentPolicy};

use super::driver::Doing;
use super::services::{Request, Services, Ways};

/// The most workers that are about at once.
pub const MOST_WORKERS: usize = 3;

/// Whether who takes a booking over changes its version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// It does: nobody who had it before can write any more.
    RaiseVersion,
    /// It does not: several hold the same version, the first who writes wins, and nobody knows that he is
    /// alone.
    KeepVersion,
}

/// A rule that is broken on purpose, to see that the walk finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Charges without having pinned.
    PinSkipped,
    /// Ends without having closed the key.
    KeyLeftOpen,
    /// Opens the next attempt when no answer came.
    SilenceTakenForDecline,
    /// Ends without reversing when the call for a charge was refused.
    RefusalTakenForDecline,
    /// Takes the key for closed when no answer came.
    SilenceTakenForClosed,
    /// Writes to whatever version there is.
    VersionIgnored,
    /// Says that nothing may be held whenever a hold was refused.
    AloneUnproven,
    /// Trusts to have been alone although a claim would not have shown.
    ClaimUnseen,
    /// The network delivers an answered request for a hold again.
    AnsweredHoldRepeated,
    /// Asks for a hold with an expiry where nothing will pin it.
    HoldLeftToLapse,
    /// flight-service forgets the release of a hold that it does not know.
    TombstoneSkipped,
    /// Nobody takes over.
    BookingAbandoned,
}

/// What is walked through.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub policy: PaymentPolicy,
    pub workers: usize,
    pub claims: Claims,
    /// Whether somebody else may give an unsold hold back, pinned or not.
    pub takes_by_force: bool,
    /// Whether worlds stay apart that differ in nothing that could ever matter: many more of them, to see
    /// that nothing is overlooked by taking them together.
    pub is_unabridged: bool,
    pub fault: Option<Fault>,
}

impl Setting {
    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// How the services are asked, and keep their word.
    pub fn ways(&self) -> Ways {
        let is_pinned_later = matches!(self.policy.payment, Payment::Later { .. });
        Ways {
            holds_pinned: !is_pinned_later && !self.has(Fault::HoldLeftToLapse),
            has_tombstones: !self.has(Fault::TombstoneSkipped),
        }
    }
}

/// Somebody who works on the booking.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Worker {
    pub doing: Doing,
    /// Whether the row is still the one that it read, so that it can write.
    pub is_current: bool,
    /// Whether it is the only one who ever worked on the booking, and has asked for the hold once.
    pub is_alone: bool,
}

/// All there is at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct World {
    pub life: BookingState,
    pub services: Services,
    /// Sorted: who is who makes no difference.
    pub workers: [Option<Worker>; MOST_WORKERS],
    /// Requests under way that nobody waits for, by their bits.
    pub late: u16,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { life, services, .. } = self;
        write!(
            f,
            "{:?} (shown {:?}, {:?}, {:?}); hold {:?}; keys {:?}",
            life.state, life.public_status, life.seats, life.money, services.hold, services.keys
        )
    }
}

impl World {
    /// Just made, by somebody who goes on with it at once.
    pub fn new(setting: &Setting) -> Self {
        let would_know = setting.claims == Claims::RaiseVersion;
        let maker = Worker {
            doing: Doing::Hold,
            is_current: true,
            is_alone: would_know || setting.has(Fault::ClaimUnseen),
        };
        Self {
            life: BookingState::NEW,
            services: Services::NEW,
            workers: [Some(maker), None, None],
            late: 0,
        }
    }

    /// Whether nobody is at work, nothing is under way, and nothing is left to do for good.
    pub fn is_at_rest(&self) -> bool {
        let is_quiet = self.late == 0 && self.workers.iter().all(Option::is_none);
        is_quiet && self.life.next() == Action::Nothing
    }

    /// Writes the row: whoever read it before can write no more.
    pub fn write(&mut self, life: BookingState) {
        self.life = life;
        self.overtake_all();
    }

    /// From now on nobody has the row that it read.
    pub fn overtake_all(&mut self) {
        for worker in self.workers.iter_mut().flatten() {
            worker.is_current = false;
        }
    }

    /// Makes worlds equal that differ in nothing that could ever matter.
    ///
    /// Requests that can change nothing any more are forgotten. Of an overtaken worker, only what it may
    /// yet ask for counts: its last request is as one that nobody waits for.
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
                if !worker.doing.leads_on() {
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
