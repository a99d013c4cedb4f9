//! The state directory: the lock, the record of started processes, and the logs of one stack.

use std::fs::{self, DirBuilder, File, OpenOptions, Permissions, TryLockError};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context;
use local_servers::logs;
use local_servers::stack_state;
pub use local_servers::stack_state::{Part, State};
use tokio::time::{Instant, sleep};

/// How long the lock is retried: `status` and the like hold it for a moment.
const LOCKED_WITHIN: Duration = Duration::from_secs(1);
const POLL: Duration = Duration::from_millis(50);

#[derive(Clone, Debug)]
pub struct StateDirectory {
    path: PathBuf,
}

/// Held by the running stack for its lifetime.
#[derive(Debug)]
pub struct Lock {
    _file: File,
}

impl StateDirectory {
    /// Creates the directory if it is missing.
    pub fn make(path: &Path) -> anyhow::Result<Self> {
        let what = || format!("the state directory {} can't be made", path.display());
        if !path.is_dir() {
            DirBuilder::new()
                .recursive(true)
                .create(path)
                .with_context(what)?;
            // Whatever the umask: servers may run as another user and must reach their directory inside.
            fs::set_permissions(path, Permissions::from_mode(0o755)).with_context(what)?;
        }
        let directory = Self {
            path: path.to_owned(),
        };
        fs::create_dir_all(directory.logs()).with_context(what)?;
        Ok(directory)
    }

    /// The directory, if it exists.
    pub fn find(path: &Path) -> Option<Self> {
        path.is_dir().then(|| Self {
            path: path.to_owned(),
        })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// PostgreSQL's data directory.
    pub fn postgres(&self) -> PathBuf {
        self.path.join("postgres")
    }

    pub fn logs(&self) -> PathBuf {
        self.path.join("logs")
    }

    /// A log's path; a large log is rotated first. Call it once per start.
    pub fn fresh_log(&self, name: &str) -> anyhow::Result<PathBuf> {
        let log = self.log(name);
        logs::rotate(&log, logs::ROTATED_OVER_BYTES)
            .with_context(|| format!("{} can't be set aside", log.display()))?;
        Ok(log)
    }

    /// A log's path.
    pub fn log(&self, name: &str) -> PathBuf {
        self.logs().join(format!("{name}.log"))
    }

    /// Whether a stack holds the lock.
    pub fn in_use(&self) -> anyhow::Result<bool> {
        // Shared, so that concurrent checks don't take each other for a stack.
        match self.lock_file()?.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error).context("the lock can't be checked"),
        }
    }

    /// Takes the lock; `None` if a stack holds it.
    pub async fn lock(&self) -> anyhow::Result<Option<Lock>> {
        let file = self.lock_file()?;
        let deadline = Instant::now() + LOCKED_WITHIN;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(Some(Lock { _file: file })),
                Err(TryLockError::WouldBlock) if Instant::now() >= deadline => return Ok(None),
                Err(TryLockError::WouldBlock) => sleep(POLL).await,
                Err(TryLockError::Error(error)) => {
                    return Err(error).context("the lock can't be taken");
                }
            }
        }
    }

    /// The last written state; empty if there is none.
    pub fn state(&self) -> anyhow::Result<State> {
        State::read(&self.path)
    }

    /// Replaces the state atomically.
    pub fn write(&self, state: &State) -> anyhow::Result<()> {
        let path = self.state_file();
        let next = path.with_extension("json.next");
        fs::write(&next, serde_json::to_vec_pretty(state)?)
            .and_then(|()| fs::rename(&next, &path))
            .with_context(|| format!("{} can't be written", path.display()))
    }

    /// Removes the state after an orderly stop.
    pub fn forget(&self) {
        // If this fails, the state names processes that are gone, which is harmless.
        let _ = fs::remove_file(self.state_file());
    }

    fn lock_file(&self) -> anyhow::Result<File> {
        let path = self.path.join("lock");
        OpenOptions::new()
            .create(true)
            .append(true)
            .open(&path)
            .with_context(|| format!("{} can't be opened", path.display()))
    }

    fn state_file(&self) -> PathBuf {
        self.path.join(stack_state::FILE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use local_servers::process::ProcessIdentity;
    use local_servers::temporary_directory::TemporaryDirectory;

    #[tokio::test]
    async fn one_stack_at_a_time() {
        let scratch = TemporaryDirectory::new("state").unwrap();
        let directory = StateDirectory::make(&scratch.path().join("a/b")).unwrap();
        let lock = directory.lock().await.unwrap();
        assert!(lock.is_some());
        assert!(directory.in_use().unwrap());
        assert!(directory.lock().await.unwrap().is_none());
        drop(lock);
        assert!(!directory.in_use().unwrap());
        assert!(directory.lock().await.unwrap().is_some());
    }

    #[test]
    fn the_state_is_read_as_it_was_written() {
        let scratch = TemporaryDirectory::new("state").unwrap();
        let directory = StateDirectory::make(scratch.path()).unwrap();
        assert_eq!(directory.state().unwrap(), State::default());
        let state = State {
            stack: ProcessIdentity::of(i32::try_from(std::process::id()).unwrap()),
            ready: true,
            parts: vec![Part {
                name: "Redis".to_owned(),
                port: Some(16379),
                process: None,
            }],
        };
        directory.write(&state).unwrap();
        assert_eq!(directory.state().unwrap(), state);
        directory.forget();
        assert_eq!(directory.state().unwrap(), State::default());
    }
}
