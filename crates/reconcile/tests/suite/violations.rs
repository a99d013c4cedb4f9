//! Each rule is broken once, and reported by its name.

use reconcile::Rule;
use serde_json::json;
use tokio::task::JoinSet;

use crate::world::World;

/// The database where a violation is planted.
#[derive(Clone, Copy)]
enum In {
    Flights,
    Bookings,
    Payments,
}

/// Inserts a second captured charge under this key.
const CHARGE: &str = "
    INSERT INTO charges (payment_id, status, kind, booking_ref, user_ref, amount_minor, currency,
                         payment_type, message, idempotency_key, request_digest, ended_at)
    SELECT id_of(77), 'success', 'process', '1', '7', 5000, 'INR', 'upi', 'said',
           'booking ' || id_of($HOLD) || '/7', sha256('body'), now()";

/// Inserts a hold that adds to the pool's sold units.
const HOLD: &str = "
    INSERT INTO holds (id, owner, status, created_at)
    SELECT id_of($HOLD), $OWNER, 'sold', now()
    ON CONFLICT (id) DO UPDATE SET status = 'sold';
    INSERT INTO hold_legs (hold_id, pool_id, units, seats) SELECT id_of($HOLD), 1, 1, '{}'
    ON CONFLICT DO NOTHING;
    UPDATE pools SET free = 91, sold = 7, version = 2;
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, entered_at)
    VALUES (1, 2, 0, 'free', 'sold', 1, 'hold', now())";

fn charge(booking: i64) -> String {
    CHARGE.replace("$HOLD", &booking.to_string())
}

fn hold(booking: i64, owner: &str) -> String {
    HOLD.replace("$HOLD", &booking.to_string())
        .replace("$OWNER", owner)
}

/// Where each violation is planted, by which SQL, and what is then reported for which booking.
fn plants() -> Vec<(In, String, Rule, Option<i64>)> {
    let text = |text: &str| text.to_owned();
    vec![
        (
            In::Flights,
            text("UPDATE pools SET free = 90, sold = 8"),
            Rule::PoolDiffers,
            None,
        ),
        (
            In::Flights,
            hold(50, "'booking 50'"),
            Rule::OrphanHold,
            None,
        ),
        (
            In::Flights,
            hold(50, "id_of(50)::text"),
            Rule::OrphanHold,
            None,
        ),
        (In::Payments, charge(50), Rule::OrphanCharge, None),
        (
            In::Flights,
            text(
                "UPDATE holds SET status = 'released' WHERE id = id_of(1);
                 UPDATE pools SET free = 94, sold = 4, version = 2;
                 INSERT INTO ledger VALUES (1, 2, 0, 'sold', 'free', 2, 'release', id_of(1), now())",
            ),
            Rule::NotSold,
            Some(1),
        ),
        (
            In::Flights,
            text(
                "UPDATE holds SET status = 'held' WHERE id = id_of(1);
                 UPDATE pools SET held = 4, sold = 4, version = 2;
                 INSERT INTO ledger VALUES (1, 2, 0, 'sold', 'held', 2, 'release', id_of(1), now())",
            ),
            Rule::NotSold,
            Some(1),
        ),
        (
            In::Payments,
            text("DELETE FROM charges WHERE payment_id = id_of(32)"),
            Rule::NotPaid,
            Some(3),
        ),
        (
            In::Payments,
            text(
                "UPDATE charges SET refunded_minor = 1 WHERE payment_id = id_of(11);
                 INSERT INTO refunds VALUES (id_of(110), id_of(11), 1)",
            ),
            Rule::PartlyRefunded,
            Some(1),
        ),
        (
            In::Payments,
            text("UPDATE charges SET amount_minor = 4999 WHERE payment_id = id_of(11)"),
            Rule::AmountDiffers,
            Some(1),
        ),
        (
            In::Payments,
            text("UPDATE charges SET currency = 'USD' WHERE payment_id = id_of(11)"),
            Rule::AmountDiffers,
            Some(1),
        ),
        (
            In::Bookings,
            text("UPDATE bookings SET payment_id = id_of(12) WHERE id = 1"),
            Rule::PaymentDiffers,
            Some(1),
        ),
        (In::Payments, charge(2), Rule::ChargedForNothing, Some(2)),
        (In::Payments, charge(1), Rule::ChargedTwice, Some(1)),
        (
            In::Flights,
            hold(4, "'booking 4'"),
            Rule::EndedWithHold,
            Some(4),
        ),
        (
            In::Bookings,
            // Its end shows, and only its refund is left to do, but it has its seats.
            text(
                "UPDATE bookings SET state = 'cancelled', public_status = 'cancelled', money_task = 'reverse',
                        next_step_at = now() WHERE id = 1",
            ),
            Rule::EndedWithHold,
            Some(1),
        ),
        (In::Payments, charge(6), Rule::EndedWithMoney, Some(6)),
        (
            In::Payments,
            text(
                "UPDATE charges SET refunded_minor = 1999 WHERE payment_id = id_of(41);
                 UPDATE refunds SET amount_minor = 499 WHERE refund_id = id_of(411)",
            ),
            Rule::EndedWithMoney,
            Some(4),
        ),
        (
            In::Payments,
            format!(
                "{}; UPDATE charges SET status = 'processing', ended_at = NULL, message = NULL,
                     lease_expires_at = now() WHERE payment_id = id_of(77)",
                charge(6)
            ),
            Rule::EndedWithOpenCharge,
            Some(6),
        ),
        (
            In::Bookings,
            text(
                "UPDATE bookings SET attempt = 1, charged = true, money_task = 'reverse',
                        payment_id = id_of(99), next_step_at = now() WHERE id = 4",
            ),
            Rule::ChargeMissing,
            Some(4),
        ),
        (
            In::Payments,
            text("DELETE FROM refunds WHERE refund_id = id_of(411)"),
            Rule::RefundsDiffer,
            Some(4),
        ),
    ]
}

/// The same for tickets, in the bookings database.
fn plants_of_tickets() -> Vec<(In, String, Rule, Option<i64>)> {
    let plants = [
        (
            "UPDATE bookings SET state = 'cancelled', public_status = 'cancelled', next_step_at = NULL
             WHERE id = 21",
            Rule::EndedWithHold,
            Some(21),
        ),
        (
            "UPDATE holds SET status = 'held' WHERE id = id_of(20);
             UPDATE pools SET held = 4, sold = 0, version = 2 WHERE id = 1;
             INSERT INTO ledger VALUES (1, 2, 0, 'sold', 'held', 3, 'release', id_of(20), now())",
            Rule::NotSold,
            Some(20),
        ),
        (
            "UPDATE event_bookings SET quantity = 4 WHERE booking_id = 20;
             UPDATE event_sales SET units_sold = 4",
            Rule::TicketsDiffer,
            None,
        ),
        ("DELETE FROM purchases", Rule::TicketsDiffer, None),
        (
            "UPDATE purchases SET quantity = 3",
            Rule::TicketsDiffer,
            None,
        ),
        (
            "INSERT INTO purchases (id, ticket_option_id, user_ref, quantity)
             VALUES (id_of(31), id_of(80), 'somebody', 1)",
            Rule::TicketsDiffer,
            None,
        ),
        (
            "UPDATE event_sales SET revenue_minor = 2999",
            Rule::SalesDiffer,
            None,
        ),
    ];
    plants
        .into_iter()
        .map(|(plant, rule, booking)| (In::Bookings, plant.to_owned(), rule, booking))
        .collect()
}

#[tokio::test]
async fn each_violation_is_found_by_its_name() -> anyhow::Result<()> {
    let mut audits = JoinSet::new();
    for (place, plant, rule, booking) in plants().into_iter().chain(plants_of_tickets()) {
        audits.spawn(async move {
            let world = World::new().await?;
            let database = match place {
                In::Flights => &world.flights,
                In::Bookings => &world.bookings,
                In::Payments => &world.payments,
            };
            database.batch_execute(&plant).await?;
            let verdict = world.audit().await?;
            let found: Vec<_> = verdict
                .violations
                .iter()
                .map(|violation| (violation.rule, violation.booking))
                .collect();
            assert_eq!(found, [(rule, booking)], "{plant}: {verdict}");
            assert!(!verdict.clean);
            anyhow::Ok(())
        });
    }
    while let Some(audit) = audits.join_next().await {
        audit??;
    }
    Ok(())
}

#[tokio::test]
async fn a_violation_is_told_to_programs_and_people() -> anyhow::Result<()> {
    let world = World::new().await?;
    world.payments.batch_execute(&charge(6)).await?;
    let verdict = world.audit().await?;
    let violation = &serde_json::to_value(&verdict)?["violations"][0];
    assert_eq!(violation["rule"], json!("ended_with_money"));
    assert_eq!(violation["booking"], json!(6));
    let text = verdict.to_string();
    assert!(
        text.contains("VIOLATION   ended_with_money: booking 6 ("),
        "{text}"
    );
    assert!(text.ends_with("verdict     1 violations"), "{text}");
    Ok(())
}

#[tokio::test]
async fn what_others_do_directly_is_none_of_its_business() -> anyhow::Result<()> {
    let world = World::new().await?;
    for owner in ["'booking x'", "'booking '", "'web'", "id_of(51)::text"] {
        let world = World::new().await?;
        world.flights.batch_execute(&hold(50, owner)).await?;
        assert_eq!(world.audit().await?.violations, [], "{owner}");
    }
    world
        .payments
        .batch_execute("UPDATE charges SET idempotency_key = 'refund booking x/1' WHERE payment_id = id_of(92)")
        .await?;
    assert_eq!(world.audit().await?.violations, []);
    Ok(())
}

#[tokio::test]
async fn tickets_that_do_not_add_up_are_found_in_their_own_database() -> anyhow::Result<()> {
    let world = World::new().await?;
    world
        .bookings
        .batch_execute(
            "INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
             VALUES (3, 'event_tickets', 10, 9, 0, 1, 0, 1, now());
             INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason,
                                 entered_at)
             VALUES (3, 1, 0, 'issued', 'free', 10, 'create', now())",
        )
        .await?;
    let verdict = world.audit().await?;
    assert_eq!(verdict.ticket_pools.sold, 8);
    let text = verdict.to_string();
    assert!(text.contains("pool_differs: pool 3 of tickets: "), "{text}");
    Ok(())
}
