//! An older version of booking-service beside a newer one: it starts on a schema that the newer one migrated,
//! and skips what it does not know.

use std::time::Duration;

use anyhow::ensure;
use local_servers::database::connect;
use local_servers::service::Service;
use serde_json::json;
use test_stack::caller::{Call, Caller};
use test_stack::environment::{Ports, Settings};
use test_stack::wait_for;

use crate::cluster::{Cluster, Member, end_all, event, is_confirmed, make};
use crate::databases::Databases;

/// What a booking may take while the machine is busy.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(30);

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

const MIGRATING: Settings<'static> = &[("HOLDFAST__DATABASE__MIGRATE_ON_START", "true")];

#[tokio::test]
async fn an_older_version_works_beside_a_newer_one() -> anyhow::Result<()> {
    let cluster = Cluster::start("versions", Databases::create().await?).await?;
    let sql = connect(cluster.databases.url(Service::Booking)).await?;
    sql.batch_execute(NEWER).await?;
    let ports = Ports::free()?;
    let services = [Service::Payment, Service::Booking].map(|service| {
        cluster.keep(Member {
            is_left_dead: true,
            ..Member::new(service.name(), service, ports, &[MIGRATING])
        })
    });
    let bookings = Caller::local(ports.of(Service::Booking))?;
    let event = make(&bookings, "/api/v1/events", event(1000)).await?;
    let user = json!({"name": "Ann", "email": "ann@example.org"});
    let user = make(&bookings, "/api/v1/users", user).await?;
    let tickets = json!({"user_id": user, "event_id": event, "quantity": 1});
    let confirmed = async |id: &str| {
        wait_for("a booking is confirmed", CONFIRMED_WITHIN, async || {
            is_confirmed(&bookings, id).await
        })
        .await
    };
    let unknown = make(&bookings, "/api/v1/bookings", tickets.clone()).await?;
    confirmed(&unknown).await?;

    ensure!(sql.execute(UNKNOWN, &[&unknown]).await? == 1, "no row");
    for _ in 0..5 {
        confirmed(&make(&bookings, "/api/v1/bookings", tickets.clone()).await?).await?;
    }
    wait_for("it is put off", Duration::from_secs(20), async || {
        let row = sql.query_one(IS_PUT_OFF, &[&unknown]).await?;
        let is_put_off: bool = row.try_get(0)?;
        ensure!(is_put_off, "it is claimed again at once");
        Ok::<_, anyhow::Error>(())
    })
    .await?;
    let list = Call::get(format!("/api/v1/bookings/user/{user}"));
    let list = bookings.retry(&list).await?;
    ensure!(list.status == 200, "{list:?}");
    end_all(services).await
}
