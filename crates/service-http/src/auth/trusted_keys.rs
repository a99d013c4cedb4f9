//! The keys that tokens are checked by, as they change: those of the settings, of files, and of the
//! address where a log-in publishes them.
//!
//! Files are looked at every two seconds. Published keys are fetched at the start, every ten minutes, and
//! when a token comes whose key is not known, but never more often than the settings allow: tokens that
//! somebody made up must not make this service ask another one all the time. What can't be read leaves the
//! keys as they were.

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

/// How often files are looked at.
const FILES_LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// How often published keys are fetched anyway, so that a key that was withdrawn is not trusted for long.
const FETCHED_EVERY: Duration = Duration::from_secs(600);

/// How long a fetch may take.
const FETCH_TIMEOUT: Duration = Duration::from_secs(5);

/// The largest key set: KEYS_MAX large keys with their certificates are below it.
const SET_MAX_BYTES: usize = 256 * 1024;

/// The keys, and where they come from.
pub struct TrustedKeys {
    own: KeySet,
    files: Mutex<Vec<KeyFile>>,
    published: Option<Published>,
    current: ArcSwap<KeySet>,
    /// Rises with each change of the keys.
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
    /// When it was written and how long it is, as it was last read.
    stamp: Option<(SystemTime, u64)>,
    keys: KeySet,
}

struct Published {
    url: Url,
    client: reqwest::Client,
    pause: Duration,
    keys: ArcSwap<KeySet>,
    /// How it was asked last; held while it is.
    asked: tokio::sync::Mutex<Asked>,
}

#[derive(Default)]
struct Asked {
    at: Option<Instant>,
    /// Of what it answered.
    digest: Option<[u8; 32]>,
}

impl TrustedKeys {
    /// The keys of these settings; published ones are not there yet.
    ///
    /// # Errors
    /// When there is nothing to check tokens by, or a part of it can't be read.
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

    /// How often the keys have changed.
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// The keys now, and how often they have changed.
    pub(super) fn current(&self) -> (Arc<KeySet>, u64) {
        // In this order: what is remembered under a number was checked by these keys or newer ones.
        let generation = self.generation();
        (self.current.load_full(), generation)
    }

    /// Follows the files and the published keys until the token is cancelled.
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
            self.look_at_files();
        }
    }

    /// Reads the files that have changed.
    pub(super) fn look_at_files(&self) {
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

    /// Fetches the published keys, unless that was done a moment ago. Whether the keys are others now than
    /// they were at this generation.
    pub(super) async fn fetch_again(&self, since: u64) -> bool {
        if self.generation() == since
            && let Some(published) = &self.published
        {
            published.fetch_if_due(|| self.gather()).await;
        }
        self.generation() != since
    }

    /// Puts the keys of all places together.
    fn gather(&self) {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keys = self.own.clone();
        for file in files.iter() {
            keys = keys.and(&file.keys);
        }
        if let Some(published) = &self.published {
            keys = keys.and(&published.keys.load());
        }
        // Under the lock of the files, so that an older set does not come to lie over a newer one.
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

    /// Reads the file again if it has changed. Whether there are other keys now.
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
            // Keys come from where the settings say, not from where somebody else does.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .context("auth.jwks_url can't be asked: are the system's CA certificates installed?")?;
        Ok(Self {
            url: url.clone(),
            client,
            pause,
            keys: ArcSwap::default(),
            asked: tokio::sync::Mutex::default(),
        })
    }

    /// Asks, unless it was asked a moment ago, and says so when other keys came; those who come meanwhile
    /// wait until that is done.
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
