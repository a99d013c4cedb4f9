//! What breaks in a round: when and where services are killed, and Redis is flushed.

use local_servers::service::Service;
use rand::RngExt as _;
use rand::rngs::StdRng;

/// Every named step of the services, and up to how many times one comes by there before it dies.
const CRASH_POINTS: [(Service, &str, u32); 35] = [
    (Service::Booking, "add.after", 12),
    (Service::Booking, "hold.before", 12),
    (Service::Booking, "hold.after", 12),
    (Service::Booking, "held.after", 4),
    (Service::Booking, "change.after", 1),
    (Service::Booking, "paying.after", 6),
    (Service::Booking, "pin.after", 3),
    (Service::Booking, "charge.before", 10),
    (Service::Booking, "charge.after", 10),
    (Service::Booking, "sold.after", 5),
    (Service::Booking, "confirm.after", 2),
    (Service::Booking, "confirmed.after", 8),
    (Service::Booking, "release.after", 4),
    (Service::Booking, "close.after", 3),
    (Service::Booking, "reverse.after", 3),
    (Service::Booking, "ended.after", 6),
    (Service::Booking, "job.after", 4),
    (Service::Booking, "declined.after", 2),
    (Service::Booking, "take.after", 8),
    (Service::Booking, "commit.before", 20),
    (Service::Booking, "commit.after", 20),
    (Service::Booking, "publish.before", 20),
    (Service::Booking, "publish.after", 20),
    (Service::Booking, "answer.before", 20),
    (Service::Flight, "take.after", 10),
    (Service::Flight, "commit.before", 20),
    (Service::Flight, "commit.after", 20),
    (Service::Flight, "publish.before", 20),
    (Service::Flight, "publish.after", 20),
    (Service::Flight, "answer.before", 20),
    (Service::Payment, "charge.recorded", 10),
    (Service::Payment, "provider.after", 10),
    (Service::Payment, "charge.ended", 10),
    (Service::Payment, "key.closed", 1),
    (Service::Payment, "refund.after", 3),
];

/// How often a service is started so that it dies at a step.
const ARMED_MAX: usize = 3;

/// At which step a process dies, and at which time that it comes by there.
pub type Step = (&'static str, u32);

/// What happens to the services of a round.
#[derive(Debug)]
pub struct FaultPlan {
    /// For each service, the steps at which its processes die, one after the other.
    steps: [Vec<Step>; 3],
    /// How many attempts an order has to be paid, and tickets until their payment is a dead letter.
    pub attempts: u8,
    /// After how many answers which service is killed, call_once it does.
    pub killed_after: Vec<(usize, Service)>,
    /// After how many answers Redis is flushed.
    pub flushed_after: Option<usize>,
    /// After how many answers everything is audited.
    pub audited_after: usize,
}

impl FaultPlan {
    /// Every point has its turn as the seeds go on.
    pub fn new(seed: u64, random: &mut StdRng) -> Self {
        let turn = usize::try_from(seed).unwrap_or_default() % CRASH_POINTS.len();
        let mut steps = [const { Vec::new() }; 3];
        let (service, name, most) = CRASH_POINTS[turn];
        steps[service as usize].push((name, random.random_range(1..=most)));
        for service in Service::ALL {
            let known: Vec<_> = CRASH_POINTS
                .iter()
                .filter(|point| point.0 == service)
                .collect();
            let steps: &mut Vec<Step> = &mut steps[service as usize];
            for _ in steps.len()..random.random_range(1..=ARMED_MAX) {
                let (_, name, most) = known[random.random_range(0..known.len())];
                steps.push((name, random.random_range(1..=*most)));
            }
        }
        let mut kill = || {
            let service = Service::ALL[random.random_range(0..3)];
            (random.random_range(1..60), service)
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

    /// The steps of one service.
    pub fn steps(&self, service: Service) -> Vec<Step> {
        self.steps[service as usize].clone()
    }
}
