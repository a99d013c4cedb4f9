//! What the routes call.

use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::seat_maps::SeatMaps;
use crate::app::seats::Seats;
use crate::routes::search_pages::SearchPages;

/// What the routes call.
pub struct Services {
    /// Searches.
    pub searcher: Searcher,
    /// What searches were answered.
    pub search_pages: SearchPages,
    /// Sells seats.
    pub seats: Seats,
    /// Seat maps.
    pub seat_maps: SeatMaps,
    /// Changes of the schedule.
    pub schedule_changes: ScheduleChanges,
}
