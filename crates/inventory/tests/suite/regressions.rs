//! Edge cases by name, against real PostgreSQL and Redis servers.

use std::time::Duration;

use domain::{HoldId, HoldStatus};
use inventory::command::Direction;
use inventory::{Command, Refusal, Until};
use jiff::{SignedDuration, Timestamp};
use test_stack::wait_until;
use uuid::Uuid;

use crate::support::{Bench, adjust, change_seats, held, hold, hold_seats, proved, seats};

fn in_a_minute() -> Until {
    Until::Expires(Timestamp::now() + SignedDuration::from_mins(1))
}

#[tokio::test]
async fn a_release_that_overtakes_its_hold() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let inventory = bench.replica(true)?;
    let id = HoldId::generate();
    let released = held(&inventory, Command::Release { hold: id }).await?;
    assert_eq!(released.map(|view| view.status), Ok(HoldStatus::Released));
    let late = held(&inventory, hold(id, &[1], 2, Until::Pinned)?).await?;
    assert_eq!(late.err(), Some(Refusal::HoldReleased));
    assert_eq!(proved(&inventory).await?, (10, 0, 0));
    Ok(())
}

#[tokio::test]
async fn a_late_seat_change() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench
        .create(&[(1, 30, Some("rows A-C, seats 1-10".parse()?))])
        .await?;
    let inventory = bench.replica(true)?;
    let id = HoldId::generate();
    held(&inventory, hold_seats(id, 1, "A1 A2", in_a_minute())?)
        .await?
        .map(|_| ())?;
    let until = Timestamp::now() + SignedDuration::from_mins(1);
    let change = |names: &str, number| change_seats(id, &[(1, names)], until, number);
    let second = held(&inventory, change("C1", 2)?).await?;
    assert_eq!(
        second.map(|view| view.legs[0].seats.clone()),
        Ok(seats("C1"))
    );
    assert_eq!(
        held(&inventory, change("B1", 1)?).await?.err(),
        Some(Refusal::Superseded)
    );
    let again = held(&inventory, change("C1", 2)?).await?;
    assert_eq!(
        again.map(|view| view.legs[0].seats.clone()),
        Ok(seats("C1"))
    );
    assert_eq!(proved(&inventory).await?, (29, 1, 0));
    let other_seats = held(&inventory, change("C2", 2)?).await?;
    assert_eq!(other_seats.err(), Some(Refusal::IdReused));

    // A refused change is not made on a late retry, although the seat is free by then.
    let other = HoldId::generate();
    held(&inventory, hold_seats(other, 1, "C3", in_a_minute())?)
        .await?
        .map(|_| ())?;
    assert_eq!(
        held(&inventory, change("C3", 3)?).await?.err(),
        Some(Refusal::SeatTaken)
    );
    held(&inventory, Command::Release { hold: other })
        .await?
        .map(|_| ())?;
    let late = held(&inventory, change("C3", 3)?).await?;
    assert_eq!(late.err(), Some(Refusal::SeatTaken));
    let kept = inventory.find_hold(id).await?.map(|view| view.legs);
    assert_eq!(kept.map(|legs| legs[0].seats.clone()), Some(seats("C1")));

    held(&inventory, Command::Pin { hold: id })
        .await?
        .map(|_| ())?;
    assert_eq!(
        held(&inventory, change("C2", 4)?).await?.err(),
        Some(Refusal::HoldPinned)
    );
    Ok(())
}

#[tokio::test]
async fn a_seat_change_names_the_pools_of_its_hold() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    let layout = Some("rows A-B, seats 1-5".parse()?);
    bench
        .create(&[(1, 10, layout), (2, 10, layout), (3, 10, layout)])
        .await?;
    let inventory = bench.replica(true)?;
    let id = HoldId::generate();
    held(&inventory, hold(id, &[1, 2], 1, in_a_minute())?)
        .await?
        .map(|_| ())?;
    let until = Timestamp::now() + SignedDuration::from_mins(1);
    let twice = change_seats(id, &[(1, "A2"), (1, "A3")], until, 1);
    assert!(twice.is_err(), "a pool is named twice");
    for legs in [
        &[(1, "A2")][..],
        &[(1, "A2"), (3, "A3")],
        &[(3, "A2"), (4, "A3")],
        &[(1, "A2"), (2, "A3"), (3, "A4")],
    ] {
        let refused = held(&inventory, change_seats(id, legs, until, 1)?).await?;
        assert_eq!(refused.err(), Some(Refusal::OtherPools), "{legs:?}");
    }
    assert_eq!(proved(&inventory).await?, (28, 2, 0));
    // In any order.
    let change = change_seats(id, &[(2, "B1 B2"), (1, "A5")], until, 1)?;
    let changed = held(&inventory, change).await??;
    let legs = changed.legs.iter();
    let legs: Vec<_> = legs.map(|leg| (leg.pool.0, leg.seats.clone())).collect();
    assert_eq!(legs, [(1, seats("A5")), (2, seats("B1 B2"))]);
    assert_eq!(proved(&inventory).await?, (27, 3, 0));
    held(&inventory, Command::Release { hold: id })
        .await?
        .map(|_| ())?;
    assert_eq!(proved(&inventory).await?, (30, 0, 0));
    Ok(())
}

#[tokio::test]
async fn an_increment_by_someone_who_took_nothing() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 10, None)]).await?;
    let inventory = bench.replica(true)?;
    held(&inventory, hold(HoldId::generate(), &[1], 4, Until::Sold)?)
        .await?
        .map(|_| ())?;
    let give = inventory
        .command(adjust(Uuid::new_v4(), 1, 1, Direction::GiveBack))
        .verdict()
        .await?;
    assert_eq!(give.err(), Some(Refusal::NotTaken));
    inventory
        .command(adjust(Uuid::new_v4(), 1, 3, Direction::Take))
        .verdict()
        .await?
        .map(|_| ())?;
    let give = inventory
        .command(adjust(Uuid::new_v4(), 1, 4, Direction::GiveBack))
        .verdict()
        .await?;
    assert_eq!(give.err(), Some(Refusal::NotTaken));
    inventory
        .command(adjust(Uuid::new_v4(), 1, 3, Direction::GiveBack))
        .verdict()
        .await?
        .map(|_| ())?;
    assert_eq!(proved(&inventory).await?, (6, 0, 4));
    Ok(())
}

#[tokio::test]
async fn thirty_requests_for_one_seat_while_others_want_other_seats() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench
        .create(&[(1, 30, Some("rows A-C, seats 1-10".parse()?))])
        .await?;
    let inventory = bench.replica(true)?;
    let crowd = (0..30).map(|_| async {
        held(
            &inventory,
            hold_seats(HoldId::generate(), 1, "A1", Until::Pinned)?,
        )
        .await
    });
    let others = (1..=10).map(|number| {
        let inventory = &inventory;
        async move {
            let seat = format!("B{number}");
            held(
                inventory,
                hold_seats(HoldId::generate(), 1, &seat, Until::Pinned)?,
            )
            .await
        }
    });
    let (crowd, others) = futures_util::future::try_join(
        futures_util::future::try_join_all(crowd),
        futures_util::future::try_join_all(others),
    )
    .await?;
    assert_eq!(crowd.iter().filter(|verdict| verdict.is_ok()).count(), 1);
    assert!(
        crowd
            .iter()
            .all(|verdict| verdict.is_ok() || *verdict == Err(Refusal::SeatTaken))
    );
    assert!(others.iter().all(Result::is_ok), "{others:?}");
    assert_eq!(proved(&inventory).await?, (19, 11, 0));
    Ok(())
}

#[tokio::test]
async fn the_same_id_with_other_pools_on_two_replicas() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 50, None), (2, 50, None)]).await?;
    let (left, right) = (bench.replica(false)?, bench.replica(false)?);
    let mut granted = (0, 0);
    for _ in 0..20 {
        let id = HoldId::generate();
        let (on_left, on_right) = futures_util::future::try_join(
            held(&left, hold(id, &[1], 1, Until::Pinned)?),
            held(&right, hold(id, &[2], 1, Until::Pinned)?),
        )
        .await?;
        match (on_left, on_right) {
            (Ok(_), Err(Refusal::IdReused)) => granted.0 += 1,
            (Err(Refusal::IdReused), Ok(_)) => granted.1 += 1,
            other => anyhow::bail!("one of the two must be refused: {other:?}"),
        }
    }
    assert_eq!(granted.0 + granted.1, 20);
    assert_eq!(proved(&left).await?, (80, 20, 0));
    Ok(())
}

#[tokio::test]
async fn opposite_order_holds_over_two_pools_do_not_deadlock() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 1000, None), (2, 1000, None)]).await?;
    let (left, right) = (bench.replica(false)?, bench.replica(false)?);
    let submissions = (0..200).map(|index| {
        let (replica, pools) = if index % 2 == 0 {
            (&left, [1, 2])
        } else {
            (&right, [2, 1])
        };
        async move { held(replica, hold(HoldId::generate(), &pools, 1, Until::Pinned)?).await }
    });
    let verdicts = futures_util::future::try_join_all(submissions).await?;
    assert!(verdicts.iter().all(Result::is_ok));
    assert_eq!(proved(&left).await?, (1600, 400, 0));
    Ok(())
}

#[tokio::test]
async fn an_expired_hold_that_spans_pools() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 1, None), (2, 1, None)]).await?;
    let inventory = bench.replica(true)?;
    let soon = Until::Expires(Timestamp::now() + SignedDuration::from_millis(300));
    let spanning = HoldId::generate();
    held(&inventory, hold(spanning, &[1, 2], 1, soon)?)
        .await?
        .map(|_| ())?;
    assert_eq!(
        held(
            &inventory,
            hold(HoldId::generate(), &[1], 1, Until::Pinned)?
        )
        .await?
        .err(),
        Some(Refusal::SoldOut)
    );
    // Once it has expired both pools are free again, whichever is asked first.
    wait_until(
        "the second pool sells again",
        Duration::from_secs(5),
        async || {
            let again = hold(HoldId::generate(), &[2], 1, Until::Sold);
            matches!(held(&inventory, again.unwrap()).await, Ok(Ok(_)))
        },
    )
    .await?;
    held(&inventory, hold(HoldId::generate(), &[1], 1, Until::Sold)?)
        .await?
        .map(|_| ())?;
    assert_eq!(
        held(&inventory, Command::Confirm { hold: spanning })
            .await?
            .err(),
        Some(Refusal::HoldExpired)
    );
    assert_eq!(proved(&inventory).await?, (0, 0, 2));
    Ok(())
}

#[tokio::test]
async fn the_sweeper_expires_what_nobody_asks_for() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 5, None)]).await?;
    let inventory = bench.replica(true)?;
    let id = HoldId::generate();
    let soon = Until::Expires(Timestamp::now() + SignedDuration::from_millis(100));
    held(&inventory, hold(id, &[1], 2, soon)?)
        .await?
        .map(|_| ())?;
    wait_until("the hold is expired", Duration::from_secs(5), async || {
        let view = inventory.find_hold(id).await;
        view.is_ok_and(|view| view.is_some_and(|view| view.status == HoldStatus::Expired))
    })
    .await?;
    assert_eq!(proved(&inventory).await?, (5, 0, 0));
    Ok(())
}

#[tokio::test]
async fn a_repeated_command_is_not_refused_by_a_gate_that_is_empty() -> anyhow::Result<()> {
    let bench = Bench::new().await?;
    bench.create(&[(1, 2, None)]).await?;
    let inventory = bench.replica(true)?;
    let command = hold(HoldId::generate(), &[1], 2, Until::Pinned)?;
    let first = held(&inventory, command.clone()).await??;
    let again = held(&inventory, command).await??;
    assert!(!first.replayed && again.replayed);
    let taken = adjust(Uuid::new_v4(), 1, 1, Direction::Take);
    assert_eq!(
        inventory.command(taken).verdict().await?.err(),
        Some(Refusal::SoldOut)
    );
    assert_eq!(proved(&inventory).await?, (0, 2, 0));
    Ok(())
}
