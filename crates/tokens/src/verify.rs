//! Verifies a token and returns its bearer.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Validation, decode, decode_header};
use serde::Deserialize;
use serde_json::Value;

use crate::keys::Key;
use crate::{KeySet, Role};

/// Longest token, in bytes; log-in tokens with many claims have one or two thousand.
pub const TOKEN_MAX_BYTES: usize = 8 * 1024;

/// Longest subject, in characters.
pub const SUBJECT_MAX_CHARS: usize = 255;

/// Why a token is refused. The message never repeats the token's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Not a signed token, an algorithm that is not supported, or a critical header that is not understood.
    #[error("the token is malformed")]
    Malformed,
    /// No known key has its `kid` and algorithm. A newer key may have been published.
    #[error("the token's key is not known")]
    UnknownKey,
    #[error("the token's signature is wrong")]
    WrongSignature,
    /// `exp` has passed.
    #[error("the token has expired")]
    Expired,
    /// `nbf` is in the future.
    #[error("the token is not valid yet")]
    NotYetValid,
    #[error("the token is of another issuer")]
    WrongIssuer,
    #[error("the token is for another audience")]
    WrongAudience,
    /// A required claim is missing or malformed.
    #[error("the token lacks a claim, or has one of the wrong form")]
    WrongClaims,
}

/// The bearer of a token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// 1 to 255 characters, none a control character.
    pub subject: String,
    pub role: Role,
    /// The time from which the token is refused, skew included.
    pub refused_from: Timestamp,
}

/// What a token must satisfy.
#[derive(Clone, Debug)]
pub struct Verifier {
    /// Required `iss`.
    pub issuer: String,
    /// Accepted `aud`: one of these.
    pub audiences: Vec<String>,
    /// Tolerated difference between clocks.
    pub clock_skew: Duration,
    /// The claim with the role: a string, or a list in which exactly one string is a role.
    pub role_claim: String,
}

#[derive(Deserialize)]
struct Claims {
    sub: String,
    /// Seconds since 1970. Some issuers add a fraction, which is dropped.
    exp: Seconds,
    #[serde(default)]
    nbf: Option<Seconds>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(try_from = "serde_json::Number")]
struct Seconds(Timestamp);

impl TryFrom<serde_json::Number> for Seconds {
    type Error = &'static str;

    fn try_from(number: serde_json::Number) -> Result<Self, Self::Error> {
        let text = number.to_string();
        let whole = text.split('.').next().unwrap_or_default();
        let seconds: Option<i64> = whole.parse().ok();
        let time = seconds.and_then(|seconds| Timestamp::from_second(seconds).ok());
        time.map(Self).ok_or("is no time")
    }
}

impl Verifier {
    /// Verifies a token as of `now`.
    ///
    /// # Errors
    /// The first check that fails.
    pub fn verify(
        &self,
        keys: &KeySet,
        token: &str,
        now: Timestamp,
    ) -> Result<Identity, TokenError> {
        if token.len() > TOKEN_MAX_BYTES {
            return Err(TokenError::Malformed);
        }
        // Rejects algorithms that the library does not have, `none` among them.
        let header = decode_header(token).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            // RFC 7515, section 4.1.11: a token with a critical header that is not understood is refused. None
            // is understood here.
            return Err(TokenError::Malformed);
        }
        let fits = |key: &&Key| {
            let is_named = match (&key.id, &header.kid) {
                (Some(id), Some(named)) => id == named,
                _ => true,
            };
            is_named && key.algorithm == header.alg
        };
        let mut refusal = TokenError::UnknownKey;
        for key in keys.keys.iter().filter(fits) {
            match self.verify_with(key, token, now) {
                // Another key without a `kid` may match.
                Err(TokenError::WrongSignature) => refusal = TokenError::WrongSignature,
                outcome => return outcome,
            }
        }
        Err(refusal)
    }

    fn verify_with(&self, key: &Key, token: &str, now: Timestamp) -> Result<Identity, TokenError> {
        // Only the key's own algorithm. Times are checked below, against the given clock.
        let mut validation = Validation::new(key.algorithm);
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&self.audiences);
        let decoded = decode::<Claims>(token, &key.key, &validation);
        let claims = decoded.map_err(|error| refusal(error.kind()))?.claims;
        let refused_from = claims
            .exp
            .0
            .saturating_add(self.clock_skew)
            .map_err(|_| TokenError::WrongClaims)?;
        if now >= refused_from {
            return Err(TokenError::Expired);
        }
        if let Some(Seconds(not_before)) = claims.nbf {
            let latest = now
                .saturating_add(self.clock_skew)
                .map_err(|_| TokenError::WrongClaims)?;
            if not_before > latest {
                return Err(TokenError::NotYetValid);
            }
        }
        let length = claims.sub.chars().count();
        let is_name =
            (1..=SUBJECT_MAX_CHARS).contains(&length) && !claims.sub.chars().any(char::is_control);
        let role = claims.others.get(&self.role_claim).and_then(role_in);
        match role {
            Some(role) if is_name => Ok(Identity {
                subject: claims.sub,
                role,
                refused_from,
            }),
            _ => Err(TokenError::WrongClaims),
        }
    }
}

/// The one role that the claim names.
fn role_in(claim: &Value) -> Option<Role> {
    match claim {
        Value::String(text) => text.parse().ok(),
        Value::Array(texts) => {
            let named = texts.iter().filter_map(Value::as_str);
            let mut roles = named.filter_map(|text| text.parse().ok());
            match (roles.next(), roles.next()) {
                (Some(role), None) => Some(role),
                _ => None,
            }
        }
        _ => None,
    }
}

fn refusal(error: &ErrorKind) -> TokenError {
    match error {
        ErrorKind::InvalidSignature => TokenError::WrongSignature,
        ErrorKind::InvalidIssuer => TokenError::WrongIssuer,
        ErrorKind::InvalidAudience => TokenError::WrongAudience,
        ErrorKind::MissingRequiredClaim(_)
        | ErrorKind::InvalidClaimFormat(_)
        | ErrorKind::Json(_) => TokenError::WrongClaims,
        _ => TokenError::Malformed,
    }
}
