//! Read-only snapshots of the databases.

use std::time::Duration;

use deadpool_postgres::{ClientWrapper, Transaction};
use tokio_postgres::{Config, IsolationLevel, NoTls};

use crate::error::ReconcileError;
use crate::options::Urls;

const CONNECT_WITHIN: Duration = Duration::from_secs(5);

/// Time limit of one statement. The longest is the ledger proof: at a million rows a second per core, this is
/// enough for a hundred million bookings.
const STATEMENT_WITHIN: Duration = Duration::from_secs(600);

pub const FLIGHTS: &str = "flights";
pub const BOOKINGS: &str = "bookings";
pub const PAYMENTS: &str = "payments";

/// One connection per database.
pub struct Connections {
    flights: ClientWrapper,
    bookings: ClientWrapper,
    payments: ClientWrapper,
}

/// A repeatable-read transaction on each database; the snapshots are close in time.
pub struct Snapshot<'a> {
    pub flights: Transaction<'a>,
    pub bookings: Transaction<'a>,
    pub payments: Transaction<'a>,
}

impl Connections {
    pub async fn open(urls: &Urls) -> Result<Self, ReconcileError> {
        let (flights, bookings, payments) = tokio::try_join!(
            connect(FLIGHTS, &urls.flights),
            connect(BOOKINGS, &urls.bookings),
            connect(PAYMENTS, &urls.payments),
        )?;
        Ok(Self {
            flights,
            bookings,
            payments,
        })
    }

    pub async fn snapshot(&mut self) -> Result<Snapshot<'_>, ReconcileError> {
        let (flights, bookings, payments) = tokio::try_join!(
            begin(FLIGHTS, &mut self.flights),
            begin(BOOKINGS, &mut self.bookings),
            begin(PAYMENTS, &mut self.payments),
        )?;
        Ok(Snapshot {
            flights,
            bookings,
            payments,
        })
    }
}

async fn connect(name: &'static str, url: &str) -> Result<ClientWrapper, ReconcileError> {
    let mut config: Config = url
        .parse()
        .map_err(|error| ReconcileError::Address(name, error))?;
    config
        .application_name("holdfast audit")
        .connect_timeout(CONNECT_WITHIN)
        .options(format!(
            "-c statement_timeout={} -c default_transaction_read_only=on",
            STATEMENT_WITHIN.as_millis()
        ));
    let (client, connection) = config
        .connect(NoTls)
        .await
        .map_err(|error| ReconcileError::Unreachable(name, error))?;
    let connection = tokio::spawn(async move {
        // Errors of the connection reach whoever uses the client.
        connection.await.ok();
    });
    Ok(ClientWrapper::new(client, connection))
}

async fn begin<'a>(
    name: &'static str,
    client: &'a mut ClientWrapper,
) -> Result<Transaction<'a>, ReconcileError> {
    let fails = |error| ReconcileError::Database(name, error);
    let transaction = client
        .build_transaction()
        .isolation_level(IsolationLevel::RepeatableRead)
        .read_only(true)
        .start()
        .await
        .map_err(fails)?;
    // The first statement takes the snapshot.
    transaction.batch_execute("SELECT 1").await.map_err(fails)?;
    Ok(transaction)
}
