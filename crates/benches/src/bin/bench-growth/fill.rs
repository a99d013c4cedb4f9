//! Fills the tables of a stack with a history that adds up: counts, ledger, holds, bookings and charges agree.
//!
//! The rows are made by the server itself (`INSERT ... SELECT`), which is as fast as `COPY`, and says in one
//! statement for each table what its rows are. `numbering.sql` has what they share.

use std::time::Instant;

use futures_util::future::try_join;
use jiff::Timestamp;
use loadgen::console::line;
use local_servers::database::connect;
use local_servers::service::Service;
use test_stack::service_stack::ServiceStack;
use tokio_postgres::Client;

use crate::sizes::Sizes;

/// Rows that all tables share the numbers of.
const NUMBERING: &str = include_str!("fill/numbering.sql");

/// One statement for each table, from the flight of number `$1` to before that of `$2`.
const FLIGHTS: [&str; 6] = [
    include_str!("fill/pools.sql"),
    include_str!("fill/flights.sql"),
    include_str!("fill/holds.sql"),
    include_str!("fill/hold_legs.sql"),
    include_str!("fill/ledger.sql"),
    include_str!("fill/pool_checkpoints.sql"),
];
const BOOKINGS: [&str; 2] = [
    include_str!("fill/bookings.sql"),
    include_str!("fill/booking_legs.sql"),
];
const CHARGES: [&str; 1] = [include_str!("fill/charges.sql")];

/// Ledger entries of a transaction.
const CHUNK_ENTRIES: u64 = 1_000_000;

/// No durability is needed, and neither triggers nor foreign keys: what they look after is right.
const SESSION: &str = "
    SET synchronous_commit = off;
    SET session_replication_role = replica;
    SET client_min_messages = warning";

/// Ids that the services give next.
const FLIGHTS_END: &str = "
    SELECT setval(pg_get_serial_sequence('flights', 'id'), (SELECT max(id) FROM flights));";
const BOOKINGS_END: &str = "
    SELECT setval(pg_get_serial_sequence('bookings', 'id'), (SELECT max(id) FROM bookings));";

/// Fills the three databases, whose tables exist.
pub async fn fill(stack: &ServiceStack, sizes: &Sizes) -> anyhow::Result<()> {
    let (began, now) = (Instant::now(), Timestamp::now());
    let flights = async {
        let client = session(stack, Service::Flight, sizes, now).await?;
        client
            .batch_execute(include_str!("fill/airports.sql"))
            .await?;
        client
            .batch_execute(include_str!("fill/months.sql"))
            .await?;
        rows(&client, sizes, &FLIGHTS).await?;
        let progress = include_str!("fill/ledger_progress.sql");
        client.batch_execute(progress).await?;
        Ok(client.batch_execute(FLIGHTS_END).await?)
    };
    let others = async {
        let client = session(stack, Service::Booking, sizes, now).await?;
        rows(&client, sizes, &BOOKINGS).await?;
        client.batch_execute(BOOKINGS_END).await?;
        let client = session(stack, Service::Payment, sizes, now).await?;
        rows(&client, sizes, &CHARGES).await
    };
    try_join(flights, others).await.map(|((), ())| ())?;
    let filled = began.elapsed();
    stack.analyze().await?;
    let client = connect(&stack.server_url()).await?;
    let megabytes = "SELECT sum(pg_database_size(oid))::bigint / 1000000 FROM pg_database";
    let megabytes: i64 = client.query_one(megabytes, &[]).await?.try_get(0)?;
    line(format_args!(
        "filled with {megabytes} MB in {:.0} s, vacuumed and analyzed in {:.0} s",
        filled.as_secs_f64(),
        (began.elapsed() - filled).as_secs_f64()
    ))
}

async fn session(
    stack: &ServiceStack,
    service: Service,
    sizes: &Sizes,
    now: Timestamp,
) -> anyhow::Result<Client> {
    let client = connect(&stack.database_url(service)).await?;
    client.batch_execute(SESSION).await?;
    let numbers = [
        (":past_flights", sizes.past_flights),
        (":flights", sizes.flights()),
        (":bookings", sizes.bookings),
        (":resizes", sizes.resizes),
        (":users", sizes.users()),
    ];
    let mut numbering = NUMBERING.replace(":now", &format!("timestamptz '{now}'"));
    for (name, number) in numbers {
        numbering = numbering.replace(name, &number.to_string());
    }
    client.batch_execute(&numbering).await?;
    Ok(client)
}

async fn rows(client: &Client, sizes: &Sizes, tables: &[&str]) -> anyhow::Result<()> {
    let entries_of_flight = (sizes.ledger_entries() / sizes.past_flights).max(1);
    let chunk = usize::try_from((CHUNK_ENTRIES / entries_of_flight).max(1))?;
    let mut statements = Vec::new();
    for table in tables {
        statements.push(client.prepare(table).await?);
    }
    for first in (0..sizes.flights()).step_by(chunk) {
        let next = (first + u64::try_from(chunk)?).min(sizes.flights());
        let (first, next) = (i64::try_from(first)?, i64::try_from(next)?);
        for statement in &statements {
            client.execute(statement, &[&first, &next]).await?;
        }
    }
    Ok(())
}
