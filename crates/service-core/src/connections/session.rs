//! A connection that is used for a limited time.
//!
//! A pool's connections are closed when their server falls silent, but only after the longest time that a
//! statement may take. Who has less time takes a connection like this.

use deadpool_postgres::{Client, Pool, PoolError, TimeoutType};
use tokio::time::{Instant, timeout_at};

/// Has some work done on a connection. Unless it is done in time and succeeds, the connection is
/// closed: what its transaction held is rolled back, and nobody else waits for its answers.
///
/// # Errors
/// The work's own, or that no connection or no answer came in time.
pub async fn on_connection<T, E: From<PoolError>>(
    database: &Pool,
    give_up_at: Instant,
    work: impl AsyncFnOnce(&Client) -> Result<T, E>,
) -> Result<T, E> {
    let too_late = || PoolError::Timeout(TimeoutType::Wait);
    let client = timeout_at(give_up_at, database.get())
        .await
        .map_err(|_| too_late())??;
    let mut session = Session(Some(client));
    let done = async {
        match &session.0 {
            Some(client) => work(client).await,
            None => Err(too_late().into()),
        }
    };
    let outcome = timeout_at(give_up_at, done)
        .await
        .map_err(|_| too_late())??;
    drop(session.0.take());
    Ok(outcome)
}

/// Closes its connection when it is dropped, also when the work is given up in the middle, unless the
/// connection was taken out to go back to the pool.
struct Session(Option<Client>);

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Client::take(client));
        }
    }
}
