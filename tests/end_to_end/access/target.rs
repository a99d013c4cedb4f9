//! The rows that the calls of the table name.

/// The ids of existing resources.
pub struct Target {
    pub booking: String,
    pub order: String,
    pub user: String,
    pub other_user: String,
    /// A user without bookings.
    pub leaver: String,
    pub tickets: String,
    pub event: String,
    pub other_event: String,
    pub ticket_option: String,
    pub purchase: String,
    pub charge: String,
    pub flight: String,
}
