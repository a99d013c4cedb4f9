//! All transitions from a world.

use std::fmt;

use lifecycle::Event;

use super::driver::{Doing, begin, follow, follow_silence};
use super::services::{Answer, Hold, Request, Services};
use super::setting::{Claims, Fault, Setting};
use super::world::{Worker, World};

/// A transition.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Row(Event),
    TakenOver,
    Lapsed,
    TakenByForce,
    Answered(Doing, Answer),
    /// A timeout: the service has not acted yet, and its late answer reaches nobody.
    Late(Doing),
    Stopped(Doing),
    Doubled(Doing),
    Saved(Event),
    Overtaken(Event),
    Arrived(Request),
    ArrivedAndComesAgain(Request),
    Lost(Request),
}

impl Step {
    /// Whether it happens eventually without faults or interference.
    pub fn is_kind(self) -> bool {
        match self {
            Self::Row(event) => event != Event::CancelRequested,
            Self::TakenOver | Self::Lapsed | Self::Answered(..) | Self::Saved(_) => true,
            Self::Overtaken(_) | Self::Arrived(_) => true,
            Self::TakenByForce | Self::Late(_) | Self::Stopped(_) | Self::Doubled(_) => false,
            Self::ArrivedAndComesAgain(_) | Self::Lost(_) => false,
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(event) => write!(f, "the row: {event:?}"),
            Self::TakenOver => write!(f, "another worker takes over"),
            Self::Lapsed => write!(f, "the hold lapses"),
            Self::TakenByForce => write!(f, "the hold is taken by force"),
            Self::Answered(doing, answer) => write!(f, "{doing:?} is answered {answer:?}"),
            Self::Late(doing) => write!(f, "{doing:?} is late: its worker waits no longer"),
            Self::Stopped(doing) => write!(f, "a worker at {doing:?} stops"),
            Self::Doubled(doing) => write!(f, "{doing:?} is under way twice"),
            Self::Saved(event) => write!(f, "a worker writes {event:?}"),
            Self::Overtaken(event) => write!(f, "a worker can't write {event:?}"),
            Self::Arrived(request) => write!(f, "a late {request:?} arrives"),
            Self::ArrivedAndComesAgain(request) => {
                write!(f, "a late {request:?} arrives, and will again")
            }
            Self::Lost(request) => write!(f, "a late {request:?} is lost"),
        }
    }
}

/// The transitions from a world, each with its successor.
pub struct Future<'a> {
    setting: &'a Setting,
    world: &'a World,
    pub steps: Vec<(Step, World)>,
    /// A worker's event that the machine refused although the row was the version that it read.
    pub refused_news: Option<Event>,
}

impl<'a> Future<'a> {
    pub fn of(setting: &'a Setting, world: &'a World) -> Self {
        let mut future = Self {
            setting,
            world,
            steps: Vec::new(),
            refused_news: None,
        };
        future.row_changes();
        future.holds_end();
        future.claims();
        for (place, worker) in world.workers.iter().enumerate() {
            if let Some(worker) = worker {
                future.worker_goes_on(place, *worker);
            }
        }
        future.late_requests();
        future
    }

    /// What customers and clocks do to the row.
    fn row_changes(&mut self) {
        for event in [
            Event::PayRequested,
            Event::DeadlinePassed,
            Event::CancelRequested,
            Event::Abandoned,
        ] {
            if let Ok(lifecycle) = self.world.lifecycle.apply(self.setting.policy, event) {
                let mut next = self.world.clone();
                next.write(lifecycle);
                self.add(Step::Row(event), next);
            }
        }
    }

    fn holds_end(&mut self) {
        let hold = self.world.services.hold;
        if hold == Hold::Held {
            self.add_services(Step::Lapsed, self.world.services.with_hold(Hold::Expired));
        }
        if self.setting.takes_by_force && matches!(hold, Hold::Held | Hold::Pinned) {
            let taken = self.world.services.with_hold(Hold::Released);
            self.add_services(Step::TakenByForce, taken);
        }
    }

    /// A worker whose lease expired may still be working, so there may always be one more.
    fn claims(&mut self) {
        let is_full = self.world.workers.iter().flatten().count() == self.setting.workers;
        if is_full || self.setting.has(Fault::BookingAbandoned) {
            return;
        }
        for doing in begin(self.setting, self.world.lifecycle) {
            let mut next = self.world.clone();
            if self.setting.claims == Claims::RaiseVersion {
                next.overtake_all();
            }
            let worker = Worker {
                doing,
                is_current: true,
                is_alone: false,
                has_hold: false,
            };
            let free = next.workers.iter_mut().find(|place| place.is_none());
            *free.unwrap() = Some(worker);
            self.add(Step::TakenOver, next);
        }
    }

    fn worker_goes_on(&mut self, place: usize, worker: Worker) {
        let Worker { doing, .. } = worker;
        self.add(Step::Stopped(doing), self.with_worker(place, None));
        let request = match doing {
            Doing::Save(event) => return self.worker_saves(place, worker, event),
            doing => doing.request().unwrap(),
        };
        for (services, answer) in self.world.services.act(request, self.setting.ways()) {
            let ways_on = follow(self.setting, doing, answer, worker.is_alone);
            if ways_on.is_empty() {
                let mut after = self.with_worker(place, None);
                after.services = services;
                self.add(Step::Answered(doing, answer), after);
            }
            for doing_next in ways_on {
                let goes_on = doing == Doing::Hold && !matches!(doing_next, Doing::Save(_));
                let doing_next = Worker {
                    doing: doing_next,
                    has_hold: worker.has_hold || goes_on,
                    is_alone: worker.is_alone && !goes_on,
                    ..worker
                };
                let mut after = self.with_worker(place, Some(doing_next));
                after.services = services;
                self.add(Step::Answered(doing, answer), after);
            }
        }
        let silent = follow_silence(self.setting, doing);
        let mut late = self.with_worker(place, silent.map(|doing| Worker { doing, ..worker }));
        late.late |= request.bit();
        self.add(Step::Late(doing), late);
        // If an answered hold request is delivered again, nobody learns its result.
        if !worker.is_alone || self.setting.has(Fault::AnsweredHoldRepeated) {
            let mut doubled = self.world.clone();
            doubled.late |= request.bit();
            self.add(Step::Doubled(doing), doubled);
        }
    }

    fn worker_saves(&mut self, place: usize, worker: Worker, event: Event) {
        let mut next = self.with_worker(place, None);
        if !worker.is_current && !self.setting.has(Fault::VersionIgnored) {
            return self.add(Step::Overtaken(event), next);
        }
        let policy = self.setting.policy;
        let before = if worker.has_hold {
            self.world.lifecycle.apply(policy, Event::Held)
        } else {
            Ok(self.world.lifecycle)
        };
        match before.and_then(|before| before.apply(policy, event)) {
            Ok(lifecycle) => {
                next.write(lifecycle);
                let ways_on = begin(self.setting, lifecycle);
                if ways_on.is_empty() {
                    self.add(Step::Saved(event), next);
                    return;
                }
                for doing in ways_on {
                    let mut next = next.clone();
                    next.workers[place] = Some(Worker {
                        doing,
                        is_current: true,
                        is_alone: false,
                        has_hold: false,
                    });
                    self.add(Step::Saved(event), next);
                }
            }
            Err(_) if self.setting.has(Fault::VersionIgnored) => {
                self.add(Step::Overtaken(event), next);
            }
            Err(_) => self.refused_news = Some(event),
        }
    }

    fn late_requests(&mut self) {
        for request in Request::all().filter(|request| self.world.late & request.bit() != 0) {
            for (services, _) in self.world.services.act(request, self.setting.ways()) {
                let mut next = self.world.clone();
                next.services = services;
                self.add(Step::ArrivedAndComesAgain(request), next.clone());
                next.late &= !request.bit();
                self.add(Step::Arrived(request), next);
            }
            let mut lost = self.world.clone();
            lost.late &= !request.bit();
            self.add(Step::Lost(request), lost);
        }
    }

    fn with_worker(&self, place: usize, worker: Option<Worker>) -> World {
        let mut next = self.world.clone();
        next.workers[place] = worker;
        next
    }

    fn add_services(&mut self, step: Step, services: Services) {
        let next = World {
            services,
            ..self.world.clone()
        };
        self.add(step, next);
    }

    fn add(&mut self, step: Step, mut next: World) {
        next.simplify(self.setting);
        self.steps.push((step, next));
    }
}
