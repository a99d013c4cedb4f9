pub mod known_browsers;
pub mod passwords;
pub mod sessions;
pub mod users;
