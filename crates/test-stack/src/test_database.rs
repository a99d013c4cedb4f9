//! Databases that belong to one test.

use std::time::Duration;

use anyhow::Context;

use super::servers::{Servers, unique};
use super::template;
use local_servers::database::{connect, drop_if_exists, quoted, with_database};

/// After this a database is left to its server, which is temporary too.
const DROPPED_WITHIN: Duration = Duration::from_secs(10);

/// A migrated database of one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    server_url: String,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Clones a template on the [shared](Servers::shared) server.
    ///
    /// `migrate` makes the template from an empty database, at most once per server and value of `template`:
    /// name the schema and its version, or a hash of the migrations.
    pub async fn create(
        template: &str,
        migrate: impl AsyncFnOnce(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let servers = Servers::shared().await?;
        Self::create_on(servers.database_url(), template, migrate).await
    }

    /// As [`TestDatabase::create`], on the server with this maintenance URL: for tests with [private
    /// servers](super::PrivateServers).
    pub async fn create_on(
        server_url: &str,
        template: &str,
        migrate: impl AsyncFnOnce(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let server = connect(server_url)
            .await
            .context("the tests' PostgreSQL can't be reached")?;
        let template = template::find_or_make(&server, server_url, template, migrate).await?;
        let name = format!("test_{}", unique());
        let clone = format!(
            "CREATE DATABASE {} TEMPLATE {}",
            quoted(&name),
            quoted(&template)
        );
        server
            .batch_execute(&clone)
            .await
            .with_context(|| format!("{template} can't be cloned"))?;
        Ok(Self {
            server_url: server_url.to_owned(),
            url: with_database(server_url, &name),
            name,
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    /// The database's name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    /// Drops the database even with open connections, and waits for it. A server that is gone is no error:
    /// its databases are gone too.
    fn drop(&mut self) {
        let server_url = std::mem::take(&mut self.server_url);
        let name = std::mem::take(&mut self.name);
        // On a thread of its own, because this one may be inside a runtime, which can't be entered twice.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()?;
            runtime.block_on(async {
                let drop = async { drop_if_exists(&connect(&server_url).await?, &name).await };
                tokio::time::timeout(DROPPED_WITHIN, drop)
                    .await
                    .context("not dropped in time")?
                    .context("not dropped")
            })
        });
        let _: Result<anyhow::Result<()>, _> = dropping.join();
    }
}
