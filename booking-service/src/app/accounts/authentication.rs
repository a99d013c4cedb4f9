//! Users who sign up and log in.
//!
//! A session is what a browser has: 32 random bytes in a cookie, of which the database has a digest. A token
//! is what calls show: it is short-lived and can't be called back, so it is made anew from the session.
//!
//! Deliberately not here: proof that an address of e-mail is the user's own, which takes sending mail.

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

use crate::app::AppError;
use crate::app::accounts::login_throttle::{Account, Attempt, LoginThrottle, TooMany};
use crate::app::accounts::ownership::is_own;
use crate::app::accounts::passwords::{HashError, Hasher, Password};
use crate::db;
use crate::model::text::{Email, hexadecimal};
use crate::model::user::{NewUser, User};

/// How often sessions that are over are removed; they are not valid until then either.
const SWEPT_EVERY: Duration = Duration::from_secs(600);

/// What a customer may guess at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guess {
    /// Whether an address is another user's.
    Address,
    /// Which vouchers there are.
    Voucher,
}

impl Guess {
    fn name(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Voucher => "voucher",
        }
    }

    /// Whether this refusal tells something of what was named.
    fn is_missed(self, error: &AppError) -> bool {
        match (self, error) {
            (Self::Address, AppError::Db(error)) => {
                error.constraint() == Some(db::accounts::users::EMAIL)
            }
            (Self::Voucher, AppError::UnknownVoucher) => true,
            (Self::Voucher, AppError::Refused(refusal)) => refusal.code.is_of_voucher(),
            _ => false,
        }
    }

    /// The refusal as a customer is told it: a voucher that they can't use is one that is not there.
    fn told(self, error: AppError) -> AppError {
        match self {
            Self::Address => error,
            Self::Voucher => AppError::UnknownVoucher,
        }
    }
}

/// Signs users up and logs them in.
#[derive(Clone)]
pub struct Accounts {
    /// Where users, passwords and sessions are.
    pub database: Pool,
    /// Hashes their passwords.
    pub hasher: Hasher,
    /// Counts who tries.
    pub login_throttle: LoginThrottle,
    /// Makes their tokens; none without a key.
    pub issuer: Option<Arc<TokenIssuer>>,
    /// Whom they are for.
    pub tokens_audience: String,
    /// How long a session lasts.
    pub session_lifetime: Duration,
    /// How long a token holds.
    pub token_lifetime: Duration,
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
    /// The value of the cookie by which the browser is known from then on.
    pub browser: String,
}

/// Where somebody comes from who logs in or signs up.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The address.
    pub address: IpAddr,
    /// The cookie by which the browser is known, if it has one.
    pub browser: Option<String>,
    /// The browser's name for itself.
    pub user_agent: Option<String>,
}

/// Why somebody is not signed up or logged in.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// No user has this address and this password.
    #[error("the address or the password is wrong")]
    WrongCredentials,
    /// The current password has to be there.
    #[error("the current password is missing")]
    PasswordMissing,
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
            // The same request may have come twice at once, the other one first.
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

    /// Adds a user with a password, and begins their first session.
    ///
    /// # Errors
    /// When the e-mail address belongs to another one, or somebody at this address tried too often.
    pub async fn sign_up_and_log_in(
        &self,
        new: &NewUser,
        password: Password,
        origin: &Origin,
    ) -> Result<Begun, AccountError> {
        self.check(self.login_throttle.sign_up(origin.address).await)?;
        let hash = self.hasher.hash(password).await?;
        let id = Uuid::now_v7();
        let client = self.connection().await?;
        let user = db::accounts::passwords::insert_user(&client, id, new, &hash).await?;
        drop(client);
        self.begin(user, &hash, origin).await
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
        origin: &Origin,
    ) -> Result<Begun, AccountError> {
        // What is no address at all is answered like one that nobody has.
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

    /// That this is the password of which this was kept. Only a wrong one counts as a failure: what can't be looked
    /// at is none.
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

    /// Begins a session of a user whose password has been looked at: it is the one of this hash.
    async fn begin(&self, user: User, hash: &str, origin: &Origin) -> Result<Begun, AccountError> {
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
        // Another password has come since.
        let expires_at = begun.await?.ok_or(AccountError::WrongCredentials)?;
        let browser = origin.browser.clone().unwrap_or_else(new_cookie);
        db::accounts::known_browsers::remember(&self.database, user.id, &digest(&browser)).await?;
        let session = Session { user, expires_at };
        Ok(Begun {
            session,
            cookie,
            browser,
        })
    }

    /// That who acts for a user is the user, where the caller is: by the current password, if they have one.
    /// Staff act for others without.
    ///
    /// # Errors
    /// When the password is missing or wrong, or there were too many attempts.
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

    /// Does something that names what may be another's, an address or a voucher, and whose refusal tells something:
    /// a customer is told so only so often.
    ///
    /// # Errors
    /// Those of the work, and when it told too often.
    pub async fn guessing<T>(
        &self,
        what: Guess,
        caller: &Caller,
        work: impl Future<Output = Result<T, AppError>>,
    ) -> Result<T, AccountError> {
        let subject = match caller.subject() {
            Some(subject) if !caller.is_staff() => subject,
            // Staff may list the users and the vouchers anyway.
            _ => return Ok(work.await?),
        };
        let attempt = self.check(self.login_throttle.guess(what.name(), subject).await)?;
        match work.await {
            Err(error) if what.is_missed(&error) => Err(what.told(error).into()),
            outcome => {
                self.login_throttle.withdrawn(attempt).await;
                Ok(outcome?)
            }
        }
    }

    /// The session of a cookie.
    ///
    /// # Errors
    /// When there is none, or it is over.
    pub async fn session(&self, cookie: &str) -> Result<Session, AccountError> {
        let session = db::accounts::sessions::find(&self.database, &digest(cookie)).await?;
        session.ok_or(AccountError::NoSession)
    }

    /// Ends the session of a cookie, if there is one.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn log_out(&self, cookie: &str) -> Result<(), AccountError> {
        Ok(db::accounts::sessions::delete(&self.database, &digest(cookie)).await?)
    }

    /// The sessions of the user of a cookie, the latest first.
    ///
    /// # Errors
    /// When no session has the cookie.
    pub async fn sessions(&self, cookie: &str) -> Result<Vec<OpenSession>, AccountError> {
        let sessions = db::accounts::sessions::list(&self.database, &digest(cookie)).await?;
        if sessions.is_empty() {
            return Err(AccountError::NoSession);
        }
        Ok(sessions)
    }

    /// Ends the other sessions of the user of a cookie: all of them, or the one with this id. How many.
    ///
    /// # Errors
    /// When no session has the cookie.
    pub async fn end_others(&self, cookie: &str, id: Option<&str>) -> Result<u64, AccountError> {
        self.session(cookie).await?;
        Ok(db::accounts::sessions::delete_others(&self.database, &digest(cookie), id).await?)
    }

    /// Gives a user another password, and ends all of their sessions. Users show that they know the one they have.
    ///
    /// # Errors
    /// When there is no such user; when the current password is asked for and is not this one; or when
    /// there were too many attempts.
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

    /// Removes sessions that are over, until the token is cancelled.
    pub async fn sweep(self, stop: CancellationToken) {
        let pause = || tokio::time::sleep(SWEPT_EVERY);
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

/// 32 bytes of the system's secure generator.
fn new_cookie() -> String {
    let bytes: [u8; 32] = rand::random();
    hexadecimal(&bytes)
}

/// What the database has of a cookie. It is random all over, so a fast digest will do.
pub(crate) fn digest(cookie: &str) -> [u8; 32] {
    Sha256::digest(cookie).into()
}
