//! Password hashes.

use deadpool_postgres::{GenericClient, Pool};
use service_core::idempotency::{Answer, answers};
use uuid::Uuid;

use crate::db::DbError;
use crate::db::accounts::users::{EMAIL, user_of};
use crate::model::text::Email;
use crate::model::user::{NewUser, User};

const INSERT_USER: &str = "
    WITH made AS (
        INSERT INTO users (id, name, email, normalized_email)
        SELECT $1, $2, $3, $5 WHERE NOT EXISTS (SELECT FROM users WHERE normalized_email = $5)
        RETURNING id, name, email, role, created_at, updated_at
    ), kept AS (
        INSERT INTO passwords (user_id, hash) SELECT id, $4 FROM made
    )
    SELECT id, name, email, role, created_at, updated_at FROM made";

const FIND: &str = "
    SELECT id, name, email, role, created_at, updated_at, hash
    FROM users JOIN passwords ON user_id = id WHERE normalized_email = $1";

const FIND_OF: &str = "SELECT hash FROM passwords WHERE user_id = $1";

/// Inserts nothing if there is no such user.
const REPLACE: &str = "
    INSERT INTO passwords (user_id, hash) SELECT id, $2 FROM users WHERE id = $1
    ON CONFLICT (user_id) DO UPDATE SET hash = excluded.hash, changed_at = now()";

/// Adds a user with a password hash and stores the answer under the request's key. [`DbError::Taken`] if the
/// address is taken.
pub async fn insert_user_once(
    database: &Pool,
    id: Uuid,
    new: &NewUser,
    hash: &str,
    answer: impl Fn(&User) -> Answer,
) -> Result<Answer, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let answer = answer(&insert_user(&transaction, id, new, hash).await?);
    if let Some(key) = &new.key {
        answers::keep(&transaction, key, &answer, Some(hash)).await?;
    }
    transaction.commit().await?;
    Ok(answer)
}

/// Adds a user with a password hash. [`DbError::Taken`] if the address is taken.
pub async fn insert_user(
    client: &impl GenericClient,
    id: Uuid,
    new: &NewUser,
    hash: &str,
) -> Result<User, DbError> {
    let statement = client.prepare_cached(INSERT_USER).await?;
    let (name, email) = (new.name.as_str(), new.email.as_str());
    let normalized = new.email.normalized();
    let row = client
        .query_opt(&statement, &[&id, &name, &email, &hash, &normalized])
        .await?;
    user_of(&row.ok_or(DbError::Taken(EMAIL))?)
}

/// The user with this address and their password hash; `None` for a user without a password.
pub async fn find(database: &Pool, email: &Email) -> Result<Option<(User, String)>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND).await?;
    let row = client.query_opt(&statement, &[&email.normalized()]).await?;
    row.map(|row| Ok((user_of(&row)?, row.try_get(6)?)))
        .transpose()
}

pub async fn find_of(database: &Pool, user: Uuid) -> Result<Option<String>, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(FIND_OF).await?;
    let row = client.query_opt(&statement, &[&user]).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?)
}

/// Replaces the password hash and deletes the user's sessions and known browsers. `false` if there is no such
/// user.
pub async fn replace(database: &Pool, user: Uuid, hash: &str) -> Result<bool, DbError> {
    let mut client = database.get().await?;
    let transaction = client.transaction().await?;
    let replaced = transaction.execute(REPLACE, &[&user, &hash]).await?;
    for of_old in ["sessions", "known_browsers"] {
        let ended = format!("DELETE FROM {of_old} WHERE user_id = $1");
        transaction.execute(&ended, &[&user]).await?;
    }
    transaction.commit().await?;
    Ok(replaced > 0)
}
