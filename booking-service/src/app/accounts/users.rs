//! Users and their rights over each other.

use crate::app::{AppError, Unknown};
use crate::model::user::{Deletion, NewUser, User, UserChange, UserRole};
use deadpool_postgres::Pool;
use service_core::caller::Bearer;
use service_core::caller::{Caller, Role};
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::app::accounts::ownership::{check_user, is_own};
use crate::db;
use crate::model::text::{Email, Name};

impl From<UserRole> for Role {
    fn from(role: UserRole) -> Self {
        match role {
            UserRole::Customer => Self::Customer,
            UserRole::Agent => Self::Agent,
            UserRole::Admin => Self::Admin,
        }
    }
}

#[derive(Clone)]
pub struct Users {
    pub database: Pool,
}

impl Users {
    /// Adds a user, once per idempotency key.
    pub async fn create(
        &self,
        new: &NewUser,
        answer: impl Fn(&User) -> Answer,
    ) -> Result<Replayable<Answer>, AppError> {
        let database = &self.database;
        let find = |key| db::kept_answer(database, key);
        let insert = db::accounts::users::insert(database, Uuid::now_v7(), new, &answer);
        let make = async { Ok(insert.await?) };
        idempotency::create(new.key.as_ref(), find, make).await
    }

    /// A page of users, in order of creation, after this id.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<User>, AppError> {
        Ok(db::accounts::users::list(&self.database, after, limit).await?)
    }

    /// The user with this address whatever their name, created if there is none.
    pub async fn find_or_create(&self, name: &Name, email: &Email) -> Result<User, AppError> {
        if let Some(user) = db::accounts::users::find_by_email(&self.database, email).await? {
            return Ok(user);
        }
        let new = NewUser {
            name: name.clone(),
            email: email.clone(),
            key: None,
        };
        let client = self.database.get().await.map_err(db::DbError::from)?;
        match db::accounts::users::add(&client, Uuid::now_v7(), &new).await {
            Ok(user) => Ok(user),
            // A concurrent request has created the user.
            Err(error) => {
                let user = db::accounts::users::find_by_email(&self.database, email).await?;
                user.ok_or(error.into())
            }
        }
    }

    /// [`Unknown::User`] if there is none.
    pub async fn find(&self, id: Uuid) -> Result<User, AppError> {
        let user = db::accounts::users::find(&self.database, id).await?;
        user.ok_or(AppError::Unknown(Unknown::User))
    }

    /// Classifies the bearer of a token by its subject. A subject that is not a UUID belongs to another
    /// issuer's users.
    pub async fn bearer(&self, subject: &str) -> Result<Bearer, AppError> {
        match Uuid::try_parse(subject) {
            Ok(id) => Ok(db::accounts::users::bearer(&self.database, id).await?),
            Err(_) => Ok(Bearer::Foreign),
        }
    }

    /// Only admins give roles, and never to themselves, so every role was given by somebody else.
    pub async fn check_may_give_role(
        &self,
        id: Uuid,
        role: UserRole,
        caller: &Caller,
    ) -> Result<(), AppError> {
        if caller.role() != Some(Role::Admin) {
            return Err(AppError::Forbidden("only admins may give roles"));
        }
        if is_own(id, caller) && self.find(id).await?.role != role {
            return Err(AppError::Forbidden("nobody changes their own role"));
        }
        Ok(())
    }

    /// Users may change themselves, agents any customer, admins anybody.
    pub async fn check_may_change(&self, id: Uuid, caller: &Caller) -> Result<(), AppError> {
        check_user(id, caller)?;
        let is_by_agent = caller.role() == Some(Role::Agent);
        if is_by_agent && !is_own(id, caller) && self.find(id).await?.role != UserRole::Customer {
            return Err(AppError::Forbidden("only admins may change staff"));
        }
        Ok(())
    }

    /// Changes the fields that are given.
    pub async fn change(&self, id: Uuid, change: &UserChange) -> Result<User, AppError> {
        let user = db::accounts::users::update(&self.database, id, change).await?;
        user.ok_or(AppError::Unknown(Unknown::User))
    }

    /// Deletes a user without open or confirmed bookings.
    pub async fn delete(&self, id: Uuid) -> Result<(), AppError> {
        match db::accounts::users::delete(&self.database, id).await? {
            Deletion::Deleted => Ok(()),
            Deletion::Unknown => Err(AppError::Unknown(Unknown::User)),
            Deletion::HasBookings => Err(AppError::UserHasBookings),
        }
    }
}
