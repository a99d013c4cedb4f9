//! `holdfast mint-token`: signs a token with the key that the services trust.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, ensure};
use jiff::Timestamp;
use local_servers::stack_state::signing_key_file;
use tokens::sign::Grant;
use tokens::{Role, Signer};

use crate::local::print;
use crate::local::settings::Settings;

/// The longest lifetime: a token can't be revoked.
const LIFETIME_MAX: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[derive(clap::Args)]
pub struct Arguments {
    /// customer, agent, service or admin
    #[arg(long)]
    role: Role,
    /// Subject of the token; a customer's is the user id that they send in requests
    #[arg(long)]
    sub: String,
    /// Lifetime, such as 90s, 15m or 8h; at most 30 days
    #[arg(long, default_value = "1h", value_parser = humantime::parse_duration)]
    lifetime: Duration,
    /// Private key in PEM; by default that of `mint-key`
    #[arg(long, conflicts_with = "secret_file")]
    key: Option<PathBuf>,
    /// File with a shared secret, instead of a key
    #[arg(long)]
    secret_file: Option<PathBuf>,
    /// `auth.issuer` of the services
    #[arg(long, default_value = "holdfast")]
    issuer: String,
    /// `auth.shared_audience` of the services, or `auth.audience` of one
    #[arg(long, default_value = "holdfast")]
    audience: String,
}

pub fn execute(settings: &Settings, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    ensure!(
        arguments.lifetime <= LIFETIME_MAX,
        "a token is valid for at most 30 days: it can't be revoked"
    );
    let usual = signing_key_file(&settings.state_directory);
    let (path, is_secret) = match (&arguments.secret_file, &arguments.key) {
        (Some(secret), _) => (secret, true),
        (None, Some(key)) => (key, false),
        (None, None) => (&usual, false),
    };
    let text = fs::read_to_string(path).with_context(|| {
        format!(
            "{} can't be read; `holdfast mint-key` makes a key",
            path.display()
        )
    })?;
    let signer = if is_secret {
        Signer::from_secret(text.trim_end_matches(['\r', '\n']).as_bytes())
    } else {
        Signer::from_pem(text.as_bytes())
    };
    let signer = signer.with_context(|| format!("{} can't be used", path.display()))?;
    let grant = Grant {
        issuer: &arguments.issuer,
        audience: &arguments.audience,
        subject: &arguments.sub,
        role: arguments.role,
        lifetime: arguments.lifetime,
    };
    print::line(signer.sign(&grant, Timestamp::now())?);
    Ok(ExitCode::SUCCESS)
}
