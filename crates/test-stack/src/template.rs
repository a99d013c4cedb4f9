//! Migrated template databases, made at most once per server by any number of processes.
//!
//! A database marked as a template (`datistemplate`) is complete. Its maker holds an advisory lock and sets
//! the mark last; a database of that name without the mark is incomplete, and is dropped.

use anyhow::Context;
use sha2::{Digest, Sha256};
use tokio_postgres::Client;

use local_servers::database::{drop_if_exists, quoted, with_database};

/// How long a test waits for another process to make the template.
const MADE_WITHIN: &str = "120s";
/// First half of the advisory lock's key ("hold" in ASCII); the second depends on the template.
const LOCK_SPACE: i32 = 0x686f_6c64;

/// The name of a complete template; made now if the server has none.
pub async fn find_or_make(
    server: &Client,
    server_url: &str,
    template: &str,
    migrate: impl AsyncFnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<String> {
    let digest = Sha256::digest(template);
    let name = name_of(template, &digest);
    if is_whole(server, &name).await? {
        return Ok(name);
    }
    let key = i32::from_be_bytes([digest[0], digest[1], digest[2], digest[3]]);
    server
        .batch_execute(&format!("SET lock_timeout = '{MADE_WITHIN}'"))
        .await?;
    // A session lock: a maker that dies releases it.
    server
        .execute("SELECT pg_advisory_lock($1, $2)", &[&LOCK_SPACE, &key])
        .await
        .context("another process is making the template, and does not finish")?;
    let made = if is_whole(server, &name).await? {
        Ok(())
    } else {
        make(server, server_url, &name, migrate).await
    };
    server
        .execute("SELECT pg_advisory_unlock($1, $2)", &[&LOCK_SPACE, &key])
        .await?;
    made.with_context(|| format!("the template database for `{template}` can't be made"))?;
    Ok(name)
}

async fn is_whole(server: &Client, name: &str) -> anyhow::Result<bool> {
    let row = server
        .query_opt(
            "SELECT datistemplate FROM pg_database WHERE datname = $1",
            &[&name],
        )
        .await?;
    Ok(row.is_some_and(|row| row.get(0)))
}

async fn make(
    server: &Client,
    server_url: &str,
    name: &str,
    migrate: impl AsyncFnOnce(&str) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    drop_if_exists(server, name).await?;
    let quoted = quoted(name);
    server
        .batch_execute(&format!("CREATE DATABASE {quoted}"))
        .await?;
    migrate(&with_database(server_url, name)).await?;
    // A database with connections can't be cloned.
    server
        .batch_execute(&format!("ALTER DATABASE {quoted} ALLOW_CONNECTIONS false"))
        .await?;
    server
        .execute(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = $1",
            &[&name],
        )
        .await?;
    server
        .batch_execute(&format!("ALTER DATABASE {quoted} IS_TEMPLATE true"))
        .await?;
    Ok(())
}

/// Readable, distinct, and within PostgreSQL's 63 bytes.
fn name_of(template: &str, digest: &[u8]) -> String {
    let readable: String = template
        .chars()
        .map(|letter| match letter {
            'a'..='z' | '0'..='9' => letter,
            'A'..='Z' => letter.to_ascii_lowercase(),
            _ => '_',
        })
        .take(30)
        .collect();
    let short: String = digest
        .iter()
        .take(6)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("template_{readable}_{short}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_readable_and_distinct() {
        let name = |template: &str| name_of(template, &Sha256::digest(template));
        assert!(name("Flights-v3").starts_with("template_flights_v3_"));
        assert_ne!(name("Flights-v3"), name("flights_v3"));
        assert!(name(&"é".repeat(200)).len() <= 63);
    }
}
