//! Throttle for throttle_enumeration: log-in, sign-up, password confirmation, taken e-mail addresses, voucher codes. It
//! counts failures, in separate counts so that one client's failures lock out nobody else:
//!
//! - A browser that has logged in to the account before has its own count.
//! - Everybody else shares one count per account and client address.
//! - An address with many failures over all accounts has one attempt left at each. It is not blocked: many
//!   people may share it, or all of them if a proxy is not configured.
//! - An account with many failures from everywhere is closed to unknown browsers.
//! - A logged-in user confirms their password under a count of their own.
//!
//! The counts are in Redis, shared by all replicas; while Redis does not answer, each replica counts in
//! memory. A count expires a fixed time after its first failure (fixed window). Keys are digests, so Redis
//! holds no e-mail addresses.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use deadpool_redis::redis::Script;
use moka::sync::Cache;
use service_core::network::network_of;
use service_core::redis::{BestEffortRedis, Redis};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::model::text::{Email, hexadecimal};

/// The most counts in memory: some megabytes.
const COUNTS_MAX: u64 = 200_000;

/// Half of a SHA-256 digest; collisions are negligible.
const NAME_BYTES: usize = 16;

/// Attempts per account from an address with many failures.
const SUSPECTS_ATTEMPTS: u32 = 1;

/// Counted without a limit, because other limits look at the count.
const ANY: u32 = u32::MAX;

/// `KEYS[1]` is raised unless it has reached `ARGV[2]`; the first raise sets its expiry of `ARGV[1]`
/// milliseconds. Returns the count, or -1 at the limit.
const RAISE: &str = "
    local count = tonumber(redis.call('GET', KEYS[1]) or '0')
    if count >= tonumber(ARGV[2]) then return -1 end
    count = redis.call('INCR', KEYS[1])
    if count == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
    return count";

/// Lowers a count that has not expired.
const LOWER: &str = "
    local count = tonumber(redis.call('GET', KEYS[1]) or '0')
    if count > 0 then redis.call('DECR', KEYS[1]) end
    return 0";

/// The account whose password is tried.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Account(String);

impl Account {
    #[must_use]
    pub fn of_user(user: Uuid) -> Self {
        Self(format!("user {user}"))
    }

    /// An unknown address is throttled like a user's.
    #[must_use]
    pub fn of_nobody(email: &Email) -> Self {
        Self(format!("email {}", email.normalized()))
    }
}

#[derive(Clone)]
pub struct LoginThrottle {
    shared: Option<Shared>,
    local: Local,
    limits: Limits,
}

/// The most failures within a window.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Per account and client address; also for all other guesses.
    pub per_account: u32,
    /// Per account, over all unknown browsers.
    pub per_account_everywhere: u32,
    /// Per client address, over all accounts; also the sign-ups from there.
    pub per_address: u32,
    /// Counted from the first failure.
    pub window: Duration,
}

/// The throttle refuses; the caller must wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

/// An attempt under way. It counts as a failure unless it is reported as succeeded or withdrawn.
#[derive(Debug)]
#[must_use = "an attempt that is dropped has failed"]
pub struct Attempt {
    /// Reset on success.
    own: String,
    /// Shared counts; lowered by this attempt on success.
    common: Vec<String>,
}

/// Counts in Redis, shared by all replicas.
#[derive(Clone)]
pub struct Shared {
    calls: BestEffortRedis,
    key_prefix: String,
    raise: Arc<Script>,
    lower: Arc<Script>,
}

/// Counts in memory.
type Local = Cache<String, Arc<AtomicU32>>;

impl Shared {
    /// `timeout` bounds each call.
    #[must_use]
    pub fn new(redis: &Redis, timeout: Duration, key_prefix: &str) -> Self {
        let failures = metrics::counter!("login_throttle_failures_total");
        Self {
            calls: BestEffortRedis::new(redis.pool.clone(), timeout, failures),
            key_prefix: format!("{key_prefix}attempts:"),
            raise: Arc::new(Script::new(RAISE)),
            lower: Arc::new(Script::new(LOWER)),
        }
    }

    fn key(&self, name: &str) -> String {
        format!("{}{{{name}}}", self.key_prefix)
    }

    /// The count, or -1 at the limit; `None` if Redis does not answer in time.
    async fn raise(&self, name: &str, limit: u32, window: Duration) -> Option<i64> {
        let window_ms = u64::try_from(window.as_millis()).ok()?.max(1);
        let mut raise = self.raise.prepare_invoke();
        raise.key(self.key(name)).arg(window_ms).arg(limit);
        self.calls
            .call(async |redis| raise.invoke_async(redis).await)
            .await
    }

    async fn lower(&self, name: &str) {
        let mut lower = self.lower.prepare_invoke();
        lower.key(self.key(name));
        // If this fails, the count expires anyway.
        let _: Option<i64> = self
            .calls
            .call(async |redis| lower.invoke_async(redis).await)
            .await;
    }

    async fn forget(&self, name: &str) {
        let mut forget = deadpool_redis::redis::cmd("DEL");
        forget.arg(self.key(name));
        let _: Option<i64> = self
            .calls
            .call(async |redis| forget.query_async(redis).await)
            .await;
    }
}

impl LoginThrottle {
    #[must_use]
    pub fn new(limits: Limits, shared: Option<Shared>) -> Self {
        let local = Cache::builder()
            .max_capacity(COUNTS_MAX)
            .time_to_live(limits.window)
            .build();
        Self {
            shared,
            local,
            limits,
        }
    }

    /// Begins a log-in; `known_browser` names a browser that has logged in to the account before.
    pub async fn log_in(
        &self,
        account: &Account,
        address: IpAddr,
        known_browser: Option<&str>,
    ) -> Result<Attempt, TooMany> {
        let Limits {
            per_account,
            per_account_everywhere,
            per_address,
            ..
        } = self.limits;
        if let Some(browser) = known_browser {
            let own = format!("{} in browser {browser}", account.0);
            return self.begin(own, per_account).await;
        }
        let network = network_of(address);
        let from = named(&format!("address {network}"));
        let failed_there = self.raise(&from, ANY).await?;
        let limit = if failed_there > per_address {
            SUSPECTS_ATTEMPTS.min(per_account)
        } else {
            per_account
        };
        let own = named(&format!("{} from {network}", account.0));
        if self.raise(&own, limit).await.is_err() {
            self.lower(&from).await;
            return Err(TooMany);
        }
        let everywhere = named(&account.0);
        if self
            .raise(&everywhere, per_account_everywhere)
            .await
            .is_err()
        {
            self.lower(&own).await;
            self.lower(&from).await;
            return Err(TooMany);
        }
        Ok(Attempt {
            own,
            common: vec![from, everywhere],
        })
    }

    /// Counts a sign-up from this address, whatever its outcome.
    pub async fn sign_up(&self, address: IpAddr) -> Result<(), TooMany> {
        let name = named(&format!("sign-ups from {}", network_of(address)));
        self.raise(&name, self.limits.per_address).await.map(drop)
    }

    /// Begins a password confirmation of a logged-in user.
    pub async fn confirm(&self, user: Uuid) -> Result<Attempt, TooMany> {
        let own = format!("user {user} confirms");
        self.begin(own, self.limits.per_account).await
    }

    /// Begins a guess of something that may be somebody else's, such as a taken address or a voucher code.
    pub async fn guess(&self, what: &'static str, who: &str) -> Result<Attempt, TooMany> {
        let own = format!("{what} guessed by {who}");
        self.begin(own, self.limits.per_account).await
    }

    async fn begin(&self, own: String, limit: u32) -> Result<Attempt, TooMany> {
        let own = named(&own);
        self.raise(&own, limit).await?;
        let common = Vec::new();
        Ok(Attempt { own, common })
    }

    /// The password was right: earlier failures under this count are forgotten.
    pub async fn succeeded(&self, attempt: Attempt) {
        self.local.invalidate(&attempt.own);
        if let Some(shared) = &self.shared {
            shared.forget(&attempt.own).await;
        }
        for name in &attempt.common {
            self.lower(name).await;
        }
    }

    /// The attempt does not count: its outcome is unknown, or it revealed nothing.
    pub async fn withdrawn(&self, attempt: Attempt) {
        for name in attempt.common.iter().chain([&attempt.own]) {
            self.lower(name).await;
        }
    }

    /// The longest wait for another attempt.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.limits.window
    }

    /// Counts before the attempt runs, so that concurrent attempts cannot exceed the limit.
    async fn raise(&self, name: &str, limit: u32) -> Result<u32, TooMany> {
        let shared = match &self.shared {
            Some(shared) => shared.raise(name, limit, self.limits.window).await,
            None => None,
        };
        if let Some(count) = shared {
            return u32::try_from(count).map_err(|_| TooMany);
        }
        let count = self.local.get_with_by_ref(name, Arc::default);
        let raised = count.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
            (count < limit).then_some(count + 1)
        });
        raised.map(|before| before + 1).map_err(|_| TooMany)
    }

    async fn lower(&self, name: &str) {
        if let Some(count) = self.local.get(name) {
            let lowered = count.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
                count.checked_sub(1)
            });
            // The count is zero already.
            lowered.ok();
        }
        if let Some(shared) = &self.shared {
            shared.lower(name).await;
        }
    }
}

fn named(text: &str) -> String {
    let digest = Sha256::digest(text);
    hexadecimal(digest.get(..NAME_BYTES).unwrap_or(&digest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> LoginThrottle {
        let limits = Limits {
            per_account: 3,
            per_account_everywhere: 7,
            per_address: 5,
            window: Duration::from_secs(60),
        };
        LoginThrottle::new(limits, None)
    }

    fn nobody(email: &str) -> Account {
        Account::of_nobody(&Email::try_from(email.to_owned()).unwrap())
    }

    fn anybody() -> Account {
        Account::of_user(Uuid::now_v7())
    }

    async fn fails(attempts: &LoginThrottle, account: &Account, address: &str) -> bool {
        let address = address.parse().unwrap();
        attempts.log_in(account, address, None).await.is_ok()
    }

    #[tokio::test]
    async fn only_failures_count_and_a_success_forgets_them() {
        let attempts = attempts();
        let (account, home) = (anybody(), "192.0.2.1".parse().unwrap());
        for _ in 0..20 {
            let attempt = attempts.log_in(&account, home, None).await.unwrap();
            attempts.succeeded(attempt).await;
        }
        for _ in 0..20 {
            let attempt = attempts.log_in(&account, home, None).await.unwrap();
            attempts.withdrawn(attempt).await;
        }
        for allowed in [true, true] {
            assert_eq!(fails(&attempts, &account, "192.0.2.1").await, allowed);
        }
        let attempt = attempts.log_in(&account, home, None).await.unwrap();
        attempts.succeeded(attempt).await;
        for allowed in [true, true, true, false] {
            assert_eq!(fails(&attempts, &account, "192.0.2.1").await, allowed);
        }
    }

    #[tokio::test]
    async fn one_clients_failures_shut_out_neither_the_owner_nor_the_neighbours() {
        let attempts = attempts();
        let account = anybody();
        for _ in 0..50 {
            fails(&attempts, &account, "192.0.2.1").await;
        }
        assert!(!fails(&attempts, &account, "192.0.2.1").await);
        // The owner from elsewhere, and behind the same address in a known browser.
        assert!(fails(&attempts, &account, "192.0.2.2").await);
        let home = "192.0.2.1".parse().unwrap();
        assert!(attempts.log_in(&account, home, Some("b")).await.is_ok());
        // An address that has failed at many accounts is slowed, not blocked.
        for _ in 0..10 {
            fails(&attempts, &anybody(), "192.0.2.1").await;
        }
        let neighbour = anybody();
        assert!(fails(&attempts, &neighbour, "192.0.2.1").await);
        assert!(!fails(&attempts, &neighbour, "192.0.2.1").await);
        assert!(attempts.log_in(&neighbour, home, Some("b")).await.is_ok());
    }

    #[tokio::test]
    async fn an_account_that_is_tried_from_everywhere_lets_in_whom_it_knows() {
        let attempts = attempts();
        let account = anybody();
        let mut let_through = 0;
        for network in 0..100 {
            let address = format!("2001:db8:0:{network:x}::1");
            let_through += u32::from(fails(&attempts, &account, &address).await);
        }
        assert_eq!(let_through, 7);
        let away = "198.51.100.1".parse().unwrap();
        let own = attempts.log_in(&account, away, Some("b")).await;
        attempts.succeeded(own.unwrap()).await;
        assert!(attempts.confirm(Uuid::now_v7()).await.is_ok());
    }

    #[tokio::test]
    async fn an_address_is_its_network_and_an_account_its_address_however_it_is_written() {
        assert_eq!(nobody("a@example.org"), nobody(" A@example.ORG "));
        assert_ne!(nobody("a@example.org"), nobody("b@example.org"));
        let attempts = attempts();
        let account = anybody();
        for (address, allowed) in [
            ("2001:db8::1", true),
            ("2001:db8::2", true),
            ("2001:db8:0:0:ffff::", true),
            ("2001:db8::1", false),
            ("2001:db8:0:1::1", true),
        ] {
            assert_eq!(
                fails(&attempts, &account, address).await,
                allowed,
                "{address}"
            );
        }
        for (address, allowed) in [
            ("192.0.2.1", true),
            ("::ffff:192.0.2.1", true),
            ("192.0.2.1", true),
            ("192.0.2.1", false),
        ] {
            let account = Account("one".to_owned());
            assert_eq!(
                fails(&attempts, &account, address).await,
                allowed,
                "{address}"
            );
        }
    }
}
