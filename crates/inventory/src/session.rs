//! A connection that is used for a limited time.
//!
//! A server that fell silent, or a network that lost it, leaves connections behind on which no answer
//! ever comes. They must not keep anybody waiting, nor go back to the pool.

use deadpool_postgres::{Client, Pool, PoolError, TimeoutType};
use tokio::time::{Instant, timeout_at};

use crate::store::StoreError;

/// Has some work done on a connection. Unless it is done in time and succeeds, the connection is
/// closed: what its transaction held is rolled back, and nobody else waits for its answers.
///
/// # Errors
/// The work's own, or that no connection or no answer came in time.
pub(crate) async fn on_connection<T, E: From<StoreError>>(
    database: &Pool,
    give_up_at: Instant,
    work: impl AsyncFnOnce(&Client) -> Result<T, E>,
) -> Result<T, E> {
    let too_late = || StoreError::Pool(PoolError::Timeout(TimeoutType::Wait));
    let client = timeout_at(give_up_at, database.get())
        .await
        .map_err(|_| too_late())?
        .map_err(StoreError::from)?;
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
