//! The keys that verify tokens.

use std::fmt;

use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, KeyAlgorithm, PublicKeyUse,
};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;

/// Most keys of a set: far more than a rotation needs. A token without a `kid` is tried with every key of its
/// algorithm, so the number has to be bounded.
pub const KEYS_MAX: usize = 32;

/// Shortest HS256 secret, in bytes: RFC 7518, section 3.2.
pub const SECRET_MIN_BYTES: usize = 32;

/// Shortest RSA modulus, in base64url characters: 2048 bits (RFC 7518, section 3.3).
const MODULUS_MIN_CHARS: usize = 342;

#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// Not a JWK set.
    #[error("it is not a JSON Web Key Set")]
    NotASet(#[source] serde_json::Error),
    /// No key of the set can verify tokens here.
    #[error("it has no key for EdDSA (Ed25519), ES256 or RS256")]
    NoUsableKey,
    /// More keys than [`KEYS_MAX`].
    #[error("it has more than {KEYS_MAX} keys")]
    TooMany,
    /// A secret short enough to be guessed.
    #[error("a secret has at least {SECRET_MIN_BYTES} bytes")]
    SecretTooShort,
    /// Not a private key that can sign tokens here.
    #[error("it is not a private key in PEM for EdDSA (Ed25519), ES256 or RS256")]
    NotAPrivateKey,
    /// Key generation failed.
    #[error("no key could be made")]
    NotMade,
}

/// A key and the one algorithm that it is used with.
#[derive(Clone)]
pub(crate) struct Key {
    /// `kid`; a token that names a key is verified by keys of this name only.
    pub(crate) id: Option<String>,
    pub(crate) algorithm: Algorithm,
    pub(crate) key: DecodingKey,
}

/// The keys that verify tokens.
#[derive(Clone, Default)]
pub struct KeySet {
    pub(crate) keys: Vec<Key>,
}

/// Keys are parsed one by one: one of an unknown type does not invalidate the others.
#[derive(Deserialize)]
struct AnySet {
    keys: Vec<serde_json::Value>,
}

impl KeySet {
    /// The public signature keys of a JWK set (RFC 7517). Encryption keys, unknown types and symmetric keys are
    /// ignored: a secret must not come over the network, nor from a file that is called public.
    ///
    /// # Errors
    /// When it is not a JWK set, or has no usable key.
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

    /// A shared secret, for HS256.
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

    /// The union of both sets.
    #[must_use]
    pub fn and(mut self, other: &Self) -> Self {
        self.keys.extend(other.keys.iter().cloned());
        self
    }

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

/// A verification key, with the one algorithm for its type.
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
    // A key whose `alg` names another algorithm is not used.
    if common.key_algorithm.is_some_and(|other| other != named) {
        return None;
    }
    Some(Key {
        id: common.key_id.clone(),
        algorithm,
        key: DecodingKey::from_jwk(jwk).ok()?,
    })
}

pub(crate) fn set_of(jwk: Jwk) -> JwkSet {
    JwkSet { keys: vec![jwk] }
}
