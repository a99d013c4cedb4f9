//! When and where the services of a round are killed.

use rand::RngExt as _;
use rand::rngs::StdRng;

use crate::process::Part;

/// Every crash point of the services, with the highest number of its passages before a crash.
pub const POINTS: [(Part, &str, u32); 35] = [
    (Part::Bookings, "add.after", 12),
    (Part::Bookings, "hold.before", 12),
    (Part::Bookings, "hold.after", 12),
    (Part::Bookings, "held.after", 4),
    (Part::Bookings, "change.after", 1),
    (Part::Bookings, "paying.after", 12),
    (Part::Bookings, "pin.after", 3),
    (Part::Bookings, "charge.before", 10),
    (Part::Bookings, "charge.after", 10),
    (Part::Bookings, "sold.after", 5),
    (Part::Bookings, "confirm.after", 2),
    (Part::Bookings, "confirmed.after", 8),
    (Part::Bookings, "release.after", 4),
    (Part::Bookings, "close.after", 3),
    (Part::Bookings, "reverse.after", 3),
    (Part::Bookings, "ended.after", 6),
    (Part::Bookings, "job.after", 4),
    (Part::Bookings, "declined.after", 2),
    (Part::Bookings, "take.after", 8),
    (Part::Bookings, "commit.before", 20),
    (Part::Bookings, "commit.after", 20),
    (Part::Bookings, "publish.before", 20),
    (Part::Bookings, "publish.after", 20),
    (Part::Bookings, "answer.before", 20),
    (Part::Flights, "take.after", 10),
    (Part::Flights, "commit.before", 20),
    (Part::Flights, "commit.after", 20),
    (Part::Flights, "publish.before", 20),
    (Part::Flights, "publish.after", 20),
    (Part::Flights, "answer.before", 20),
    (Part::Payments, "charge.recorded", 10),
    (Part::Payments, "provider.after", 10),
    (Part::Payments, "charge.ended", 10),
    (Part::Payments, "key.closed", 1),
    (Part::Payments, "refund.after", 3),
];

/// The most starts of a service with an armed crash point.
const ARMED_MAX: usize = 3;

/// A crash point, and the number of its passage that crashes.
pub type Step = (&'static str, u32);

/// The faults of a round.
#[derive(Debug)]
pub struct Plan {
    /// For each service, the crash points of its successive processes.
    steps: [Vec<Step>; 3],
    /// Payment attempts of an order, and of tickets before their dead letter.
    pub attempts: u8,
    /// After how many answers which service is killed, wherever it is.
    pub killed_after: Vec<(usize, Part)>,
    /// After how many answers Redis is flushed.
    pub flushed_after: Option<usize>,
    /// After how many answers the databases are reconciled.
    pub audited_after: usize,
}

impl Plan {
    /// Successive seeds cover every crash point.
    pub fn new(seed: u64, random: &mut StdRng) -> Self {
        let turn = usize::try_from(seed).unwrap_or_default() % POINTS.len();
        let mut steps = [const { Vec::new() }; 3];
        let (part, name, most) = POINTS[turn];
        steps[part as usize].push((name, random.random_range(1..=most)));
        for part in Part::ALL {
            let known: Vec<_> = POINTS.iter().filter(|point| point.0 == part).collect();
            let steps: &mut Vec<Step> = &mut steps[part as usize];
            for _ in steps.len()..random.random_range(1..=ARMED_MAX) {
                let (_, name, most) = known[random.random_range(0..known.len())];
                steps.push((name, random.random_range(1..=*most)));
            }
        }
        let mut kill = || {
            let part = Part::ALL[random.random_range(0..3)];
            (random.random_range(1..60), part)
        };
        let mut killed_after = vec![kill(), kill()];
        killed_after.sort_by_key(|(answers, _)| *answers);
        Self {
            steps,
            attempts: random.random_range(1..=3),
            killed_after,
            flushed_after: random.random_bool(0.5).then(|| random.random_range(1..60)),
            audited_after: random.random_range(1..60),
        }
    }

    /// The crash points of one service.
    pub fn steps(&self, part: Part) -> Vec<Step> {
        self.steps[part as usize].clone()
    }
}
