//! Sign-up and log-in.
//!
//! A browser has a session: 32 random bytes in a cookie, of which the database stores a digest. An API client
//! has a bearer token: short-lived, because it cannot be revoked, and renewed by means of the session.
//!
//! Deliberately absent: verification of e-mail addresses, which requires sending mail.

use crate::app::{AppError, Unknown};
use crate::model::session::OpenSession;
use crate::model::session::Session;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use deadpool_postgres::Pool;
use jiff::Timestamp;
use service_core::caller::Caller;
use service_core::idempotency::{Answer, Replayable, answers};
use service_core::token_issuer::TokenIssuer;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::app::accounts::login_throttle::{Account, Attempt, LoginThrottle, TooMany};
use crate::app::accounts::ownership::is_own;
use crate::app::accounts::passwords::{HashError, Hasher, Password};
use crate::db;
use crate::model::text::{Email, hexadecimal};
use crate::model::user::{NewUser, User};

/// Expired sessions are refused anyway; this only deletes their rows.
const SWEEP_INTERVAL: Duration = Duration::from_secs(600);

/// What a customer could find out by trial (enumeration).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Whether an e-mail address is taken.
    Address,
    /// Which voucher codes exist.
    Voucher,
}

impl Guess {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Voucher => "voucher",
        }
    }

    /// Whether this error reveals something about the guess.
    fn reveals(self, error: &AppError) -> bool {
        match (self, error) {
            (Self::Address, AppError::Db(error)) => {
                error.constraint() == Some(db::accounts::users::EMAIL)
            }
            (Self::Voucher, AppError::Unknown(Unknown::Voucher)) => true,
            (Self::Voucher, AppError::Refused(refusal)) => refusal.code.is_of_voucher(),
            _ => false,
        }
    }

    /// The error for the customer: an unusable voucher looks like an unknown one.
    fn told(self, error: AppError) -> AppError {
        match self {
            Self::Address => error,
            Self::Voucher => AppError::Unknown(Unknown::Voucher),
        }
    }
}

#[derive(Clone)]
pub struct Accounts {
    pub database: Pool,
    pub hasher: Hasher,
    pub login_throttle: LoginThrottle,
    /// `None` if no signing key is configured.
    pub issuer: Option<Arc<TokenIssuer>>,
    /// The tokens' audience.
    pub tokens_audience: String,
    pub session_lifetime: Duration,
    pub token_lifetime: Duration,
}

/// A bearer token.
pub struct AccessToken {
    pub text: String,
    pub expires_at: Timestamp,
}

/// A new session with its cookies.
pub struct NewSession {
    pub session: Session,
    /// Value of the session cookie: 64 hexadecimal digits; only the browser has it.
    pub cookie: String,
    /// Value of the cookie that marks the browser as known.
    pub browser: String,
}

/// The client that logs in or signs up.
#[derive(Clone, Debug)]
pub struct Origin {
    pub address: IpAddr,
    /// The known-browser cookie, if present.
    pub browser: Option<String>,
    /// The browser's `User-Agent`.
    pub user_agent: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Wrong address or wrong password; which one is not revealed.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    #[error("the current password is missing")]
    PasswordMissing,
    /// The login throttle refused. Carries the longest wait until another attempt.
    #[error("there were too many attempts")]
    TooMany(Duration),
    /// No session has this cookie, or it has expired.
    #[error("nobody is logged in")]
    NoSession,
    #[error(transparent)]
    Hash(#[from] HashError),
    #[error("the token can't be signed")]
    NoToken,
    #[error(transparent)]
    App(#[from] AppError),
}

impl From<db::DbError> for AccountError {
    fn from(error: db::DbError) -> Self {
        Self::App(error.into())
    }
}

impl Accounts {
    /// Adds a user with a password, once per idempotency key. The key is bound to name and address by digest,
    /// and to the password by its slow hash; a fast digest of the password would allow throttle_enumeration it.
    pub async fn sign_up(
        &self,
        new: NewUser,
        password: Password,
        address: IpAddr,
        answer: impl Fn(&User) -> Answer,
    ) -> Result<Replayable<Answer>, AccountError> {
        self.check(self.login_throttle.sign_up(address).await)?;
        if let Some(earlier) = self.signed_up_before(&new, &password).await? {
            return Ok(earlier);
        }
        let hash = self.hasher.hash(password.clone()).await?;
        let id = Uuid::now_v7();
        let added =
            db::accounts::passwords::insert_user_once(&self.database, id, &new, &hash, &answer);
        match added.await {
            Ok(answer) => Ok(Replayable::new(answer)),
            // The same request may have been sent twice, and the other one was first.
            Err(error) if error.constraint().is_some() => {
                let earlier = self.signed_up_before(&new, &password).await?;
                earlier.ok_or(error.into())
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn signed_up_before(
        &self,
        new: &NewUser,
        password: &Password,
    ) -> Result<Option<Replayable<Answer>>, AccountError> {
        let Some(key) = &new.key else {
            return Ok(None);
        };
        let found = answers::find(&self.connection().await?, &key.key).await;
        let Some(((answer, hash), digest)) = found.map_err(db::DbError::from)? else {
            return Ok(None);
        };
        let earlier = Replayable::replay::<AppError>(answer, digest.as_deref(), key)?;
        let attempt = self
            .login_throttle
            .guess("sign-up", new.email.normalized())
            .await;
        let attempt = self.check(attempt)?;
        match self.try_password(attempt, password.clone(), Ok(hash)).await {
            Err(AccountError::WrongCredentials) => Err(AppError::KeyReused.into()),
            outcome => outcome.map(|()| Some(earlier)),
        }
    }

    async fn connection(&self) -> Result<deadpool_postgres::Object, db::DbError> {
        Ok(self.database.get().await?)
    }

    /// Adds a user with a password and starts their first session.
    pub async fn sign_up_and_log_in(
        &self,
        new: &NewUser,
        password: Password,
        origin: &Origin,
    ) -> Result<NewSession, AccountError> {
        self.check(self.login_throttle.sign_up(origin.address).await)?;
        let hash = self.hasher.hash(password).await?;
        let id = Uuid::now_v7();
        let client = self.connection().await?;
        let user = db::accounts::passwords::insert_user(&client, id, new, &hash).await?;
        drop(client);
        self.begin(user, &hash, origin).await
    }

    /// Starts a session. Neither the answer nor its timing tells whether the address or the password was
    /// wrong.
    pub async fn log_in(
        &self,
        email: &str,
        password: Password,
        origin: &Origin,
    ) -> Result<NewSession, AccountError> {
        // An invalid address gets the same answer, after the same work, as an unknown one.
        let Ok(email) = Email::try_from(email.to_owned()) else {
            self.hasher.matches(password, None).await?;
            return Err(AccountError::WrongCredentials);
        };
        let browser = match &origin.browser {
            Some(cookie) => {
                let digest = digest(cookie);
                let is_known =
                    db::accounts::known_browsers::is_known(&self.database, &email, &digest);
                is_known.await?.then(|| hexadecimal(&digest))
            }
            None => None,
        };
        let found = db::accounts::passwords::find(&self.database, &email).await?;
        let account = match &found {
            Some((user, _)) => Account::of_user(user.id),
            None => Account::of_nobody(&email),
        };
        let attempt = self
            .login_throttle
            .log_in(&account, origin.address, browser.as_deref())
            .await;
        let attempt = self.check(attempt)?;
        let kept = found.as_ref().map(|(_, kept)| kept.clone());
        self.try_password(attempt, password, Ok(kept)).await?;
        let (user, kept) = found.ok_or(AccountError::WrongCredentials)?;
        self.begin(user, &kept, origin).await
    }

    /// Checks a password against its stored hash. Only a wrong password counts as a failure; an error of the
    /// check does not.
    async fn try_password(
        &self,
        attempt: Attempt,
        password: Password,
        kept: Result<Option<String>, db::DbError>,
    ) -> Result<(), AccountError> {
        let matches = match kept {
            Ok(kept) => self
                .hasher
                .matches(password, kept)
                .await
                .map_err(AccountError::from),
            Err(error) => Err(error.into()),
        };
        match matches {
            Ok(true) => {
                self.login_throttle.succeeded(attempt).await;
                Ok(())
            }
            Ok(false) => Err(AccountError::WrongCredentials),
            Err(error) => {
                self.login_throttle.withdrawn(attempt).await;
                Err(error)
            }
        }
    }

    /// Starts a session, provided the user's password hash is still the one that was checked.
    async fn begin(
        &self,
        user: User,
        hash: &str,
        origin: &Origin,
    ) -> Result<NewSession, AccountError> {
        let cookie = new_cookie();
        let session_digest = digest(&cookie);
        let begun = db::accounts::sessions::insert(
            &self.database,
            &session_digest,
            user.id,
            hash,
            self.session_lifetime,
            origin.user_agent.as_deref(),
        );
        // The password was changed meanwhile.
        let expires_at = begun.await?.ok_or(AccountError::WrongCredentials)?;
        let browser = origin.browser.clone().unwrap_or_else(new_cookie);
        db::accounts::known_browsers::remember(&self.database, user.id, &digest(&browser)).await?;
        let session = Session { user, expires_at };
        Ok(NewSession {
            session,
            cookie,
            browser,
        })
    }

    /// Confirms the caller's identity by their current password, if they have one. Callers who act for others
    /// are not asked.
    pub async fn confirm(
        &self,
        id: Uuid,
        current: Option<Password>,
        caller: &Caller,
    ) -> Result<(), AccountError> {
        if !is_own(id, caller) {
            return Ok(());
        }
        let kept = db::accounts::passwords::find_of(&self.database, id).await?;
        if kept.is_none() {
            return Ok(());
        }
        let current = current.ok_or(AccountError::PasswordMissing)?;
        let attempt = self.check(self.login_throttle.confirm(id).await)?;
        self.try_password(attempt, current, Ok(kept)).await
    }

    /// Runs an operation whose errors reveal something (an address is taken, a voucher exists). Such errors
    /// of customers are throttled.
    pub async fn throttle_enumeration<T>(
        &self,
        what: Guess,
        caller: &Caller,
        work: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AccountError> {
        let subject = match caller.subject() {
            Some(subject) if !caller.is_staff() => subject,
            // Staff may list users and vouchers anyway.
            _ => return Ok(work.await?),
        };
        let attempt = self.check(self.login_throttle.guess(what.name(), subject).await)?;
        match work.await {
            Err(error) if what.reveals(&error) => Err(what.told(error).into()),
            outcome => {
                self.login_throttle.withdrawn(attempt).await;
                Ok(outcome?)
            }
        }
    }

    /// [`AccountError::NoSession`] if it is unknown or expired.
    pub async fn session(&self, cookie: &str) -> Result<Session, AccountError> {
        let session = db::accounts::sessions::find(&self.database, &digest(cookie)).await?;
        session.ok_or(AccountError::NoSession)
    }

    /// Idempotent.
    pub async fn log_out(&self, cookie: &str) -> Result<(), AccountError> {
        Ok(db::accounts::sessions::delete(&self.database, &digest(cookie)).await?)
    }

    /// All sessions of the cookie's user, newest first.
    pub async fn sessions(&self, cookie: &str) -> Result<Vec<OpenSession>, AccountError> {
        let sessions = db::accounts::sessions::list(&self.database, &digest(cookie)).await?;
        if sessions.is_empty() {
            return Err(AccountError::NoSession);
        }
        Ok(sessions)
    }

    /// Ends the other sessions of the cookie's user: all of them, or the one with this id. Returns how many
    /// ended.
    pub async fn end_others(&self, cookie: &str, id: Option<&str>) -> Result<u64, AccountError> {
        self.session(cookie).await?;
        Ok(db::accounts::sessions::delete_others(&self.database, &digest(cookie), id).await?)
    }

    /// Changes a password and ends all of the user's sessions. `current` is checked if given.
    pub async fn change_password(
        &self,
        id: Uuid,
        current: Option<Password>,
        new: Password,
    ) -> Result<(), AccountError> {
        if let Some(current) = current {
            let attempt = self.check(self.login_throttle.confirm(id).await)?;
            let kept = db::accounts::passwords::find_of(&self.database, id).await;
            self.try_password(attempt, current, kept).await?;
        }
        let hash = self.hasher.hash(new).await?;
        if db::accounts::passwords::replace(&self.database, id, &hash).await? {
            Ok(())
        } else {
            Err(AppError::Unknown(Unknown::User).into())
        }
    }

    /// `None` if no signing key is configured.
    pub fn token(&self, user: &User) -> Result<Option<AccessToken>, AccountError> {
        let Some(issuer) = &self.issuer else {
            return Ok(None);
        };
        let lifetime = self.token_lifetime;
        // Tokens have second precision. The clock is read first, so the reported expiry is never after the
        // real one.
        let now = Timestamp::now();
        let now = Timestamp::from_second(now.as_second()).unwrap_or(now);
        let text = issuer.issue(
            &user.id.to_string(),
            user.role.into(),
            &self.tokens_audience,
            lifetime,
        );
        Ok(Some(AccessToken {
            text: text.map_err(|_| AccountError::NoToken)?,
            expires_at: now + lifetime,
        }))
    }

    /// Deletes expired sessions, deleted users' records and old browsers, until stopped.
    pub async fn sweep(self, stop: CancellationToken) {
        let pause = || tokio::time::sleep(SWEEP_INTERVAL);
        while stop.run_until_cancelled(pause()).await.is_some() {
            if let Err(error) = db::accounts::sessions::delete_ended(&self.database).await {
                tracing::warn!(%error, "expired session cleanup failed");
            }
            if let Err(error) = db::accounts::users::forget_deleted(&self.database).await {
                tracing::warn!(%error, "deleted user cleanup failed");
            }
            if let Err(error) = db::accounts::known_browsers::forget_old(&self.database).await {
                tracing::warn!(%error, "known browser cleanup failed");
            }
        }
    }

    fn check<T>(&self, outcome: Result<T, TooMany>) -> Result<T, AccountError> {
        outcome.map_err(|TooMany| AccountError::TooMany(self.login_throttle.window()))
    }
}

/// 32 bytes of the system's secure generator, in hexadecimal.
fn new_cookie() -> String {
    let bytes: [u8; 32] = rand::random();
    hexadecimal(&bytes)
}

/// The stored digest. The cookie has 256 random bits, so a fast digest suffices.
pub(crate) fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}
