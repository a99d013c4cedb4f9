//! What a running local stack has started, as it is written into its state directory: for the next one,
//! which cleans up after one that was killed, and for other programs that want to find it.

use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde::{Deserialize, Serialize};

use crate::process::ProcessIdentity;

/// The file in the state directory.
pub const FILE: &str = "state.json";

/// Where `holdfast mint-key` puts the private key of the stack with this state directory, unless somebody says
/// otherwise.
#[must_use]
pub fn signing_key_file(directory: &Path) -> PathBuf {
    directory.join(KEYS).join(SIGNING_KEY)
}

/// The keys of the stack, inside the state directory.
pub const KEYS: &str = "auth";

/// The public ones of them, as a JWK set.
pub const PUBLIC_KEYS: &str = "jwks.json";

/// The private one of them.
pub const SIGNING_KEY: &str = "signing-key.pem";

/// What a running stack has started, so that others can see it, and the next one can clean up after
/// one that was killed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct State {
    /// The `holdfast` process itself.
    pub stack: Option<ProcessIdentity>,
    /// Everything answers.
    pub ready: bool,
    /// In the order in which they were started.
    pub parts: Vec<Part>,
}

/// A server or service of the stack.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// `PostgreSQL`, `Redis` or the service's name.
    pub name: String,
    /// Its port on 127.0.0.1; none for a server that existed before.
    pub port: Option<u16>,
    /// Its process; none for a server that existed before.
    pub process: Option<ProcessIdentity>,
}

impl State {
    /// What was written last into this state directory; nothing if no stack runs or ended badly.
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
