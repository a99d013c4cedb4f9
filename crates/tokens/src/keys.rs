//! The keys that tokens are checked by.

use std::fmt;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// The most keys of a set: far more than any that rotates, and a token without a key's name is tried with
/// each of its algorithm.
pub const KEYS_MAX: usize = 32;

/// The shortest secret in bytes: what RFC 7518 asks of HS256.
pub const SECRET_MIN_BYTES: usize = 32;

/// The shortest modulus of an RSA key in characters of base64url: 2048 bits, as RFC 7518 asks.
const MODULUS_MIN_CHARS: usize = 342;

/// Why keys can't be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not a JWK set.
    #[error("it is not a JSON Web Key Set")]
    NotASet(#[source] serde_json::Error),
    /// None of its keys checks tokens here.
    #[error("it has no key for EdDSA (Ed25519), ES256 or RS256")]
    NoUsableKey,
    /// More keys than a set may have.
    #[error("it has more than {KEYS_MAX} keys")]
    TooMany,
    /// A secret that can be guessed.
    #[error("a secret has at least {SECRET_MIN_BYTES} bytes")]
    SecretTooShort,
    /// It is not a private key that signs tokens here.
    #[error("it is not a private key in PEM for EdDSA (Ed25519), ES256 or RS256")]
    NotAPrivateKey,
    /// A key pair can't be made.
    #[error("no key could be made")]
    NotMade,
}

/// A key and the one algorithm that it is used with.
#[derive(Clone)]
pub(crate) struct Key {
    /// Its name; tokens that name a key are checked by those of this name only.
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The keys that tokens are checked by.
#[derive(Clone, Default)]
pub struct KeySet {
    pub(crate) keys: Vec<Key>,
}

/// Members of a set are read one by one: a key of a kind that is unknown here does not spoil the others.
#[derive(Deserialize)]
struct AnySet {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// The public keys of a JWK set (RFC 7517). Those for encryption, of other kinds, and symmetric ones are
    /// left out: a secret does not come over the network, nor in a file that is called public.
    ///
    /// # Errors
    /// When it is not a set, or has no key that can be used.
    pub fn from_jwks(json: &[u8]) -> Result<Self, KeyError> {
        let set: AnySet = serde_json::from_slice(json).map_err(KeyError::NotASet)?;
        if set.keys.len() > KEYS_MAX {
            return Err(KeyError::TooMany);
        }
        let parsed = set
            .keys
            .into_iter()
            .filter_map(|key| serde_json::from_value(key).ok());
        let keys: Vec<Key> = parsed.filter_map(|jwk: Jwk| public_key(&jwk)).collect();
        if keys.is_empty() {
            return Err(KeyError::NoUsableKey);
        }
        Ok(Self { keys })
    }

    /// A secret that both sides know, for HS256.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes.
    pub fn from_secret(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < SECRET_MIN_BYTES {
            return Err(KeyError::SecretTooShort);
        }
        let key = Key {
            id: None,
            algorithm: Algorithm::HS256,
            key: DecodingKey::from_secret(secret),
        };
        Ok(Self { keys: vec![key] })
    }

    /// The keys of both.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.keys.extend(other.keys.iter().cloned());
        self
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = self.keys.iter().map(|key| (&key.id, key.algorithm));
        f.debug_list().entries(names).finish()
    }
}

/// A key that checks signatures, with the algorithm that its kind has here.
fn public_key(jwk: &Jwk) -> Option<Key> {
    let common = &jwk.common;
    if !matches!(common.public_key_use, None | Some(PublicKeyUse::Signature)) {
        return None;
    }
    let (algorithm, named) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(key) if key.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(key) if key.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(key) if key.n.len() >= MODULUS_MIN_CHARS => {
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        _ => return None,
    };
    // A key that says it is for another algorithm is for that one only.
    if common.key_algorithm.is_some_and(|other| other != named) {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    })
}

/// A JWK set with this one public key.
pub(crate) fn set_of(jwk: Jwk) -> JwkSet {
    JwkSet { keys: vec![jwk] }
}
