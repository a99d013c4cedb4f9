//! Checks that the stack's ports are free, before anything starts.

use anyhow::bail;
use local_servers::ports::{listener_on, unusable};

use super::settings::Settings;

/// The error names each taken port, its owner, and the variable to change it.
pub fn check(settings: &Settings) -> anyhow::Result<()> {
    let problems: Vec<String> = settings
        .ports()
        .into_iter()
        .filter_map(|(part, port, variable)| problem(part, port, variable))
        .collect();
    if problems.is_empty() {
        return Ok(());
    }
    bail!("{}", problems.join("\n"));
}

fn problem(part: &str, port: u16, variable: &str) -> Option<String> {
    let reason = unusable(port)?;
    let advice = format!("set {variable} to another port");
    Some(match listener_on(port) {
        Some(listener) => format!(
            "port {port}, which is for {part}, is taken by {listener}\n  stop that process, or {advice}"
        ),
        None => format!("port {port}, which is for {part}, can't be used: {reason}\n  {advice}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_explained() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let text = problem("Redis", port, "HOLDFAST_REDIS_PORT").unwrap();
        let pid = std::process::id();
        assert!(text.starts_with(&format!(
            "port {port}, which is for Redis, is taken by process {pid}: "
        )));
        assert!(text.ends_with("or set HOLDFAST_REDIS_PORT to another port"));
        drop(listener);
        assert_eq!(problem("Redis", port, "HOLDFAST_REDIS_PORT"), None);
    }
}
