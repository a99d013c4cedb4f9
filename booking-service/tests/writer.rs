//! Batched booking writes: of concurrent changes of one version, one applies.

use std::time::Duration;

use anyhow::Context as _;
use booking_service::db::bookings::writer::Writer;
use booking_service::db::bookings::{self, Change, Insertion, NextStep};
use booking_service::migrate;
use booking_service::model::actor::Actor;
use booking_service::model::booking::{Booking, Channel, Leg, NewBooking, PaymentAttempts};
use booking_service::settings::Settings;
use domain::{FlightId, HoldId, Units};
use futures_util::future::join_all;
use lifecycle::Event;
use service_core::database;
use service_core::idempotency::RequestKey;
use test_stack::TestDatabase;

const LEASE: Duration = Duration::from_secs(4);

fn insertion(key: Option<&str>) -> Insertion {
    Insertion {
        new: NewBooking {
            channel: Channel::Count,
            actor: Actor::Staff,
            user: "1".to_owned(),
            flight_ref: "1".to_owned(),
            legs: vec![Leg {
                flight: FlightId(1),
                units: Units::ONE,
                seats: Vec::new(),
            }],
            date: None,
            payment_type: "upi".to_owned(),
            expected_total: None,
            travelers: Vec::new(),
            key: key.map(|key| RequestKey {
                key: key.to_owned(),
                digest: [0; 32],
            }),
        },
        hold: HoldId::generate(),
        deadline: Duration::from_secs(60),
        lease: LEASE,
    }
}

#[tokio::test]
async fn of_two_changes_of_one_version_in_one_batch_one_is_made() -> anyhow::Result<()> {
    let mut settings = Settings::load(None)?;
    let database = TestDatabase::create("bookings-writer", async |url| {
        let mut settings = Settings::load(None)?;
        settings.database.url = Some(url.into());
        migrate(&settings).await
    })
    .await?;
    settings.database.url = Some(database.url().into());
    let writer = Writer::start(database::batch_pool(&settings.database, "test")?);

    // The same key twice in a batch makes one booking.
    let pairs = (0..20).flat_map(|number| [number, number]);
    let added = pairs.map(|number| writer.add(insertion(Some(&format!("key {number}")))));
    let added = join_all(added).await;
    let added: Vec<Booking> = added
        .into_iter()
        .filter_map(Result::transpose)
        .collect::<Result<_, _>>()?;
    assert_eq!(added.len(), 20);

    let client = database::pool(&settings.database, "test")?.get().await?;
    for (number, booking) in added.into_iter().enumerate() {
        let attempts = PaymentAttempts {
            automatic: 1,
            on_session: 1,
        };
        let policy = booking.policy(attempts);
        let mut ends = [Event::CancelRequested, Event::DeadlinePassed];
        ends.rotate_left(number % 2);
        let changes = ends.map(|event| {
            anyhow::Ok(Change {
                booking: booking.after(policy, event)?,
                next_step: NextStep::Mine,
                lease: LEASE,
            })
        });
        let changes: Vec<Change> = changes.into_iter().collect::<Result<_, _>>()?;
        let saved = bookings::update(&client, &changes).await?;
        let [Some(first), None] = saved.as_slice() else {
            anyhow::bail!("{saved:?}");
        };

        // The change that was reported as applied is the stored one.
        let pool = database::pool(&settings.database, "test")?;
        let stored = bookings::find(&pool, booking.id).await?;
        assert_eq!(stored.context("it is gone")?.lifecycle, first.lifecycle);
    }
    Ok(())
}
