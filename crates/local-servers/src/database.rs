//! Databases on the PostgreSQL server at a given address.

use std::time::Duration;

use tokio_postgres::error::SqlState;
use tokio_postgres::{Client, Config, NoTls};

/// Connection timeout: the server is on this machine or near.
const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Connects. Dropping the client closes the connection.
pub async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let mut config: Config = url.parse()?;
    config.connect_timeout(CONNECT_WITHIN);
    let (client, connection) = config.connect(NoTls).await?;
    // Errors of the connection reach the user of the client.
    tokio::spawn(connection);
    Ok(client)
}

/// The address of another database on the same server, with the same user and parameters.
pub fn with_database(url: &str, database: &str) -> String {
    let (address, parameters) = match url.split_once('?') {
        Some((address, parameters)) => (address, Some(parameters)),
        None => (url, None),
    };
    let (scheme, rest) = address.split_once("://").unwrap_or(("postgres", address));
    let authority = rest
        .split_once('/')
        .map_or(rest, |(authority, _)| authority);
    let parameters = parameters.map_or(String::new(), |text| format!("?{text}"));
    format!("{scheme}://{authority}/{database}{parameters}")
}

pub async fn exists(server: &Client, database: &str) -> Result<bool, tokio_postgres::Error> {
    let row = server
        .query_opt("SELECT FROM pg_database WHERE datname = $1", &[&database])
        .await?;
    Ok(row.is_some())
}

/// Creates a database if it does not exist. `true` if this call created it.
pub async fn create_if_missing(
    server: &Client,
    database: &str,
) -> Result<bool, tokio_postgres::Error> {
    if exists(server, database).await? {
        return Ok(false);
    }
    let create = format!("CREATE DATABASE {}", quoted(database));
    match server.batch_execute(&create).await {
        Ok(()) => Ok(true),
        // Another process won the race.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_DATABASE) => Ok(false),
        Err(error) => Err(error),
    }
}

/// Drops a database if it exists, and disconnects its clients.
pub async fn drop_if_exists(server: &Client, database: &str) -> Result<(), tokio_postgres::Error> {
    let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(database));
    server.batch_execute(&drop).await
}

/// Quotes an SQL identifier.
pub fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_of_an_address_is_replaced() {
        let cases = [
            ("postgres://u:p@h:5432", "postgres://u:p@h:5432/x"),
            ("postgres://u:p@h:5432/", "postgres://u:p@h:5432/x"),
            ("postgresql://h/other", "postgresql://h/x"),
            (
                "postgres://h:1/other?application_name=a/b",
                "postgres://h:1/x?application_name=a/b",
            ),
        ];
        for (url, expected) in cases {
            assert_eq!(with_database(url, "x"), expected);
        }
    }

    #[test]
    fn identifiers_are_quoted() {
        assert_eq!(quoted("plain"), "\"plain\"");
        assert_eq!(quoted("a\"b"), "\"a\"\"b\"");
    }
}
