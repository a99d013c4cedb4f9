//! A hot sale: everyone buys tickets of one event, until it is sold out.
//!
//! A booking is answered once its tickets are held and its payment is queued; it counts once it is paid and
//! confirmed. Both times are the database's: `created_at` is read with the event before anything is held,
//! `updated_at` is written by the confirming commit.

use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use benches::ledger::ledger_proof;
use loadgen::console::line;
use loadgen::http::{self, Connection, Request, Target};
use loadgen::load::{Pace, Plan};
use loadgen::stats::median;
use local_servers::database::connect;
use local_servers::service::Service;
use serde_json::{Value, json};
use test_stack::service_stack::{ServiceStack, WILLING_PROVIDER};
use tokio_postgres::Client;

use crate::part::SOLD;

/// Number of users that bookings are spread over.
const USERS: usize = 100;

/// Timeout of a sale.
const SALE_LIMIT: Duration = Duration::from_secs(120);

/// Requests after the event is sold out: each must be refused.
const TOO_LATE: u64 = 100;

#[derive(Clone, Copy, Debug, clap::Args)]
pub struct Arguments {
    /// How often a hot event is sold out; the median counts, 0 skips it
    #[arg(long, default_value_t = 3, value_name = "COUNT", value_parser = clap::value_parser!(u8).range(0..=20))]
    sales: u8,
    /// Tickets of a hot event
    #[arg(long, default_value_t = 20_000, value_name = "COUNT", value_parser = clap::value_parser!(u32).range(1000..=1_000_000))]
    tickets: u32,
    /// Concurrent buyers
    #[arg(long, default_value_t = 64, value_name = "COUNT", value_parser = clap::value_parser!(u16).range(1..=1024))]
    buyers: u16,
}

/// The speed of a sale.
#[derive(Clone, Copy, Debug)]
pub struct Sale {
    /// Bookings answered per second.
    pub booked_per_s: f64,
    /// Bookings confirmed per second, from the first request to the last confirmation.
    pub confirmed_per_s: f64,
    /// p99 of the time from a request to its confirmation.
    pub confirmed_p99_ms: f64,
}

/// Sells events out; returns the medians, or `None` with zero sales.
pub async fn measure(arguments: Arguments) -> anyhow::Result<Option<Sale>> {
    if arguments.sales == 0 {
        return Ok(None);
    }
    let mut servers = ServiceStack::open("bench-events-sale").await?;
    servers.start(Service::Payment, WILLING_PROVIDER).await?;
    servers.start(Service::Booking, &[]).await?;
    let outcome = sell_out(&servers, arguments).await;
    servers.close().await?;
    outcome.map(Some)
}

async fn sell_out(servers: &ServiceStack, arguments: Arguments) -> anyhow::Result<Sale> {
    let target = Target::local(servers.port(Service::Booking));
    let sql = connect(&servers.database_url(Service::Booking)).await?;
    let users = Arc::new(users(target).await?);
    // The first sale warms everything up.
    let settling = Arguments {
        tickets: arguments.tickets / 4,
        ..arguments
    };
    sale(target, &sql, &users, settling).await?;
    servers.analyze().await?;
    line(format_args!(
        "\nOne hot event, {} tickets, {} buyers: booked, queued, paid and confirmed\n\n\
         round    booked/s  confirmed/s  p99 to confirmed",
        arguments.tickets, arguments.buyers
    ))?;
    let mut sales = Vec::new();
    for round in 1..=arguments.sales {
        let one = sale(target, &sql, &users, arguments).await?;
        line(format_args!(
            "{round:>5} {:>11.0} {:>12.0} {:>14.0} ms",
            one.booked_per_s, one.confirmed_per_s, one.confirmed_p99_ms
        ))?;
        sales.push(one);
    }
    prove(servers, target).await?;
    let median = |number: fn(&Sale) -> f64| {
        let numbers: Vec<f64> = sales.iter().map(number).collect();
        median(&numbers).unwrap_or_default()
    };
    Ok(Sale {
        booked_per_s: median(|one| one.booked_per_s),
        confirmed_per_s: median(|one| one.confirmed_per_s),
        confirmed_p99_ms: median(|one| one.confirmed_p99_ms),
    })
}

/// Sells one event out, and waits until exactly its tickets are confirmed.
async fn sale(
    target: Target,
    sql: &Client,
    users: &Arc<Vec<String>>,
    arguments: Arguments,
) -> anyhow::Result<Sale> {
    let event = make(
        target,
        "/api/v1/events",
        &json!({
            "name": "Hot", "date_time": "2099-01-01T20:00:00Z", "total_tickets": arguments.tickets,
            "ticket_price": 75.5,
        }),
    )
    .await?;
    let tickets = u64::from(arguments.tickets);
    let plan = Plan {
        clients: usize::from(arguments.buyers),
        threads: 1,
        pace: Pace::Closed,
        warm_up: Duration::ZERO,
        measured: SALE_LIMIT,
        max_requests: tickets,
    };
    let began = Instant::now();
    let booked = run(target, plan, &event, users).await?;
    ensure!(
        booked == tickets,
        "{booked} of {tickets} tickets were booked"
    );
    let booked_within = began.elapsed();
    let late = Plan {
        max_requests: TOO_LATE,
        ..plan
    };
    let too_many = run(target, late, &event, users).await?;
    ensure!(too_many == 0, "{too_many} tickets were booked too many");
    let sold = all_confirmed(sql, &event, tickets).await?;
    let count = f64::from(arguments.tickets);
    Ok(Sale {
        booked_per_s: count / booked_within.as_secs_f64(),
        confirmed_per_s: count / sold.within_s,
        confirmed_p99_ms: sold.p99_s * 1000.0,
    })
}

/// Runs the load; returns the bookings granted.
async fn run(
    target: Target,
    plan: Plan,
    event: &str,
    users: &Arc<Vec<String>>,
) -> anyhow::Result<u64> {
    let (event, users) = (event.to_owned(), Arc::clone(users));
    let request = move |_, _| {
        let user = users.get(rand::random_range(0..users.len()));
        let user = user.map_or("", String::as_str);
        let body = format!(r#"{{"user_id":"{user}","event_id":"{event}","quantity":1}}"#);
        Request::post_json("/api/v1/bookings", body)
    };
    let report = http::run(plan, target, request, http::by_status).await?;
    Ok(report.tally().total(SOLD))
}

/// Durations of a sale.
struct Sold {
    /// From the first request to the last confirmation.
    within_s: f64,
    /// p99 of the time from a request to its confirmation.
    p99_s: f64,
}

async fn all_confirmed(sql: &Client, event: &str, tickets: u64) -> anyhow::Result<Sold> {
    let query = "
        SELECT count(*) FILTER (WHERE state = 'confirmed'),
               extract(epoch FROM max(updated_at) - min(created_at))::float8,
               percentile_cont(0.99) WITHIN GROUP (
                   ORDER BY extract(epoch FROM updated_at - created_at)
               )::float8
        FROM bookings WHERE id IN (SELECT booking_id FROM event_bookings WHERE event_id = $1::text::uuid)";
    let give_up_at = Instant::now() + SALE_LIMIT;
    loop {
        let row = sql.query_one(query, &[&event]).await?;
        let confirmed: i64 = row.try_get(0)?;
        if u64::try_from(confirmed)? == tickets {
            return Ok(Sold {
                within_s: row.try_get(1)?,
                p99_s: row.try_get(2)?,
            });
        }
        ensure!(
            Instant::now() < give_up_at,
            "{confirmed} of {tickets} bookings were confirmed"
        );
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

/// Fails unless the ledger balances, and the charges are as many as the confirmations.
async fn prove(servers: &ServiceStack, target: Target) -> anyhow::Result<()> {
    let proof = ledger_proof(target).await?;
    ensure!(proof.holds, "the ledger's proof says {proof:?}");
    let count = async |service: Service, query: &str| {
        let client = connect(&servers.database_url(service)).await?;
        let count: i64 = client.query_one(query, &[]).await?.try_get(0)?;
        anyhow::Ok(count)
    };
    let confirmed = "SELECT count(*) FROM bookings WHERE state = 'confirmed'";
    let confirmed = count(Service::Booking, confirmed).await?;
    let charged = "SELECT count(*) FROM charges WHERE status = 'success' AND refunded_minor = 0";
    let charged = count(Service::Payment, charged).await?;
    ensure!(
        confirmed == charged && proof.is_of(confirmed),
        "{confirmed} are confirmed, {charged} are charged, the ledger says {proof:?}"
    );
    line(format_args!(
        "\n{confirmed} confirmed, charged and sold: the ledger's proof holds"
    ))
}

async fn users(target: Target) -> anyhow::Result<Vec<String>> {
    let mut users = Vec::with_capacity(USERS);
    for number in 0..USERS {
        let body = json!({"name": "Ann", "email": format!("ann{number}@example.org")});
        users.push(make(target, "/api/v1/users", &body).await?);
    }
    Ok(users)
}

/// Creates a resource, and returns its id.
async fn make(target: Target, path: &'static str, body: &Value) -> anyhow::Result<String> {
    let mut connection = Connection::open(target).await?;
    let answer = connection
        .send(&Request::post_json(path, body.to_string()))
        .await?;
    ensure!(answer.status == 201, "{path} answered {}", answer.status);
    let made: Value = serde_json::from_slice(answer.body)?;
    Ok(made["id"].as_str().context("no id")?.to_owned())
}
