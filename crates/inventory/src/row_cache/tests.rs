use std::collections::HashMap;

use domain::Units;
use uuid::Uuid;

use super::*;
use crate::state::HoldLeg;

const POOL: PoolId = PoolId(1);
const OTHER: PoolId = PoolId(2);

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn pool(version: i64) -> Pool {
    Pool {
        kind: "seats".to_owned(),
        capacity: 10,
        free: 10,
        held: 0,
        sold: 0,
        adjusted: 0,
        layout: None,
        starts_at: None,
        closed_at: None,
        version,
    }
}

fn hold(pools: &[PoolId], expires_at: Option<Timestamp>) -> Hold {
    let legs = pools.iter().map(|pool| HoldLeg {
        pool: *pool,
        units: Units::ONE,
        seats: Vec::new(),
    });
    Hold {
        owner: "owner".to_owned(),
        status: HoldStatus::Held,
        refusal: None,
        request_digest: None,
        expires_at,
        seat_change: 0,
        seat_change_refusal: None,
        legs: legs.collect(),
    }
}

/// A committed batch that loaded these pools and made these holds.
fn batch(pools: &[(PoolId, i64)], holds: Vec<(HoldId, Hold)>) -> WorkingSet {
    let mut set = WorkingSet::default();
    for (id, version) in pools {
        set.pools.insert(*id, Knowledge::loaded(true, None));
        set.state.pools.insert(*id, pool(*version));
    }
    set.state.holds = HashMap::from_iter(holds);
    set
}

fn confirm(hold: HoldId) -> Command {
    Command::Confirm { hold }
}

fn id(number: u128) -> HoldId {
    HoldId(Uuid::from_u128(number))
}

#[test]
fn a_hold_is_known_with_its_pools_until_it_is_taken_or_one_of_them_is_loaded_again() {
    let mut cache = RowCache::default();
    let both = hold(&[POOL, OTHER], None);
    let pools = [(POOL, 1), (OTHER, 1)];
    cache.put(batch(&pools, vec![(id(1), both.clone())]));
    let set = cache.take(&[&confirm(id(1))], at(0));
    assert!(set.is_complete());
    assert_eq!(set.state.pools.len(), 2);
    // The batch did not commit: nothing of it is left.
    drop(set);
    let set = cache.take(&[&confirm(id(1))], at(0));
    assert_eq!(set.missing_holds, BTreeSet::from([id(1)]));

    cache.put(batch(&pools, vec![(id(1), both)]));
    // Another replica may have changed the hold before this pool was loaded.
    cache.put(batch(&[(OTHER, 2)], Vec::new()));
    let set = cache.take(&[&confirm(id(1))], at(0));
    assert_eq!(set.missing_holds, BTreeSet::from([id(1)]));
}

#[test]
fn a_pool_is_not_known_any_more_once_a_hold_on_it_may_have_lapsed() {
    let mut cache = RowCache::default();
    let lapsing = hold(&[POOL], Some(at(60)));
    cache.put(batch(&[(POOL, 1)], vec![(id(1), lapsing)]));
    let command = confirm(id(1));
    let set = cache.take(&[&command], at(59));
    assert!(set.is_complete());
    cache.put(set);
    assert!(!cache.take(&[&command], at(60)).is_complete());
}

#[test]
fn what_is_ended_or_sold_is_not_kept() {
    let mut cache = RowCache::default();
    let mut sold = hold(&[POOL], None);
    sold.status = HoldStatus::Sold;
    cache.put(batch(&[(POOL, 1)], vec![(id(1), sold)]));
    assert!(!cache.take(&[&confirm(id(1))], at(0)).is_complete());
}

#[test]
fn a_pool_that_was_loaded_at_another_version_is_noticed() {
    let mut cache = RowCache::default();
    cache.put(batch(&[(POOL, 1)], vec![(id(1), hold(&[POOL], None))]));
    let knowledge = Knowledge::loaded(true, None);
    let mut set = cache.take(&[&confirm(id(1))], at(0));
    assert!(cache.merge_pool(POOL, pool(1), knowledge, at(0), &mut set));
    assert!(!cache.merge_pool(POOL, pool(2), knowledge, at(0), &mut set));
}

#[test]
fn it_is_bounded_and_forgets_holds_before_the_pool_that_is_in_use() {
    let mut cache = RowCache::default();
    cache.put(batch(&[(POOL, 1)], Vec::new()));
    let number_of_holds = u128::try_from(ROWS_LIMIT + ROWS_LIMIT / 8).unwrap();
    for number in 0..number_of_holds {
        let mut set = WorkingSet::default();
        assert!(cache.take_pool(POOL, true, at(0), &mut set), "{number}");
        set.state.holds.insert(id(number), hold(&[POOL], None));
        cache.put(set);
    }
    assert!(!cache.take(&[&confirm(id(0))], at(0)).is_complete());
    let last = cache.take(&[&confirm(id(number_of_holds - 1))], at(0));
    assert!(last.is_complete());
}
