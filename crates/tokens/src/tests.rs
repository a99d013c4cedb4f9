//! Which tokens are accepted, and which error refuses forged, stale and foreign ones.

use std::time::Duration;

use crate::sign::{Grant, new_key};
use crate::{KeySet, Role, Signer, TokenError, Verifier};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use serde_json::{Value, json};

const SECRET: &[u8] = b"0123456789abcdef0123456789abcdef";
const SKEW: Duration = Duration::from_secs(30);
const LIFETIME: Duration = Duration::from_secs(600);

fn verifier() -> Verifier {
    Verifier {
        issuer: "holdfast".to_owned(),
        audiences: vec!["holdfast".to_owned(), "flight-service".to_owned()],
        clock_skew: SKEW,
        role_claim: "role".to_owned(),
    }
}

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

fn grant() -> Grant<'static> {
    Grant {
        issuer: "holdfast",
        audience: "holdfast",
        subject: "alice",
        role: Role::Customer,
        lifetime: LIFETIME,
    }
}

fn pem_of(der: &[u8]) -> String {
    pem::encode(&pem::Pem::new("PRIVATE KEY", der))
}

fn ed25519() -> Signer {
    Signer::from_pem(new_key().unwrap().as_bytes()).unwrap()
}

fn p256() -> Signer {
    let random = SystemRandom::new();
    let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
    let der = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
    Signer::from_pem(pem_of(der.as_ref()).as_bytes()).unwrap()
}

fn rsa() -> (Signer, Vec<u8>) {
    let pair = aws_lc_rs::rsa::KeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
    let public = pair.public_key().as_ref().to_vec();
    let private = pair.as_der().unwrap();
    let signer = Signer::from_pem(pem_of(private.as_ref()).as_bytes()).unwrap();
    (signer, public)
}

/// A token with these claims, signed with the secret.
fn signed(claims: &Value) -> String {
    let key = EncodingKey::from_secret(SECRET);
    encode(&Header::new(Algorithm::HS256), claims, &key).unwrap()
}

fn claims() -> Value {
    let exp = now().as_second() + 600;
    json!({"iss": "holdfast", "aud": "holdfast", "sub": "alice", "role": "customer", "exp": exp})
}

/// The default claims with these changes.
fn claims_with(changes: &Value) -> Value {
    let mut claims = claims();
    for (name, value) in changes.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

fn judged(token: &str) -> Result<crate::Identity, TokenError> {
    let keys = KeySet::from_secret(SECRET).unwrap();
    verifier().verify(&keys, token, now())
}

fn part(value: &Value) -> String {
    URL_SAFE_NO_PAD.encode(value.to_string())
}

#[test]
fn each_kind_of_key_vouches_for_its_own_tokens() {
    let (rsa, _) = rsa();
    let signers = [ed25519(), p256(), rsa];
    for (at, signer) in signers.iter().enumerate() {
        let token = signer.sign(&grant(), now()).unwrap();
        let identity = verifier()
            .verify(&signer.public_keys().unwrap(), &token, now())
            .unwrap();
        assert_eq!(identity.subject, "alice");
        assert_eq!(identity.role, Role::Customer);
        assert_eq!(identity.refused_from, now() + LIFETIME + SKEW);
        for (other, signer) in signers.iter().enumerate() {
            if other != at {
                let keys = signer.public_keys().unwrap();
                let refused = verifier().verify(&keys, &token, now());
                assert_eq!(refused, Err(TokenError::UnknownKey));
            }
        }
    }
    let token = Signer::from_secret(SECRET).unwrap();
    let token = token.sign(&grant(), now()).unwrap();
    assert_eq!(judged(&token).unwrap().subject, "alice");
}

#[test]
fn no_algorithm_is_no_signature() {
    for name in ["none", "None", "NONE", "nOnE", ""] {
        let head = part(&json!({"alg": name, "typ": "JWT"}));
        let body = part(&claims());
        for token in [format!("{head}.{body}."), format!("{head}.{body}")] {
            assert_eq!(judged(&token), Err(TokenError::Malformed), "{name}");
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    let (signer, public) = rsa();
    let keys = signer.public_keys().unwrap();
    let jwks = signer.public_jwks().unwrap();
    let public_pem = pem::encode(&pem::Pem::new("RSA PUBLIC KEY", public.clone()));
    for secret in [public, public_pem.into_bytes(), jwks.into_bytes()] {
        for algorithm in [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512] {
            let key = EncodingKey::from_secret(&secret);
            let forged = encode(&Header::new(algorithm), &claims(), &key).unwrap();
            let refused = verifier().verify(&keys, &forged, now());
            assert_eq!(refused, Err(TokenError::UnknownKey));
        }
    }
}

#[test]
fn another_algorithm_of_the_same_key_is_refused() {
    let key = EncodingKey::from_secret(SECRET);
    for algorithm in [Algorithm::HS384, Algorithm::HS512] {
        let token = encode(&Header::new(algorithm), &claims(), &key).unwrap();
        assert_eq!(judged(&token), Err(TokenError::UnknownKey));
    }
}

#[test]
fn a_changed_token_is_refused() {
    let token = signed(&claims());
    let parts: Vec<&str> = token.split('.').collect();
    let admin = part(&claims_with(&json!({"role": "admin"})));
    let forged = format!("{}.{admin}.{}", parts[0], parts[2]);
    assert_eq!(judged(&forged), Err(TokenError::WrongSignature));
    let cut = format!("{}.{}.", parts[0], parts[1]);
    assert_eq!(judged(&cut), Err(TokenError::WrongSignature));
    for text in ["", ".", "..", "a.b.c", "a.b.c.d", &"x".repeat(9000)] {
        assert_eq!(judged(text), Err(TokenError::Malformed), "{text}");
    }
}

#[test]
fn what_has_to_be_understood_and_is_not_refuses_the_token() {
    let mut header = Header::new(Algorithm::HS256);
    header.crit = Some(vec!["b64".to_owned()]);
    let token = encode(&header, &claims(), &EncodingKey::from_secret(SECRET)).unwrap();
    assert_eq!(judged(&token), Err(TokenError::Malformed));
}

#[test]
fn a_key_inside_a_token_vouches_for_nothing() {
    let (mine, trusted) = (ed25519(), ed25519());
    let jwks: Value = serde_json::from_str(&mine.public_jwks().unwrap()).unwrap();
    let token = mine.sign(&grant(), now()).unwrap();
    let parts: Vec<&str> = token.split('.').collect();
    let head = part(&json!({"alg": "EdDSA", "jwk": jwks["keys"][0], "jku": "http://127.0.0.1:1/"}));
    let forged = format!("{head}.{}.{}", parts[1], parts[2]);
    let keys = trusted.public_keys().unwrap();
    let refused = verifier().verify(&keys, &forged, now());
    assert_eq!(refused, Err(TokenError::WrongSignature));
}

#[test]
fn claims_that_do_not_fit_are_named() {
    for (changes, refusal) in [
        (json!({"iss": "other"}), TokenError::WrongIssuer),
        (json!({"aud": "other"}), TokenError::WrongAudience),
        (json!({"aud": ["a", "b"]}), TokenError::WrongAudience),
        (json!({"iss": null}), TokenError::WrongClaims),
        (json!({"aud": null}), TokenError::WrongClaims),
        (json!({"exp": null}), TokenError::WrongClaims),
        (json!({"exp": "soon"}), TokenError::WrongClaims),
        (json!({"sub": null}), TokenError::WrongClaims),
        (json!({"sub": ""}), TokenError::WrongClaims),
        (json!({"sub": "a\nb"}), TokenError::WrongClaims),
        (json!({"sub": "x".repeat(256)}), TokenError::WrongClaims),
        (json!({"role": null}), TokenError::WrongClaims),
        (json!({"role": "root"}), TokenError::WrongClaims),
        (json!({"role": ["agent", "admin"]}), TokenError::WrongClaims),
    ] {
        let token = signed(&claims_with(&changes));
        assert_eq!(judged(&token), Err(refusal), "{changes}");
    }
    for changes in [
        json!({"aud": ["a", "holdfast"]}),
        json!({"role": ["offline_access", "customer"]}),
        json!({"exp": 1_700_000_600.5}),
    ] {
        assert!(judged(&signed(&claims_with(&changes))).is_ok(), "{changes}");
    }
}

#[test]
fn times_hold_within_the_skew() {
    let skew = 30;
    let at = now().as_second();
    for (changes, outcome) in [
        (json!({"exp": at - skew + 1}), Ok(())),
        (json!({"exp": at - skew}), Err(TokenError::Expired)),
        (json!({"nbf": at + skew}), Ok(())),
        (json!({"nbf": at + skew + 1}), Err(TokenError::NotYetValid)),
    ] {
        let token = signed(&claims_with(&changes));
        assert_eq!(judged(&token).map(|_| ()), outcome, "{changes}");
    }
}

#[test]
fn keys_take_turns() {
    let (old, new) = (ed25519(), ed25519());
    let (old_keys, new_keys) = (old.public_keys().unwrap(), new.public_keys().unwrap());
    let token = new.sign(&grant(), now()).unwrap();
    let verify = |keys: &KeySet| verifier().verify(keys, &token, now());
    assert_eq!(verify(&old_keys), Err(TokenError::UnknownKey));
    assert!(verify(&old_keys.clone().and(&new_keys)).is_ok());
    assert!(verify(&new_keys).is_ok());
}

#[test]
fn only_keys_that_check_signatures_are_taken_from_a_set() {
    let jwks: Value = serde_json::from_str(&ed25519().public_jwks().unwrap()).unwrap();
    let good = &jwks["keys"][0];
    let with = |name: &str, value: Value| {
        let mut key = good.clone();
        key[name] = value;
        key
    };
    let secret = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(SECRET)});
    let small_rsa = json!({"kty": "RSA", "e": "AQAB", "n": "x".repeat(171)});
    for bad in [
        secret,
        small_rsa,
        with("use", json!("enc")),
        with("alg", json!("ES256")),
        with("crv", json!("X25519")),
        json!({"kty": "new"}),
        json!("text"),
    ] {
        let alone = json!({"keys": [bad]}).to_string();
        assert!(KeySet::from_jwks(alone.as_bytes()).is_err(), "{alone}");
        let beside = json!({"keys": [bad, good]}).to_string();
        assert!(KeySet::from_jwks(beside.as_bytes()).is_ok(), "{beside}");
    }
    let many = json!({"keys": vec![good; 33]}).to_string();
    assert!(KeySet::from_jwks(many.as_bytes()).is_err());
    assert!(KeySet::from_secret(&SECRET[1..]).is_err());
    assert!(Signer::from_secret(&SECRET[1..]).is_err());
}

#[test]
fn nothing_that_is_printed_has_a_secret() {
    let key = new_key().unwrap();
    let signer = Signer::from_pem(key.as_bytes()).unwrap();
    let middle = key.lines().nth(1).unwrap();
    let keys = KeySet::from_secret(SECRET).unwrap();
    let text = format!("{signer:?} {keys:?} {}", signer.public_jwks().unwrap());
    assert!(
        !text.contains(middle) && !text.contains("0123456789abcdef"),
        "{text}"
    );
    assert!(!signer.public_jwks().unwrap().contains("\"d\""));
}
