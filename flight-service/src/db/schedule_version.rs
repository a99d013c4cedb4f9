//! The table `schedule_version`, and the announcements of its changes.

use std::time::Duration;

use deadpool_postgres::GenericClient;
use futures_util::TryStreamExt as _;
use service_core::database::{Limits, Messages, connect};
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client, Config};

use super::DbError;

/// The channel on which changes are announced. Its name is not a parameter of the statements below,
/// because PostgreSQL allows none there.
const LISTEN: &str = "LISTEN schedule_version";

/// How long nothing is announced before the server is asked for a sign: one that owes an answer and is
/// silent is found out, one that has nothing to say is not.
const ASK_AFTER: Duration = Duration::from_secs(3);

/// The schedule's version.
///
/// # Errors
/// When the database does not answer.
pub async fn current(client: &impl GenericClient) -> Result<i64, DbError> {
    let statement = client
        .prepare_cached("SELECT version FROM schedule_version")
        .await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// What raises it: every replica reads the schedule again. They are told when the transaction commits.
pub const RAISE: [&str; 2] = [
    "UPDATE schedule_version SET version = version + 1",
    "NOTIFY schedule_version",
];

/// Raises it in a transaction.
///
/// # Errors
/// When the database does not answer.
pub async fn raise(client: &impl GenericClient) -> Result<(), DbError> {
    client.batch_execute(&RAISE.join("; ")).await?;
    Ok(())
}

/// Hears of changes, on a connection of its own.
pub struct Announcements {
    client: Client,
    messages: Messages,
}

/// Where announcements are to be heard, and how long is waited for that server.
#[derive(Clone)]
pub struct Source {
    /// The address.
    pub config: Config,
    /// The limits.
    pub limits: Limits,
}

/// Begins to listen. What is announced from now on is heard.
///
/// # Errors
/// When the database can't be reached.
pub async fn listen(source: &Source) -> Result<Announcements, DbError> {
    let (client, messages) = connect(&source.config, source.limits).await?;
    let mut announcements = Announcements { client, messages };
    announcements.subscribe().await?;
    Ok(announcements)
}

impl Announcements {
    /// The connection moves only while its messages are asked for, so both run side by side.
    async fn subscribe(&mut self) -> Result<(), DbError> {
        let Self { client, messages } = self;
        tokio::select! {
            listening = client.batch_execute(LISTEN) => Ok(listening?),
            ended = announced(messages) => ended,
        }
    }

    /// Waits for the next announcement.
    ///
    /// # Errors
    /// When the connection is lost, or its server silent.
    pub async fn next(&mut self) -> Result<(), DbError> {
        let Self { client, messages } = self;
        let signs = async {
            loop {
                sleep(ASK_AFTER).await;
                client.batch_execute("").await?;
            }
        };
        tokio::select! {
            asked = signs => asked,
            ended = announced(messages) => ended,
        }
    }
}

async fn announced(messages: &mut Messages) -> Result<(), DbError> {
    while let Some(message) = messages.try_next().await? {
        if let AsyncMessage::Notification(_) = message {
            return Ok(());
        }
    }
    Err(DbError::ConnectionEnded)
}
