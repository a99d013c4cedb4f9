//! Sessions of those who watch something. One look a second finds those that are over, by logging out anywhere,
//! another password, their time, or whose user has another role.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use deadpool_postgres::Pool;
use tokio_util::sync::CancellationToken;

use crate::app::accounts::authentication::digest;
use crate::db;
use crate::model::user::UserRole;

/// How often they are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// A session, by its cookie's digest, as it was when somebody began to watch.
type Session = ([u8; 32], UserRole);

/// What is cancelled when a session is over.
type Over = Arc<CancellationToken>;

/// The sessions that somebody watches something with.
#[derive(Clone, Default)]
pub struct LiveSessions(Arc<Mutex<HashMap<Session, Weak<CancellationToken>>>>);

impl LiveSessions {
    /// Waits until the session of a cookie is over.
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

    /// Looks at them until it is stopped.
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
                    tracing::warn!(%error, "looking at sessions failed");
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

    /// Those that are still watched with; the others are forgotten.
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
