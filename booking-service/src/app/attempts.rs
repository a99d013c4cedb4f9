//! How often somebody may try to log in or to sign up: so often per account, and so often per address.
//!
//! Counted in Redis, where all replicas share the counts; while Redis does not answer, each replica counts
//! alone, in memory. Each count ends some time after its first attempt. What is kept is a digest, so that
//! nobody's address is found in Redis.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadpool_redis::redis::{Script, cmd};
use moka::sync::Cache;
use service_kit::client_address::network_of;
use service_kit::redis::{BriefCalls, Redis};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::text::{Email, hexadecimal};

/// The most counts of each kind in memory: a few megabytes.
const COUNTS_MAX: u64 = 100_000;

/// The bytes of a digest that name an account or an address: no two share one.
const NAME_BYTES: usize = 16;

/// Counts an attempt; the first one says when the count ends: `milliseconds`.
const COUNT: &str = "
    local count = redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
    return count";

/// Whose password is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    /// A user's.
    #[must_use]
    pub fn of_user(user: Uuid) -> Self {
        Self(named("user", &user.to_string()))
    }

    /// That of an address that no user has, however it is written: it is answered like a user's.
    #[must_use]
    pub fn of_nobody(email: &Email) -> Self {
        Self(named("email", email.key()))
    }
}

/// Counts attempts.
#[derive(Clone)]
pub struct Attempts {
    shared: Option<Shared>,
    of_accounts: Local,
    of_addresses: Local,
    limits: Limits,
}

/// How often, within what time.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// For one account, until one succeeds.
    pub per_account: u32,
    /// From one address.
    pub per_address: u32,
    /// From the first of them on.
    pub window: Duration,
}

/// That there were too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// Counts in Redis, which all replicas share.
#[derive(Clone)]
pub struct Shared {
    calls: BriefCalls,
    key_prefix: String,
    count: Arc<Script>,
}

/// Counts in memory.
type Local = Cache<String, Arc<AtomicU32>>;

impl Shared {
    /// Counts in this Redis, each call bounded.
    #[must_use]
    pub fn new(redis: &Redis, timeout: Duration, key_prefix: &str) -> Self {
        let failures = metrics::counter!("login_counts_failed_total");
        Self {
            calls: BriefCalls::new(redis.pool.clone(), timeout, failures),
            key_prefix: format!("{key_prefix}attempts:"),
            count: Arc::new(Script::new(COUNT)),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{{{name}}}", self.key_prefix)
    }

    /// Which attempt this is; none where Redis does not answer in time.
    async fn count(&self, name: &str, window: Duration) -> Option<u64> {
        let window_ms = u64::try_from(window.as_millis()).ok()?.max(1);
        let mut count = self.count.prepare_invoke();
        count.key(self.key(name)).arg(window_ms);
        self.calls
            .call(async |redis| count.invoke_async(redis).await)
            .await
    }

    async fn forget(&self, name: &str) {
        let mut forget = cmd("DEL");
        forget.arg(self.key(name));
        // Where it is not forgotten now, the count ends by itself.
        let _: Option<u64> = self
            .calls
            .call(async |redis| forget.query_async(redis).await)
            .await;
    }
}

impl Attempts {
    /// Counts by these limits.
    #[must_use]
    pub fn new(limits: Limits, shared: Option<Shared>) -> Self {
        Self {
            shared,
            of_accounts: counts(limits.window),
            of_addresses: counts(limits.window),
            limits,
        }
    }

    /// Counts an attempt from this address.
    ///
    /// # Errors
    /// When there were too many.
    pub async fn from_address(&self, address: IpAddr) -> Result<(), TooMany> {
        let name = named("address", &network_of(address).to_string());
        let limit = self.limits.per_address;
        self.raise(&self.of_addresses, &name, limit).await
    }

    /// Counts an attempt at this account.
    ///
    /// # Errors
    /// When there were too many.
    pub async fn at_account(&self, account: &Account) -> Result<(), TooMany> {
        let limit = self.limits.per_account;
        self.raise(&self.of_accounts, &account.0, limit).await
    }

    /// Forgets the attempts at an account: one succeeded.
    pub async fn succeeded(&self, account: &Account) {
        self.of_accounts.invalidate(&account.0);
        if let Some(shared) = &self.shared {
            shared.forget(&account.0).await;
        }
    }

    /// How long those who tried too often wait at most.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.limits.window
    }

    /// Counted before the attempt is made: many at once don't slip through together.
    async fn raise(&self, local: &Local, name: &str, limit: u32) -> Result<(), TooMany> {
        let shared = match &self.shared {
            Some(shared) => shared.count(name, self.limits.window).await,
            None => None,
        };
        let is_allowed = match shared {
            Some(count) => count <= u64::from(limit),
            None => {
                let count = local.get_with_by_ref(name, Arc::default);
                let raised = count.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                    (count < limit).then_some(count + 1)
                });
                raised.is_ok()
            }
        };
        is_allowed.then_some(()).ok_or(TooMany)
    }
}

fn counts(window: Duration) -> Local {
    Cache::builder()
        .max_capacity(COUNTS_MAX)
        .time_to_live(window)
        .build()
}

fn named(kind: &str, text: &str) -> String {
    let digest = Sha256::digest(format!("{kind} {text}"));
    hexadecimal(digest.get(..NAME_BYTES).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        let limits = Limits {
            per_account: 2,
            per_address: 3,
            window: Duration::from_secs(60),
        };
        Attempts::new(limits, None)
    }

    fn nobody(email: &str) -> Account {
        Account::of_nobody(&Email::try_from(email.to_owned()).unwrap())
    }

    #[tokio::test]
    async fn an_account_is_tried_so_often_until_one_succeeds() {
        let attempts = attempts();
        let user = Account::of_user(Uuid::now_v7());
        for allowed in [Ok(()), Ok(()), Err(TooMany)] {
            assert_eq!(attempts.at_account(&user).await, allowed);
        }
        let other = Account::of_user(Uuid::now_v7());
        assert_eq!(attempts.at_account(&other).await, Ok(()));
        attempts.succeeded(&user).await;
        assert_eq!(attempts.at_account(&user).await, Ok(()));
    }

    #[test]
    fn an_address_that_nobody_has_is_one_account_however_it_is_written() {
        assert_eq!(nobody("a@example.org"), nobody(" A@example.ORG "));
        assert_ne!(nobody("a@example.org"), nobody("b@example.org"));
    }

    #[tokio::test]
    async fn an_address_tries_so_often_and_its_neighbours_count_with_it() {
        let attempts = attempts();
        let from = async |text: &str| attempts.from_address(text.parse().unwrap()).await;
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"] {
            assert_eq!(from(address).await, Ok(()));
        }
        assert_eq!(from("2001:db8::1").await, Err(TooMany));
        assert_eq!(from("2001:db8:0:1::1").await, Ok(()));
        for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
            assert_eq!(from(address).await, Ok(()));
        }
        assert_eq!(from("192.0.2.1").await, Err(TooMany));
        assert_eq!(from("192.0.2.2").await, Ok(()));
    }
}
