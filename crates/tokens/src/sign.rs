//! Signs tokens, and generates key pairs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use aws_lc_rs::signature::Ed25519KeyPair;
use jiff::Timestamp;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use pem::{EncodeConfig, LineEnding, Pem};
use serde::Serialize;

use crate::keys::{KeyError, SECRET_MIN_BYTES, set_of};
use crate::{KeySet, Role};

/// Signs tokens with one key.
#[derive(Clone)]
pub struct Signer {
    header: Header,
    key: EncodingKey,
    /// The public half; `None` for a shared secret.
    public: Option<Jwk>,
    role_claim: String,
}

/// The usual claim with the role.
const ROLE_CLAIM: &str = "role";

/// The content of a token.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// `iss`.
    pub issuer: &'a str,
    /// `aud`.
    pub audience: &'a str,
    /// `sub`: the bearer.
    pub subject: &'a str,
    pub role: Role,
    /// From now until `exp`.
    pub lifetime: Duration,
}

#[derive(Serialize)]
struct Claims<'a> {
    iss: &'a str,
    aud: &'a str,
    sub: &'a str,
    iat: i64,
    exp: i64,
    #[serde(flatten)]
    role: BTreeMap<&'a str, Role>,
}

/// Signing failed: a bug, or an expiry out of range.
#[derive(Debug, thiserror::Error)]
#[error("a token can't be made")]
pub struct NotSigned;

impl Signer {
    /// With a private key in PEM: Ed25519, ECDSA on P-256, or RSA.
    ///
    /// # Errors
    /// When it is none of these.
    pub fn from_pem(pem: &[u8]) -> Result<Self, KeyError> {
        let candidates = [
            (EncodingKey::from_ed_pem(pem), Algorithm::EdDSA),
            (EncodingKey::from_ec_pem(pem), Algorithm::ES256),
            (EncodingKey::from_rsa_pem(pem), Algorithm::RS256),
        ];
        let found = candidates
            .into_iter()
            .find_map(|(key, algorithm)| Some((key.ok()?, algorithm)));
        let (key, algorithm) = found.ok_or(KeyError::NotAPrivateKey)?;
        let mut public =
            Jwk::from_encoding_key(&key, algorithm).map_err(|_| KeyError::NotAPrivateKey)?;
        let is_other_curve = matches!(&public.algorithm,
            AlgorithmParameters::EllipticCurve(key) if key.curve != EllipticCurve::P256);
        if is_other_curve {
            return Err(KeyError::NotAPrivateKey);
        }
        // The `kid` is the key's thumbprint (RFC 7638), so whoever derives the set again gets the same name.
        let id = public
            .thumbprint(ThumbprintHash::SHA256)
            .map_err(|_| KeyError::NotAPrivateKey)?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let header = Header {
            kid: Some(id),
            ..Header::new(algorithm)
        };
        Ok(Self {
            header,
            key,
            public: Some(public),
            role_claim: ROLE_CLAIM.to_owned(),
        })
    }

    /// With a shared secret, for HS256.
    ///
    /// # Errors
    /// When it is shorter than 32 bytes.
    pub fn from_secret(secret: &[u8]) -> Result<Self, KeyError> {
        if secret.len() < SECRET_MIN_BYTES {
            return Err(KeyError::SecretTooShort);
        }
        Ok(Self {
            header: Header::new(Algorithm::HS256),
            key: EncodingKey::from_secret(secret),
            public: None,
            role_claim: ROLE_CLAIM.to_owned(),
        })
    }

    /// Puts the role in this claim.
    #[must_use]
    pub fn with_role_claim(self, name: &str) -> Self {
        Self {
            role_claim: name.to_owned(),
            ..self
        }
    }

    /// A token that is valid from `now`.
    ///
    /// # Errors
    /// When the expiry is out of range.
    pub fn sign(&self, grant: &Grant<'_>, now: Timestamp) -> Result<String, NotSigned> {
        let end = now.checked_add(grant.lifetime).map_err(|_| NotSigned)?;
        let claims = Claims {
            iss: grant.issuer,
            aud: grant.audience,
            sub: grant.subject,
            iat: now.as_second(),
            exp: end.as_second(),
            role: BTreeMap::from([(self.role_claim.as_str(), grant.role)]),
        };
        encode(&self.header, &claims, &self.key).map_err(|_| NotSigned)
    }

    /// The public half as a JWK set in JSON, for verifiers; `None` for a shared secret.
    #[must_use]
    pub fn public_jwks(&self) -> Option<String> {
        let set = set_of(self.public.clone()?);
        serde_json::to_string_pretty(&set).ok()
    }

    /// The public half as a key set; `None` for a shared secret.
    #[must_use]
    pub fn public_keys(&self) -> Option<KeySet> {
        KeySet::from_jwks(self.public_jwks()?.as_bytes()).ok()
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer")
            .field("algorithm", &self.header.alg)
            .field("key_id", &self.header.kid)
            .finish_non_exhaustive()
    }
}

/// Generates an Ed25519 key pair; returns the private key in PEM (PKCS #8).
///
/// # Errors
/// When the system's random generator fails.
pub fn new_key() -> Result<String, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
    // Version 1, without the public key: every PKCS #8 reader accepts it.
    let der = pair.to_pkcs8v1().map_err(|_| KeyError::NotMade)?;
    let pem = Pem::new("PRIVATE KEY", der.as_ref().to_vec());
    let unix = EncodeConfig::new().set_line_ending(LineEnding::LF);
    Ok(pem::encode_config(&pem, unix))
}
