//! Passwords: what may be one, and how they are kept.
//!
//! Argon2id with the parameters that OWASP recommends (19 MiB, 2 passes, 1 lane): some twenty milliseconds
//! of a core each. So it is not done on the threads that answer, and only a few at once; more wait a
//! moment, and no more than that.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use argon2::{Algorithm, Argon2, Params, Version};
use serde::Deserialize;
use tokio::sync::Semaphore;

/// The lengths of passwords, in characters.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=128;

/// OWASP's first choice for argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// How many may wait for their turn, and how long: longer than a turn of each who waits takes.
const WAITING_MAX: usize = 64;
const PATIENCE: Duration = Duration::from_secs(3);

/// A hash of nobody's password, so that the answer for an unknown user takes as much work as for a known
/// one.
const NOBODYS: &str = "$argon2id$v=19$m=19456,t=2,p=1$bm9ib2R5IGhhcyB0aGlzIQ\
    $AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/// A password: 8 to 128 characters. It is never shown, logged or kept.
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

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password")
    }
}

/// Why a password could not be hashed or compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HashError {
    /// Too many others are.
    #[error("too many passwords are looked at")]
    Busy,
    /// It can't be done: a bug, or a stored hash that is none.
    #[error("the password can't be hashed")]
    Failed,
}

/// Hashes and compares passwords, a few at once.
#[derive(Clone)]
pub struct Hasher {
    turns: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Hasher {
    /// So many at once.
    #[must_use]
    pub fn new(at_once: usize) -> Self {
        Self {
            turns: Arc::new(Semaphore::new(at_once)),
            places: Arc::new(Semaphore::new(at_once + WAITING_MAX)),
        }
    }

    /// What is kept of a password.
    ///
    /// # Errors
    /// When there are too many, or the system has no random numbers.
    pub async fn hash(&self, password: Password) -> Result<String, HashError> {
        let work = move || {
            let hash = argon2()?.hash_password(password.0.as_bytes());
            hash.map(|hash| hash.to_string())
                .map_err(|_| HashError::Failed)
        };
        self.in_turn(work).await
    }

    /// Whether it is the password of which this was kept. Where nothing was, it is not, after as much work.
    ///
    /// # Errors
    /// When there are too many, or what was kept is no hash.
    pub async fn matches(
        &self,
        password: Password,
        kept: Option<String>,
    ) -> Result<bool, HashError> {
        let work = move || {
            let is_known = kept.is_some();
            let hash = kept.as_deref().unwrap_or(NOBODYS);
            match argon2()?.verify_password(password.0.as_bytes(), hash) {
                Ok(()) => Ok(is_known),
                Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
                Err(_) => Err(HashError::Failed),
            }
        };
        self.in_turn(work).await
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let _place = self.places.try_acquire().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.turns).acquire_owned();
        let turn = tokio::time::timeout(PATIENCE, turn)
            .await
            .map_err(|_| HashError::Busy)?
            .map_err(|_| HashError::Failed)?;
        let work = move || {
            // Kept until the work is done, even if nobody waits for it any more.
            let _turn = turn;
            work()
        };
        tokio::task::spawn_blocking(work)
            .await
            .map_err(|_| HashError::Failed)?
    }
}

fn argon2() -> Result<Argon2<'static>, HashError> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|_| HashError::Failed)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

#[cfg(test)]
mod tests {
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
    async fn a_crowd_is_turned_away() {
        let hasher = Hasher::new(1);
        let _places = hasher.places.try_acquire_many(65).unwrap();
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
