//! Changes of a flight's seats: compared and serialized once, for all subscribers.

use std::collections::HashMap;
use std::mem;

use bytes::Bytes;
use domain::SeatNumber;

use crate::{Seat, SeatChanges};

/// The result of one comparison.
pub struct SeatUpdate {
    /// The current version of the seats.
    pub version: i64,
    /// The version of the previous comparison.
    previous: Option<i64>,
    /// All seats.
    pub seats: Vec<Seat>,
    /// The seats that differ from the previous comparison.
    pub changed: Vec<Seat>,
    all_event: Bytes,
    changed_event: Bytes,
}

/// Compares successive states of a flight's seats.
#[derive(Default)]
pub struct SeatComparison {
    version: Option<i64>,
    known: HashMap<SeatNumber, Seat>,
}

/// What one subscriber has received.
#[derive(Debug)]
pub struct SubscriberState {
    version: Option<i64>,
    is_new: bool,
}

/// What a subscriber is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// It is up to date.
    Nothing,
    /// The changes since the previous comparison.
    Changed,
    /// All seats: it missed a version.
    All,
}

impl SeatComparison {
    /// Compares these seats with the previous ones.
    ///
    /// # Errors
    /// Serializing them failed: a bug.
    pub fn look(&mut self, version: i64, seats: Vec<Seat>) -> serde_json::Result<SeatUpdate> {
        let is_new = |seat: &&Seat| self.known.get(&seat.seat_number) != Some(*seat);
        let changed: Vec<Seat> = seats.iter().filter(is_new).cloned().collect();
        let by_number = seats.iter().map(|seat| (seat.seat_number, seat.clone()));
        self.known = by_number.collect();
        Ok(SeatUpdate {
            version,
            previous: self.version.replace(version),
            all_event: event(version, true, &seats)?,
            changed_event: event(version, false, &changed)?,
            seats,
            changed,
        })
    }
}

fn event(version: i64, complete: bool, seats: &[Seat]) -> serde_json::Result<Bytes> {
    let changes = SeatChanges {
        version,
        complete,
        seats: seats.to_vec(),
    };
    let data = serde_json::to_string(&changes)?;
    Ok(format!("id: {version}\ndata: {data}\n\n").into())
}

impl SubscriberState {
    /// `version`: the last event that a returning subscriber received.
    #[must_use]
    pub fn new(version: Option<i64>) -> Self {
        Self {
            version,
            is_new: true,
        }
    }

    /// What the subscriber is missing; records that it has it from now on. A returning subscriber missed
    /// whatever came after its version.
    pub fn since(&mut self, news: &SeatUpdate) -> Since {
        let is_new = mem::take(&mut self.is_new);
        let known = self.version.replace(news.version);
        match known {
            Some(known) if is_new && known >= news.version => Since::Nothing,
            Some(known) if !is_new && news.previous == Some(known) => Since::Changed,
            _ => Since::All,
        }
    }

    /// The same as a server-sent event.
    pub fn event(&mut self, news: &SeatUpdate) -> Bytes {
        match self.since(news) {
            Since::Nothing => Bytes::from_static(b": nothing was missed\n\n"),
            Since::Changed => news.changed_event.clone(),
            Since::All => news.all_event.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SeatStatus;

    fn seats(held: &[&str]) -> Vec<Seat> {
        ["A1", "A2", "A10"]
            .map(|number| Seat {
                seat_id: format!("1-{number}"),
                flight_id: "1".to_owned(),
                seat_number: number.parse().unwrap(),
                status: if held.contains(&number) {
                    SeatStatus::Reserved
                } else {
                    SeatStatus::Available
                },
                reserved_by: None,
                user_id: None,
                reserved_at: None,
            })
            .to_vec()
    }

    #[test]
    fn a_client_is_told_what_it_does_not_know() {
        let mut comparison = SeatComparison::default();
        let first = comparison.look(3, seats(&[])).unwrap();
        let second = comparison.look(5, seats(&["A2"])).unwrap();
        let third = comparison.look(6, seats(&["A2", "A10"])).unwrap();
        assert_eq!(second.changed.len(), 1);
        let mut steady = SubscriberState::new(None);
        assert_eq!(steady.since(&first), Since::All);
        assert_eq!(steady.since(&second), Since::Changed);
        assert_eq!(steady.since(&third), Since::Changed);
        let mut slow = SubscriberState::new(None);
        assert_eq!(slow.since(&first), Since::All);
        assert_eq!(slow.since(&third), Since::All);
        let mut back = SubscriberState::new(Some(5));
        assert_eq!(back.since(&second), Since::Nothing);
        assert_eq!(back.since(&third), Since::Changed);
        let mut late = SubscriberState::new(Some(3));
        assert_eq!(late.since(&second), Since::All);
    }

    #[test]
    fn events_are_written_once() {
        let mut comparison = SeatComparison::default();
        let news = comparison.look(3, seats(&["A1"])).unwrap();
        let event = SubscriberState::new(None).event(&news);
        assert_eq!(
            event.as_ptr(),
            SubscriberState::new(None).event(&news).as_ptr()
        );
        let text = String::from_utf8(event.to_vec()).unwrap();
        assert!(
            text.starts_with("id: 3\ndata: {\"version\":3,\"complete\":true,"),
            "{text}"
        );
        assert!(text.ends_with("}\n\n"), "{text}");
    }
}
