//! Allowed dependencies between crates, by the `[dependencies]` tables. Dev-dependencies are not restricted.

use crate::workspace::Package;

const SERVICES: [&str; 3] = ["booking-service", "flight-service", "payment-service"];

const TEST_CRATES: [&str; 1] = ["test-stack"];

/// These load the services of a test stack, so they depend on it.
const TOOLS: [&str; 2] = ["crates/stress-test", "crates/benches"];

const PURE: [&str; 5] = [
    "crates/domain",
    "crates/itinerary",
    "crates/lifecycle",
    "crates/flight-api",
    "crates/payment-api",
];

const INPUT_AND_OUTPUT: [&str; 7] = [
    "actix-web",
    "deadpool-postgres",
    "deadpool-redis",
    "reqwest",
    "service-http",
    "tokio",
    "tokio-postgres",
];

pub(crate) fn forbidden(package: &Package) -> Vec<String> {
    let path = package.path.as_str();
    let is_tool = TOOLS.contains(&path);
    let mut findings = Vec::new();
    for (line, name) in dependencies(&package.manifest) {
        let why = if SERVICES.contains(&name) {
            "no crate uses a service's code"
        } else if TEST_CRATES.contains(&name) && !is_tool {
            "test crates may only be dev-dependencies"
        } else if PURE.contains(&path) && INPUT_AND_OUTPUT.contains(&name) {
            "this crate does no I/O"
        } else if path == "crates/service-core"
            && (name.starts_with("actix") || name == "service-http")
        {
            "service-core has no HTTP server"
        } else if path == "crates/inventory"
            && (name.starts_with("actix") || name == "service-http")
        {
            "the inventory has no HTTP server"
        } else {
            continue;
        };
        findings.push(format!("{path}/Cargo.toml:{line}: {name}: {why}"));
    }
    findings
}

/// The names under `[dependencies]` with their lines.
fn dependencies(manifest: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut section = "";
    manifest.lines().enumerate().filter_map(move |(at, line)| {
        if line.starts_with('[') {
            section = line;
        }
        let name = line.split([' ', '.', '=', '#']).next().unwrap_or_default();
        let is_entry = section == "[dependencies]" && !line.starts_with('[') && !name.is_empty();
        is_entry.then_some((at + 1, name))
    })
}
