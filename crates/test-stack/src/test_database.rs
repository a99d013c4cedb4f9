//! A database of one test's own.

use std::time::Duration;

use anyhow::Context;

use super::servers::{Servers, unique};
use super::template;
use local_servers::database::{connect, drop_if_exists, quoted, with_database};

/// How long dropping a database may take before it is left to its server, which is temporary too.
const DROPPED_WITHIN: Duration = Duration::from_secs(10);

/// A migrated database that belongs to one test, dropped with this value.
#[derive(Debug)]
pub struct TestDatabase {
    server_url: String,
    name: String,
    url: String,
}

impl TestDatabase {
    /// Clones a database from a template on the [shared](Servers::shared) server.
    ///
    /// The template is made by `migrate`, which gets the address of an empty database, at most once
    /// for each value of `template` and server: let it name the schema and its version, or a hash of
    /// the migrations.
    pub async fn create(
        template: &str,
        migrate: impl AsyncFnOnce(&str) -> anyhow::Result<()>,
    ) -> anyhow::Result<Self> {
        let servers = Servers::shared().await?;
        Self::create_on(servers.database_url(), template, migrate).await
    }

    /// Like [`TestDatabase::create`], on a server that is given by the address of its maintenance
    /// database: for a test that has [its own](super::PrivateServers).
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

    /// Its address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its name on the server.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl Drop for TestDatabase {
    /// Drops the database and waits for it, whatever is still connected. A server that is gone is no
    /// error: the database is gone with it.
    fn drop(&mut self) {
        let server_url = std::mem::take(&mut self.server_url);
        let name = std::mem::take(&mut self.name);
        // A thread of its own, because this one may be inside a runtime, which can't be entered twice.
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
