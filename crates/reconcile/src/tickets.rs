//! Rules within the bookings database: tickets, purchases, event totals. They read one snapshot, so there is
//! nothing to recheck.

use tokio_postgres::Row;

use crate::error::ReconcileError;
use crate::report::{PoolKind, Report, Rule, Violation};
use crate::rows::is_live;
use crate::snapshot::{BOOKINGS, Snapshot};

/// Holds whose units of tickets differ from those of their booking or purchase; a condition on the hold is
/// appended.
const HOLDS: &str = "
    SELECT hold.id, what.units, leg.units AS held
    FROM holds hold
    LEFT JOIN LATERAL (
        SELECT event.pool_id, one.quantity AS units
        FROM bookings booking
        JOIN event_bookings one ON one.booking_id = booking.id
        JOIN events event ON event.id = one.event_id
        WHERE booking.hold_id = hold.id
        UNION ALL
        SELECT option.pool_id, purchase.quantity
        FROM purchases purchase JOIN ticket_options option ON option.id = purchase.ticket_option_id
        WHERE purchase.id = hold.id AND hold.status = 'sold'
    ) AS what ON true
    LEFT JOIN hold_legs leg ON leg.hold_id = hold.id AND leg.pool_id = what.pool_id
    WHERE (what.units IS NULL OR what.units IS DISTINCT FROM leg.units) AND ";

const PURCHASES: &str = "
    SELECT id FROM purchases
    WHERE NOT EXISTS (SELECT FROM holds WHERE holds.id = purchases.id AND holds.status = 'sold')";

const SALES: &str = "
    SELECT event.pool_id, sales.units_sold, sales.revenue_minor, sums.units, sums.minor
    FROM event_sales sales
    JOIN events event ON event.id = sales.event_id
    CROSS JOIN LATERAL (
        SELECT coalesce(sum(one.quantity), 0)::bigint AS units,
               coalesce(sum(booking.amount_minor), 0)::bigint AS minor
        FROM event_bookings one JOIN bookings booking ON booking.id = one.booking_id
        WHERE one.event_id = sales.event_id AND booking.public_status = 'confirmed'
    ) AS sums
    WHERE (sales.units_sold, sales.revenue_minor) <> (sums.units, sums.minor)";

pub async fn check(snapshot: &Snapshot<'_>, verdict: &mut Report) -> Result<(), ReconcileError> {
    type Read = fn(&Row) -> Result<Violation, tokio_postgres::Error>;
    let fails = |error| ReconcileError::Database(BOOKINGS, error);
    let live_holds = format!("{HOLDS}{}", is_live("hold"));
    for (query, violation) in [
        (&*live_holds, hold_differs as Read),
        (PURCHASES, purchase_without_tickets),
        (SALES, sales_differ),
    ] {
        for row in snapshot.bookings.query(query, &[]).await.map_err(fails)? {
            verdict.add(violation(&row).map_err(fails)?);
        }
    }
    Ok(())
}

fn hold_differs(row: &Row) -> Result<Violation, tokio_postgres::Error> {
    let (said, held): (Option<i32>, Option<i32>) = (row.try_get(1)?, row.try_get(2)?);
    let what = match (said, held) {
        (None, _) => "a live hold of tickets belongs to no booking or purchase".to_owned(),
        (Some(said), held) => {
            let held = held.unwrap_or_default();
            format!("{said} tickets were booked or bought, but its hold has {held}")
        }
    };
    Ok(Violation {
        hold: Some(row.try_get(0)?),
        ..violation(Rule::TicketsDiffer, what)
    })
}

fn purchase_without_tickets(row: &Row) -> Result<Violation, tokio_postgres::Error> {
    let what = "there is a purchase, but its tickets are not sold".to_owned();
    Ok(Violation {
        hold: Some(row.try_get(0)?),
        ..violation(Rule::TicketsDiffer, what)
    })
}

fn sales_differ(row: &Row) -> Result<Violation, tokio_postgres::Error> {
    let number = |column: usize| row.try_get::<_, i64>(column);
    let what = format!(
        "its event's sums are {} tickets for {}, but its confirmed bookings come to {} for {}",
        number(1)?,
        number(2)?,
        number(3)?,
        number(4)?
    );
    Ok(Violation {
        pool: Some(number(0)?),
        pool_of: Some(PoolKind::Tickets),
        ..violation(Rule::SalesDiffer, what)
    })
}

fn violation(rule: Rule, what: String) -> Violation {
    Violation {
        rule,
        booking: None,
        hold: None,
        pool: None,
        pool_of: None,
        what,
    }
}
