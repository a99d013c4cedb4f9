//! Users who sign up and log in.
//!
//! A session is what a browser has: 32 random bytes in a cookie, of which the database has a digest. A token
//! is what calls show: it is short-lived and can't be called back, so it is made anew from the session.
//!
//! Deliberately not here: proof that an address of e-mail is the user's own, which takes sending mail.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use service_kit::auth::issuer::TokenIssuer;
use service_kit::once::{Answer, Once, RequestKey, answers};
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::AppError;
use super::attempts::{Account, Attempts, TooMany};
use super::passwords::{HashError, Hasher, Password};
use super::text::{Email, hexadecimal};
use super::users::{NewUser, User};
use crate::db;

/// How often sessions that are over are removed; they are not valid until then either.
const SWEPT_EVERY: Duration = Duration::from_secs(600);

/// Signs users up and logs them in.
#[derive(Clone)]
pub struct Accounts {
    /// Where users, passwords and sessions are.
    pub database: Pool,
    /// Hashes their passwords.
    pub hasher: Hasher,
    /// Counts who tries.
    pub attempts: Attempts,
    /// Makes their tokens; none without a key.
    pub issuer: Option<Arc<TokenIssuer>>,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// How long a token holds.
    pub token_lifetime: Duration,
}

/// A session: the cookie's value names it.
#[derive(Clone, Debug)]
pub struct Session {
    /// Who is logged in.
    pub user: User,
    /// Until when.
    pub expires_at: Timestamp,
}

/// A token for calls.
pub struct AccessToken {
    /// The token.
    pub text: String,
    /// Until when it holds.
    pub expires_at: Timestamp,
}

/// A session that was just begun.
pub struct Begun {
    /// The session.
    pub session: Session,
    /// The cookie's value: 64 hexadecimal digits, known to nobody else.
    pub cookie: String,
}

/// Why somebody is not signed up or logged in.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No user has this address and this password.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// There were too many attempts; there may be more after this time.
    #[error("there were too many attempts")]
    TooMany(Duration),
    /// No session has this cookie.
    #[error("nobody is logged in")]
    NoSession,
    /// The password could not be looked at.
    #[error(transparent)]
    Hash(#[from] HashError),
    /// A token could not be made.
    #[error("a token can't be made")]
    NoToken,
    /// The rest.
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<db::DbError> for AccountError {
    fn from(error: db::DbError) -> Self {
        Self::App(error.into())
    }
}

impl Accounts {
    /// Adds a user with a password, once per key. The key is bound to the name, the address and, by its hash,
    /// the password; a digest of all of them would give the password away.
    ///
    /// # Errors
    /// When the e-mail address belongs to another one, the key came with another request, or somebody at
    /// this address tried too often.
    pub async fn sign_up(
        &self,
        new: NewUser,
        password: Password,
        address: IpAddr,
        answer: impl Fn(&User) -> Answer,
    ) -> Result<Once<Answer>, AccountError> {
        self.check(self.attempts.from_address(address).await)?;
        let new = as_the_last_release_digested(new);
        if let Some(earlier) = self.signed_up_before(&new, &password, &answer).await? {
            return Ok(earlier);
        }
        let hash = self.hasher.hash(password.clone()).await?;
        let id = Uuid::now_v7();
        let added = db::passwords::insert_user_once(&self.database, id, &new, &hash, &answer);
        match added.await {
            Ok(answer) => Ok(Once::new(answer)),
            // The same request may have come twice at once, the other one first.
            Err(error) if error.constraint().is_some() => {
                let earlier = self.signed_up_before(&new, &password, &answer).await?;
                earlier.ok_or(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn signed_up_before(
        &self,
        new: &NewUser,
        password: &Password,
        answer: impl Fn(&User) -> Answer,
    ) -> Result<Option<Once<Answer>>, AccountError> {
        let Some(key) = &new.key else {
            return Ok(None);
        };
        let found = answers::find(&self.connection().await?, &key.key).await;
        let ((answer, hash), digest) = match found.map_err(db::DbError::from)? {
            Some(kept) => kept,
            // As the last release kept it.
            None => match db::users::find_by_key(&self.database, &key.key).await? {
                Some((user, digest)) => {
                    let hash = db::passwords::find_of(&self.database, user.id).await?;
                    ((answer(&user), hash), digest)
                }
                None => return Ok(None),
            },
        };
        let earlier = Once::replay::<AppError>(answer, digest.as_deref(), key)?;
        let account = Account::of_nobody(&new.email);
        self.check(self.attempts.at_account(&account).await)?;
        if !self.hasher.matches(password.clone(), hash).await? {
            return Err(AppError::KeyReused.into());
        }
        self.attempts.succeeded(&account).await;
        Ok(Some(earlier))
    }

    async fn connection(&self) -> Result<deadpool_postgres::Object, db::DbError> {
        Ok(self.database.get().await?)
    }

    /// Adds a user with a password, and begins their first session.
    ///
    /// # Errors
    /// When the e-mail address belongs to another one, or somebody at this address tried too often.
    pub async fn sign_up_and_log_in(
        &self,
        new: &NewUser,
        password: Password,
        address: IpAddr,
    ) -> Result<Begun, AccountError> {
        self.check(self.attempts.from_address(address).await)?;
        let hash = self.hasher.hash(password).await?;
        let id = Uuid::now_v7();
        let client = self.connection().await?;
        let user = db::passwords::insert_user(&client, id, new, &hash).await?;
        drop(client);
        self.begin(user, &hash).await
    }

    /// Begins a session. Whether it was the address or the password that was wrong can't be told, by what is
    /// answered or by how long it takes.
    ///
    /// # Errors
    /// When either is wrong, or there were too many attempts.
    pub async fn log_in(
        &self,
        email: &str,
        password: Password,
        address: IpAddr,
    ) -> Result<Begun, AccountError> {
        self.check(self.attempts.from_address(address).await)?;
        // What is no address at all is answered like one that nobody has.
        let email = Email::try_from(email.to_owned()).ok();
        let found = match &email {
            Some(email) => db::passwords::find(&self.database, email).await?,
            None => None,
        };
        let account = match (&found, &email) {
            (Some((user, _)), _) => Some(Account::of_user(user.id)),
            (None, email) => email.as_ref().map(Account::of_nobody),
        };
        if let Some(account) = &account {
            self.check(self.attempts.at_account(account).await)?;
        }
        let kept = found.as_ref().map(|(_, kept)| kept.clone());
        let is_right = self.hasher.matches(password, kept).await?;
        let (user, kept) = found
            .filter(|_| is_right)
            .ok_or(AccountError::WrongCredentials)?;
        let begun = self.begin(user, &kept).await?;
        if let Some(account) = &account {
            self.attempts.succeeded(account).await;
        }
        Ok(begun)
    }

    /// Begins a session of a user whose password has been looked at: it is the one of this hash.
    async fn begin(&self, user: User, hash: &str) -> Result<Begun, AccountError> {
        let cookie = new_cookie();
        let (digest, lifetime) = (digest(&cookie), self.session_lifetime);
        let begun = db::sessions::insert(&self.database, &digest, user.id, hash, lifetime).await?;
        // Another password has come since.
        let expires_at = begun.ok_or(AccountError::WrongCredentials)?;
        let session = Session { user, expires_at };
        Ok(Begun { session, cookie })
    }

    /// The session of a cookie.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub async fn session(&self, cookie: &str) -> Result<Session, AccountError> {
        let session = db::sessions::find(&self.database, &digest(cookie)).await?;
        session.ok_or(AccountError::NoSession)
    }

    /// Ends the session of a cookie, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, cookie: &str) -> Result<(), AccountError> {
        Ok(db::sessions::delete(&self.database, &digest(cookie)).await?)
    }

    /// Gives a user another password, and ends all of their sessions.
    ///
    /// # Errors
    /// When there is no such user; when the current password is asked for and is not this one; or when
    /// there were too many attempts.
    pub async fn change_password(
        &self,
        id: Uuid,
        current: Option<Password>,
        new: Password,
        address: IpAddr,
    ) -> Result<(), AccountError> {
        if let Some(current) = current {
            let account = Account::of_user(id);
            self.check(self.attempts.from_address(address).await)?;
            self.check(self.attempts.at_account(&account).await)?;
            let kept = db::passwords::find_of(&self.database, id).await?;
            if !self.hasher.matches(current, kept).await? {
                return Err(AccountError::WrongCredentials);
            }
            self.attempts.succeeded(&account).await;
        }
        let hash = self.hasher.hash(new).await?;
        if db::passwords::replace(&self.database, id, &hash).await? {
            Ok(())
        } else {
            Err(AppError::UnknownUser.into())
        }
    }

    /// A token in a user's name and role, if this service has a key.
    ///
    /// # Errors
    /// When it can't be made.
    pub fn token(&self, user: &User) -> Result<Option<AccessToken>, AccountError> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let lifetime = self.token_lifetime;
        // Tokens count whole seconds. Read first, so that what is told is not later than what holds.
        let now = Timestamp::now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let text = issuer.issue(&user.id.to_string(), user.role.into(), lifetime);
        Ok(Some(AccessToken {
            text: text.map_err(|_| AccountError::NoToken)?,
            expires_at: now + lifetime,
        }))
    }

    /// Removes sessions that are over, until the token is cancelled.
    pub async fn sweep(self, stop: CancellationToken) {
        let pause = || tokio::time::sleep(SWEPT_EVERY);
        while stop.run_until_cancelled(pause()).await.is_some() {
            if let Err(error) = db::sessions::delete_ended(&self.database).await {
                tracing::warn!(%error, "sessions that are over stay for now");
            }
            if let Err(error) = db::users::forget_former(&self.database).await {
                tracing::warn!(%error, "users who are gone are remembered for now");
            }
        }
    }

    fn check(&self, outcome: Result<(), TooMany>) -> Result<(), AccountError> {
        outcome.map_err(|TooMany| AccountError::TooMany(self.attempts.window()))
    }
}

/// The same sign-up, which a replica of the last release may have answered: by another digest.
fn as_the_last_release_digested(new: NewUser) -> NewUser {
    let (name, email) = (new.name.as_str(), new.email.as_str());
    let digest_of_bytes = Sha256::digest(format!("sign-up\n{name}\n{email}")).into();
    let key = new.key.clone().map(|key| RequestKey {
        digest_of_bytes,
        ..key
    });
    NewUser { key, ..new }
}

/// 32 bytes of the system's secure generator.
fn new_cookie() -> String {
    let bytes: [u8; 32] = rand::random();
    hexadecimal(&bytes)
}

/// What the database has of a cookie. It is random all over, so a fast digest will do.
pub(super) fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}
