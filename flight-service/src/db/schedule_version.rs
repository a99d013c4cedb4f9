//! The table `schedule_version`, and the announcements of its changes.

use deadpool_postgres::GenericClient;
use futures_util::stream::{BoxStream, StreamExt as _};
use futures_util::{TryStreamExt as _, stream};
use tokio_postgres::{AsyncMessage, Client, Config, NoTls};

use super::DbError;

/// The channel on which changes are announced. Its name is not a parameter of the statements below,
/// because PostgreSQL allows none there.
const LISTEN: &str = "LISTEN schedule_version";

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
    /// Dropping it would end the connection.
    _client: Client,
    messages: BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>,
}

/// Begins to listen. What is announced from now on is heard.
///
/// # Errors
/// When the database can't be reached.
pub async fn listen(config: &Config) -> Result<Announcements, DbError> {
    let (client, mut connection) = config.connect(NoTls).await?;
    let messages = stream::poll_fn(move |context| connection.poll_message(context));
    let mut announcements = Announcements {
        _client: client,
        messages: messages.boxed(),
    };
    announcements.subscribe().await?;
    Ok(announcements)
}

impl Announcements {
    /// The connection moves only while its messages are asked for, so both run side by side.
    async fn subscribe(&mut self) -> Result<(), DbError> {
        let Self {
            _client: client,
            messages,
        } = self;
        tokio::select! {
            listening = client.batch_execute(LISTEN) => Ok(listening?),
            ended = announced(messages) => ended,
        }
    }

    /// Waits for the next announcement.
    ///
    /// # Errors
    /// When the connection is lost.
    pub async fn next(&mut self) -> Result<(), DbError> {
        announced(&mut self.messages).await
    }
}

async fn announced(
    messages: &mut BoxStream<'static, Result<AsyncMessage, tokio_postgres::Error>>,
) -> Result<(), DbError> {
    while let Some(message) = messages.try_next().await? {
        if let AsyncMessage::Notification(_) = message {
            return Ok(());
        }
    }
    Err(DbError::ConnectionEnded)
}
