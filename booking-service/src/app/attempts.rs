//! How often somebody may try to log in or to sign up: so often per account, and so often per address.
//!
//! Counted in memory, in each replica by itself: a fleet allows as many times more as it has replicas. Each
//! count ends some time after its first attempt; there are at most so many counts, however many addresses
//! come.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use moka::sync::Cache;

/// The most counts of each kind: a few megabytes.
const COUNTS_MAX: u64 = 100_000;

/// Counts attempts.
#[derive(Clone)]
pub struct Attempts {
    of_accounts: Cache<String, Arc<AtomicU32>>,
    of_addresses: Cache<IpAddr, Arc<AtomicU32>>,
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

impl Attempts {
    /// None so far.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            of_accounts: counts(limits.window),
            of_addresses: counts(limits.window),
            limits,
        }
    }

    /// Counts an attempt from this address.
    ///
    /// # Errors
    /// When there were too many.
    pub fn from_address(&self, address: IpAddr) -> Result<(), TooMany> {
        let count = self.of_addresses.get_with(network(address), Arc::default);
        raise(&count, self.limits.per_address)
    }

    /// Counts an attempt at this account.
    ///
    /// # Errors
    /// When there were too many.
    pub fn at_account(&self, email: &str) -> Result<(), TooMany> {
        let count = self
            .of_accounts
            .get_with(email.to_lowercase(), Arc::default);
        raise(&count, self.limits.per_account)
    }

    /// Forgets the attempts at an account: one succeeded.
    pub fn succeeded(&self, email: &str) {
        self.of_accounts.invalidate(&email.to_lowercase());
    }

    /// How long those who tried too often wait at most.
    #[must_use]
    pub fn window(&self) -> Duration {
        self.limits.window
    }
}

fn counts<K: std::hash::Hash + Eq + Send + Sync + 'static>(
    window: Duration,
) -> Cache<K, Arc<AtomicU32>> {
    Cache::builder()
        .max_capacity(COUNTS_MAX)
        .time_to_live(window)
        .build()
}

/// Counted before the attempt is made: many at once don't slip through together.
fn raise(count: &AtomicU32, limit: u32) -> Result<(), TooMany> {
    let raised = count.try_update(Ordering::Relaxed, Ordering::Relaxed, |count| {
        (count < limit).then_some(count + 1)
    });
    raised.map(|_| ()).map_err(|_| TooMany)
}

/// Who has one address of IPv6 has a whole /64 of them.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            [a, b, c, d, 0, 0, 0, 0].into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts() -> Attempts {
        Attempts::new(Limits {
            per_account: 2,
            per_address: 3,
            window: Duration::from_secs(60),
        })
    }

    #[test]
    fn an_account_is_tried_so_often_until_one_succeeds() {
        let attempts = attempts();
        for email in ["a@example.org", "A@example.org"] {
            assert_eq!(attempts.at_account(email), Ok(()));
        }
        assert_eq!(attempts.at_account("a@example.org"), Err(TooMany));
        assert_eq!(attempts.at_account("b@example.org"), Ok(()));
        attempts.succeeded("A@example.org");
        assert_eq!(attempts.at_account("a@example.org"), Ok(()));
    }

    #[test]
    fn an_address_tries_so_often_and_its_neighbours_count_with_it() {
        let attempts = attempts();
        let from = |text: &str| attempts.from_address(text.parse().unwrap());
        for address in ["2001:db8::1", "2001:db8::2", "2001:db8:0:0:ffff::"] {
            assert_eq!(from(address), Ok(()));
        }
        assert_eq!(from("2001:db8::1"), Err(TooMany));
        assert_eq!(from("2001:db8:0:1::1"), Ok(()));
        for address in ["192.0.2.1", "::ffff:192.0.2.1", "192.0.2.1"] {
            assert_eq!(from(address), Ok(()));
        }
        assert_eq!(from("192.0.2.1"), Err(TooMany));
        assert_eq!(from("192.0.2.2"), Ok(()));
    }
}
