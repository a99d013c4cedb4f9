//! Which crate may depend on which: read from the lines under `[dependencies]`. What only tests use may be anything.

use crate::workspace::Package;

const SERVICES: [&str; 3] = ["booking-service", "flight-service", "payment-service"];

const TEST_CRATES: [&str; 1] = ["test-stack"];

/// They load the services of a test stack.
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
            "nobody uses a service's code"
        } else if TEST_CRATES.contains(&name) && !is_tool {
            "what is for tests is no dependency"
        } else if PURE.contains(&path) && INPUT_AND_OUTPUT.contains(&name) {
            "this crate does no I/O"
        } else if path == "crates/service-core"
            && (name.starts_with("actix") || name == "service-http")
        {
            "service-core knows no HTTP server"
        } else if path == "crates/inventory"
            && (name.starts_with("actix") || name == "service-http")
        {
            "the inventory knows no HTTP server"
        } else {
            continue;
        };
        findings.push(format!("{path}/Cargo.toml:{line}: {name}: {why}"));
    }
    findings
}

/// The names under `[dependencies]`, each with its line.
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
