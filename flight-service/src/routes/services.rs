//! The application's services, as the routes use them.

use crate::app::schedule_changes::ScheduleChanges;
use crate::app::search::Searcher;
use crate::app::seat_maps::SeatMaps;
use crate::app::seats::Seats;
use crate::routes::search_pages::SearchPages;

pub struct Services {
    pub searcher: Searcher,
    /// The cache of whole search answers.
    pub search_pages: SearchPages,
    pub seats: Seats,
    pub seat_maps: SeatMaps,
    pub schedule_changes: ScheduleChanges,
}
