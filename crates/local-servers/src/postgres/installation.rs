//! Chooses among the PostgreSQL installations of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;

/// The oldest version that the migrations and the services support.
pub const OLDEST_MAJOR: u32 = 15;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    pub major: u32,
    /// Contains `postgres`, `initdb` and usually `psql`.
    pub directory: PathBuf,
}

impl Installation {
    /// The newest one, or the version that an existing data directory needs.
    pub fn find(needed: Option<u32>) -> Result<Self, PostgresError> {
        let mut found: Vec<Self> = candidates()
            .iter()
            .filter_map(|directory| Self::in_directory(directory))
            .collect();
        found.dedup();
        choose(&found, needed).ok_or_else(|| PostgresError::NotInstalled {
            needed: needed.map_or_else(
                || format!("{OLDEST_MAJOR} or newer"),
                |major| format!("{major}, the version that the data was made with,"),
            ),
            found: describe(&found),
        })
    }

    pub fn program(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    fn in_directory(directory: &Path) -> Option<Self> {
        if !directory.join("initdb").is_file() {
            return None;
        }
        let output = Command::new(directory.join("postgres"))
            .arg("--version")
            .output()
            .ok()?;
        Some(Self {
            major: parse_version(&String::from_utf8_lossy(&output.stdout))?,
            directory: directory.to_owned(),
        })
    }
}

/// Debian's directory of each version, the one that `pg_config` names, and the PATH.
fn candidates() -> Vec<PathBuf> {
    let mut directories = Vec::new();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        directories.extend(versions.flatten().map(|entry| entry.path().join("bin")));
    }
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        directories.push(String::from_utf8_lossy(&output.stdout).trim().into());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    directories.extend(std::env::split_paths(&path));
    directories
}

/// The newest suitable one; among equals the first found.
fn choose(found: &[Installation], needed: Option<u32>) -> Option<Installation> {
    found
        .iter()
        .filter(|one| match needed {
            Some(major) => one.major == major,
            None => one.major >= OLDEST_MAJOR,
        })
        .reduce(|best, one| if one.major > best.major { one } else { best })
        .cloned()
}

fn describe(found: &[Installation]) -> String {
    if found.is_empty() {
        return "none was found".to_owned();
    }
    let each: Vec<String> = found
        .iter()
        .map(|one| format!("{} in {}", one.major, one.directory.display()))
        .collect();
    format!("found {}", each.join(", "))
}

/// Parses the major version from the output of `postgres --version`.
fn parse_version(line: &str) -> Option<u32> {
    let version = line.split("(PostgreSQL)").nth(1)?.trim_start();
    let digits = version.find(|letter: char| !letter.is_ascii_digit());
    version[..digits.unwrap_or(version.len())].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installed(majors: &[u32]) -> Vec<Installation> {
        majors
            .iter()
            .map(|&major| Installation {
                major,
                directory: format!("/usr/lib/postgresql/{major}/bin").into(),
            })
            .collect()
    }

    #[test]
    fn versions_are_read() {
        let cases = [
            (
                "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)\n",
                Some(15),
            ),
            ("postgres (PostgreSQL) 9.6.24", Some(9)),
            ("postgres (PostgreSQL) 18beta1", Some(18)),
            ("postgres (PostgreSQL) 17", Some(17)),
            ("postgres: command not found", None),
            ("", None),
        ];
        for (line, expected) in cases {
            assert_eq!(parse_version(line), expected, "{line}");
        }
    }

    #[test]
    fn the_newest_is_chosen_unless_data_needs_another() {
        let found = installed(&[14, 17, 15]);
        let major = |needed| choose(&found, needed).map(|one| one.major);
        assert_eq!(major(None), Some(17));
        assert_eq!(major(Some(15)), Some(15));
        assert_eq!(major(Some(16)), None);
        assert_eq!(choose(&installed(&[14]), None), None);
        assert_eq!(
            describe(&installed(&[14])),
            "found 14 in /usr/lib/postgresql/14/bin"
        );
    }
}
