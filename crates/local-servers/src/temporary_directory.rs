//! Directories that are removed when they are dropped.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// A new directory with an unguessable name, removed on drop.
///
/// Every user can enter it, so that a server under another account finds its own directory inside; only its
/// owner can write to it.
#[derive(Debug)]
pub struct TemporaryDirectory {
    path: PathBuf,
}

impl TemporaryDirectory {
    /// Creates one in the system's temporary directory.
    pub fn new(purpose: &str) -> io::Result<Self> {
        let path = unused_path(&std::env::temp_dir(), purpose);
        std::fs::DirBuilder::new().mode(0o755).create(&path)?;
        Ok(Self { path })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        // Nothing can be done about a failure here, and the system cleans its temporary directory.
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

/// An unused path: a readable prefix and 64 random bits.
pub fn unused_path(parent: &Path, purpose: &str) -> PathBuf {
    parent.join(format!("holdfast-{purpose}-{:016x}", rand::random::<u64>()))
}
