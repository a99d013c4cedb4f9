//! Browsers that have logged in to an account before, by the digest of their token.

use deadpool_postgres::Pool;
use uuid::Uuid;

use crate::db::DbError;
use crate::model::text::Email;

/// The most browsers remembered per user; the least recently seen is forgotten first.
const BROWSERS_MAX: i64 = 20;

/// Looked up by e-mail address, so that an unknown address takes as long as a known one.
const IS_KNOWN: &str = "
    SELECT EXISTS (
        SELECT FROM known_browsers JOIN users ON id = user_id
        WHERE token_digest = $2 AND normalized_email = $1
    )";

const REMEMBER: &str = "
    WITH surplus AS (
        DELETE FROM known_browsers WHERE user_id = $1 AND token_digest IN (
            SELECT token_digest FROM known_browsers WHERE user_id = $1 AND token_digest <> $2
            ORDER BY seen_at DESC OFFSET $3
        )
    )
    INSERT INTO known_browsers (user_id, token_digest) SELECT id, $2 FROM users WHERE id = $1
    ON CONFLICT (user_id, token_digest) DO UPDATE SET seen_at = now()";

const FORGET: &str = "DELETE FROM known_browsers WHERE seen_at < now() - interval '180 days'";

/// Whether the browser with this token digest has logged in with this address.
pub async fn is_known(database: &Pool, email: &Email, digest: &[u8; 32]) -> Result<bool, DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(IS_KNOWN).await?;
    let digest = digest.as_slice();
    let row = client
        .query_one(&statement, &[&email.normalized(), &digest])
        .await?;
    Ok(row.try_get(0)?)
}

/// Records a login of the user from this browser.
pub async fn remember(database: &Pool, user: Uuid, digest: &[u8; 32]) -> Result<(), DbError> {
    let client = database.get().await?;
    let statement = client.prepare_cached(REMEMBER).await?;
    let digest = digest.as_slice();
    client
        .execute(&statement, &[&user, &digest, &(BROWSERS_MAX - 1)])
        .await?;
    Ok(())
}

/// Forgets browsers not seen for 180 days.
pub async fn forget_old(database: &Pool) -> Result<(), DbError> {
    let client = database.get().await?;
    client.execute(FORGET, &[]).await?;
    Ok(())
}
