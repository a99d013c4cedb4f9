//! Seat maps and their live changes.
//!
//! All subscribers of a flight share one watcher, which reloads the map when the flight's version rises:
//! once, however many commits and subscribers there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use domain::{FlightId, HoldStatus, PoolId};
use flight_api::{Seat, SeatComparison, SeatStatus, SeatUpdate};
use inventory::{Inventory, PoolCount, SeatMap};
use service_core::fan_out::{self, FanOut};
use tokio::sync::watch;

use super::AppError;

/// Pause after a failed reload.
const READ_AGAIN_AFTER: Duration = Duration::from_millis(500);

/// The seats by row and number, for a client that knows the flight by this name; owners are shown to some
/// clients only.
#[must_use]
pub fn seats_of(map: &SeatMap, flight_name: &str, with_owners: bool) -> Vec<Seat> {
    let Some(layout) = map.layout else {
        return Vec::new();
    };
    layout
        .seats()
        .map(|number| {
            let live = map.live.get(&number);
            Seat {
                seat_id: format!("{}-{number}", map.pool),
                flight_id: flight_name.to_owned(),
                seat_number: number,
                status: match live.map(|live| live.status) {
                    None => SeatStatus::Available,
                    Some(HoldStatus::Sold) => SeatStatus::Booked,
                    Some(_) => SeatStatus::Reserved,
                },
                reserved_by: live.filter(|_| with_owners).map(|live| live.owner.clone()),
                user_id: None,
                reserved_at: live.map(|live| live.since),
            }
        })
        .collect()
}

/// A flight, the name that the client uses for it, and whether owners are shown.
type Shown = (FlightId, String, bool);

/// The seat maps of this replica.
pub struct SeatMaps {
    inventory: Arc<Inventory>,
    watched: Arc<Watched>,
    news: FanOut<Shown, Arc<SeatUpdate>>,
}

/// The watchers of this replica, by pool.
#[derive(Default)]
pub struct Watched(Mutex<HashMap<PoolId, Weak<Watcher>>>);

/// Reloads one flight's map for all its subscribers, as long as there are any.
struct Watcher {
    /// The newest version that was reported.
    heard: watch::Sender<i64>,
    map: watch::Sender<Option<Arc<SeatMap>>>,
}

/// A subscription to a flight's seat map.
struct Watching {
    map: watch::Receiver<Option<Arc<SeatMap>>>,
    _watcher: Arc<Watcher>,
}

impl Watching {
    /// The map, once it differs from the last one returned.
    async fn next(&mut self) -> Option<Arc<SeatMap>> {
        loop {
            self.map.changed().await.ok()?;
            let map = self.map.borrow_and_update().clone();
            if map.is_some() {
                return map;
            }
        }
    }
}

impl Watched {
    /// Receives new counts; a newer version makes its watcher reload.
    pub fn update(&self, counts: &[PoolCount]) {
        let watched = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if watched.is_empty() {
            return;
        }
        for count in counts {
            if let Some(watcher) = watched.get(&count.pool).and_then(Weak::upgrade) {
                watcher.heard.send_if_modified(|heard| {
                    let is_newer = *heard < count.version;
                    if is_newer {
                        *heard = count.version;
                    }
                    is_newer
                });
            }
        }
    }
}

impl SeatMaps {
    /// `watched` must receive all new counts.
    #[must_use]
    pub fn new(inventory: Arc<Inventory>, watched: Arc<Watched>) -> Self {
        Self {
            inventory,
            watched,
            news: FanOut::default(),
        }
    }

    /// A flight's current seat map.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn read(&self, id: FlightId) -> Result<SeatMap, AppError> {
        let map = self.inventory.seat_map(id.pool()).await?;
        map.ok_or(AppError::UnknownFlight(id))
    }

    /// A flight's seats and their changes, for a client that knows the flight by this name. Changes are
    /// computed once per flight, name and visibility of owners.
    ///
    /// # Errors
    /// There is no such flight.
    pub async fn watch_as(
        &self,
        id: FlightId,
        name: String,
        with_owners: bool,
    ) -> Result<fan_out::Watching<Arc<SeatUpdate>>, AppError> {
        let shown = (id, name.clone(), with_owners);
        if let Some(watching) = self.news.join(&shown) {
            return Ok(watching);
        }
        let mut watching = self.watch(id).await?;
        Ok(self.news.watch(shown, async move |tell| {
            let mut comparison = SeatComparison::default();
            while let Some(map) = watching.next().await {
                let seats = seats_of(&map, &name, with_owners);
                match comparison.look(map.version, seats) {
                    Ok(news) => drop(tell.send_replace(Some(Arc::new(news)))),
                    Err(error) => tracing::error!(%error, "serializing seats failed"),
                }
            }
        }))
    }

    /// A subscription that starts with the current map.
    async fn watch(&self, id: FlightId) -> Result<Watching, AppError> {
        // Loading first tells unknown flights from known ones.
        let first = Arc::new(self.read(id).await?);
        let mut watched = self
            .watched
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        watched.retain(|_, watcher| watcher.strong_count() > 0);
        if let Some(watcher) = watched.get(&id.pool()).and_then(Weak::upgrade) {
            let mut map = watcher.map.subscribe();
            map.mark_changed();
            return Ok(Watching {
                map,
                _watcher: watcher,
            });
        }
        let watcher = Arc::new(Watcher {
            heard: watch::Sender::new(first.version),
            map: watch::Sender::new(Some(first)),
        });
        watched.insert(id.pool(), Arc::downgrade(&watcher));
        let mut map = watcher.map.subscribe();
        map.mark_changed();
        let inventory = Arc::clone(&self.inventory);
        tokio::spawn(follow(
            inventory,
            id.pool(),
            Arc::downgrade(&watcher),
            watcher.heard.subscribe(),
        ));
        Ok(Watching {
            map,
            _watcher: watcher,
        })
    }
}

/// Reloads the map for each newer version, until there are no subscribers.
async fn follow(
    inventory: Arc<Inventory>,
    pool: PoolId,
    watcher: Weak<Watcher>,
    mut heard: watch::Receiver<i64>,
) {
    while heard.changed().await.is_ok() {
        let wanted = *heard.borrow_and_update();
        loop {
            let read = inventory.seat_map(pool).await;
            let Some(watcher) = watcher.upgrade() else {
                return;
            };
            if let Ok(Some(map)) = read {
                let is_new_enough = map.version >= wanted;
                let map = Arc::new(map);
                watcher.map.send_if_modified(|known| {
                    let is_newer = known
                        .as_ref()
                        .is_none_or(|known| known.version < map.version);
                    if is_newer {
                        *known = Some(map);
                    }
                    is_newer
                });
                if is_new_enough {
                    break;
                }
            }
            drop(watcher);
            tokio::time::sleep(READ_AGAIN_AFTER).await;
        }
    }
}
