//! Authentication settings: the mode, the tokens that are accepted, and the keys.

use std::fmt::Display;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use anyhow::Context as _;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Deserializer};
use tokens::{KeySet, Signer, Verifier};
use url::Url;

use crate::settings::{SettingsError, comma_separated, require};

/// Who may call, and how tokens are verified.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthSettings {
    /// Whether callers need a token.
    pub mode: AuthMode,
    /// Allows an open service to listen on an address other than loopback.
    pub open_beyond_loopback: bool,
    /// Accepted `Host` names of an open service besides loopback's, comma-separated.
    #[serde(deserialize_with = "comma_separated")]
    pub open_hosts: Vec<String>,
    /// The required `iss` of tokens.
    pub issuer: String,
    /// The required `aud` of tokens. Each service has its own: a token shown to one service is refused by all
    /// others.
    pub audience: String,
    /// The `aud` of users' tokens, which all services accept; empty for none.
    pub shared_audience: String,
    /// Tolerated difference between clocks.
    #[serde(with = "humantime_serde")]
    pub clock_skew: Duration,
    /// The claim that holds the role.
    pub role_claim: String,
    /// The HS256 secret, of at least 32 bytes.
    #[serde(default, deserialize_with = "unless_empty_secret")]
    pub secret: Option<SecretString>,
    /// A file with the HS256 secret.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub secret_file: Option<PathBuf>,
    /// A file with public keys: a JWK set.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub jwks_file: Option<PathBuf>,
    /// The JWK set itself.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub jwks: Option<String>,
    /// Where public keys are published: `https`, or `http` on a loopback address.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub jwks_url: Option<Url>,
    /// Minimum time between two fetches of published keys, even if tokens name unknown keys.
    #[serde(with = "humantime_serde")]
    pub jwks_fetch_pause: Duration,
    /// A file with the private key, in PEM, that signs this service's tokens. Its public half is trusted here.
    #[serde(default, deserialize_with = "none_if_empty")]
    pub signing_key_file: Option<PathBuf>,
    /// The private key itself, in PEM.
    #[serde(default, deserialize_with = "unless_empty_secret")]
    pub signing_key: Option<SecretString>,
}

/// Whether callers need a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthMode {
    /// No tokens: every caller may act for any user and as admin.
    Open,
    /// Bearer tokens are required.
    Required,
}

/// An empty text counts as absent, as `${NAME:-}` produces in a deployment file.
fn none_if_empty<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: FromStr<Err: Display>,
{
    let text = Option::<String>::deserialize(deserializer)?;
    let text = text.filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(serde::de::Error::custom))
        .transpose()
}

/// The same for secrets.
fn unless_empty_secret<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SecretString>, D::Error> {
    let secret = Option::<SecretString>::deserialize(deserializer)?;
    Ok(secret.filter(|secret| !secret.expose_secret().is_empty()))
}

impl AuthSettings {
    /// The defaults for this mode, without keys.
    #[must_use]
    pub fn without_keys(mode: AuthMode) -> Self {
        Self {
            mode,
            open_beyond_loopback: false,
            open_hosts: Vec::new(),
            issuer: "holdfast".to_owned(),
            audience: "flight-service".to_owned(),
            shared_audience: "holdfast".to_owned(),
            clock_skew: Duration::from_secs(30),
            role_claim: "role".to_owned(),
            secret: None,
            secret_file: None,
            jwks_file: None,
            jwks: None,
            jwks_url: None,
            jwks_fetch_pause: Duration::from_secs(30),
            signing_key_file: None,
            signing_key: None,
        }
    }

    /// Checks that a service may listen on this address.
    ///
    /// # Errors
    /// When the service is open, the address is not loopback, and `open_beyond_loopback` is not set.
    pub fn check_address(&self, host: IpAddr) -> Result<(), SettingsError> {
        require(
            self.mode != AuthMode::Open || host.is_loopback() || self.open_beyond_loopback,
            "auth.mode",
            format!(
                "is open, and {host} is not a loopback address: anyone who reaches it could act for \
                 anyone. Bind 127.0.0.1, or set auth.open_beyond_loopback = true where the network \
                 itself keeps strangers out"
            ),
        )
    }

    /// Checks that nobody on the network can replace the fetched keys.
    ///
    /// # Errors
    /// When `jwks_url` is neither `https` nor on loopback.
    pub fn check_keys_address(&self) -> Result<(), SettingsError> {
        let Some(url) = &self.jwks_url else {
            return Ok(());
        };
        let host = url.host_str().unwrap_or_default();
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        let is_loopback = address.map_or(host == "localhost", |address| address.is_loopback());
        let is_safe = url.scheme() == "https" || url.scheme() == "http" && is_loopback;
        require(
            is_safe,
            "auth.jwks_url",
            "must begin with https://, or with http:// on a loopback address: whoever could change the \
             keys on their way could act for anyone",
        )
    }

    fn audiences(&self) -> Vec<String> {
        let audiences = [&self.audience, &self.shared_audience];
        let named = audiences
            .into_iter()
            .filter(|audience| !audience.is_empty());
        named.cloned().collect()
    }

    /// The audience of the tokens that users get here.
    #[must_use]
    pub fn user_audience(&self) -> &str {
        match self.shared_audience.as_str() {
            "" => &self.audience,
            shared => shared,
        }
    }

    /// Warns of keys with more power than the service needs: a shared secret, with which every verifier can
    /// also issue tokens, and a private key in a service that issues none.
    pub fn warn_of_keys(&self, makes_tokens: bool) {
        if self.mode == AuthMode::Open {
            return;
        }
        if self.secret.is_some() || self.secret_file.is_some() {
            tracing::warn!(
                "tokens are checked with a shared secret: each service that has it can make tokens of any role; \
                 a key pair is safer (`holdfast mint-key`)"
            );
        }
        if !makes_tokens && (self.signing_key.is_some() || self.signing_key_file.is_some()) {
            tracing::warn!(
                "this service makes no tokens and has the private key: give it to booking-service alone, and \
                 auth.jwks_file to the others"
            );
        }
    }

    /// What a token must satisfy.
    #[must_use]
    pub fn verifier(&self) -> Verifier {
        Verifier {
            issuer: self.issuer.clone(),
            audiences: self.audiences(),
            clock_skew: self.clock_skew,
            role_claim: self.role_claim.clone(),
        }
    }

    /// The signer of this service's own tokens: the private key, otherwise the secret, if either is set.
    ///
    /// # Errors
    /// When it can't be read or used.
    pub fn signer(&self) -> anyhow::Result<Option<Signer>> {
        let signer = self.usual_signer()?;
        Ok(signer.map(|signer| signer.with_role_claim(&self.role_claim)))
    }

    fn usual_signer(&self) -> anyhow::Result<Option<Signer>> {
        if let Some(key) = self.private_key()? {
            let signer = Signer::from_pem(key.expose_secret().as_bytes());
            return signer.context("auth.signing_key can't be used").map(Some);
        }
        let secret = match (&self.secret, &self.secret_file) {
            (Some(secret), _) => secret.clone(),
            (None, Some(path)) => read_secret(path).context("auth.secret_file can't be read")?,
            (None, None) => return Ok(None),
        };
        let signer = Signer::from_secret(secret.expose_secret().as_bytes());
        signer.context("auth.secret can't be used").map(Some)
    }

    /// The keys that are not in `jwks_file` or at `jwks_url`: the secret, `jwks`, and the public half of the
    /// private key.
    ///
    /// # Errors
    /// When they can't be read or used.
    pub fn own_keys(&self) -> anyhow::Result<KeySet> {
        let mut keys = KeySet::default();
        if let Some(secret) = &self.secret {
            let secret = KeySet::from_secret(secret.expose_secret().as_bytes());
            keys = keys.and(&secret.context("auth.secret can't be used")?);
        }
        if let Some(jwks) = &self.jwks {
            let jwks = KeySet::from_jwks(jwks.as_bytes());
            keys = keys.and(&jwks.context("auth.jwks can't be used")?);
        }
        if let Some(key) = self.private_key()? {
            let signer = Signer::from_pem(key.expose_secret().as_bytes());
            let signer = signer.context("auth.signing_key can't be used")?;
            keys = keys.and(&signer.public_keys().unwrap_or_default());
        }
        Ok(keys)
    }

    fn private_key(&self) -> anyhow::Result<Option<SecretString>> {
        match (&self.signing_key, &self.signing_key_file) {
            (Some(key), _) => Ok(Some(in_pem(key))),
            (None, Some(path)) => {
                let key = read_secret(path).context("auth.signing_key_file can't be read")?;
                Ok(Some(in_pem(&key)))
            }
            (None, None) => Ok(None),
        }
    }
}

/// A private key in PEM. A bare line of base64, which fits into a `.env` file, gets the BEGIN and END lines.
fn in_pem(key: &SecretString) -> SecretString {
    let text = key.expose_secret().trim();
    if text.is_empty() || text.starts_with("-----") {
        return key.clone();
    }
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n").into()
}

/// A secret from a file, without the trailing newline that editors add.
pub fn read_secret(path: &Path) -> anyhow::Result<SecretString> {
    let text = fs::read_to_string(path).with_context(|| path.display().to_string())?;
    Ok(text.trim_end_matches(['\r', '\n']).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_open_service_stays_on_loopback_unless_told_twice() {
        let mut auth = AuthSettings::without_keys(AuthMode::Open);
        assert!(auth.check_address("127.0.0.1".parse().unwrap()).is_ok());
        assert!(auth.check_address("::1".parse().unwrap()).is_ok());
        assert!(auth.check_address("0.0.0.0".parse().unwrap()).is_err());
        auth.open_beyond_loopback = true;
        assert!(auth.check_address("0.0.0.0".parse().unwrap()).is_ok());
        let required = AuthSettings::without_keys(AuthMode::Required);
        assert!(required.check_address("0.0.0.0".parse().unwrap()).is_ok());
    }

    #[test]
    fn keys_do_not_come_over_an_open_wire() {
        for (url, is_safe) in [
            ("https://login.example.org/jwks.json", true),
            ("http://127.0.0.1:9000/jwks.json", true),
            ("http://[::1]/jwks.json", true),
            ("http://localhost/jwks.json", true),
            ("http://login.example.org/jwks.json", false),
            ("http://10.0.0.1/jwks.json", false),
            ("http://127.0.0.1.example.org/", false),
            ("file:///etc/jwks.json", false),
        ] {
            let mut auth = AuthSettings::without_keys(AuthMode::Required);
            auth.jwks_url = Some(url.parse().unwrap());
            assert_eq!(auth.check_keys_address().is_ok(), is_safe, "{url}");
        }
    }

    #[test]
    fn a_key_pair_fits_into_two_lines() {
        let pem = tokens::sign::new_key().unwrap();
        let line: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        let mut issuer = AuthSettings::without_keys(AuthMode::Required);
        issuer.signing_key = Some(line.into());
        let signer = issuer.signer().unwrap().unwrap();
        let jwks = signer.public_jwks().unwrap().replace('\n', " ");
        let mut checker = AuthSettings::without_keys(AuthMode::Required);
        checker.jwks = Some(jwks);
        let keys = checker.own_keys().unwrap();
        assert!(!keys.is_empty() && checker.signer().unwrap().is_none());
    }

    #[test]
    fn a_services_token_opens_one_service() {
        let pem = tokens::sign::new_key().unwrap();
        let signer = Signer::from_pem(pem.as_bytes()).unwrap();
        let keys = signer.public_keys().unwrap();
        let mut checker = AuthSettings::without_keys(AuthMode::Required);
        let now = jiff::Timestamp::now();
        for (audience, is_taken) in [
            ("flight-service", true),
            ("holdfast", true),
            ("payment-service", false),
        ] {
            let grant = tokens::sign::Grant {
                issuer: "holdfast",
                audience,
                subject: "booking-service",
                role: tokens::Role::Service,
                lifetime: Duration::from_secs(60),
            };
            let token = signer.sign(&grant, now).unwrap();
            let checked = checker.verifier().verify(&keys, &token, now);
            assert_eq!(checked.is_ok(), is_taken, "{audience}");
        }
        checker.shared_audience = String::new();
        assert_eq!(checker.verifier().audiences, ["flight-service"]);
    }

    #[test]
    fn secrets_are_not_printed() {
        let mut auth = AuthSettings::without_keys(AuthMode::Required);
        auth.secret = Some("do-not-show-this".to_owned().into());
        auth.signing_key = Some("do-not-show-this".to_owned().into());
        assert!(!format!("{auth:?}").contains("do-not-show-this"));
    }
}
