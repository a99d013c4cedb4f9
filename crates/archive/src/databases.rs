//! One connection to each database.

use std::time::Duration;

use reconcile::Urls;
use tokio_postgres::{Client, Config, NoTls};

use crate::error::ArchiveError;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Time limit of a statement: the longest adds up a month of a ledger.
const STATEMENT_WITHIN: Duration = Duration::from_secs(600);

pub const FLIGHTS: &str = "flights";
pub const BOOKINGS: &str = "bookings";
pub const PAYMENTS: &str = "payments";

/// A database and its name.
pub struct Database {
    pub name: &'static str,
    pub client: Client,
}

impl Database {
    pub fn fails(&self) -> impl Fn(tokio_postgres::Error) -> ArchiveError + Copy + use<> {
        let name = self.name;
        move |error| ArchiveError::Database(name, error)
    }
}

pub struct Databases {
    pub flights: Database,
    pub bookings: Database,
    pub payments: Database,
}

impl Databases {
    pub async fn open(urls: &Urls) -> Result<Self, ArchiveError> {
        Ok(Self {
            flights: connect(FLIGHTS, &urls.flights).await?,
            bookings: connect(BOOKINGS, &urls.bookings).await?,
            payments: connect(PAYMENTS, &urls.payments).await?,
        })
    }
}

async fn connect(name: &'static str, url: &str) -> Result<Database, ArchiveError> {
    let mut config: Config = url
        .parse()
        .map_err(|error| ArchiveError::Address(name, error))?;
    config
        .application_name("holdfast archive")
        .connect_timeout(CONNECT_WITHIN)
        .options(format!(
            "-c statement_timeout={} -c synchronous_commit=on",
            STATEMENT_WITHIN.as_millis()
        ));
    let (client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|error| ArchiveError::Unreachable(name, error))?;
    tokio::spawn(async move {
        // Errors of the connection reach whoever uses the client.
        connection.await.ok();
    });
    Ok(Database { name, client })
}
