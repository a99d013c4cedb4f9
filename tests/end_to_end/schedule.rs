//! More flights than the demo has.

use std::path::{Path, PathBuf};

use flight_service::import::{self, ImportOptions};

use crate::databases::Databases;
use crate::settings::flight_settings;

/// Adds dated flights: `flight_number,origin,destination,departure,arrival,total_seats,price,currency`.
/// The first gets the id 18.
pub async fn add_flights(databases: &Databases, rows: &str) -> anyhow::Result<()> {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join(databases.flights.name());
    std::fs::create_dir_all(&directory)?;
    let header = "flight_number,origin,destination,departure,arrival,total_seats,price,currency";
    let written = std::fs::write(directory.join("flights.csv"), format!("{header}\n{rows}\n"))
        .and_then(|()| {
            let airports = demo().join("airports.csv");
            std::fs::copy(airports, directory.join("airports.csv"))
        });
    let imported = match written {
        Ok(_) => import(databases.flights.url(), &directory).await,
        Err(error) => Err(error.into()),
    };
    std::fs::remove_dir_all(&directory)?;
    imported
}

fn demo() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../data/demo")
}

async fn import(url: &str, directory: &Path) -> anyhow::Result<()> {
    let options = ImportOptions {
        directory: directory.to_owned(),
        once: false,
        on: Vec::new(),
        from: None,
        days: None,
        starting: None,
        replace_airports: false,
    };
    import::run(&flight_settings(url)?, &options).await
}
