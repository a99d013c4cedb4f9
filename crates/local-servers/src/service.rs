//! The three services, as programs beside the one that runs.

use std::io;
use std::path::PathBuf;

/// One of the services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    Flight,
    Booking,
    Payment,
}

impl Service {
    /// In the order in which they are started: booking-service calls the other two.
    pub const ALL: [Self; 3] = [Self::Payment, Self::Flight, Self::Booking];

    /// The package's name, which is the binary's too.
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

    /// The binary, which cargo puts beside the others.
    ///
    /// # Errors
    /// When it is not built.
    pub fn program(self) -> io::Result<PathBuf> {
        let program = std::env::current_exe()?.with_file_name(self.name());
        if program.is_file() {
            return Ok(program);
        }
        let text = format!(
            "{} does not exist: build it (`cargo build --release --bins`)",
            program.display()
        );
        Err(io::Error::new(io::ErrorKind::NotFound, text))
    }
}
