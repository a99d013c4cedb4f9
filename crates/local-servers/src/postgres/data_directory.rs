//! The data directory and the superuser's password.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use sha2::{Digest, Sha256};
use tokio::process::Command;

use super::{Durability, Installation, PostgresError, USER};
use crate::child::arguments;
use crate::os_user::OsUser;

/// The parent for data if the server's account can't enter the requested directory, such as a project under
/// `/root`. Not `/tmp`, which is emptied at boot.
const ELSEWHERE: &str = "/var/tmp";

/// A server's own directory: `data/`, and `password` with the superuser's password.
#[derive(Debug)]
pub(super) struct DataDirectory {
    pub directory: PathBuf,
    pub account: OsUser,
    /// Whether it is not where it was requested.
    pub elsewhere: bool,
}

impl DataDirectory {
    /// Creates or finds the directory, owned by the account that the server runs as.
    pub async fn open(wanted: &Path) -> Result<Self, PostgresError> {
        let account = OsUser::for_servers()?;
        let wanted = std::path::absolute(wanted)?;
        let parent = wanted.parent().unwrap_or(Path::new("/"));
        let elsewhere = !account.can_enter(parent).await;
        let directory = if elsewhere {
            directory_elsewhere(&wanted)
        } else {
            wanted
        };
        account.own_directory(&directory)?;
        Ok(Self {
            directory,
            account,
            elsewhere,
        })
    }

    pub fn data(&self) -> PathBuf {
        self.directory.join("data")
    }

    /// The PostgreSQL version of the data; `None` if there is none yet.
    pub fn major(&self) -> Result<Option<u32>, PostgresError> {
        match fs::read_to_string(self.data().join("PG_VERSION")) {
            Ok(text) => Ok(text.trim().parse().ok()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// The superuser's password, generated at the first call.
    pub fn password(&self) -> Result<String, PostgresError> {
        let path = self.directory.join("password");
        match fs::read_to_string(&path) {
            Ok(text) if !text.trim().is_empty() => return Ok(text.trim().to_owned()),
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error.into()),
        }
        if self.data().exists() {
            return Err(PostgresError::PasswordLost { path });
        }
        let password = format!("{:032x}", rand::random::<u128>());
        // Readable by the server's account, because `initdb` runs as that.
        let mut file = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&path)?;
        writeln!(file, "{password}")?;
        self.account.give(&path)?;
        Ok(password)
    }

    /// Creates an empty database cluster. An interrupted attempt leaves nothing that looks complete.
    pub async fn initialize(
        &self,
        installation: &Installation,
        durability: Durability,
    ) -> Result<(), PostgresError> {
        let unfinished = self.directory.join("data.unfinished");
        if unfinished.exists() {
            fs::remove_dir_all(&unfinished)?;
        }
        let mut command = Command::new(installation.program("initdb"));
        command
            .args(arguments(["--username", USER, "--auth", "scram-sha-256"]))
            .args(["--encoding", "UTF8", "--locale", "C", "--data-checksums"])
            .arg("--no-instructions")
            .arg("--pwfile")
            .arg(self.directory.join("password"))
            .arg("--pgdata")
            .arg(&unfinished);
        if durability == Durability::Fast {
            command.arg("--no-sync");
        }
        command
            .current_dir(&self.directory)
            .stdin(Stdio::null())
            .process_group(0)
            .kill_on_drop(true);
        self.account.apply(&mut command);
        let output = command.output().await?;
        if !output.status.success() {
            return Err(PostgresError::Initdb {
                status: output.status,
                output: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
            });
        }
        fs::rename(&unfinished, self.data())?;
        Ok(())
    }
}

/// Deletes what [`DataDirectory::open`] and the server created, here or elsewhere. The server must not run.
pub(super) async fn remove(wanted: &Path) -> Result<(), PostgresError> {
    let account = OsUser::for_servers()?;
    let wanted = std::path::absolute(wanted)?;
    for directory in [directory_elsewhere(&wanted), wanted] {
        if directory.symlink_metadata().is_ok() {
            // Refuses someone else's directory.
            account.own_directory(&directory)?;
            fs::remove_dir_all(&directory)?;
        }
    }
    Ok(())
}

/// Must stay the same for the same path, also in later versions.
fn directory_elsewhere(wanted: &Path) -> PathBuf {
    let digest = Sha256::digest(wanted.as_os_str().as_encoded_bytes());
    let short: String = digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Path::new(ELSEWHERE).join(format!("holdfast-{short}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_directory_elsewhere_depends_on_the_one_wanted() {
        let one = directory_elsewhere(Path::new("/root/one/.holdfast/postgres"));
        let other = directory_elsewhere(Path::new("/root/other/.holdfast/postgres"));
        assert_eq!(one, Path::new("/var/tmp/holdfast-dd7012f06934"));
        assert_ne!(one, other);
    }
}
