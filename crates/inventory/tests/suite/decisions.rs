//! `decide` against the naive model: random commands in random batches, with expiries, duplicates,
//! reused ids, seats and several pools. A failure prints its seed, and proptest keeps it.

use std::collections::BTreeMap;

use domain::{HoldId, PoolId, SeatNumber, Units};
use inventory::command::Direction;
use inventory::decide::{SalesPolicy, decide};
use inventory::state::{Account, Changes, HoldStatus, State};
use inventory::{Command, HoldCommand, LegRequest, NewPool, Until};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use uuid::Uuid;

use crate::model::Model;

const POOLS: i64 = 3;
const HOLDS: u128 = 10;

fn start() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn at(second: i64) -> Timestamp {
    start() + SignedDuration::from_secs(second)
}

/// Two plain pools and one with six named seats.
fn creations() -> Vec<Command> {
    (1..=POOLS)
        .map(|id| {
            Command::Create(NewPool {
                id: PoolId(id),
                kind: "flight_seats".to_owned(),
                capacity: if id == 3 { 6 } else { 5 },
                already_sold: i32::from(id == 2),
                layout: (id == 3).then(|| "rows A-B, seats 1-3".parse().unwrap()),
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

/// Seats of the third pool, now and then one that it lacks.
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
    prop_oneof![3 => by_count, if pool == 3 { 5 } else { 1 } => by_name]
}

fn a_hold() -> impl Strategy<Value = Command> {
    let until = prop_oneof![
        (0..40i64).prop_map(|second| Until::Expires(at(second))),
        Just(Until::Pinned),
        Just(Until::Sold),
    ];
    let legs = prop_oneof![
        6 => (1..=POOLS + 1).prop_flat_map(|pool| a_leg(pool).prop_map(|leg| vec![leg])),
        2 => (a_leg(1), a_leg(2)).prop_map(|(one, two)| vec![two, one]),
        2 => (a_leg(1), a_leg(3)).prop_map(|(one, three)| vec![one, three]),
    ];
    (a_hold_id(), legs, until).prop_map(|(id, legs, until)| {
        Command::Hold(HoldCommand::new(id, "owner".to_owned(), legs, until).unwrap())
    })
}

/// Commands that meet each other on the few seats of the third pool.
fn about_seats() -> impl Strategy<Value = Command> {
    let few_holds = || (0..3u128).prop_map(|id| HoldId(Uuid::from_u128(id)));
    prop_oneof![
        3 => (few_holds(), a_leg(3), 20..40i64).prop_map(|(id, leg, second)| {
            let until = Until::Expires(at(second));
            Command::Hold(HoldCommand::new(id, "owner".to_owned(), vec![leg], until).unwrap())
        }),
        3 => (few_holds(), some_seats(), 20..40i64, 1..6i64).prop_map(|(hold, seats, second, number)| {
            Command::ChangeSeats { hold, seats: vec![(PoolId(3), seats)], until: at(second), number }
        }),
        1 => (10..14u128, some_units()).prop_map(|(id, units)| Command::Adjust {
            id: Uuid::from_u128(id),
            pool: PoolId(3),
            units,
            direction: Direction::Take,
        }),
    ]
}

fn a_command() -> impl Strategy<Value = Command> {
    let pool = || (1..=POOLS + 1).prop_map(PoolId);
    let direction = prop_oneof![Just(Direction::Take), Just(Direction::GiveBack)];
    prop_oneof![
        15 => about_seats(),
        12 => a_hold(),
        2 => a_hold_id().prop_map(|hold| Command::Pin { hold }),
        4 => a_hold_id().prop_map(|hold| Command::Confirm { hold }),
        5 => a_hold_id().prop_map(|hold| Command::Release { hold }),
        5 => (a_hold_id(), some_seats(), 0..40i64, 1..4i64).prop_map(|(hold, seats, second, number)| {
            Command::ChangeSeats { hold, seats: vec![(PoolId(3), seats)], until: at(second), number }
        }),
        4 => (0..4u128, pool(), some_units(), direction).prop_map(|(id, pool, units, direction)| {
            Command::Adjust { id: Uuid::from_u128(id), pool, units, direction }
        }),
        1 => (pool(), 0..9i32).prop_map(|(pool, capacity)| Command::Resize { pool, capacity }),
        1 => (pool(), 0..40i64).prop_map(|(pool, second)| {
            Command::Reschedule { pool, starts_at: Some(at(second)) }
        }),
        1 => pool().prop_map(|pool| Command::Sweep { pool }),
        1 => Just(Command::Close { pool: PoolId(2) }),
    ]
}

/// The rows after a batch, as a database would have them.
fn stored(mut state: State, changes: Changes) -> State {
    state.pools.extend(changes.new_pools);
    state.pools.extend(changes.pools);
    state.holds.extend(changes.new_holds);
    state.holds.extend(changes.holds);
    state.adjustments.extend(changes.adjustments);
    for seat in changes.freed_seats {
        assert!(state.seats.remove(&seat).is_some(), "{seat:?} was not live");
    }
    for (pool, seat, hold) in changes.taken_seats {
        assert!(
            state.seats.insert((pool, seat), hold).is_none(),
            "{seat:?} was live"
        );
    }
    state
}

#[derive(Default)]
struct Balances(BTreeMap<(PoolId, &'static str), i64>);

impl Balances {
    fn enter(&mut self, changes: &Changes) {
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
    let layout = model.pools[&PoolId(3)].layout.unwrap();
    for seat in layout.seats() {
        let owner = state.seats.get(&(PoolId(3), seat)).copied();
        assert_eq!(owner, model.owner(PoolId(3), seat), "{seat}");
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
            (0..8i64, prop::collection::vec(a_command(), 1..8)),
            1..8,
        )
    ) {
        let (mut state, mut model) = (State::default(), Model::default());
        let mut balances = Balances::default();
        let mut second = 0;
        let first = std::iter::once((0, creations()));
        for (pause, commands) in first.chain(batches) {
            second += pause;
            let now = at(second);
            model.expire(now);
            let borrowed: Vec<&Command> = commands.iter().collect();
            let (verdicts, changes) =
                decide(state.clone(), &borrowed, now, SalesPolicy::default());
            for (command, verdict) in commands.iter().zip(&verdicts) {
                let expected = model.apply(command, verdict);
                prop_assert_eq!(verdict.as_ref().map(|_| ()).map_err(|r| *r), expected, "{:?}", command);
            }
            balances.enter(&changes);
            state = stored(state, changes);
            check(&state, &model, &balances);
        }
    }
}
