//! Plants each kind of violation in a small workspace, and reports those that were not found.

use std::path::Path;
use std::{env, fs, process};

use crate::check::findings;

struct Plant {
    name: &'static str,
    /// `(path, content)` of each file.
    files: &'static [(&'static str, &'static str)],
    /// Expected number of findings.
    found: usize,
}

const MANIFEST: &str = "[package]\nname = \"planted\"\n";

const PLANTS: &[Plant] = &[
    Plant {
        name: "model uses app",
        files: &[
            ("booking-service/Cargo.toml", MANIFEST),
            ("booking-service/src/lib.rs", "mod app; mod model;"),
            ("booking-service/src/app.rs", "pub struct AppError;"),
            ("booking-service/src/model.rs", "use crate::app::AppError;"),
        ],
        found: 1,
    },
    Plant {
        name: "db uses app through a re-export",
        files: &[
            ("flight-service/Cargo.toml", MANIFEST),
            (
                "flight-service/src/lib.rs",
                "mod app; mod db; pub use app::AppError;",
            ),
            ("flight-service/src/app.rs", "pub struct AppError;"),
            (
                "flight-service/src/db.rs",
                "fn fails() -> super::AppError { todo!() }",
            ),
        ],
        found: 1,
    },
    Plant {
        name: "app uses actix and has SQL",
        files: &[
            ("payment-service/Cargo.toml", MANIFEST),
            ("payment-service/src/lib.rs", "mod app;"),
            (
                "payment-service/src/app.rs",
                "use { actix_web::web, std::time };\nconst SQL: &str = \"\\\n    SELECT 1\";\n// UPDATE is a word\n",
            ),
        ],
        found: 2,
    },
    Plant {
        name: "routes use the database and pages use routes",
        files: &[
            ("booking-service/Cargo.toml", MANIFEST),
            ("booking-service/src/lib.rs", "mod pages; mod routes;"),
            (
                "booking-service/src/pages.rs",
                "fn page() { crate::routes::call() }",
            ),
            (
                "booking-service/src/routes.rs",
                "pub fn call() { let p: deadpool_postgres::Pool; }",
            ),
        ],
        found: 2,
    },
    Plant {
        name: "deciding does I/O, through an import",
        files: &[
            ("crates/inventory/Cargo.toml", MANIFEST),
            ("crates/inventory/src/lib.rs", "mod decide; mod store;"),
            ("crates/inventory/src/store.rs", "pub fn load() {}"),
            (
                "crates/inventory/src/decide.rs",
                "use crate::store;\nfn decide() { store::load() }",
            ),
        ],
        found: 1,
    },
    Plant {
        name: "dependencies that are forbidden",
        files: &[
            (
                "crates/domain/Cargo.toml",
                "[dependencies]\ntokio.workspace = true\n",
            ),
            ("crates/domain/src/lib.rs", ""),
            (
                "crates/clients/Cargo.toml",
                "[dependencies]\ntest-stack.workspace = true\n[dev-dependencies]\ntest-stack = \"1\"\n",
            ),
            ("crates/clients/src/lib.rs", ""),
            (
                "flight-service/Cargo.toml",
                "[dependencies]\npayment-service = { workspace = true }\n",
            ),
            ("flight-service/src/lib.rs", ""),
        ],
        found: 3,
    },
    Plant {
        name: "two files use each other",
        files: &[
            ("crates/domain/Cargo.toml", MANIFEST),
            ("crates/domain/src/lib.rs", "mod one; mod two;"),
            (
                "crates/domain/src/one.rs",
                "use crate::two::Two; pub struct One;",
            ),
            (
                "crates/domain/src/two.rs",
                "pub struct Two(super::one::One);",
            ),
        ],
        found: 2,
    },
    Plant {
        name: "three files use each other, through a table of contents and an import",
        files: &[
            ("crates/domain/Cargo.toml", MANIFEST),
            ("crates/domain/src/lib.rs", "mod parts; mod three;"),
            (
                "crates/domain/src/parts.rs",
                "mod one; mod two; pub use one::One; pub use two::*;",
            ),
            (
                "crates/domain/src/parts/one.rs",
                "pub struct One(super::Two);",
            ),
            (
                "crates/domain/src/parts/two.rs",
                "use crate::three;\npub struct Two(three::Three);",
            ),
            (
                "crates/domain/src/three.rs",
                "use crate::parts::One; pub struct Three(One);",
            ),
        ],
        found: 3,
    },
    Plant {
        name: "a parent and its child use each other",
        files: &[
            ("crates/domain/Cargo.toml", MANIFEST),
            (
                "crates/domain/src/lib.rs",
                "mod child;\npub use child::Child;\npub struct Parent(Child);",
            ),
            (
                "crates/domain/src/child.rs",
                "pub struct Child; impl Child { fn of(parent: &super::Parent) {} }",
            ),
        ],
        found: 2,
    },
    Plant {
        name: "nothing, but what looks like it",
        files: &[
            (
                "booking-service/Cargo.toml",
                "[dependencies]\ntokio = \"1\"\n[dev-dependencies]\ntest-stack = \"1\"\n",
            ),
            (
                "booking-service/src/lib.rs",
                "mod app; mod db; mod model; pub use model::Row;",
            ),
            (
                "booking-service/src/app.rs",
                "//! [`crate::routes`]\nuse crate::db;\npub(in crate::app) fn a() { db::read(); x.routes(); \"actix_web::web\"; }",
            ),
            (
                "booking-service/src/db.rs",
                "// use crate::app;\npub fn read() -> crate::Row { \"SELECT 1\" }",
            ),
            (
                "booking-service/src/model.rs",
                "mod row; mod value; pub use row::Row; pub use value::Value;",
            ),
            (
                "booking-service/src/model/row.rs",
                "use super::Value; pub struct Row(Value);",
            ),
            (
                "booking-service/src/model/value.rs",
                "pub struct Value; #[cfg(test)] mod tests { use super::*; }",
            ),
        ],
        found: 0,
    },
];

/// One line per plant with another number of findings.
pub(crate) fn run() -> anyhow::Result<Vec<String>> {
    let root = env::temp_dir().join(format!("check-layers-{}", process::id()));
    let mut missed = Vec::new();
    for plant in PLANTS {
        let outcome = grow(plant, &root);
        fs::remove_dir_all(&root)?;
        let found = outcome?;
        if found.len() != plant.found {
            missed.push(format!(
                "{}: expected {} findings, found {found:#?}",
                plant.name, plant.found
            ));
        }
    }
    Ok(missed)
}

fn grow(plant: &Plant, root: &Path) -> anyhow::Result<Vec<String>> {
    for (path, content) in plant.files {
        let file = root.join(path);
        fs::create_dir_all(file.parent().unwrap_or(root))?;
        fs::write(file, content)?;
    }
    findings(root)
}
