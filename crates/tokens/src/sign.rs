//! Tokens and key pairs, made.

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

/// Makes tokens with one key.
#[derive(Clone)]
pub struct Signer {
    header: Header,
    key: EncodingKey,
    /// The public half; none of a secret.
    public: Option<Jwk>,
    role_claim: String,
}

/// Which claim usually has the role.
const ROLE_CLAIM: &str = "role";

/// What a token is to say.
#[derive(Clone, Debug)]
pub struct Grant<'a> {
    /// Who makes it.
    pub issuer: &'a str,
    /// Whom it is for.
    pub audience: &'a str,
    /// Whose it is.
    pub subject: &'a str,
    /// What its bearer may be.
    pub role: Role,
    /// For how long.
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

/// That a token could not be made: a bug, or a lifetime beyond all times.
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
        // Named by what it is (RFC 7638): whoever makes the set again gives it the same name.
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

    /// With a secret that both sides know, for HS256.
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

    /// The same, with the role in this claim.
    #[must_use]
    pub fn with_role_claim(self, name: &str) -> Self {
        Self {
            role_claim: name.to_owned(),
            ..self
        }
    }

    /// A token that says this from now on.
    ///
    /// # Errors
    /// When it can't be made.
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

    /// The public half as a JWK set in JSON, for those who check tokens; none of a secret.
    #[must_use]
    pub fn public_jwks(&self) -> Option<String> {
        let set = set_of(self.public.clone()?);
        serde_json::to_string_pretty(&set).ok()
    }

    /// The same as keys; none of a secret.
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

/// A new Ed25519 key pair: the private key in PEM (PKCS #8).
///
/// # Errors
/// When the system has no random numbers.
pub fn new_key() -> Result<String, KeyError> {
    let pair = Ed25519KeyPair::generate().map_err(|_| KeyError::NotMade)?;
    // Version 1, without the public key: what every reader of PKCS #8 takes.
    let der = pair.to_pkcs8v1().map_err(|_| KeyError::NotMade)?;
    let pem = Pem::new("PRIVATE KEY", der.as_ref().to_vec());
    let unix = EncodeConfig::new().set_line_ending(LineEnding::LF);
    Ok(pem::encode_config(&pem, unix))
}
