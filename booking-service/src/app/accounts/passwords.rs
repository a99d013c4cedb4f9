//! Password rules and hashing.
//!
//! Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane) takes some twenty
//! milliseconds of a core. So it runs on blocking threads, a few at a time; a bounded number waits for a
//! bounded time (backpressure).
//!
//! The memory is allocated once per concurrent hash and reused. Allocated per password, it would stay in the
//! allocator's arenas, one for each thread that ever hashed: gigabytes after some hundreds.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::password_hash::try_generate_salt;
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, Version};
use serde::Deserialize;
use tokio::sync::Semaphore;

use crate::app::accounts::common_passwords::is_common;

/// In characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// OWASP's first choice for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// Queue length, and the longest wait: longer than a full queue takes.
const WAITING_MAX: usize = 64;
const QUEUE_TIMEOUT: Duration = Duration::from_secs(3);

/// Compared against for unknown users, so that they take as much work as known ones.
const DUMMY_HASH: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// 8 to 128 characters. Never shown, logged or stored.
#[derive(Clone, Deserialize)]
#[serde(try_from = "String")]
pub struct Password(String);

impl TryFrom<String> for Password {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if LENGTH.contains(&text.chars().count()) {
            Ok(Self(text))
        } else {
            let (least, most) = (LENGTH.start(), LENGTH.end());
            Err(format!("must have {least} to {most} characters"))
        }
    }
}

/// A password being set: common ones are refused. Users who already have such a one can still log in.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "String")]
pub struct NewPassword(pub Password);

impl TryFrom<String> for NewPassword {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let is_common = is_common(&text);
        let password = Password::try_from(text)?;
        if is_common {
            return Err("is one of the most common passwords: choose another one".to_owned());
        }
        Ok(Self(password))
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// The queue is full, or the wait was too long.
    #[error("too many passwords are being hashed")]
    Busy,
    /// A bug, or a stored hash that cannot be parsed.
    #[error("the password can't be hashed")]
    Failed,
}

/// Hashes and compares passwords, with limited concurrency.
#[derive(Clone)]
pub struct Hasher {
    hash_permits: Arc<Semaphore>,
    queue_permits: Arc<Semaphore>,
    memory: Arc<Memory>,
}

impl Hasher {
    /// `at_once` is the number of concurrent hashes.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            hash_permits: Arc::new(Semaphore::new(at_once)),
            queue_permits: Arc::new(Semaphore::new(at_once + WAITING_MAX)),
            memory: Arc::default(),
        }
    }

    /// The PHC string to store, with a fresh salt.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let salt = try_generate_salt().map_err(|_| HashError::Failed)?;
        let salt = Salt::new(&salt).map_err(|_| HashError::Failed)?;
        let output = self.hash_limited(password, salt).await?;
        let hash = PasswordHash {
            algorithm: ARGON2ID_IDENT,
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params()?).map_err(|_| HashError::Failed)?,
            salt: Some(salt),
            hash: Some(output),
        };
        Ok(hash.to_string())
    }

    /// Whether the password matches the stored hash. Without one it does not, after as much work.
    pub async fn matches(
        &self,
        password: Password,
        kept: Option<String>,
    ) -> Result<bool, HashError> {
        let hash = PasswordHash::new(kept.as_deref().unwrap_or(DUMMY_HASH));
        let hash = hash.map_err(|_| HashError::Failed)?;
        let (salt, expected) = comparable(&hash).ok_or(HashError::Failed)?;
        // Digests are compared in constant time.
        let is_equal = self.hash_limited(password, salt).await? == expected;
        Ok(is_equal && kept.is_some())
    }

    async fn hash_limited(&self, password: Password, salt: Salt) -> Result<Output, HashError> {
        let _place = self
            .queue_permits
            .try_acquire()
            .map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.hash_permits).acquire_owned();
        let turn = tokio::time::timeout(QUEUE_TIMEOUT, turn)
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|_| HashError::Failed)?;
        let memory = Arc::clone(&self.memory);
        let work = move || {
            // Held until the hash is done, even if the caller has gone.
            let _lock = turn;
            memory.hash(&password, &salt)
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| HashError::Failed)?
    }
}

/// Idle memory blocks; at most as many as concurrent hashes.
#[derive(Default)]
struct Memory(Mutex<Vec<Vec<Block>>>);

impl Memory {
    fn hash(&self, password: &Password, salt: &Salt) -> Result<Output, HashError> {
        let params = params()?;
        let idle = self.lock().pop();
        let mut blocks = idle.unwrap_or_else(|| vec![Block::new(); params.block_count()]);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let mut output = [0; Params::DEFAULT_OUTPUT_LEN];
        let hashed = argon2.hash_password_into_with_memory(
            password.0.as_bytes(),
            salt,
            &mut output,
            blocks.as_mut_slice(),
        );
        self.lock().push(blocks);
        hashed.map_err(|_| HashError::Failed)?;
        Output::new(&output).map_err(|_| HashError::Failed)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The salt and the expected output; `None` if the hash has other parameters than ours.
fn comparable(hash: &PasswordHash) -> Option<(Salt, Output)> {
    let made_with = Params::try_from(hash).ok()?;
    let ours = params().ok()?;
    let is_ours = hash.algorithm == ARGON2ID_IDENT
        && hash.version == Some(Version::V0x13.into())
        && made_with.m_cost() == ours.m_cost()
        && made_with.t_cost() == ours.t_cost()
        && made_with.p_cost() == ours.p_cost();
    hash.salt.zip(hash.hash).filter(|_| is_ours)
}

fn params() -> Result<Params, HashError> {
    Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError::Failed)
}

#[cfg(test)]
mod tests {
    use argon2::PasswordHasher as _;

    use super::*;

    fn password(text: &str) -> Password {
        Password::try_from(text.to_owned()).unwrap()
    }

    #[tokio::test]
    async fn a_password_matches_what_was_kept_of_it() {
        let hasher = Hasher::new(1);
        let kept = hasher.hash(password("correct horse")).await.unwrap();
        assert!(
            kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"),
            "{kept}"
        );
        assert!(!kept.contains("correct"));
        let again = hasher.hash(password("correct horse")).await.unwrap();
        assert_ne!(kept, again, "no salt");
        for (text, kept, is_right) in [
            ("correct horse", Some(kept.clone()), true),
            ("Correct horse", Some(kept), false),
            ("correct horse", None, false),
        ] {
            assert_eq!(hasher.matches(password(text), kept).await, Ok(is_right));
        }
        let broken = hasher.matches(password("correct horse"), Some("x".to_owned()));
        assert_eq!(broken.await, Err(HashError::Failed));
    }

    #[tokio::test]
    async fn what_is_kept_is_what_the_crate_makes() {
        // The crate's own API, with memory of its own.
        let hasher = Hasher::new(1);
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params().unwrap());
        let kept = argon2.hash_password_with_salt(b"correct horse", b"some salt of 16b");
        let kept = Some(kept.unwrap().to_string());
        let is_right = hasher.matches(password("correct horse"), kept.clone());
        assert_eq!(is_right.await, Ok(true));
        assert_eq!(
            hasher.matches(password("wrong horse"), kept).await,
            Ok(false)
        );
    }

    #[tokio::test]
    async fn memory_is_kept_and_no_more_of_it_than_there_are_turns() {
        let hasher = Hasher::new(2);
        let hashes = (0..6).map(|_| hasher.hash(password("correct horse")));
        let hashes = futures_util::future::join_all(hashes).await;
        assert!(hashes.iter().all(Result::is_ok), "{hashes:?}");
        let kept = hasher.memory.lock();
        assert!((1..=2).contains(&kept.len()), "{}", kept.len());
        assert!(kept.iter().all(|blocks| blocks.len() == 19 * 1024));
    }

    #[tokio::test]
    async fn a_crowd_is_turned_away() {
        let hasher = Hasher::new(1);
        let _places = hasher.queue_permits.try_acquire_many(65).unwrap();
        let refused = hasher.hash(password("correct horse")).await;
        assert_eq!(refused, Err(HashError::Busy));
    }

    #[test]
    fn a_password_has_8_to_128_characters_and_is_not_shown() {
        for wrong in ["", "1234567", &"p".repeat(129)] {
            assert!(Password::try_from(wrong.to_owned()).is_err());
        }
        assert!(Password::try_from("ü".repeat(128)).is_ok());
        assert!(!format!("{:?}", password("correct horse")).contains("horse"));
    }
}
