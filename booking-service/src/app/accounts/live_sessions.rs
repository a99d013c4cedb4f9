//! Ends event streams whose session has ended: by log-out, password change, expiry, or a change of the user's
//! role. One query per second checks all watched sessions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;

use crate::app::accounts::authentication::digest;
use crate::db;
use crate::model::user::UserRole;

const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The digest of the session's cookie, and the user's role when the stream began.
type Session = ([u8; 32], UserRole);

/// Cancelled when the session ends.
type Over = Arc<CancellationToken>;

/// The sessions with open event streams.
#[derive(Clone, Default)]
pub struct LiveSessions(Arc<Mutex<HashMap<Session, Weak<CancellationToken>>>>);

impl LiveSessions {
    /// Completes when the cookie's session has ended.
    pub fn over(&self, cookie: &str, role: UserRole) -> impl Future<Output = ()> + use<> {
        let session = (digest(cookie), role);
        let mut watched = self.lock();
        let known = watched.get(&session).and_then(Weak::upgrade);
        let over = known.unwrap_or_else(|| {
            let over = Over::default();
            watched.insert(session, Arc::downgrade(&over));
            over
        });
        async move { over.cancelled().await }
    }

    /// Checks the watched sessions until stopped.
    pub async fn follow(self, database: Pool, stop: CancellationToken) {
        while stop
            .run_until_cancelled(tokio::time::sleep(LOOK_EVERY))
            .await
            .is_some()
        {
            let watched = self.watched();
            if watched.is_empty() {
                continue;
            }
            let digests = watched.iter().map(|((digest, _), _)| digest.as_slice());
            let roles = match db::accounts::sessions::roles(&database, &digests.collect::<Vec<_>>())
                .await
            {
                Ok(roles) => roles,
                Err(error) => {
                    tracing::warn!(%error, "checking watched sessions failed");
                    continue;
                }
            };
            for ((digest, role), over) in watched {
                if roles.get(digest.as_slice()) != Some(&role) {
                    over.cancel();
                }
            }
        }
    }

    /// The sessions with open streams; forgets the others.
    fn watched(&self) -> Vec<(Session, Over)> {
        let mut watched = self.lock();
        watched.retain(|_, over| over.strong_count() > 0);
        let all = watched.iter();
        all.filter_map(|(session, over)| Some((*session, over.upgrade()?)))
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Session, Weak<CancellationToken>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
