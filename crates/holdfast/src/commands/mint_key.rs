//! `holdfast mint-key`: a key pair to sign and verify tokens with.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use local_servers::stack_state::{KEYS, PUBLIC_KEYS as PUBLIC, SIGNING_KEY as PRIVATE};
use serde_json::{Value, json};
use tokens::Signer;

use crate::local::print;
use crate::local::settings::Settings;

#[derive(clap::Args)]
pub struct Arguments {
    /// Directory of the files; by default `auth` in the state directory
    directory: Option<PathBuf>,
    /// Replace the existing key; its public half stays in the key set
    #[arg(long)]
    replace: bool,
}

pub fn execute(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let usual = settings.state_directory.join(KEYS);
    let directory = arguments.directory.as_ref().unwrap_or(&usual);
    let (private, public) = (directory.join(PRIVATE), directory.join(PUBLIC));
    let is_there = private
        .try_exists()
        .with_context(|| format!("{} can't be checked", private.display()))?;
    if is_there && !arguments.replace {
        bail!(
            "{} exists already; --replace makes a new one",
            private.display()
        );
    }
    make(directory)?;
    let absolute = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    print::line(format!(
        "The private key, for booking-service:\n  HOLDFAST__AUTH__SIGNING_KEY_FILE={}\n\
         The public keys, for all services:\n  HOLDFAST__AUTH__JWKS_FILE={}",
        absolute(&private).display(),
        absolute(&public).display(),
    ));
    Ok(ExitCode::SUCCESS)
}

/// The stack's key files, the private one first; created if they are missing.
pub fn ensure(state_directory: &Path) -> anyhow::Result<(PathBuf, PathBuf)> {
    let directory = state_directory.join(KEYS);
    let (private, public) = (directory.join(PRIVATE), directory.join(PUBLIC));
    let is_there = private.try_exists()? && public.try_exists()?;
    if !is_there {
        make(&directory)?;
    }
    Ok((fs::canonicalize(private)?, fs::canonicalize(public)?))
}

/// Writes a new key pair.
fn make(directory: &Path) -> anyhow::Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o755)
        .create(directory)
        .with_context(|| format!("{} can't be made", directory.display()))?;
    let public = directory.join(PUBLIC);
    let key = tokens::sign::new_key()?;
    let set = set_with(&Signer::from_pem(key.as_bytes())?, &public)?;
    // The public key first, so that no service signs with a key that others can't verify.
    write(&public, &set, 0o644)?;
    write(&directory.join(PRIVATE), &key, 0o600)
}

/// The existing key set, with this key's public half first.
fn set_with(signer: &Signer, path: &Path) -> anyhow::Result<String> {
    let new = signer.public_jwks().context("the key has no public half")?;
    let mut new: Value = serde_json::from_str(&new)?;
    let old: Value = match fs::read(path) {
        Ok(text) => serde_json::from_slice(&text)
            .with_context(|| format!("{} is not a key set", path.display()))?,
        Err(error) if error.kind() == ErrorKind::NotFound => json!({"keys": []}),
        // Not treated as an empty set: a key in use would be lost.
        Err(error) => {
            return Err(error).with_context(|| format!("{} can't be read", path.display()));
        }
    };
    if let (Some(keys), Some(old)) = (new["keys"].as_array_mut(), old["keys"].as_array()) {
        keys.extend(old.iter().cloned());
    }
    Ok(serde_json::to_string_pretty(&new)? + "\n")
}

/// Writes a file atomically, by a rename.
fn write(path: &Path, text: &str, mode: u32) -> anyhow::Result<()> {
    let next = path.with_extension("next");
    fs::remove_file(&next).ok();
    let written = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(&next)
        .and_then(|mut file| file.write_all(text.as_bytes()))
        .and_then(|()| fs::rename(&next, path));
    written.with_context(|| format!("{} can't be written", path.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use local_servers::temporary_directory::TemporaryDirectory;

    use super::*;

    #[test]
    fn a_new_key_keeps_the_old_public_keys() {
        let scratch = TemporaryDirectory::new("keys").unwrap();
        let settings = Settings::from_environment().unwrap();
        let directory = scratch.path().join("keys");
        let arguments = |replace| Arguments {
            directory: Some(directory.clone()),
            replace,
        };
        execute(&settings, &arguments(false)).unwrap();
        let private = directory.join(PRIVATE);
        let first = fs::read(&private).unwrap();
        assert!(execute(&settings, &arguments(false)).is_err());
        assert_eq!(fs::read(&private).unwrap(), first);
        execute(&settings, &arguments(true)).unwrap();
        assert_ne!(fs::read(&private).unwrap(), first);
        assert_eq!(
            fs::metadata(&private).unwrap().permissions().mode() & 0o777,
            0o600
        );
        let set: Value =
            serde_json::from_slice(&fs::read(directory.join(PUBLIC)).unwrap()).unwrap();
        assert_eq!(set["keys"].as_array().unwrap().len(), 2);
        assert!(tokens::KeySet::from_jwks(set.to_string().as_bytes()).is_ok());
    }

    #[test]
    fn a_key_set_that_cant_be_read_is_not_replaced() {
        let scratch = TemporaryDirectory::new("keys").unwrap();
        let settings = Settings::from_environment().unwrap();
        // Not even root can read a directory as a file.
        let (private, public) = (scratch.path().join(PRIVATE), scratch.path().join(PUBLIC));
        fs::create_dir(&public).unwrap();
        fs::write(&private, "the key in use").unwrap();
        let arguments = Arguments {
            directory: Some(scratch.path().to_owned()),
            replace: true,
        };
        let error = execute(&settings, &arguments).unwrap_err();
        assert!(error.to_string().contains("can't be read"), "{error:#}");
        assert_eq!(fs::read(&private).unwrap(), b"the key in use");
    }
}
