//! A synthetic world: 4,000 airports and 100,000 flights a day, the same in every run.
//!
//! It has the shape of real networks: 40 world hubs with flights between all of them, 360 regional hubs, and
//! 3,600 small airports with flights to nearby hubs only. Most journeys need two or three stops, and the
//! search has many candidates.

use domain::{Currency, FlightId, Money};
use itinerary::{Airport, Flight};
use jiff::SignedDuration;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

const AIRPORTS: usize = 4_000;
const WORLD_HUBS: usize = 40;
const HUBS: usize = 400;

/// First day with flights.
pub const FIRST_DAY: Date = date(2030, 1, 1);

/// One zone per 15 degrees of longitude, without summer time.
const ZONES: [&str; 24] = [
    "Etc/GMT+12",
    "Etc/GMT+11",
    "Etc/GMT+10",
    "Etc/GMT+9",
    "Etc/GMT+8",
    "Etc/GMT+7",
    "Etc/GMT+6",
    "Etc/GMT+5",
    "Etc/GMT+4",
    "Etc/GMT+3",
    "Etc/GMT+2",
    "Etc/GMT+1",
    "Etc/GMT",
    "Etc/GMT-1",
    "Etc/GMT-2",
    "Etc/GMT-3",
    "Etc/GMT-4",
    "Etc/GMT-5",
    "Etc/GMT-6",
    "Etc/GMT-7",
    "Etc/GMT-8",
    "Etc/GMT-9",
    "Etc/GMT-10",
    "Etc/GMT-11",
];

/// A linear congruential generator: the same numbers in every run, on every machine.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `end`, which must not be zero.
    pub fn below(&mut self, end: usize) -> usize {
        // Multiplier and increment of Knuth's MMIX; the high bits are the random ones.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or_default() % end
    }

    fn fraction(&mut self) -> f64 {
        const STEPS: u32 = 1 << 30;
        f64::from(u32::try_from(self.below(1 << 30)).unwrap_or_default()) / f64::from(STEPS)
    }
}

/// The airports, and the flights of one day, repeated daily.
pub struct World {
    airports: Vec<Airport>,
    daily: Vec<Daily>,
}

/// A daily departure.
struct Daily {
    from: usize,
    to: usize,
    departs_s: i64,
    duration_s: i64,
    price: Money,
}

struct Position {
    latitude: f64,
    longitude: f64,
}

impl World {
    pub fn new() -> anyhow::Result<Self> {
        let mut random = Random::new(20_300_101);
        let positions: Vec<Position> = (0..AIRPORTS)
            .map(|_| Position {
                // Uniform over the sphere, without the poles.
                latitude: (random.fraction() * 1.8 - 0.9).asin(),
                longitude: (random.fraction() * 2.0 - 1.0) * std::f64::consts::PI,
            })
            .collect();
        let airports = positions
            .iter()
            .enumerate()
            .map(|(index, position)| airport(index, position))
            .collect::<anyhow::Result<_>>()?;
        let mut daily = Vec::new();
        for (from, to, flights) in routes(&positions) {
            let kilometres = distance(&positions[from], &positions[to]);
            for _ in 0..flights {
                daily.push(departure(from, to, kilometres, &mut random)?);
            }
        }
        Ok(Self { airports, daily })
    }

    pub fn airports(&self) -> &[Airport] {
        &self.airports
    }

    pub fn flights_a_day(&self) -> usize {
        self.daily.len()
    }

    /// `count` flights, day by day from the first on.
    pub fn flights(&self, count: usize) -> anyhow::Result<impl Iterator<Item = Flight> + '_> {
        let epoch = FIRST_DAY.to_zoned(TimeZone::UTC)?.timestamp();
        let airline = "HF".parse()?;
        let flights = (0_i64..).flat_map(move |day| {
            let midnight = epoch + SignedDuration::from_hours(24 * day);
            self.daily.iter().map(move |daily| {
                let departs_at = midnight + SignedDuration::from_secs(daily.departs_s);
                Flight {
                    id: FlightId(0),
                    source: self.airports[daily.from].code,
                    destination: self.airports[daily.to].code,
                    departs_at,
                    arrives_at: departs_at + SignedDuration::from_secs(daily.duration_s),
                    price: daily.price,
                    airline,
                }
            })
        });
        let numbered = flights.take(count).zip(1_i64..);
        Ok(numbered.map(|(flight, id)| Flight {
            id: FlightId(id),
            ..flight
        }))
    }
}

fn airport(index: usize, position: &Position) -> anyhow::Result<Airport> {
    let letter = |place: usize| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"[place % 26]);
    let code: String = [index / 676, index / 26, index]
        .map(letter)
        .iter()
        .collect();
    // Which of 24 sectors the longitude is in.
    let part = (position.longitude / std::f64::consts::TAU + 0.5) * 24.0;
    let zone = (0_u32..)
        .zip(ZONES)
        .take_while(|(first, _)| f64::from(*first) <= part);
    let zone = zone.last().map_or("Etc/GMT", |(_, zone)| zone);
    Ok(Airport {
        code: code.parse()?,
        time_zone: TimeZone::get(zone)?,
    })
}

/// Pairs of airports with their flights a day, in both directions.
fn routes(positions: &[Position]) -> Vec<(usize, usize, usize)> {
    let mut routes = std::collections::BTreeMap::new();
    let mut connect = |one: usize, other: usize, flights: usize| {
        for pair in [(one, other), (other, one)] {
            let most: &mut usize = routes.entry(pair).or_default();
            *most = flights.max(*most);
        }
    };
    for hub in 0..WORLD_HUBS {
        (0..hub).for_each(|other| connect(hub, other, 8));
    }
    for hub in WORLD_HUBS..HUBS {
        for near in nearest(positions, hub, 0..WORLD_HUBS, 8) {
            connect(hub, near, 4);
        }
        for near in nearest(positions, hub, WORLD_HUBS..HUBS, 6) {
            connect(hub, near, 3);
        }
    }
    for small in HUBS..AIRPORTS {
        for near in nearest(positions, small, 0..WORLD_HUBS, 1) {
            connect(small, near, 2);
        }
        for near in nearest(positions, small, WORLD_HUBS..HUBS, 3) {
            connect(small, near, 2);
        }
    }
    routes
        .into_iter()
        .map(|((from, to), flights)| (from, to, flights))
        .collect()
}

/// The nearest `count` of these airports, without the airport itself.
fn nearest(
    positions: &[Position],
    airport: usize,
    among: std::ops::Range<usize>,
    count: usize,
) -> Vec<usize> {
    let mut others: Vec<usize> = among.filter(|other| *other != airport).collect();
    let kilometres = |other: &usize| distance(&positions[airport], &positions[*other]);
    others.sort_by(|one, other| kilometres(one).total_cmp(&kilometres(other)));
    others.truncate(count);
    others
}

/// Great-circle distance.
fn distance(one: &Position, other: &Position) -> f64 {
    const RADIUS_KILOMETRES: f64 = 6_371.0;
    let cosine = one.latitude.sin() * other.latitude.sin()
        + one.latitude.cos() * other.latitude.cos() * (one.longitude - other.longitude).cos();
    RADIUS_KILOMETRES * cosine.clamp(-1.0, 1.0).acos()
}

/// A departure at a random multiple of five minutes; duration and price grow with the distance, with some
/// noise.
fn departure(
    from: usize,
    to: usize,
    kilometres: f64,
    random: &mut Random,
) -> anyhow::Result<Daily> {
    let whole = |number: f64| -> anyhow::Result<i64> { Ok(format!("{number:.0}").parse()?) };
    let minutes = whole(30.0 + kilometres / 13.0)?;
    let cents = whole((40.0 + kilometres * 0.08) * (0.6 + random.fraction()) * 100.0)?;
    Ok(Daily {
        from,
        to,
        departs_s: i64::try_from(random.below(24 * 12))? * 300,
        duration_s: minutes / 5 * 300 + 300,
        price: Money::from_minor(cents, Currency::USD)?,
    })
}
