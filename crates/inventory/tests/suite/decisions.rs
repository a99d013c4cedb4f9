//! Property test of `decide` against the naive model: random commands in random batches, with expiries,
//! duplicates, reused ids, seats and several pools. Commands take every shape that their types allow, and a
//! batch has what the store would have loaded. A failure prints its seed, and proptest keeps it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use domain::sale_rules::SalesPolicy;
use domain::{HoldId, HoldStatus, PoolId, SeatNumber, Units};
use inventory::command::Direction;
use inventory::decide::decide;
use inventory::state::{Account, Expiry, Hold, State, StateDiff};
use inventory::{Command, HoldCommand, LegRequest, NewPool, PoolChange, SeatChange, Until};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::model::Model;

const POOLS: i64 = 4;

/// Pools with named seats.
const SEATED: [i64; 2] = [3, 4];
const HOLDS: u128 = 10;

fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

pub fn at(second: i64) -> Timestamp {
    start() + SignedDuration::from_secs(second)
}

/// Two plain pools, one with six named seats and one with four.
pub fn creations() -> Vec<Command> {
    (1..=POOLS)
        .map(|id| {
            Command::Create(NewPool {
                id: PoolId(id),
                kind: "flight_seats".to_owned(),
                capacity: [5, 5, 6, 4][usize::try_from(id - 1).unwrap()],
                already_sold: i32::from(id == 2),
                layout: SEATED.contains(&id).then(|| {
                    let rows = if id == 3 { 3 } else { 2 };
                    format!("rows A-B, seats 1-{rows}").parse().unwrap()
                }),
                starts_at: None,
            })
        })
        .collect()
}

fn a_hold_id() -> impl Strategy<Value = HoldId> {
    (0..HOLDS).prop_map(|id| HoldId(Uuid::from_u128(id)))
}

fn some_units() -> impl Strategy<Value = Units> {
    (1..=4i64).prop_map(|units| units.try_into().unwrap())
}

/// Seats of the third pool; some do not exist in the fourth, and now and then one exists in neither.
fn some_seats() -> impl Strategy<Value = Vec<SeatNumber>> {
    let seat = prop_oneof![
        20 => (0..2u8, 1..=3u16).prop_map(|(row, number)| format!("{}{number}", char::from(b'A' + row))),
        1 => Just("Z9".to_owned()),
    ];
    prop::collection::btree_set(seat.prop_map(|text| text.parse().unwrap()), 1..4)
        .prop_map(|seats: std::collections::BTreeSet<SeatNumber>| seats.into_iter().collect())
}

fn a_leg(pool: i64) -> impl Strategy<Value = LegRequest> {
    let by_count = some_units().prop_map(move |units| LegRequest {
        pool: PoolId(pool),
        units,
        seats: Vec::new(),
    });
    let by_name = some_seats().prop_map(move |seats| LegRequest {
        pool: PoolId(pool),
        units: Units::of_len(seats.len()).unwrap(),
        seats,
    });
    prop_oneof![3 => by_count, if SEATED.contains(&pool) { 5 } else { 1 } => by_name]
}

fn a_hold() -> impl Strategy<Value = Command> {
    let until = prop_oneof![
        (0..40i64).prop_map(|second| Until::Expires(at(second))),
        Just(Until::Pinned),
        Just(Until::Sold),
    ];
    let any_leg = || (1..=POOLS + 1).prop_flat_map(a_leg);
    let legs = prop_oneof![
        6 => any_leg().prop_map(|leg| vec![leg]),
        2 => (a_leg(1), a_leg(2)).prop_map(|(one, two)| vec![two, one]),
        2 => (a_leg(3), a_leg(4)).prop_map(|(three, four)| vec![four, three]),
        2 => prop::collection::vec(any_leg(), 2..=5),
    ];
    (a_hold_id(), legs, until).prop_filter_map("a pool is named twice", |(id, legs, until)| {
        let hold = HoldCommand::new(id, "owner".to_owned(), legs, until);
        Some(Command::Hold(hold.ok()?))
    })
}

fn a_change(hold: impl Strategy<Value = HoldId>) -> impl Strategy<Value = Command> {
    let leg = |pools: std::ops::RangeInclusive<i64>| (pools.prop_map(PoolId), some_seats());
    let legs = prop_oneof![
        4 => leg(3..=4).prop_map(|leg| vec![leg]),
        4 => (some_seats(), some_seats())
            .prop_map(|(three, four)| vec![(PoolId(4), four), (PoolId(3), three)]),
        2 => prop::collection::vec(leg(1..=POOLS + 1), 1..=5),
    ];
    (hold, legs, 0..40i64, 1..6i64).prop_filter_map(
        "a pool is named twice",
        |(hold, legs, second, number)| {
            let change = SeatChange::new(hold, legs, at(second), number);
            Some(Command::ChangeSeats(change.ok()?))
        },
    )
}

/// Commands that compete for the few seats of the third and fourth pool.
fn about_seats() -> impl Strategy<Value = Command> {
    let few_holds = || (0..3u128).prop_map(|id| HoldId(Uuid::from_u128(id)));
    prop_oneof![
        3 => (few_holds(), a_leg(3), a_leg(4), 1..4usize, 20..40i64).prop_map(|(id, three, four, legs, second)| {
            let until = Until::Expires(at(second));
            let legs = [three, four].into_iter().skip(legs / 3).take(legs).collect();
            Command::Hold(HoldCommand::new(id, "owner".to_owned(), legs, until).unwrap())
        }),
        3 => a_change(few_holds()),
        1 => (10..14u128, some_units()).prop_map(|(id, units)| Command::Adjust {
            id: Uuid::from_u128(id),
            pool: PoolId(3),
            units,
            direction: Direction::Take,
        }),
    ]
}

/// Any change of a pool. Only the second pool is ever closed, so that the others keep selling.
fn a_pool_change(pool: impl Strategy<Value = PoolId>) -> impl Strategy<Value = Command> {
    let start = || prop::option::of((0..40i64).prop_map(at));
    let capacity = prop::option::of(0..9i32);
    let flags = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    (pool, capacity, prop::option::of(start()), flags).prop_map(
        |(pool, capacity, starts_at, (closes, only_unsold))| {
            Command::ChangePool(PoolChange {
                pool,
                capacity,
                starts_at,
                closes: closes && pool == PoolId(2),
                only_unsold,
            })
        },
    )
}

pub fn a_command() -> impl Strategy<Value = Command> {
    let pool = || (1..=POOLS + 1).prop_map(PoolId);
    let direction = prop_oneof![Just(Direction::Take), Just(Direction::GiveBack)];
    prop_oneof![
        15 => about_seats(),
        12 => a_hold(),
        2 => a_hold_id().prop_map(|hold| Command::Pin { hold }),
        4 => a_hold_id().prop_map(|hold| Command::Confirm { hold }),
        5 => a_hold_id().prop_map(|hold| Command::Release { hold }),
        5 => a_change(a_hold_id()),
        4 => (0..4u128, pool(), some_units(), direction).prop_map(|(id, pool, units, direction)| {
            Command::Adjust { id: Uuid::from_u128(id), pool, units, direction }
        }),
        3 => a_pool_change(pool()),
        2 => a_hold_id().prop_map(|hold| Command::Sweep { hold }),
    ]
}

/// What the store loads for a batch: the pools that commands name, those of the holds that they name, and a few
/// of the expired holds on these pools, with their pools or, as if they had appeared during the wait for the
/// locks, without.
fn loaded(
    all: &State,
    commands: &[Command],
    now: Timestamp,
    (lapsed_most, with_pools): (usize, bool),
) -> State {
    let named: BTreeSet<PoolId> = commands.iter().flat_map(Command::pools).collect();
    let of_hold = |hold: &Hold| hold.legs.iter().map(|leg| leg.pool).collect::<Vec<_>>();
    let mut lapsed: Vec<(&HoldId, &Hold)> = all
        .holds
        .iter()
        .filter(|(_, hold)| hold.is_expired(now))
        .filter(|(_, hold)| hold.legs.iter().any(|leg| named.contains(&leg.pool)))
        .collect();
    lapsed.sort_unstable_by_key(|(id, hold)| (hold.expires_at, **id));
    lapsed.truncate(lapsed_most);
    let mut holds: HashMap<HoldId, Hold> = HashMap::new();
    let mut pools = named.clone();
    for id in commands.iter().filter_map(Command::hold) {
        if let Some(hold) = all.holds.get(&id) {
            pools.extend(of_hold(hold));
            holds.insert(id, hold.clone());
        }
    }
    for (id, hold) in lapsed {
        if with_pools {
            pools.extend(of_hold(hold));
        }
        holds.insert(*id, hold.clone());
    }
    let mut state = State {
        holds,
        adjustments: all.adjustments.clone(),
        ..State::default()
    };
    for pool in pools {
        if let Some(row) = all.pools.get(&pool) {
            state.pools.insert(pool, row.clone());
        }
    }
    for (pool, seats) in &all.seats {
        for (seat, hold) in seats {
            if named.contains(pool) || state.holds.contains_key(hold) {
                state.seats.entry(*pool).or_default().insert(*seat, *hold);
            }
        }
    }
    state
}

/// Whether a batch has a hold and all of its pools.
fn is_complete(state: &State, hold: HoldId) -> bool {
    state.holds.get(&hold).is_some_and(|hold| {
        let mut legs = hold.legs.iter();
        legs.all(|leg| state.pools.contains_key(&leg.pool))
    })
}

/// The rows after a batch, as a database would have them.
fn stored(mut state: State, changes: StateDiff) -> State {
    state.pools.extend(changes.new_pools);
    state.pools.extend(changes.pools);
    state.holds.extend(changes.new_holds);
    state.holds.extend(changes.holds);
    state.adjustments.extend(changes.adjustments);
    for (pool, seat) in changes.freed_seats {
        let seats = state.seats.entry(pool).or_default();
        assert!(seats.remove(&seat).is_some(), "{seat:?} was not live");
    }
    for (pool, seat, hold) in changes.taken_seats {
        let seats = state.seats.entry(pool).or_default();
        assert!(seats.insert(seat, hold).is_none(), "{seat:?} was live");
    }
    state
}

/// Whoever has read a pool at some version has read its holds: each change of a hold raises the versions of its pools,
/// by one.
fn check_versions(before: &State, changes: &StateDiff) {
    for (id, hold) in changes.holds.iter().chain(&changes.new_holds) {
        for leg in &hold.legs {
            let is_new = changes.new_pools.contains_key(&leg.pool);
            assert!(is_new || changes.pools.contains_key(&leg.pool), "{id:?}");
        }
    }
    for (id, pool) in &changes.pools {
        assert_eq!(pool.version, before.pools[id].version + 1, "{id:?}");
    }
}

/// The rows of expiries after a batch; they are those of the holds that will lapse.
fn check_expiries(expiries: &mut BTreeSet<Expiry>, state: &State, changes: &StateDiff) {
    for ended in &changes.ended_expiries {
        assert!(expiries.remove(ended), "{ended:?} was not there");
    }
    for new in &changes.new_expiries {
        assert!(expiries.insert(*new), "{new:?} was there");
    }
    let of_holds = state.holds.iter().flat_map(|(id, hold)| {
        let legs = hold.legs.iter();
        legs.filter_map(|leg| {
            Some(Expiry {
                pool: leg.pool,
                at: hold.lapses_at()?,
                hold: *id,
            })
        })
    });
    assert_eq!(*expiries, of_holds.collect());
}

#[derive(Default)]
struct Balances(BTreeMap<(PoolId, &'static str), i64>);

impl Balances {
    fn enter(&mut self, changes: &StateDiff) {
        for entry in &changes.ledger {
            assert!(entry.units > 0 && entry.from != entry.to);
            *self.0.entry((entry.pool, entry.from.as_str())).or_default() -= i64::from(entry.units);
            *self.0.entry((entry.pool, entry.to.as_str())).or_default() += i64::from(entry.units);
        }
    }

    fn of(&self, pool: PoolId, account: Account) -> i64 {
        self.0.get(&(pool, account.as_str())).copied().unwrap_or(0)
    }
}

fn check(state: &State, model: &Model, balances: &Balances) {
    for (id, pool) in &state.pools {
        assert_eq!(pool.free + pool.held + pool.sold, pool.capacity, "{id:?}");
        assert!(pool.free >= 0, "{id:?}");
        assert_eq!(i64::from(pool.capacity), model.pools[id].capacity, "{id:?}");
        assert_eq!(pool.starts_at, model.pools[id].starts_at, "{id:?}");
        assert_eq!(
            pool.closed_at.is_some(),
            model.pools[id].is_closed,
            "{id:?}"
        );
        assert_eq!(i64::from(pool.free), model.free(*id), "{id:?}");
        assert_eq!(
            i64::from(pool.held),
            model.units(*id, HoldStatus::Held),
            "{id:?}"
        );
        let by_holds = model.units(*id, HoldStatus::Sold);
        assert_eq!(
            i64::from(pool.sold),
            by_holds + model.pools[id].adjusted,
            "{id:?}"
        );
        assert_eq!(-balances.of(*id, Account::Issued), i64::from(pool.capacity));
        assert_eq!(balances.of(*id, Account::Free), i64::from(pool.free));
        assert_eq!(balances.of(*id, Account::Held), i64::from(pool.held));
        assert_eq!(balances.of(*id, Account::Sold), i64::from(pool.sold));
    }
    for pool in SEATED.map(PoolId) {
        for seat in model.pools[&pool].layout.unwrap().seats() {
            let owner = state
                .seats
                .get(&pool)
                .and_then(|seats| seats.get(&seat))
                .copied();
            assert_eq!(owner, model.owner(pool, seat), "{seat} of {pool:?}");
        }
    }
    for (id, hold) in &state.holds {
        assert_eq!(hold.status, model.holds[id].status, "{id:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn decides_as_the_naive_model_does(
        batches in prop::collection::vec(
            (0..8i64, prop::collection::vec(a_command(), 1..8), (0..4usize, prop::bool::weighted(0.8))),
            1..8,
        )
    ) {
        let (mut state, mut model) = (State::default(), Model::default());
        let mut balances = Balances::default();
        let mut expiries = BTreeSet::new();
        let mut second = 0;
        let first = std::iter::once((0, creations(), (0, true)));
        for (pause, commands, lapsed) in first.chain(batches) {
            second += pause;
            let now = at(second);
            let mut batch = loaded(&state, &commands, now, lapsed);
            model.expire(now, |hold| is_complete(&batch, hold));
            let borrowed: Vec<&Command> = commands.iter().collect();
            let (verdicts, changes) =
                decide(&mut batch, &borrowed, now, SalesPolicy::default());
            for (command, verdict) in commands.iter().zip(&verdicts) {
                let expected = model.apply(command, verdict);
                prop_assert_eq!(verdict.as_ref().map(|_| ()).map_err(|r| *r), expected, "{:?}", command);
            }
            balances.enter(&changes);
            check_versions(&state, &changes);
            state = stored(state, changes.clone());
            check_expiries(&mut expiries, &state, &changes);
            check(&state, &model, &balances);
        }
    }
}

proptest! {
    /// What a command's type can't represent needs no decision.
    #[test]
    fn a_seat_change_names_each_pool_and_seat_once(
        pools in prop::collection::vec(1..=POOLS, 0..=9),
        seats in prop::collection::vec(0..2u16, 0..=2),
        number in 0..3i64,
    ) {
        let seats: Vec<SeatNumber> = seats
            .iter()
            .map(|number| format!("A{}", number + 1).parse().unwrap())
            .collect();
        let legs: Vec<_> = pools.iter().map(|pool| (PoolId(*pool), seats.clone())).collect();
        let change = SeatChange::new(HoldId(Uuid::nil()), legs, at(0), number);
        let unique = |count: usize, all: usize| count == all && all > 0;
        let makes_sense = number > 0
            && unique(pools.iter().collect::<BTreeSet<_>>().len(), pools.len())
            && unique(seats.iter().collect::<BTreeSet<_>>().len(), seats.len());
        prop_assert_eq!(change.is_ok(), makes_sense, "{:?}", change);
    }
}
