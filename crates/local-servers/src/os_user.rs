//! The OS user that servers run as, and directories that belong to it.
//!
//! PostgreSQL refuses to run as root, so root uses an unprivileged account. An ordinary user runs everything as
//! themselves.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, lchown};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use nix::unistd::{Uid, User, getegid, geteuid};
use tokio::process::Command;

use crate::temporary_directory;

/// Accounts that root runs servers as; the first that exists is used. PostgreSQL's packages create the first;
/// every system has the second.
const UNPRIVILEGED: [&str; 2] = ["postgres", "nobody"];

#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Root found no unprivileged account.
    #[error(
        "servers are not run as root, and neither the user `postgres` nor `nobody` exists: create one"
    )]
    NoneUnprivileged,
    #[error("the user database can't be read")]
    Users(#[source] nix::Error),
    /// A directory belongs to someone else, or is not a directory.
    #[error(
        "{path} is to be a directory of user {wanted} that no one else can write to, but {found}: run as the user it belongs to, or remove it",
        path = path.display()
    )]
    NotOurs {
        path: PathBuf,
        /// The account that should own it.
        wanted: String,
        /// What it is instead.
        found: String,
    },
    /// A directory can't be created or given to the account.
    #[error("{path} can't be made", path = path.display())]
    Directory {
        path: PathBuf,
        #[source]
        source: io::Error,
    },
}

/// An OS user that servers run as.
#[derive(Clone, Debug)]
pub struct OsUser {
    name: String,
    uid: u32,
    gid: u32,
    /// Whether this process is root and switches to the account in its children.
    switches: bool,
}

impl OsUser {
    /// The current user, or an unprivileged account for root.
    pub fn for_servers() -> Result<Self, AccountError> {
        if !geteuid().is_root() {
            return Ok(Self {
                name: name_of(geteuid().as_raw()),
                uid: geteuid().as_raw(),
                gid: getegid().as_raw(),
                switches: false,
            });
        }
        for name in UNPRIVILEGED {
            if let Some(user) = User::from_name(name).map_err(AccountError::Users)? {
                return Ok(Self {
                    name: user.name,
                    uid: user.uid.as_raw(),
                    gid: user.gid.as_raw(),
                    switches: true,
                });
            }
        }
        Err(AccountError::NoneUnprivileged)
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Makes a command run as this account, without root's supplementary groups.
    pub fn apply(&self, command: &mut Command) {
        if self.switches {
            command.uid(self.uid).gid(self.gid);
        }
    }

    /// Whether the account can enter this directory. Tested by trying: modes, access lists and mounts all
    /// matter.
    pub async fn can_enter(&self, directory: &Path) -> bool {
        if !self.switches {
            return true;
        }
        let mut command = Command::new("sh");
        command
            .args(["-c", "cd -- \"$1\"", "sh"])
            .arg(directory)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        self.apply(&mut command);
        command.status().await.is_ok_and(|status| status.success())
    }

    /// Creates a directory that only this account can enter, or checks an existing one.
    ///
    /// Its parent may be world-writable (`/tmp`): a link or a directory that someone else put there is refused,
    /// not followed.
    pub fn own_directory(&self, path: &Path) -> Result<(), AccountError> {
        let failed = |source| AccountError::Directory {
            path: path.to_owned(),
            source,
        };
        match std::fs::DirBuilder::new().mode(0o700).create(path) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.check_owner(path)?,
            Err(error) => return Err(failed(error)),
        }
        self.give(path).map_err(failed)
    }

    /// Creates a directory for a temporary server where the account can reach it.
    pub async fn scratch_directory(&self, purpose: &str) -> Result<PathBuf, AccountError> {
        let mut parent = std::env::temp_dir();
        for public in ["/tmp", "/var/tmp"] {
            if self.can_enter(&parent).await {
                break;
            }
            parent = PathBuf::from(public);
        }
        let directory = temporary_directory::unused_path(&parent, purpose);
        self.own_directory(&directory)?;
        Ok(directory)
    }

    /// Gives a file or directory that root created to this account.
    pub fn give(&self, path: &Path) -> io::Result<()> {
        if self.switches {
            lchown(path, Some(self.uid), Some(self.gid))?;
        }
        Ok(())
    }

    fn check_owner(&self, path: &Path) -> Result<(), AccountError> {
        let not_ours = |found: String| AccountError::NotOurs {
            path: path.to_owned(),
            wanted: self.name.clone(),
            found,
        };
        // Links are not followed.
        let there = path
            .symlink_metadata()
            .map_err(|source| AccountError::Directory {
                path: path.to_owned(),
                source,
            })?;
        if !there.is_dir() {
            return Err(not_ours("it is not a directory".to_owned()));
        }
        // Ours: this program may have been killed after creating it and before giving it away.
        if there.uid() != self.uid && there.uid() != geteuid().as_raw() {
            let owner = name_of(there.uid());
            return Err(not_ours(format!("it belongs to user {owner}")));
        }
        if there.mode() & 0o022 != 0 {
            return Err(not_ours("others may write to it".to_owned()));
        }
        Ok(())
    }
}

fn name_of(uid: u32) -> String {
    match User::from_uid(Uid::from_raw(uid)) {
        Ok(Some(user)) => user.name,
        _ => uid.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;
    use crate::temporary_directory::TemporaryDirectory;

    #[test]
    fn a_directory_is_made_once_and_a_stranger_refused() {
        let scratch = TemporaryDirectory::new("account").unwrap();
        let account = OsUser::for_servers().unwrap();
        let directory = scratch.path().join("private");
        account.own_directory(&directory).unwrap();
        account.own_directory(&directory).unwrap();
        assert_eq!(directory.metadata().unwrap().mode() & 0o777, 0o700);

        std::fs::set_permissions(&directory, PermissionsExt::from_mode(0o777)).unwrap();
        let error = account.own_directory(&directory).unwrap_err().to_string();
        assert!(error.contains("others may write to it"), "{error}");

        let link = scratch.path().join("link");
        symlink(scratch.path(), &link).unwrap();
        let error = account.own_directory(&link).unwrap_err().to_string();
        assert!(error.contains("not a directory"), "{error}");
    }

    #[tokio::test]
    async fn what_can_be_entered() {
        let account = OsUser::for_servers().unwrap();
        assert!(account.can_enter(Path::new("/")).await);
        if account.switches {
            let closed = TemporaryDirectory::new("closed").unwrap();
            std::fs::set_permissions(closed.path(), PermissionsExt::from_mode(0o700)).unwrap();
            assert!(!account.can_enter(closed.path()).await);
        }
    }
}
