use deadpool_postgres::{GenericClient, Pool};
use service_core::caller::Bearer;
use service_core::idempotency::Answer;
use service_core::unreadable;
use tokio_postgres::Row;
use uuid::Uuid;

use crate::db::DbError;
use crate::db::keep_answer;
use crate::model::text::{Email, Name};
use crate::model::user::{Deletion, NewUser, User, UserChange, UserRole};

/// The unique index on normalized addresses.
pub const EMAIL: &str = "users_email_taken";

const INSERT: &str = "
    INSERT INTO users (id, name, email, normalized_email)
    SELECT $1, $2, $3, $4 WHERE NOT EXISTS (SELECT FROM users WHERE normalized_email = $4)
    RETURNING id, name, email, role, created_at, updated_at";

const FIND: &str = "SELECT id, name, email, role, created_at, updated_at FROM users WHERE id = $1";

/// Case and notation do not matter: normalized addresses are compared.
const FIND_BY_EMAIL: &str = "
    SELECT id, name, email, role, created_at, updated_at FROM users WHERE normalized_email = $1";

/// Keyset pagination: ids rise with their creation time.
const LIST: &str = "
    SELECT id, name, email, role, created_at, updated_at FROM users
    WHERE $1::uuid IS NULL OR id > $1 ORDER BY id LIMIT $2";

const UPDATE: &str = "
    UPDATE users SET name = coalesce($2, name), email = coalesce($3, email), role = coalesce($4, role),
        normalized_email = coalesce($5, normalized_email), updated_at = now()
    WHERE id = $1
    RETURNING id, name, email, role, created_at, updated_at";

/// Whether another user has this address. It is looked up before the write because the server logs every
/// value that a unique index refuses. Under concurrency the index still decides.
const IS_TAKEN: &str = "
    SELECT EXISTS (SELECT FROM users WHERE normalized_email = $1 AND id <> $2)";

/// FOR UPDATE conflicts with the FOR KEY SHARE lock that the foreign key takes for a booking of tickets, so
/// the later of the two sees the earlier. Bookings of flights name their user as text and take no lock.
const LOCK: &str = "SELECT FROM users WHERE id = $1 FOR UPDATE";

/// Of all channels. Each channel has users of its own, but a booking that names this id names this user.
const HAS_BOOKINGS: &str = "
    SELECT EXISTS (
        SELECT FROM bookings
        WHERE user_ref = $1 AND state NOT IN ('failed', 'expired', 'cancelled')
    )";

/// Identity documents are erased; the names stay, as the booking's record.
const ERASE_DOCUMENTS: &str = "
    UPDATE travelers SET born_on = NULL, document = NULL
    FROM bookings WHERE id = booking_id AND user_ref = $1";

/// The role of the user with this id, and whether such a user was deleted.
const BEARER: &str = "
    SELECT (SELECT role FROM users WHERE id = $1),
           EXISTS (SELECT FROM deleted_users WHERE user_id = $1)";

/// Longer than any token lives: `holdfast mint-token` allows 30 days at most.
const FORGET_DELETED: &str =
    "DELETE FROM deleted_users WHERE deleted_at < now() - interval '31 days'";

/// Adds a user and stores the answer under the request's key. [`DbError::Taken`] if the address is taken.
pub async fn insert(
    database: &Pool,
    id: Uuid,
    new: &NewUser,
    answer: impl Fn(&User) -> Answer,
) -> Result<Answer, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let answer = answer(&add(&transaction, id, new).await?);
    keep_answer(&transaction, new.key.as_ref(), &answer).await?;
    transaction.commit().await?;
    Ok(answer)
}

/// [`DbError::Taken`] if the address is taken.
pub async fn add(client: &impl GenericClient, id: Uuid, new: &NewUser) -> Result<User, DbError> {
    let statement = client.prepare_cached(INSERT).await?;
    let (name, email) = (new.name.as_str(), new.email.as_str());
    let row = client
        .query_opt(&statement, &[&id, &name, &email, &new.email.normalized()])
        .await?;
    user_of(&row.ok_or(DbError::Taken(EMAIL))?)
}

pub async fn find_by_email(database: &Pool, email: &Email) -> Result<Option<User>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND_BY_EMAIL).await?;
    let row = client.query_opt(&statement, &[&email.normalized()]).await?;
    row.as_ref().map(user_of).transpose()
}

pub async fn find(database: &Pool, id: Uuid) -> Result<Option<User>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&id]).await?;
    row.as_ref().map(user_of).transpose()
}

/// A page of users, by id, after this one.
pub async fn list(database: &Pool, after: Option<Uuid>, limit: i64) -> Result<Vec<User>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(LIST).await?;
    let rows = client.query(&statement, &[&after, &limit]).await?;
    let user = |row: &Row| {
        let id = row.try_get::<_, Uuid>(0).unwrap_or_default();
        unreadable::skipped("users", id, user_of(row))
    };
    Ok(rows.iter().filter_map(user).collect())
}

/// Changes the fields that are given. `None` if there is no such user; [`DbError::Taken`] if the address is
/// taken.
pub async fn update(
    database: &Pool,
    id: Uuid,
    change: &UserChange,
) -> Result<Option<User>, DbError> {
    let client = database.get().await?;
    if let Some(email) = &change.email {
        let statement = client.prepare_cached(IS_TAKEN).await?;
        let row = client
            .query_one(&statement, &[&email.normalized(), &id])
            .await?;
        if row.try_get(0)? {
            return Err(DbError::Taken(EMAIL));
        }
    }
    let statement = client.prepare_cached(UPDATE).await?;
    let name = change.name.as_ref().map(Name::as_str);
    let email = change.email.as_ref().map(Email::as_str);
    let normalized = change.email.as_ref().map(Email::normalized);
    let role = change.role.map(UserRole::as_str);
    let row = client
        .query_opt(&statement, &[&id, &name, &email, &role, &normalized])
        .await?;
    row.as_ref().map(user_of).transpose()
}

/// Deletes a user who has no open or confirmed bookings.
pub async fn delete(database: &Pool, id: Uuid) -> Result<Deletion, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    if transaction.query_opt(LOCK, &[&id]).await?.is_none() {
        return Ok(Deletion::Unknown);
    }
    // A statement of its own: its snapshot is taken after the lock was acquired, so it sees what was
    // committed meanwhile.
    let row = transaction
        .query_one(HAS_BOOKINGS, &[&id.to_string()])
        .await?;
    if row.try_get(0)? {
        return Ok(Deletion::HasBookings);
    }
    transaction
        .execute(ERASE_DOCUMENTS, &[&id.to_string()])
        .await?;
    transaction
        .execute("DELETE FROM users WHERE id = $1", &[&id])
        .await?;
    transaction
        .execute("INSERT INTO deleted_users (user_id) VALUES ($1)", &[&id])
        .await?;
    transaction.commit().await?;
    Ok(Deletion::Deleted)
}

/// Classifies the bearer of a token with this subject.
pub async fn bearer(database: &Pool, subject: Uuid) -> Result<Bearer, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(BEARER).await?;
    let row = client.query_one(&statement, &[&subject]).await?;
    let role: Option<&str> = row.try_get(0)?;
    Ok(match role {
        Some(role) => {
            let role = UserRole::from_text(role).ok_or(DbError::Unreadable("users.role"))?;
            Bearer::User(role.into())
        }
        None if row.try_get(1)? => Bearer::Former,
        None => Bearer::Foreign,
    })
}

/// Drops the records of deleted users once all their tokens have expired.
pub async fn forget_deleted(database: &Pool) -> Result<(), DbError> {
    let client = database.get().await?;
    client.execute(FORGET_DELETED, &[]).await?;
    Ok(())
}

pub(crate) fn user_of(row: &Row) -> Result<User, DbError> {
    Ok(User {
        id: row.try_get(0)?,
        name: row.try_get(1)?,
        email: row.try_get(2)?,
        role: UserRole::from_text(row.try_get(3)?).ok_or(DbError::Unreadable("users.role"))?,
        created_at: row.try_get(4)?,
        updated_at: row.try_get(5)?,
    })
}
