//! Users, who book tickets to events.

use crate::model::user::{Deletion, NewUser, User, UserChange, UserRole};
use deadpool_postgres::Pool;
use service_core::caller::Bearer;
use service_core::caller::{Caller, Role};
use service_core::idempotency::{self, Answer, Replayable};
use uuid::Uuid;

use crate::app::AppError;
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

/// Makes, finds, changes and deletes users.
#[derive(Clone)]
pub struct Users {
    /// Where they are.
    pub database: Pool,
}

impl Users {
    /// Adds a user, once per key.
    ///
    /// # Errors
    /// When the address belongs to another one, or the key came with another request.
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

    /// The users after this one, in the order in which they were made.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn list(&self, after: Option<Uuid>, limit: i64) -> Result<Vec<User>, AppError> {
        Ok(db::accounts::users::list(&self.database, after, limit).await?)
    }

    /// The user with this address, whatever its name; made if there is none.
    ///
    /// # Errors
    /// When the database does not answer.
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
            // Somebody else was faster, and has made the same one.
            Err(error) => {
                let user = db::accounts::users::find_by_email(&self.database, email).await?;
                user.ok_or(error.into())
            }
        }
    }

    /// A user by its id.
    ///
    /// # Errors
    /// When there is none.
    pub async fn find(&self, id: Uuid) -> Result<User, AppError> {
        let user = db::accounts::users::find(&self.database, id).await?;
        user.ok_or(AppError::UnknownUser)
    }

    /// Who the bearer of a token is by now. A subject that is no user's id is somebody else's to know.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn bearer(&self, subject: &str) -> Result<Bearer, AppError> {
        match Uuid::try_parse(subject) {
            Ok(id) => Ok(db::accounts::users::bearer(&self.database, id).await?),
            Err(_) => Ok(Bearer::Foreign),
        }
    }

    /// That the caller may give this user this role: an admin anybody but themselves, so that who has a role has
    /// it from somebody else.
    ///
    /// # Errors
    /// When they may not.
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

    /// That the caller may change this user: themselves, an agent any customer, an admin anybody.
    ///
    /// # Errors
    /// As if there were none, or where an agent would change staff.
    pub async fn check_may_change(&self, id: Uuid, caller: &Caller) -> Result<(), AppError> {
        check_user(id, caller)?;
        let is_by_agent = caller.role() == Some(Role::Agent);
        if is_by_agent && !is_own(id, caller) && self.find(id).await?.role != UserRole::Customer {
            return Err(AppError::Forbidden("only admins may change staff"));
        }
        Ok(())
    }

    /// Changes what is given.
    ///
    /// # Errors
    /// When there is no such user, or the address belongs to another one.
    pub async fn change(&self, id: Uuid, change: &UserChange) -> Result<User, AppError> {
        let user = db::accounts::users::update(&self.database, id, change).await?;
        user.ok_or(AppError::UnknownUser)
    }

    /// Deletes a user that has no live bookings.
    ///
    /// # Errors
    /// When there is none, or it has.
    pub async fn delete(&self, id: Uuid) -> Result<(), AppError> {
        match db::accounts::users::delete(&self.database, id).await? {
            Deletion::Deleted => Ok(()),
            Deletion::Unknown => Err(AppError::UnknownUser),
            Deletion::HasBookings => Err(AppError::UserHasBookings),
        }
    }
}
