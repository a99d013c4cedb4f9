//! Directories that live no longer than what uses them.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A new directory with a name that no one can guess, removed when this is dropped.
///
/// It can be entered by every user, so that a server that runs as another account finds its own
/// directory inside; only its owner can write to it.
#[derive(Debug)]
pub struct Scratch {
    path: PathBuf,
}

impl Scratch {
    /// Makes one in the system's temporary directory.
    pub fn new(purpose: &str) -> io::Result<Self> {
        let path = unused_path(&std::env::temp_dir(), purpose);
        std::fs::DirBuilder::new().mode(0o755).create(&path)?;
        Ok(Self { path })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and a temporary directory is swept in time.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// A path that no file has: 64 random bits behind a readable start.
pub fn unused_path(parent: &Path, purpose: &str) -> PathBuf {
    parent.join(format!("holdfast-{purpose}-{:016x}", rand::random::<u64>()))
}
