//! Archiving databases with a year of history, one live row beside each that is over.

mod history;
mod moved;
