//! Two workers move the tickets of one booking in one batch of the inventory: the event's statistics follow
//! what its row became.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use booking_service::db::bookings::{self, Change, NextStep};
use booking_service::db::tickets::event_bookings::TicketsMoved;
use booking_service::model::booking::{Booking, PaymentAttempts};
use booking_service::settings::Settings;
use inventory::{Command, Inventory};
use lifecycle::{ChargedSeats, Event};
use serde_json::json;
use service_core::database;

use crate::support::{TestService, event, user};

const LEASE: Duration = Duration::from_secs(60);

/// A payment succeeds while the customer cancels: one worker sells the tickets, the other releases them right
/// after.
#[tokio::test]
async fn tickets_sold_for_a_booking_that_was_cancelled_meanwhile_add_to_no_sum()
-> anyhow::Result<()> {
    // No worker of the service drives the booking.
    let service = TestService::start_with(|settings| {
        settings.redis.enabled = false;
        settings.bookings.poll_interval = Duration::from_secs(3600);
    })
    .await?;
    let show = service.caller.make("/api/v1/events", &event(10)).await?;
    let ann = service.caller.make("/api/v1/users", &user("ann")).await?;
    let wanted = json!({"user_id": ann, "event_id": show, "quantity": 2});
    let booked = service.caller.make("/api/v1/bookings", &wanted).await?;

    let mut settings = Settings::load(None)?;
    settings.database.url = Some(service.database.url().into());
    let pool = database::pool(&settings.database, "test")?;
    let inventory_settings = inventory::Settings {
        sales: settings.sales.policy()?,
        commit_timeout: settings.inventory.commit_timeout,
        proof_timeout: settings.inventory.commit_timeout,
    };
    let inventory = Inventory::start(pool.clone(), None, inventory_settings, Arc::new(|_| {}));
    let charged = bookings::find_by_hold(&pool, booked.parse()?).await?;
    let charged = charged.context("it is gone")?;
    let attempts = PaymentAttempts {
        automatic: 3,
        on_session: 3,
    };
    let policy = charged.policy(attempts);
    let cancelled = Change {
        booking: charged.after(policy, Event::CancelRequested)?,
        next_step: NextStep::Mine,
        lease: LEASE,
    };
    let cancelled = bookings::update(&pool.get().await?, &[cancelled]).await?;
    let [Some(cancelled)] = cancelled.as_slice() else {
        anyhow::bail!("{cancelled:?}");
    };

    let moved = |booking: &Booking, event, sales| {
        anyhow::Ok(TicketsMoved {
            booking: booking.after(policy, event)?,
            lease: LEASE,
            sales,
        })
    };
    let hold = charged.hold;
    let seats = ChargedSeats::Sold;
    let sold = moved(&charged, Event::Charged { seats }, 1)?;
    let released = moved(cancelled, Event::Released, 0)?;
    // Both commands wait before the committer takes either, so they share a batch.
    let (sold, released) = tokio::join!(
        inventory
            .command(Command::Confirm { hold })
            .with(sold)
            .verdict(),
        inventory
            .command(Command::Release { hold })
            .with(released)
            .verdict(),
    );
    sold??;
    released??;

    let ended = service
        .caller
        .get(&format!("/api/v1/bookings/{booked}"))
        .await?;
    assert_eq!(ended.body["status"], "CANCELLED", "{}", ended.text);
    let statistics = format!("/api/v1/events/{show}/statistics");
    let statistics = service.caller.get(&statistics).await?;
    assert_eq!(statistics.body["total_sold"], 0, "{}", statistics.text);
    assert_eq!(statistics.body["estimated_revenue"], 0.0);
    assert_eq!(statistics.body["available_tickets"], 10);
    Ok(())
}
