//! Every short variable name in `docker-compose.yml` is one that a service reads. Unknown long names are
//! refused by the services themselves when they start.

use anyhow::{Context as _, ensure};
use service_core::settings::COMMON_ALIASES;
use test_stack::Servers;

use crate::settings::payment_settings;

/// Variables of the PostgreSQL and Redis images.
const OF_SERVERS: [&str; 7] = [
    "POSTGRES_PASSWORD",
    "POSTGRES_INITDB_ARGS",
    "HOLDFAST_DATABASES",
    "FLIGHTS_DB_PASSWORD",
    "BOOKINGS_DB_PASSWORD",
    "PAYMENTS_DB_PASSWORD",
    "REDISCLI_AUTH",
];

/// The short names of booking-service alone that are used.
const OF_BOOKINGS: [&str; 2] = ["FLIGHT_SERVICE_URL", "PAYMENT_SERVICE_URL"];

#[test]
fn the_deployment_sets_only_variables_that_services_read() -> anyhow::Result<()> {
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
        ensure!(is_read, "no service reads {name}");
    }
    // A service on loopback is unreachable from outside its container.
    ensure!(variables.contains(&("HOLDFAST__HTTP__HOST", "0.0.0.0")));
    Ok(())
}

async fn connect(url: &str) -> anyhow::Result<tokio_postgres::Client> {
    let (client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// As docker/postgres/init-databases.sh does, for a database that only its service's role may enter.
async fn set_up(superuser: &str, role: &str) -> anyhow::Result<String> {
    let sql = connect(superuser).await?;
    for statement in [
        format!("CREATE ROLE {role} LOGIN PASSWORD 'secret'"),
        format!("CREATE DATABASE {role} OWNER {role}"),
    ] {
        sql.batch_execute(&statement).await?;
    }
    let of_database = |user: &str| -> anyhow::Result<String> {
        let mut url = reqwest::Url::parse(superuser)?;
        url.set_path(role);
        if user == role {
            let is_set = url.set_username(role).is_ok() && url.set_password(Some("secret")).is_ok();
            ensure!(is_set, "{superuser}");
        }
        Ok(url.to_string())
    };
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../docker/postgres/audit-log.psql"
    );
    let script = std::fs::read_to_string(path).context(path)?;
    let script: Vec<&str> = script
        .lines()
        .filter(|line| !line.ends_with("\\gexec"))
        .collect();
    let script = script.join("\n").replace(":\"role\"", role);
    let inside = connect(&of_database("")?).await?;
    // What psql's \gexec does; other tests may run it concurrently.
    let audit = "DO $$ BEGIN CREATE ROLE holdfast_audit NOLOGIN;
        EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$";
    inside.batch_execute(audit).await?;
    inside.batch_execute(&script).await?;
    of_database(role)
}

#[tokio::test]
async fn the_audit_logs_writer_cannot_remove_its_protection() -> anyhow::Result<()> {
    let servers = Servers::shared().await?;
    let role = format!("writer_{}", uuid::Uuid::new_v4().simple());
    let url = set_up(servers.database_url(), &role).await?;
    let settings = payment_settings(&url)?;
    payment_service::migrate(&settings).await?;
    let sql = connect(&url).await?;
    let row = "
        INSERT INTO audit_log (actor, role, action, target, details, request_id, server_request_id)
        VALUES ('ada', 'admin', 'x', '/x', '{}', 'r', gen_random_uuid()) RETURNING id";
    let id: i64 = sql.query_one(row, &[]).await?.try_get(0)?;
    let outcome = "INSERT INTO audit_log_outcomes (entry_id, status) VALUES ($1, 200)";
    sql.execute(outcome, &[&id]).await?;
    for statement in [
        "DROP TRIGGER audit_log_append_only ON audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "DROP TABLE audit_log, audit_log_outcomes",
        "DROP SCHEMA public CASCADE",
        "ALTER TABLE audit_log RENAME TO other",
        "CREATE OR REPLACE FUNCTION audit_log_is_append_only() RETURNS trigger LANGUAGE plpgsql \
         AS 'BEGIN RETURN NULL; END'",
        "UPDATE audit_log SET actor = 'nobody'",
        "DELETE FROM audit_log_outcomes",
        "TRUNCATE audit_log CASCADE",
        "SET ROLE holdfast_audit",
    ] {
        ensure!(sql.batch_execute(statement).await.is_err(), "{statement}");
    }
    // It owns its other tables: later migrations can change them.
    sql.batch_execute("ALTER TABLE charges ADD COLUMN later text")
        .await?;
    payment_service::migrate(&settings).await?;
    drop(sql);
    let superuser = connect(servers.database_url()).await?;
    for statement in [
        format!("DROP DATABASE {role} WITH (FORCE)"),
        format!("DROP ROLE {role}"),
    ] {
        superuser.batch_execute(&statement).await?;
    }
    Ok(())
}
