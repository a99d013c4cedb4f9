//! What moves, what stays, and what is interrupted.

use std::time::Duration;

use archive::{ArchiveError, Options, run};
use tokio::time::timeout;

use crate::history::{History, before_april, count};

/// Bookings 3 to 60: those of pool 2 have not departed, 1 and 2 have work left, 71 is young.
const MOVED: i64 = 58;

#[tokio::test]
async fn what_is_over_moves_and_everything_still_agrees() -> anyhow::Result<()> {
    let history = History::new().await?;
    let History {
        flights,
        bookings,
        payments,
        ..
    } = &history;
    let before = history.proved().await?;
    let audit = history.audit().await?;
    // The planted charge that is still processing.
    let violations = audit.violations.len();

    let dry = Options {
        is_dry: true,
        ..before_april()?
    };
    let counted = run(&history.urls, dry).await?;
    assert_eq!(counted.rows["bookings.bookings"], MOVED.unsigned_abs());
    assert_eq!(count(bookings, "bookings").await?, 71);

    let report = run(&history.urls, before_april()?).await?;
    assert_eq!(
        report.rows["bookings.bookings"],
        MOVED.unsigned_abs(),
        "{report}"
    );
    assert_eq!(report.left, counted.left);
    assert_eq!(
        (
            report.rows["flights.ledger"],
            counted.rows["flights.ledger"]
        ),
        (142, 142)
    );
    for (client, table, left) in [
        (flights, "holds", 13),
        (flights, "hold_legs", 13),
        (flights, "ledger", 2),
        (bookings, "bookings", 13),
        (bookings, "booking_legs", 13),
        (bookings, "travelers", 6),
        (payments, "charges", 13),
        (payments, "refunds", 3),
    ] {
        assert_eq!(count(client, table).await?, left, "{table}");
    }
    for (client, table, moved) in [
        (flights, "archive.holds", MOVED),
        (bookings, "archive.bookings", MOVED),
        (bookings, "archive.moving", 0),
        (payments, "archive.charges", MOVED),
        (payments, "archive.refunds", 20),
    ] {
        assert_eq!(count(client, table).await?, moved, "{table}");
    }
    let live = "SELECT id FROM bookings ORDER BY id";
    let rows = bookings.query(live, &[]).await?;
    let live: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    assert_eq!(live, [1, 2, 61, 62, 63, 64, 65, 66, 67, 68, 69, 70, 71]);

    assert_eq!(history.proved().await?, before);
    assert_eq!(history.audit().await?.violations.len(), violations);

    // Nothing is left to do, and a whole month may be dropped.
    let again = run(&history.urls, before_april()?).await?;
    assert_eq!(again.rows.values().sum::<u64>(), 0, "{again}");
    flights
        .batch_execute(
            "DROP TABLE archive.holds_2026_01, archive.hold_legs_2026_01, archive.ledger_2026_01",
        )
        .await?;
    bookings
        .batch_execute("DROP TABLE archive.bookings_2026_01, archive.booking_legs_2026_01")
        .await?;
    payments
        .batch_execute("DROP TABLE archive.charges_2026_01")
        .await?;
    assert_eq!(history.proved().await?, before);
    assert_eq!(history.audit().await?.violations.len(), violations);
    Ok(())
}

/// Wherever it is killed, the audit sees nothing but what was planted, and the next run finishes.
#[tokio::test]
async fn killed_anywhere_it_goes_on() -> anyhow::Result<()> {
    let history = History::new().await?;
    let before = history.proved().await?;
    let violations = history.audit().await?.violations.len();
    for milliseconds in [10, 30, 50, 80, 120, 160, 200, 300] {
        let options = Options {
            batch: 2,
            ..before_april()?
        };
        let killed = timeout(
            Duration::from_millis(milliseconds),
            run(&history.urls, options),
        )
        .await;
        if let Ok(ended) = killed {
            ended?;
        }
        assert_eq!(
            history.audit().await?.violations.len(),
            violations,
            "{milliseconds} ms"
        );
        assert_eq!(history.proved().await?, before, "{milliseconds} ms");
    }
    run(&history.urls, before_april()?).await?;
    assert_eq!(count(&history.bookings, "archive.bookings").await?, MOVED);
    assert_eq!(count(&history.flights, "archive.holds").await?, MOVED);
    assert_eq!(count(&history.payments, "archive.charges").await?, MOVED);
    assert_eq!(history.proved().await?, before);
    Ok(())
}

/// Between the steps of a batch: its bookings have moved, its holds and charges not yet.
#[tokio::test]
async fn a_batch_that_was_left_half_way_is_finished() -> anyhow::Result<()> {
    let history = History::new().await?;
    let before = history.proved().await?;
    let violations = history.audit().await?.violations.len();
    // Payments can't be written: the holds of the first batch move, its charges stay. One of its seven bookings has a
    // charge under way.
    let refuse = "
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'refused'; END $$;
        CREATE TRIGGER refuse BEFORE DELETE ON charges FOR EACH STATEMENT EXECUTE FUNCTION refuse()";
    history.payments.batch_execute(refuse).await?;
    assert!(run(&history.urls, before_april()?).await.is_err());
    assert_eq!(count(&history.bookings, "archive.moving").await?, 6);
    assert_eq!(history.audit().await?.violations.len(), violations);
    assert_eq!(history.proved().await?, before);
    history
        .payments
        .batch_execute("DROP TRIGGER refuse ON charges")
        .await?;
    run(&history.urls, before_april()?).await?;
    assert_eq!(count(&history.payments, "archive.charges").await?, MOVED);
    assert_eq!(count(&history.bookings, "archive.moving").await?, 0);
    Ok(())
}

#[tokio::test]
async fn a_ledger_that_is_not_proved_stays() -> anyhow::Result<()> {
    let history = History::new().await?;
    let uncover = "UPDATE ledger_progress SET covered_until = '2026-02-10'";
    history.flights.batch_execute(uncover).await?;
    let refused = run(&history.urls, before_april()?).await;
    assert!(
        matches!(refused, Err(ArchiveError::Unproved("flights", _))),
        "{refused:?}"
    );
    // January was covered; no hold moved.
    assert_eq!(count(&history.flights, "archive.ledger_2026_01").await?, 48);
    assert_eq!(count(&history.flights, "holds").await?, 71);
    history.cover().await?;
    run(&history.urls, before_april()?).await?;
    history.proved().await?;
    Ok(())
}
