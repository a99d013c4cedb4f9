//! Idempotency of requests: a request repeated with its key acts once and gets the first answer.
//!
//! A key is bound to all that its request asks for: see [`RequestKey`]. A replay gets the answer that was
//! given, whatever happened since: of what never changes after it was made, its row has it; what changes keeps
//! it beside it, written in the same commit, or in [`answers`].

pub mod answers;
mod request_key;

pub use self::answers::Answer;
pub use self::request_key::RequestKey;

/// The errors of what is made once.
pub trait KeyConflict {
    /// That the key came before with another request.
    fn key_reused() -> Self;

    /// Whether something else has what was to be unique, or what was referred to is not there.
    fn is_conflict(&self) -> bool;
}

/// An answer, and whether it repeats an earlier one.
#[derive(Clone, Debug)]
pub struct Replayable<T> {
    /// The answer.
    pub value: T,
    /// Whether an earlier request with the same key got it first.
    pub replayed: bool,
}

/// What a key made, and the digest of what was asked for then.
pub type Kept<T> = (T, Option<Vec<u8>>);

impl<T> Replayable<T> {
    /// An answer that is given for the first time.
    pub fn new(value: T) -> Self {
        Self {
            value,
            replayed: false,
        }
    }

    /// What an earlier request with this key got.
    ///
    /// # Errors
    /// When it was another request: its digest differs.
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

/// What an earlier request with this key made, if there was one.
///
/// # Errors
/// When it was another request, or nothing can be looked up.
pub async fn earlier<'k, T, D, E, F>(
    key: Option<&'k RequestKey>,
    find: impl FnOnce(&'k str) -> F,
) -> Result<Option<Replayable<T>>, E>
where
    F: Future<Output = Result<Option<Kept<T>>, D>>,
    E: KeyConflict + From<D>,
{
    let Some(key) = key else {
        return Ok(None);
    };
    let kept = find(&key.key).await?;
    kept.map(|(value, digest)| Replayable::replay(value, digest.as_deref(), key))
        .transpose()
}

/// Makes something that is kept with its key, unless an earlier request with the key did.
///
/// # Errors
/// When the key came with another request, or the thing can't be looked up or made.
pub async fn create<'k, T, D, E, F>(
    key: Option<&'k RequestKey>,
    find: impl Fn(&'k str) -> F,
    make: impl Future<Output = Result<T, E>>,
) -> Result<Replayable<T>, E>
where
    F: Future<Output = Result<Option<Kept<T>>, D>>,
    E: KeyConflict + From<D>,
{
    if let Some(earlier) = earlier::<_, _, E, _>(key, &find).await? {
        return Ok(earlier);
    }
    match make.await {
        Ok(value) => Ok(Replayable::new(value)),
        // The same request may have come twice at once, the other one first.
        Err(error) if error.is_conflict() => earlier::<_, _, E, _>(key, find).await?.ok_or(error),
        Err(error) => Err(error),
    }
}
