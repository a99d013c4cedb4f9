//! The state file of a running local stack. The next start uses it to clean up after a killed one, and other
//! programs use it to find the stack.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::process::ProcessIdentity;

/// The file in the state directory.
pub const FILE: &str = "state.json";

/// The default path of the private key that `holdfast mint-key` creates for the stack with this state
/// directory.
#[must_use]
pub fn signing_key_file(directory: &Path) -> PathBuf {
    directory.join(KEYS).join(SIGNING_KEY)
}

/// The directory of the stack's keys, inside the state directory.
pub const KEYS: &str = "auth";

/// The file of the public keys, a JWK set.
pub const PUBLIC_KEYS: &str = "jwks.json";

/// The file of the private key.
pub const SIGNING_KEY: &str = "signing-key.pem";

/// What a running stack has started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The `holdfast` process itself.
    pub stack: Option<ProcessIdentity>,
    /// Whether everything answers.
    pub ready: bool,
    /// In start order.
    pub parts: Vec<Part>,
}

/// A server or service of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `PostgreSQL`, `Redis` or the service's name.
    pub name: String,
    /// On 127.0.0.1; `None` for an external server.
    pub port: Option<u16>,
    /// `None` for an external server.
    pub process: Option<ProcessIdentity>,
}

impl State {
    /// Reads the state file; empty if there is none.
    pub fn read(directory: &Path) -> anyhow::Result<Self> {
        let path = directory.join(FILE);
        match std::fs::read(&path) {
            Ok(text) => serde_json::from_slice(&text)
                .with_context(|| format!("{} is damaged: remove it", path.display())),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Self::default()),
            Err(error) => Err(error).context(format!("{} can't be read", path.display())),
        }
    }
}
