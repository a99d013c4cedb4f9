//! An older version of booking-service beside a newer one: it starts on a schema that the newer one migrated,
//! and skips what it does not know.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use local_servers::redis;
use local_servers::temporary_directory::TemporaryDirectory;
use reqwest::Method;
use serde_json::json;
use test_stack::wait_for;
use tokio::sync::watch;

use crate::caller::{Call, Caller, PATIENCE};
use crate::databases::Databases;
use crate::environment::{Ports, Settings, environment};
use crate::process::{Keeping, Part, Service};

/// A newer version's changes: it migrates, adds a column, and has more states.
const NEWER: &str = "
    INSERT INTO bookings_migrations (version, name, applied_on, checksum)
    VALUES (9999, 'of_a_newer_version', '2100-01-01T00:00:00Z', '1');
    ALTER TABLE bookings ADD COLUMN of_a_newer_version text;
    DO $$ DECLARE name text; BEGIN
        FOR name IN SELECT conname FROM pg_constraint
                    WHERE conrelid = 'bookings'::regclass AND contype = 'c' LOOP
            EXECUTE format('ALTER TABLE bookings DROP CONSTRAINT %I', name);
        END LOOP;
    END $$";

/// A booking with work left, in a state of the newer version.
const UNKNOWN: &str = "
    UPDATE bookings SET state = 'of_a_newer_version', next_step_at = now() - interval '1 s'
    WHERE hold_id = $1::text::uuid";

/// It is postponed for a while, for the newer version to claim.
const IS_PUT_OFF: &str = "
    SELECT next_step_at > now() + interval '20 s' FROM bookings WHERE hold_id = $1::text::uuid";

const MIGRATING: Settings = &[("HOLDFAST__DATABASE__MIGRATE_ON_START", "true")];

#[tokio::test]
async fn an_older_version_works_beside_a_newer_one() -> anyhow::Result<()> {
    let databases = Databases::create().await?;
    let sql = local_servers::database::connect(databases.bookings.url()).await?;
    sql.batch_execute(NEWER).await?;
    let mut redis = redis::Server::temporary().await?;
    let logs = TemporaryDirectory::new("versions")?;
    let (_peace, at_peace) = watch::channel(false);
    let ports = Ports::free()?;
    let services = [Part::Payments, Part::Bookings].map(|part| {
        Service::keep(Keeping {
            part,
            environment: environment(part, ports, &databases, &redis, &[MIGRATING]),
            steps: Vec::new(),
            is_left_dead: true,
            log: logs.path().join(format!("{part:?}.log")),
            peace: at_peace.clone(),
        })
    });
    let bookings = Caller::new(ports.of(Part::Bookings))?;
    let make = async |path: &str, body| {
        let answer = bookings.insist(&Call::post(path, body)).await?;
        ensure!(answer.status == 201, "{answer:?}");
        let id = answer.body["id"].as_str().context("no id")?;
        Ok(id.to_owned())
    };
    let event = json!({
        "name": "Rock Concert", "description": "An evening in the park",
        "date_time": "2100-07-10T19:30:00Z", "total_tickets": 1000, "ticket_price": 75.5,
    });
    let event = make("/api/v1/events", event).await?;
    let user = make(
        "/api/v1/users",
        json!({"name": "Ann", "email": "ann@example.org"}),
    )
    .await?;
    let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
    let confirmed = async |id: &str| {
        let call = Call::new(Method::GET, format!("/api/v1/bookings/{id}"));
        wait_for("a booking is confirmed", PATIENCE, async || {
            let seen = bookings.insist(&call).await?;
            ensure!(seen.body["status"] == "CONFIRMED", "{seen:?}");
            Ok::<_, anyhow::Error>(())
        })
        .await
    };
    let unknown = make("/api/v1/bookings", tickets.clone()).await?;
    confirmed(&unknown).await?;

    ensure!(sql.execute(UNKNOWN, &[&unknown]).await? == 1, "no row");
    for _ in 0..5 {
        confirmed(&make("/api/v1/bookings", tickets.clone()).await?).await?;
    }
    wait_for("it is put off", Duration::from_secs(20), async || {
        let row = sql.query_one(IS_PUT_OFF, &[&unknown]).await?;
        let is_put_off: bool = row.try_get(0)?;
        ensure!(is_put_off, "it is claimed again at once");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let list = Call::new(Method::GET, format!("/api/v1/bookings/user/{user}"));
    let list = bookings.insist(&list).await?;
    ensure!(list.status == 200, "{list:?}");
    for service in services {
        service.end().await?;
    }
    Ok(redis.stop().await?)
}
