//! A connection with a time limit.
//!
//! A pool's connection is closed for silence only after `statement_timeout`. Callers with less time use this.

use deadpool_postgres::{Client, Pool, PoolError, TimeoutType};
use tokio::time::{Instant, timeout_at};

/// Runs work on a connection. If the work fails or is not done in time, the connection is closed: its
/// transaction is rolled back, and no later caller receives its answers.
///
/// # Errors
/// The work's own, or a timeout when no connection or no answer came in time.
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

/// Closes its connection when dropped, also when the work is cancelled midway, unless the connection was taken
/// out to return to the pool.
struct Session(Option<Client>);

impl Drop for Session {
    fn drop(&mut self) {
        if let Some(client) = self.0.take() {
            drop(Client::take(client));
        }
    }
}
