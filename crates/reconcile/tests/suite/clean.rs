//! Databases without violations, or with temporary ones.

use std::time::Duration;

use serde_json::json;
use test_stack::wait_until;

use crate::world::World;

/// Longer than anything here takes, even on a busy machine.
const SOON: Duration = Duration::from_secs(30);

#[tokio::test]
async fn what_is_right_is_counted() -> anyhow::Result<()> {
    let verdict = World::new().await?.audit().await?;
    assert_eq!(verdict.violations, []);
    let expected = json!({
        "clean": true,
        "bookings": {"cancelled": 1, "confirmed": 4, "failed": 1, "held": 1, "payment_failed": 1},
        "confirmed_to_pay": 3,
        "unfinished": {"count": 0, "overdue": 0, "overdue_after_s": 30},
        "pools": {"count": 1, "capacity": 100, "free": 92, "held": 2, "sold": 6},
        "ticket_pools": {"count": 2, "capacity": 60, "free": 52, "held": 1, "sold": 7},
        "holds": {"held": 2, "released": 1, "sold": 4},
        "ticket_holds": {"held": 1, "sold": 2},
        "charges": {"failed": 1, "success": 4},
        "charges_kept": 3,
        "money": {
            "EUR": {"captured_minor": 7000, "refunded_minor": 0},
            "INR": {"captured_minor": 7000, "refunded_minor": 2000},
            "USD": {"captured_minor": 3000, "refunded_minor": 0},
        },
        "violation_count": 0,
        "violations": [],
    });
    assert_eq!(serde_json::to_value(&verdict)?, expected);
    let text = verdict.to_string();
    assert!(
        text.ends_with("verdict     every invariant holds"),
        "{text}"
    );
    assert!(
        text.contains("INR: 70.00 captured, 20.00 of it refunded"),
        "{text}"
    );
    Ok(())
}

#[tokio::test]
async fn nothing_at_all_is_right() -> anyhow::Result<()> {
    assert!(World::empty().await?.audit().await?.clean);
    Ok(())
}

#[tokio::test]
async fn work_that_is_left_is_no_violation() -> anyhow::Result<()> {
    let world = World::new().await?;
    // Seats not released yet, money not refunded yet, an order past its deadline.
    world
        .bookings
        .batch_execute(
            "UPDATE bookings SET state = 'cancelled', seats_task = 'release', money_task = 'reverse',
                    next_step_at = now() WHERE id = 1;
             UPDATE bookings SET next_step_at = now() - interval '31 seconds' WHERE id = 5",
        )
        .await?;
    let verdict = world.audit().await?;
    assert!(verdict.clean, "{verdict}");
    assert_eq!(
        (verdict.unfinished.count, verdict.unfinished.overdue),
        (1, 1)
    );
    Ok(())
}

#[tokio::test]
async fn a_hold_whose_time_is_over_is_not_live() -> anyhow::Result<()> {
    let world = World::new().await?;
    world
        .flights
        .execute(
            "UPDATE holds SET expires_at = now() WHERE id = id_of(5)",
            &[],
        )
        .await?;
    world
        .bookings
        .execute(
            "UPDATE bookings SET state = 'expired', public_status = 'expired', next_step_at = NULL
             WHERE id = 5",
            &[],
        )
        .await?;
    assert_eq!(world.audit().await?.violations, []);
    Ok(())
}

#[tokio::test]
async fn what_comes_right_meanwhile_does_not_count() -> anyhow::Result<()> {
    let world = World::new().await?;
    world
        .bookings
        .execute(
            "UPDATE bookings SET payment_id = NULL, amount_minor = 0 WHERE id = 1",
            &[],
        )
        .await?;
    // The first pass has opened the bookings once it waits for the charges.
    world
        .payments
        .batch_execute("BEGIN; LOCK TABLE charges")
        .await?;
    let waits = "SELECT count(*) FROM pg_locks JOIN pg_database ON pg_database.oid = database
                 WHERE datname = current_database() AND NOT granted";
    let repairs = async {
        wait_until("the audit waits for the charges", SOON, async || {
            let waiting = world.payments.query_one(waits, &[]).await;
            waiting.is_ok_and(|row| row.get::<_, i64>(0) > 0)
        })
        .await?;
        world
            .bookings
            .execute(
                "UPDATE bookings SET payment_id = id_of(11), amount_minor = 5000 WHERE id = 1",
                &[],
            )
            .await?;
        anyhow::Ok(world.payments.batch_execute("COMMIT").await?)
    };
    let (verdict, ()) = tokio::try_join!(world.audit(), repairs)?;
    assert_eq!(verdict.violations, []);
    Ok(())
}

#[tokio::test]
async fn many_bookings_are_read_page_by_page() -> anyhow::Result<()> {
    let world = World::empty().await?;
    world
        .flights
        .batch_execute(
            "INSERT INTO holds (id, owner, status, created_at)
             SELECT id_of(n), 'booking ' || n, 'sold', now() FROM generate_series(1, 5000) n;
             INSERT INTO hold_legs (hold_id, pool_id, units, seats)
             SELECT id_of(n), 1, 1, '{}' FROM generate_series(1, 5000) n;
             INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
             VALUES (1, 'flight_seats', 5000, 0, 0, 5000, 0, 1, now());
             INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason,
                                 entered_at)
             VALUES (1, 1, 0, 'issued', 'free', 5000, 'create', now()),
                 (1, 1, 1, 'free', 'sold', 5000, 'hold', now())",
        )
        .await?;
    world
        .bookings
        .batch_execute(
            "INSERT INTO bookings (id, channel, user_ref, flight_ref, payment_type, state, public_status, attempt,
                                   charged, hold_id, amount_minor, currency, payment_id, request_digest,
                                   deadline_at)
             SELECT n, 'count', '7', '1', 'upi', 'confirmed', 'confirmed', 1, true, id_of(n), 5000,
                    'INR', id_of(-n), '', now()
             FROM generate_series(1, 5000) n",
        )
        .await?;
    world
        .payments
        .batch_execute(
            "INSERT INTO charges (payment_id, status, kind, booking_ref, user_ref, amount_minor,
                                  currency, payment_type, message, idempotency_key, request_digest,
                                  ended_at)
             SELECT id_of(-n), 'success', 'process', '1', '7', 5000, 'INR', 'upi', 'said',
                    'booking ' || id_of(n) || '/1', sha256('body'), now()
             FROM generate_series(1, 5000) n",
        )
        .await?;
    let verdict = world.audit().await?;
    assert!(verdict.clean, "{verdict}");
    assert_eq!(verdict.bookings["confirmed"], 5000);
    assert_eq!(
        (verdict.confirmed_to_pay, verdict.charges_kept),
        (5000, 5000)
    );

    // Without charges all of them are wrong; the first are listed.
    world
        .payments
        .batch_execute("TRUNCATE charges, refunds")
        .await?;
    let verdict = world.audit().await?;
    assert_eq!(verdict.violation_count, 5000);
    assert_eq!(verdict.violations.len(), 100);
    assert!(verdict.to_string().contains("and 4900 more"));
    Ok(())
}
