//! Pools of watched connections.

use std::cell::RefCell;
use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use deadpool_postgres::{
    BuildError, ClientWrapper, Connect, Hook, HookError, Manager, ManagerConfig, Pool,
    RecyclingMethod, Runtime, Timeouts,
};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Config, Error, NoTls};

use crate::connections::connect::{ConnectError, Limits, is_local, watched, with_required_options};
use crate::connections::traffic::Traffic;

/// How long a connection may need to become idle before it is reused: enough for the rest of an answer that
/// nobody awaited, such as a rollback's. Anything longer is an abandoned statement.
const IDLE_WITHIN: Duration = Duration::from_millis(20);

/// Why a pool can't be made.
#[derive(Debug, thiserror::Error)]
pub enum PoolSetupError {
    /// The address is not supported.
    #[error(transparent)]
    Address(#[from] ConnectError),
    /// The pool's configuration is invalid.
    #[error("the database pool can't be made")]
    Build(#[from] BuildError),
}

/// A pool of at most `size` connections, opened on demand.
///
/// A connection is reused only if it is idle, outside a transaction and to a primary. Any other is closed,
/// which also cancels its statement.
///
/// # Errors
/// When the address is not supported.
pub fn pool(config: &Config, limits: Limits, size: usize) -> Result<Pool, PoolSetupError> {
    let config = with_required_options(config, limits)?;
    let fast = ManagerConfig {
        recycling_method: RecyclingMethod::Fast,
    };
    let builder = if is_local(&config) {
        let verified = ManagerConfig {
            recycling_method: RecyclingMethod::Verified,
        };
        Pool::builder(Manager::from_config(config, NoTls, verified))
    } else {
        let connect = WatchedConnect {
            read_timeout: limits.read_timeout,
        };
        let watched = Arc::new(WatchedClients::default());
        let joining = Arc::clone(&watched);
        Pool::builder(Manager::from_connect(config, connect, fast))
            .post_create(Hook::sync_fn(move |client: &mut ClientWrapper, _| {
                joining.join(client)
            }))
            .pre_recycle(Hook::async_fn(move |client: &mut ClientWrapper, _| {
                let traffic = watched.traffic_of(client);
                Box::pin(async move {
                    match traffic {
                        Some(traffic) if traffic.is_reusable(IDLE_WITHIN).await => Ok(()),
                        _ => {
                            metrics::counter!("database_connections_discarded_total").increment(1);
                            Err(HookError::message("not idle"))
                        }
                    }
                })
            }))
    };
    let pool = builder
        .max_size(size)
        .timeouts(Timeouts {
            wait: Some(limits.connect),
            create: Some(limits.connect),
            recycle: Some(limits.connect),
        })
        .runtime(Runtime::Tokio1)
        .build()?;
    Ok(pool)
}

thread_local! {
    /// The traffic of the connection just made on this thread. The pool calls `post_create` with the new client
    /// before anything else is awaited, so the two are joined there; neither the pool nor its clients have a
    /// field for it.
    static JUST_MADE: RefCell<Option<Arc<Traffic>>> = const { RefCell::new(None) };
}

struct WatchedConnect {
    read_timeout: Duration,
}

impl Connect for WatchedConnect {
    fn connect(
        &self,
        config: &Config,
    ) -> Pin<Box<dyn Future<Output = Result<(Client, JoinHandle<()>), Error>> + Send + '_>> {
        let config = config.clone();
        Box::pin(async move {
            let (client, task, traffic) = watched(&config, self.read_timeout).await?;
            JUST_MADE.set(Some(traffic));
            Ok((client, task))
        })
    }
}

/// The traffic of a pool's clients, by the address of each client's statement cache: the only part of a client
/// that never moves.
#[derive(Default)]
struct WatchedClients(Mutex<HashMap<usize, Weak<Traffic>>>);

impl WatchedClients {
    fn join(&self, client: &ClientWrapper) -> Result<(), HookError> {
        let traffic = JUST_MADE.take().ok_or(HookError::message("not watched"))?;
        let mut clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|_, traffic| traffic.strong_count() > 0);
        clients.insert(key(client), Arc::downgrade(&traffic));
        Ok(())
    }

    /// `None` once the connection has ended.
    fn traffic_of(&self, client: &ClientWrapper) -> Option<Arc<Traffic>> {
        let clients = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        clients.get(&key(client))?.upgrade()
    }
}

fn key(client: &ClientWrapper) -> usize {
    Arc::as_ptr(&client.statement_cache).addr()
}
