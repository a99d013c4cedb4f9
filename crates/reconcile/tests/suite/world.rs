//! Three databases with a few consistent bookings.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use local_servers::database::connect;
use reconcile::{Options, Report, Urls};
use refinery::Runner;
use test_stack::TestDatabase;
use tokio_postgres::Client;

mod inventory {
    refinery::embed_migrations!("../../migrations/inventory");
}
mod bookings {
    refinery::embed_migrations!("../../migrations/bookings");
}
mod payments {
    refinery::embed_migrations!("../../migrations/payments");
}

/// A pool of a hundred units, six sold and two held; its holds belong to the bookings below, except the last
/// two.
const FLIGHTS: &str = "
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at)
    VALUES (1, 'flight_seats', 100, 92, 2, 6, 0, 1, now());
    INSERT INTO holds (id, owner, status, expires_at, created_at) VALUES
        (id_of(1), 'booking 1', 'sold', NULL, now()),
        (id_of(2), 'booking 2', 'sold', NULL, now()),
        (id_of(3), id_of(3)::text, 'sold', NULL, now()),
        (id_of(4), 'booking 4', 'released', NULL, now()),
        (id_of(5), id_of(5)::text, 'held', now() + interval '1 hour', now()),
        (id_of(7), 'somebody else', 'sold', NULL, now()),
        (id_of(8), 'somebody else', 'held', NULL, now());
    INSERT INTO hold_legs (hold_id, pool_id, units, seats) VALUES
        (id_of(1), 1, 2, '{}'), (id_of(2), 1, 1, '{}'), (id_of(3), 1, 2, '{}'),
        (id_of(4), 1, 1, '{}'), (id_of(5), 1, 1, '{}'),
        (id_of(7), 1, 1, '{}'), (id_of(8), 1, 1, '{}');
    INSERT INTO hold_expiries (pool_id, expires_at, hold_id)
    SELECT 1, expires_at, id FROM holds WHERE expires_at IS NOT NULL;
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, entered_at)
    VALUES (1, 1, 0, 'issued', 'free', 100, 'create', now()),
        (1, 1, 1, 'free', 'sold', 6, 'hold', now()), (1, 1, 2, 'free', 'held', 2, 'hold', now());";

/// Paid; free; paid in the second attempt; cancelled and refunded; an unpaid order; refused.
const BOOKINGS: &str = "
    INSERT INTO bookings (id, channel, user_ref, flight_ref, payment_type, state, public_status, attempt, charged,
                          hold_id, amount_minor, currency, payment_id, request_digest, deadline_at,
                          next_step_at)
    SELECT id, channel, '7', '1', 'upi', state, state, attempt, attempt > 0, id_of(id), amount, currency,
           CASE WHEN attempt > 0 THEN id_of(id * 10 + attempt) END, '', now() + interval '1 hour',
           CASE WHEN state = 'held' THEN now() + interval '1 hour' END
    FROM (VALUES (1, 'count', 'confirmed', 1, 5000, 'INR'), (2, 'simple', 'confirmed', 0, 3000, 'INR'),
                 (3, 'seats', 'confirmed', 2, 7000, 'EUR'), (4, 'count', 'cancelled', 1, 2000, 'INR'),
                 (5, 'seats', 'held', 0, 2000, 'INR'), (6, 'count', 'failed', 0, NULL, NULL))
        AS new (id, channel, state, attempt, amount, currency);";

/// An event with three tickets sold and one held for a booking whose payment failed; a ticket option with
/// four sold.
const TICKETS: &str = "
    INSERT INTO pools (id, kind, capacity, free, held, sold, adjusted, version, updated_at) VALUES
        (1, 'event_tickets', 50, 46, 1, 3, 0, 1, now()), (2, 'event_tickets', 10, 6, 0, 4, 0, 1, now());
    INSERT INTO ledger (pool_id, version, line, from_account, to_account, units, reason, entered_at)
    VALUES (1, 1, 0, 'issued', 'free', 50, 'create', now()),
        (1, 1, 1, 'free', 'sold', 3, 'hold', now()), (1, 1, 2, 'free', 'held', 1, 'hold', now()),
        (2, 1, 0, 'issued', 'free', 10, 'create', now()),
        (2, 1, 1, 'free', 'sold', 4, 'hold', now());
    INSERT INTO holds (id, owner, status, expires_at, created_at) VALUES
        (id_of(20), id_of(20)::text, 'sold', NULL, now()),
        (id_of(21), id_of(21)::text, 'held', NULL, now()),
        (id_of(30), 'somebody', 'sold', NULL, now());
    INSERT INTO hold_legs (hold_id, pool_id, units, seats) VALUES
        (id_of(20), 1, 3, '{}'), (id_of(21), 1, 1, '{}'), (id_of(30), 2, 4, '{}');
    INSERT INTO users (id, name, email, normalized_email)
    VALUES (id_of(70), 'Ann', 'ann@example.org', 'ann@example.org');
    INSERT INTO events (id, pool_id, name, description, starts_at, price_minor, currency)
    VALUES (id_of(60), 1, 'Concert', '', now(), 1000, 'USD');
    INSERT INTO event_sales (event_id, units_sold, revenue_minor) VALUES (id_of(60), 3, 3000);
    INSERT INTO bookings (id, channel, user_ref, payment_type, state, public_status, attempt, charged, hold_id,
                          amount_minor, currency, payment_id, request_digest, deadline_at, next_step_at)
    VALUES (20, 'event', id_of(70)::text, 'credit_card', 'confirmed', 'confirmed', 1, true, id_of(20),
            3000, 'USD', id_of(201), '', now() + interval '1 hour', NULL),
        (21, 'event', id_of(70)::text, 'credit_card', 'payment_failed', 'payment_failed', 3, false, id_of(21),
            1000, 'USD', NULL, '', now() + interval '1 hour', now() + interval '1 hour');
    INSERT INTO event_bookings (booking_id, event_id, user_id, quantity, unit_price_minor)
    VALUES (20, id_of(60), id_of(70), 3, 1000), (21, id_of(60), id_of(70), 1, 1000);
    INSERT INTO ticket_options (id, pool_id, name, description) VALUES (id_of(80), 2, 'Standing', '');
    INSERT INTO purchases (id, ticket_option_id, user_ref, quantity)
    VALUES (id_of(30), id_of(80), 'somebody', 4);";

/// The bookings' charges, and two that were made directly.
const PAYMENTS: &str = "
    INSERT INTO charges (payment_id, status, kind, booking_ref, user_ref, amount_minor, currency,
                         payment_type, code, message, refunded_minor, idempotency_key, request_digest,
                         ended_at)
    SELECT id_of(number), status, 'process', '1', '7', amount, currency, 'upi',
           CASE WHEN status = 'failed' THEN 'card_declined' END, 'said', refunded, key,
           CASE WHEN key IS NOT NULL THEN sha256('body') END, now()
    FROM (VALUES (11, 'success', 5000, 'INR', 0, 'booking ' || id_of(1) || '/1'),
                 (31, 'failed', 7000, 'EUR', 0, 'booking ' || id_of(3) || '/1'),
                 (32, 'success', 7000, 'EUR', 0, 'booking ' || id_of(3) || '/2'),
                 (41, 'success', 2000, 'INR', 2000, 'booking ' || id_of(4) || '/1'),
                 (201, 'success', 3000, 'USD', 0, 'booking ' || id_of(20) || '/1'),
                 (91, 'success', 2000, 'INR', 500, NULL), (92, 'success', 2000, 'INR', 0, 'a key'))
        AS new (number, status, amount, currency, refunded, key);
    INSERT INTO refunds (refund_id, payment_id, amount_minor)
    VALUES (id_of(410), id_of(41), 1500), (id_of(411), id_of(41), 500);
    INSERT INTO charges (payment_id, status, idempotency_key, ended_at)
    VALUES (id_of(99), 'closed', 'booking ' || id_of(99) || '/1', now());";

/// Scattered ids, like random ones.
const ID_OF: &str = "
    CREATE FUNCTION id_of(number bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
    AS $$ SELECT md5('id ' || number)::uuid $$;";

/// A connection to each database.
pub struct World {
    pub flights: Client,
    pub bookings: Client,
    pub payments: Client,
    urls: Urls,
    _databases: [TestDatabase; 3],
}

impl World {
    /// Without violations.
    pub async fn new() -> anyhow::Result<Self> {
        let world = Self::empty().await?;
        world.flights.batch_execute(FLIGHTS).await?;
        world.bookings.batch_execute(BOOKINGS).await?;
        world.bookings.batch_execute(TICKETS).await?;
        world.payments.batch_execute(PAYMENTS).await?;
        Ok(world)
    }

    /// Without rows.
    pub async fn empty() -> anyhow::Result<Self> {
        let flights = database("flights", &[inventory::migrations::runner]).await?;
        let bookings = [inventory::migrations::runner, bookings::migrations::runner];
        let bookings = database("bookings", &bookings).await?;
        let payments = database("payments", &[payments::migrations::runner]).await?;
        Ok(Self {
            flights: connect(flights.url()).await?,
            bookings: connect(bookings.url()).await?,
            payments: connect(payments.url()).await?,
            urls: Urls {
                flights: flights.url().to_owned(),
                bookings: bookings.url().to_owned(),
                payments: payments.url().to_owned(),
            },
            _databases: [flights, bookings, payments],
        })
    }

    pub async fn audit(&self) -> anyhow::Result<Report> {
        Ok(reconcile::reconcile(&self.urls, &Options::default()).await?)
    }
}

async fn database(name: &str, runners: &[fn() -> Runner]) -> anyhow::Result<TestDatabase> {
    let mut digest = DefaultHasher::new();
    ID_OF.hash(&mut digest);
    for runner in runners {
        for migration in runner().get_migrations() {
            migration.checksum().hash(&mut digest);
        }
    }
    let template = format!("audit-{name}-{:016x}", digest.finish());
    TestDatabase::create(&template, async |url| {
        let mut client = connect(url).await?;
        for (set, runner) in runners.iter().enumerate() {
            let mut runner = runner();
            runner.set_migration_table_name(format!("migrations_{set}"));
            runner.run_async(&mut client).await?;
        }
        Ok(client.batch_execute(ID_OF).await?)
    })
    .await
}
