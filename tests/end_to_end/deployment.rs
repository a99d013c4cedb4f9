//! What `docker-compose.yml` tells the services by short names is what they listen to. A long name that none of
//! them has, they refuse themselves when they start.

use anyhow::{Context as _, ensure};
use service_kit::settings::COMMON_ALIASES;

/// What the images of PostgreSQL and Redis are told.
const OF_SERVERS: [&str; 7] = [
    "POSTGRES_PASSWORD",
    "POSTGRES_INITDB_ARGS",
    "HOLDFAST_DATABASES",
    "FLIGHTS_DB_PASSWORD",
    "BOOKINGS_DB_PASSWORD",
    "PAYMENTS_DB_PASSWORD",
    "REDISCLI_AUTH",
];

/// Of the short names that only booking-service knows, those that are used.
const OF_BOOKINGS: [&str; 2] = ["FLIGHT_SERVICE_URL", "PAYMENT_SERVICE_URL"];

#[test]
fn the_deployment_sets_what_services_read() -> anyhow::Result<()> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docker-compose.yml");
    let compose = std::fs::read_to_string(path).context(path)?;
    let variables = compose.lines().filter_map(|line| {
        let (name, value) = line.trim().split_once(": ")?;
        let is_name = name
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_');
        is_name.then_some((name, value))
    });
    let variables: Vec<(&str, &str)> = variables.collect();
    for (name, _) in &variables {
        let is_read = name.starts_with("HOLDFAST__")
            || COMMON_ALIASES.iter().any(|(alias, _)| alias == name)
            || OF_BOOKINGS.contains(name)
            || OF_SERVERS.contains(name);
        ensure!(is_read, "nobody reads {name}");
    }
    // What listens on loopback only is not reached from outside its container.
    ensure!(variables.contains(&("HOLDFAST__HTTP__HOST", "0.0.0.0")));
    Ok(())
}
