//! What a timetable must refuse and what a search must answer.
//!
//! `oracle` enumerates all itineraries naively and shares no code with the search; every other
//! module compares answers with it, or with answers worked out by hand.

#[cfg(test)]
mod build;
#[cfg(test)]
mod by_hand;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod filters;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod random_networks;
#[cfg(test)]
mod schedules;
#[cfg(test)]
mod us_week;
