//! The layers: which paths may not use which modules and crates.

use crate::references::Reference;
use crate::workspace::Target;

struct Layer {
    /// Path prefix from the workspace's root; `*` matches any name.
    files: &'static str,
    /// Modules and crates that these files may not use.
    forbidden: &'static [&'static str],
    why: &'static str,
}

const LAYERS: &[Layer] = &[
    Layer {
        files: "*-service/src/model",
        forbidden: &[
            "crate::app",
            "crate::db",
            "crate::http",
            "crate::pages",
            "crate::routes",
            "actix_web",
            "clients",
            "deadpool_postgres",
            "service_http",
            "std::fs",
            "std::net::TcpListener",
            "std::net::TcpStream",
            "tokio",
            "tokio_postgres",
        ],
        why: "model has rows and values, without I/O",
    },
    Layer {
        files: "*-service/src/db",
        forbidden: &[
            "crate::app",
            "crate::http",
            "crate::pages",
            "crate::routes",
            "actix_web",
            "clients",
            "service_http",
        ],
        why: "db has the SQL, and uses only model",
    },
    Layer {
        files: "*-service/src/app",
        forbidden: &[
            "crate::http",
            "crate::pages",
            "crate::routes",
            "actix_web",
            "service_http",
        ],
        why: "app decides, without HTTP",
    },
    Layer {
        files: "*-service/src/routes",
        forbidden: &["crate::pages", "deadpool_postgres", "tokio_postgres"],
        why: "routes call app, not pages or the database",
    },
    Layer {
        files: "*-service/src/pages",
        forbidden: &["crate::routes", "deadpool_postgres", "tokio_postgres"],
        why: "pages call app, not routes or the database",
    },
    Layer {
        files: "crates/inventory/src/decide",
        forbidden: &[
            "crate::committer",
            "crate::engine",
            "crate::gate",
            "crate::store",
            "deadpool_postgres",
            "deadpool_redis",
            "std::fs",
            "std::net",
            "tokio",
            "tokio_postgres",
        ],
        why: "deciding is pure",
    },
    Layer {
        files: "crates/domain/src",
        forbidden: &["std::fs", "std::net", "std::time::SystemTime"],
        why: "this crate does no I/O",
    },
    Layer {
        files: "crates/itinerary/src",
        forbidden: &["std::fs", "std::net", "std::time::SystemTime"],
        why: "this crate does no I/O",
    },
    Layer {
        files: "crates/lifecycle/src",
        forbidden: &["std::fs", "std::net", "std::time::SystemTime"],
        why: "this crate does no I/O",
    },
    Layer {
        files: "crates/tokens/src",
        forbidden: &["std::fs", "std::net", "tokio"],
        why: "this crate does no I/O",
    },
];

/// Paths without SQL statements.
const WITHOUT_SQL: &[&str] = &[
    "*-service/src/app",
    "*-service/src/model",
    "*-service/src/pages",
    "*-service/src/routes",
    "crates/inventory/src/decide",
];

pub(crate) fn forbidden(target: &Target, references: &[Reference]) -> Vec<String> {
    let mut findings = Vec::new();
    for reference in references {
        let Reference {
            from, line, path, ..
        } = reference;
        for layer in LAYERS.iter().filter(|layer| is_in(from, layer.files)) {
            if layer.forbidden.iter().any(|prefix| is_under(path, prefix)) {
                findings.push(format!("{from}:{line}: {path}: {}", layer.why));
            }
        }
    }
    for module in target.modules.values() {
        if WITHOUT_SQL.iter().any(|files| is_in(&module.file, files)) {
            let lines = module.content.sql.iter();
            findings.extend(lines.map(|line| format!("{}:{line}: SQL belongs in db", module.file)));
        }
    }
    findings
}

/// Whether a file is in a directory, or is the module of that name.
fn is_in(file: &str, files: &str) -> bool {
    let file = match files.split_once('*') {
        Some((_, rest)) => file.find(rest).map(|at| &file[at..]).zip(Some(rest)),
        None => Some((file, files)),
    };
    file.and_then(|(file, files)| file.strip_prefix(files))
        .is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn is_under(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}
