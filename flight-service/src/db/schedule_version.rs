//! The table `schedule_version`, and the notifications of its changes (`LISTEN`/`NOTIFY`).

use std::time::Duration;

use deadpool_postgres::GenericClient;
use futures_util::TryStreamExt as _;
use service_core::database::{Limits, Messages, connect};
use tokio::time::sleep;
use tokio_postgres::{AsyncMessage, Client, Config};

use super::DbError;

/// `LISTEN` takes no parameter, so the channel's name is repeated in [`INCREMENT`].
const LISTEN: &str = "LISTEN schedule_version";

/// Silence after which the server is probed: a dead server owes an answer and is detected, a quiet one
/// answers.
const ASK_AFTER: Duration = Duration::from_secs(3);

pub async fn current(client: &impl GenericClient) -> Result<i64, DbError> {
    let statement = client
        .prepare_cached("SELECT version FROM schedule_version")
        .await?;
    Ok(client.query_one(&statement, &[]).await?.try_get(0)?)
}

/// Increments the version and notifies all replicas, when the transaction commits.
pub const INCREMENT: [&str; 2] = [
    "UPDATE schedule_version SET version = version + 1",
    "NOTIFY schedule_version",
];

/// Increments the version in a transaction.
pub async fn raise(client: &impl GenericClient) -> Result<(), DbError> {
    client.batch_execute(&INCREMENT.join("; ")).await?;
    Ok(())
}

/// A dedicated connection that receives notifications.
pub struct Notifications {
    client: Client,
    messages: Messages,
}

/// Connection settings of the notifications.
#[derive(Clone)]
pub struct Source {
    pub config: Config,
    pub limits: Limits,
}

/// Starts to listen: later notifications are received.
pub async fn listen(source: &Source) -> Result<Notifications, DbError> {
    let (client, messages) = connect(&source.config, source.limits).await?;
    let mut announcements = Notifications { client, messages };
    announcements.subscribe().await?;
    Ok(announcements)
}

impl Notifications {
    /// The connection makes progress only while its messages are polled, so both run side by side.
    async fn subscribe(&mut self) -> Result<(), DbError> {
        let Self { client, messages } = self;
        tokio::select! {
            listening = client.batch_execute(LISTEN) => Ok(listening?),
            ended = announced(messages) => ended,
        }
    }

    /// Waits for the next notification.
    ///
    /// # Errors
    /// The connection is lost, or the server silent.
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
