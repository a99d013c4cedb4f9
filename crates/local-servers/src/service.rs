//! The three services, as binaries beside the running one.

use std::io;
use std::path::{Path, PathBuf};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    Flight,
    Booking,
    Payment,
}

impl Service {
    /// In start order: booking-service calls the other two.
    pub const ALL: [Self; 3] = [Self::Payment, Self::Flight, Self::Booking];

    /// The name of the package and of the binary.
    pub fn name(self) -> &'static str {
        match self {
            Self::Flight => "flight-service",
            Self::Booking => "booking-service",
            Self::Payment => "payment-service",
        }
    }

    /// The name of its database in the local stack.
    pub fn database(self) -> &'static str {
        match self {
            Self::Flight => "holdfast_flights",
            Self::Booking => "holdfast_bookings",
            Self::Payment => "holdfast_payments",
        }
    }

    /// The binary's path, in the directory of the running one.
    ///
    /// # Errors
    /// When it is not built.
    pub fn program(self) -> io::Result<PathBuf> {
        self.program_in(std::env::current_exe()?.parent().unwrap_or(Path::new(".")))
    }

    /// The binary's path in a directory.
    ///
    /// # Errors
    /// When it is not built.
    pub fn program_in(self, directory: &Path) -> io::Result<PathBuf> {
        let program = directory.join(self.name());
        if program.is_file() {
            return Ok(program);
        }
        let text = format!(
            "{} does not exist: build it with the profile of this program (`cargo build --bins`)",
            program.display()
        );
        Err(io::Error::new(io::ErrorKind::NotFound, text))
    }
}
