//! Idempotency: a request repeated under its key acts once and gets the first answer.
//!
//! A key is bound to a digest of its request: see [`RequestKey`]. A replay gets the first answer, whatever has
//! changed since. An immutable resource is read back from its row; a mutable one has its first answer stored in
//! the same commit, beside the row or in [`answers`].

pub mod answers;
mod request_key;

pub use self::answers::Answer;
pub use self::request_key::RequestKey;

/// What the error type of an idempotent creation must tell.
pub trait KeyConflict {
    /// The key was used before for another request.
    fn key_reused() -> Self;

    /// Whether a unique constraint or a foreign key failed.
    fn is_conflict(&self) -> bool;
}

/// An answer, and whether it is a replay.
#[derive(Clone, Debug)]
pub struct Replayable<T> {
    /// The answer to send.
    pub value: T,
    /// Whether an earlier request under the same key got it first.
    pub replayed: bool,
}

/// What was created under a key, and the digest of its request.
pub type StoredResult<T> = (T, Option<Vec<u8>>);

impl<T> Replayable<T> {
    /// A first answer.
    pub fn new(value: T) -> Self {
        Self {
            value,
            replayed: false,
        }
    }

    /// A replay of an earlier request's answer.
    ///
    /// # Errors
    /// [`KeyConflict::key_reused`] if the digests differ: it was another request.
    pub fn replay<E: KeyConflict>(
        value: T,
        digest: Option<&[u8]>,
        asked: &RequestKey,
    ) -> Result<Self, E> {
        if digest.is_some_and(|digest| asked.is_of(digest)) {
            Ok(Self {
                value,
                replayed: true,
            })
        } else {
            Err(E::key_reused())
        }
    }
}

/// What an earlier request under this key created, if any.
///
/// # Errors
/// When the key was used for another request, or the lookup fails.
pub async fn find_replay<'k, T, D, E, F>(
    key: Option<&'k RequestKey>,
    find: impl FnOnce(&'k str) -> F,
) -> Result<Option<Replayable<T>>, E>
where
    F: Future<Output = Result<Option<StoredResult<T>>, D>>,
    E: KeyConflict + From<D>,
{
    let Some(key) = key else {
        return Ok(None);
    };
    let kept = find(&key.key).await?;
    kept.map(|(value, digest)| Replayable::replay(value, digest.as_deref(), key))
        .transpose()
}

/// Creates something unless an earlier request under the key did.
///
/// # Errors
/// When the key was used for another request, or the lookup or the creation fails.
pub async fn create<'k, T, D, E, F>(
    key: Option<&'k RequestKey>,
    find: impl Fn(&'k str) -> F,
    make: impl Future<Output = Result<T, E>>,
) -> Result<Replayable<T>, E>
where
    F: Future<Output = Result<Option<StoredResult<T>>, D>>,
    E: KeyConflict + From<D>,
{
    if let Some(earlier) = find_replay::<_, _, E, _>(key, &find).await? {
        return Ok(earlier);
    }
    match make.await {
        Ok(value) => Ok(Replayable::new(value)),
        // A concurrent request under the same key may have won the race.
        Err(error) if error.is_conflict() => {
            find_replay::<_, _, E, _>(key, find).await?.ok_or(error)
        }
        Err(error) => Err(error),
    }
}
