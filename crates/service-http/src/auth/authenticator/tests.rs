//! Key rotation while tokens arrive.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use tokens::sign::{Grant, new_key};
use tokens::{Role, Signer};

use super::*;
use service_core::settings::AuthSettings;
use service_core::token_issuer::TokenIssuer;

fn signer() -> Signer {
    Signer::from_pem(new_key().unwrap().as_bytes()).unwrap()
}

fn token(signer: &Signer) -> String {
    let grant = Grant {
        issuer: "holdfast",
        audience: "holdfast",
        subject: "alice",
        role: Role::Customer,
        lifetime: Duration::from_secs(60),
    };
    signer.sign(&grant, Timestamp::now()).unwrap()
}

/// A JWK set with the keys of all of these.
fn set_of(signers: &[&Signer]) -> String {
    let keys = signers.iter().map(|signer| {
        let set: serde_json::Value = serde_json::from_str(&signer.public_jwks().unwrap()).unwrap();
        set["keys"][0].clone()
    });
    serde_json::json!({"keys": keys.collect::<Vec<_>>()}).to_string()
}

const ALICE: fn() -> Result<Caller, Unknown> = || Ok(Caller::known("alice", Role::Customer));
const UNKNOWN_KEY: Result<Caller, Unknown> = Err(Unknown::Token(TokenError::UnknownKey));

/// A JWKS endpoint that counts its requests.
struct Publisher {
    set: Arc<Mutex<String>>,
    asked: Arc<AtomicUsize>,
    url: String,
}

impl Publisher {
    fn start(set: &str) -> Self {
        let set = Arc::new(Mutex::new(set.to_owned()));
        let asked = Arc::new(AtomicUsize::new(0));
        let (shown, count) = (Arc::clone(&set), Arc::clone(&asked));
        let server = HttpServer::new(move || {
            let (shown, count) = (Arc::clone(&shown), Arc::clone(&count));
            let answer = move || {
                count.fetch_add(1, Ordering::SeqCst);
                let set = shown.lock().unwrap().clone();
                async move { HttpResponse::Ok().body(set) }
            };
            App::new().route("/jwks.json", web::get().to(answer))
        });
        let server = server.workers(1).bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/jwks.json", server.addrs()[0]);
        actix_web::rt::spawn(server.run());
        Self { set, asked, url }
    }

    fn authenticator(&self, pause: Duration) -> Authenticator {
        let mut settings = AuthSettings::without_keys(AuthMode::Required);
        settings.jwks_url = Some(self.url.parse().unwrap());
        settings.jwks_fetch_pause = pause;
        Authenticator::new(&settings).unwrap()
    }

    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

#[actix_web::test]
async fn a_new_published_key_is_fetched_when_its_first_token_comes() {
    let (old, new) = (signer(), signer());
    let publisher = Publisher::start(&set_of(&[&old]));
    let authenticator = publisher.authenticator(Duration::ZERO);
    assert_eq!(authenticator.caller(&token(&old)).await, ALICE());
    *publisher.set.lock().unwrap() = set_of(&[&old, &new]);
    assert_eq!(authenticator.caller(&token(&new)).await, ALICE());
    assert_eq!(authenticator.caller(&token(&old)).await, ALICE());
    assert_eq!(publisher.asked(), 2);
}

#[actix_web::test]
async fn made_up_keys_are_not_asked_for_again_and_again() {
    let known = signer();
    let publisher = Publisher::start(&set_of(&[&known]));
    let authenticator = publisher.authenticator(Duration::from_secs(600));
    let tokens: Vec<String> = (0..50).map(|_| token(&signer())).collect();
    let callers = tokens.iter().map(|token| authenticator.caller(token));
    for caller in futures_util::future::join_all(callers).await {
        assert_eq!(caller, UNKNOWN_KEY);
    }
    assert_eq!(authenticator.caller(&token(&known)).await, ALICE());
    assert_eq!(publisher.asked(), 1);
}

#[actix_web::test]
async fn without_any_key_the_service_asks_for_patience() {
    let publisher = Publisher::start("no keys");
    let authenticator = publisher.authenticator(Duration::ZERO);
    let token = token(&signer());
    assert_eq!(authenticator.caller(&token).await, Err(Unknown::NoKeys));
}

#[actix_web::test]
async fn a_publisher_that_breaks_leaves_the_keys_as_they_were() {
    let known = signer();
    let publisher = Publisher::start(&set_of(&[&known]));
    let authenticator = publisher.authenticator(Duration::ZERO);
    assert_eq!(authenticator.caller(&token(&known)).await, ALICE());
    *publisher.set.lock().unwrap() = "{}".to_owned();
    assert_eq!(authenticator.caller(&token(&signer())).await, UNKNOWN_KEY);
    assert_eq!(authenticator.caller(&token(&known)).await, ALICE());
}

#[actix_web::test]
async fn a_file_that_changes_is_read_again() {
    let path = std::env::temp_dir().join(format!("jwks-{}.json", uuid::Uuid::new_v4()));
    let (old, new) = (signer(), signer());
    std::fs::write(&path, set_of(&[&old])).unwrap();
    let mut settings = AuthSettings::without_keys(AuthMode::Required);
    settings.jwks_file = Some(path.clone());
    let authenticator = Authenticator::new(&settings).unwrap();
    let keys = authenticator.keys().unwrap();
    let (old, old_token) = (&old, token(&old));
    assert_eq!(authenticator.caller(&old_token).await, ALICE());
    assert_eq!(authenticator.caller(&token(&new)).await, UNKNOWN_KEY);

    // Both keys overlap until tokens of the old one have expired.
    std::fs::write(&path, set_of(&[old, &new])).unwrap();
    keys.reload_changed_files();
    assert_eq!(authenticator.caller(&token(&new)).await, ALICE());
    assert_eq!(authenticator.caller(&old_token).await, ALICE());

    std::fs::write(&path, "half a").unwrap();
    keys.reload_changed_files();
    assert_eq!(authenticator.caller(&token(&new)).await, ALICE());

    // A cached token goes with its key.
    std::fs::write(&path, set_of(&[&new])).unwrap();
    keys.reload_changed_files();
    assert_eq!(authenticator.caller(&old_token).await, UNKNOWN_KEY);
    std::fs::remove_file(&path).unwrap();
}

#[actix_web::test]
async fn the_services_own_keys_are_trusted() {
    let key = new_key().unwrap();
    let mut settings = AuthSettings::without_keys(AuthMode::Required);
    assert!(Authenticator::new(&settings).is_err());
    settings.signing_key = Some(key.clone().into());
    let mine = token(&Signer::from_pem(key.as_bytes()).unwrap());
    let authenticator = Authenticator::new(&settings).unwrap();
    assert_eq!(authenticator.caller(&mine).await, ALICE());
    assert_eq!(authenticator.caller(&token(&signer())).await, UNKNOWN_KEY);
    settings.signing_key = Some("no key".to_owned().into());
    assert!(Authenticator::new(&settings).is_err());
}

#[actix_web::test]
async fn what_a_service_signs_it_takes_whatever_its_claims_are_called() {
    let mut settings = AuthSettings::without_keys(AuthMode::Required);
    settings.signing_key = Some(new_key().unwrap().into());
    settings.role_claim = "https://holdfast.example/role".to_owned();
    let issuer = TokenIssuer::new(&settings).unwrap().unwrap();
    let token = issuer.issue("alice", Role::Customer, "holdfast", Duration::from_secs(60));
    let authenticator = Authenticator::new(&settings).unwrap();
    assert_eq!(authenticator.caller(&token.unwrap()).await, ALICE());
}
