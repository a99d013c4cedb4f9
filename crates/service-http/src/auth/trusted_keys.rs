//! The keys that tokens are verified with, from the settings, from files, and from the identity provider's
//! JWKS URL.
//!
//! Files are checked every two seconds. Published keys are fetched at start, every ten minutes, and when a
//! token names an unknown key, but never more often than `auth.jwks_fetch_pause`: forged tokens must not make
//! this service flood another. If reading or fetching fails, the old keys stay.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use anyhow::{Context as _, ensure};
use arc_swap::ArcSwap;
use reqwest::Url;
use secrecy::ExposeSecret as _;
use sha2::{Digest as _, Sha256};
use tokens::KeySet;
use tokio_util::sync::CancellationToken;

use service_core::settings::{AuthSettings, read_secret};

/// Poll interval of key files.
const FILES_LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// Refresh interval of published keys, so that a withdrawn key is not trusted for long.
const FETCHED_EVERY: Duration = Duration::from_secs(600);

/// Time limit of a fetch.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// Upper limit of a key set: KEYS_MAX large keys with their certificates are smaller.
const SET_MAX_BYTES: usize = 256 * 1024;

/// The current keys and their sources.
pub struct TrustedKeys {
    own: KeySet,
    files: Mutex<Vec<KeyFile>>,
    published: Option<Published>,
    current: ArcSwap<KeySet>,
    /// Incremented by each change of the keys.
    generation: AtomicU64,
}

#[derive(Clone, Copy)]
enum FileKind {
    Secret,
    Jwks,
}

struct KeyFile {
    path: PathBuf,
    kind: FileKind,
    /// Modification time and length at the last read.
    stamp: Option<(SystemTime, u64)>,
    keys: KeySet,
}

struct Published {
    url: Url,
    client: reqwest::Client,
    pause: Duration,
    keys: ArcSwap<KeySet>,
    /// The last fetch; locked during one (single flight).
    asked: tokio::sync::Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    at: Option<Instant>,
    /// Digest of the last response.
    digest: Option<[u8; 32]>,
}

impl TrustedKeys {
    /// Loads the keys of the settings and files; published keys are not fetched yet.
    ///
    /// # Errors
    /// There is no source of keys, or one can't be read.
    pub fn new(settings: &AuthSettings) -> anyhow::Result<Self> {
        settings.check_keys_address()?;
        let own = settings.own_keys()?;
        let places = [
            (&settings.secret_file, FileKind::Secret),
            (&settings.jwks_file, FileKind::Jwks),
        ];
        let mut files = Vec::new();
        for (path, kind) in places {
            if let Some(path) = path {
                files.push(KeyFile::open(path, kind)?);
            }
        }
        let published = match &settings.jwks_url {
            Some(url) => Some(Published::new(url, settings.jwks_fetch_pause)?),
            None => None,
        };
        ensure!(
            !own.is_empty() || !files.is_empty() || published.is_some(),
            "auth.mode is required, and there is nothing to check tokens by: set auth.jwks_file, \
             auth.jwks, auth.jwks_url, auth.secret_file or auth.secret (`holdfast mint-key` makes keys), or \
             auth.mode = open on a loopback address"
        );
        let keys = Self {
            own,
            files: Mutex::new(files),
            published,
            current: ArcSwap::default(),
            generation: AtomicU64::new(0),
        };
        keys.gather();
        Ok(keys)
    }

    /// Number of changes of the keys so far.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The current keys and their generation.
    pub(super) fn current(&self) -> (Arc<KeySet>, u64) {
        // In this order: what is cached under a generation was verified by its keys or by newer ones.
        let generation = self.generation();
        (self.current.load_full(), generation)
    }

    /// Polls the files and the published keys until the token is cancelled.
    pub async fn follow(self: Arc<Self>, stop: CancellationToken) {
        let mut fetched_at: Option<Instant> = None;
        loop {
            if fetched_at.is_none_or(|at| at.elapsed() >= FETCHED_EVERY) {
                fetched_at = Some(Instant::now());
                let fetch = self.fetch_again(self.generation());
                if stop.run_until_cancelled(fetch).await.is_none() {
                    return;
                }
            }
            let pause = tokio::time::sleep(FILES_LOOKED_AT_EVERY);
            if stop.run_until_cancelled(pause).await.is_none() {
                return;
            }
            self.reload_changed_files();
        }
    }

    /// Reloads changed files.
    pub(super) fn reload_changed_files(&self) {
        let mut files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for file in files.iter_mut() {
            changed |= file.look();
        }
        drop(files);
        if changed {
            self.gather();
        }
    }

    /// Fetches the published keys, unless that was done a moment ago. Returns whether the generation differs
    /// from `since`.
    pub(super) async fn fetch_again(&self, since: u64) -> bool {
        if self.generation() == since
            && let Some(published) = &self.published
        {
            published.fetch_if_due(|| self.gather()).await;
        }
        self.generation() != since
    }

    /// Merges the keys of all sources.
    fn gather(&self) {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.own.clone();
        for file in files.iter() {
            keys = keys.and(&file.keys);
        }
        if let Some(published) = &self.published {
            keys = keys.and(&published.keys.load());
        }
        // Under the files' lock, so that an older set can't overwrite a newer one.
        self.current.store(Arc::new(keys));
        self.generation.fetch_add(1, Ordering::AcqRel);
    }
}

impl KeyFile {
    fn open(path: &Path, kind: FileKind) -> anyhow::Result<Self> {
        let mut file = Self {
            path: path.to_owned(),
            kind,
            stamp: stamp_of(path),
            keys: KeySet::default(),
        };
        file.keys = file
            .read()
            .with_context(|| format!("{} can't be used", path.display()))?;
        Ok(file)
    }

    fn read(&self) -> anyhow::Result<KeySet> {
        match self.kind {
            FileKind::Secret => {
                let secret = read_secret(&self.path)?;
                Ok(KeySet::from_secret(secret.expose_secret().as_bytes())?)
            }
            FileKind::Jwks => Ok(KeySet::from_jwks(&fs::read(&self.path)?)?),
        }
    }

    /// Reloads the file if it has changed. Returns whether its keys have.
    fn look(&mut self) -> bool {
        let stamp = stamp_of(&self.path);
        if stamp == self.stamp {
            return false;
        }
        self.stamp = stamp;
        match self.read() {
            Ok(keys) => {
                tracing::info!(path = %self.path.display(), ?keys, "token keys reloaded");
                self.keys = keys;
                true
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(path = %self.path.display(), error, "reloading token keys failed; keeping the old ones");
                false
            }
        }
    }
}

fn stamp_of(path: &Path) -> Option<(SystemTime, u64)> {
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.modified().ok()?, metadata.len()))
}

impl Published {
    fn new(url: &Url, pause: Duration) -> anyhow::Result<Self> {
        let client = reqwest::Client::builder()
            .timeout(FETCH_TIMEOUT)
            // No redirects: keys come from the configured URL only.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context(
                "no HTTP client for auth.jwks_url: are the system's CA certificates installed?",
            )?;
        Ok(Self {
            url: url.clone(),
            client,
            pause,
            keys: ArcSwap::default(),
            asked: tokio::sync::Mutex::default(),
        })
    }

    /// Fetches, unless that was done a moment ago, and calls `changed` if other keys came. Concurrent callers
    /// wait for the same fetch.
    async fn fetch_if_due(&self, changed: impl FnOnce()) {
        let mut asked = self.asked.lock().await;
        if asked.at.is_some_and(|at| at.elapsed() < self.pause) {
            return;
        }
        asked.at = Some(Instant::now());
        match self.fetch().await {
            Ok((_, digest)) if asked.digest == Some(digest) => {}
            Ok((keys, digest)) => {
                tracing::info!(?keys, "token keys fetched");
                self.keys.store(Arc::new(keys));
                asked.digest = Some(digest);
                changed();
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::warn!(url = %self.url, error, "fetching token keys failed; keeping the old ones");
            }
        }
    }

    async fn fetch(&self) -> anyhow::Result<(KeySet, [u8; 32])> {
        let response = self.client.get(self.url.clone()).send().await?;
        let mut response = response.error_for_status()?;
        let mut body = Vec::new();
        while let Some(piece) = response.chunk().await? {
            body.extend_from_slice(&piece);
            ensure!(body.len() <= SET_MAX_BYTES, "it is too large");
        }
        Ok((KeySet::from_jwks(&body)?, Sha256::digest(&body).into()))
    }
}
