//! The timetable in memory, and an exact search for the best itineraries in it.
//!
//! A [`Timetable`] is built once from airports and flights and never changes. A [`Query`] asks it
//! for the best ways from one airport to another on a day; the answer is the exact beginning of the
//! list of all itineraries, in a total order, as if all had been enumerated and sorted.
//!
//! This crate is pure. It does no I/O, knows no database and no wire format, keeps no seat counts
//! (the caller says of each flight whether it is open) and reads no clock.
//!
//! # Map
//!
//! | module | what it holds |
//! | --- | --- |
//! | `timetable` | airports, flights, the columns and their grouping by route |
//! | `build` | the way in: sorts, checks, and refuses by name |
//! | `query` | what is asked: [`Query`], [`ConnectionWindow`], [`SearchError`] |
//! | `order` | [`Order`] and the total order that it stands for |
//! | `itinerary` | what is answered: [`Itinerary`] |
//! | `search` | [`Timetable::search`]: from a query to an answer |
//! | `branch` | the enumeration that leaves out what can't be among the best |
//! | `bounds` | what the way on costs at least |
//! | `best` | the best found so far |
//!
//! # Method
//!
//! Depth-first branch and bound (A. H. Land and A. G. Doig, "An Automatic Method of Solving
//! Discrete Programming Problems", Econometrica 28, 1960). A partial itinerary is extended leg by
//! leg; the best K complete ones wait in a heap with the worst on top. Where the cost so far and a
//! lower bound of the cost to come exceed that worst, nothing that follows can get in, and the
//! branch is cut. A branch that can only equal the worst is kept: the keys that follow the first
//! may still decide for it. So the answer is exact with all its ties.
//!
//! The bounds are admissible in the sense of A* (P. Hart, N. Nilsson and B. Raphael, "A Formal
//! Basis for the Heuristic Determination of Minimum Cost Paths", 1968): never more than the true
//! cost. They come from a graph of airports whose edges are routes at their least price, or their
//! least time with the least connection, searched backwards from the destination as Dijkstra would,
//! but in rounds by the number of legs, as RAPTOR does (D. Delling, T. Pajor and R. Werneck,
//! "Round-Based Public Transit Routing", 2012): prices may be negative, and each number of legs has
//! its own bound. The search goes by rounds too, direct flights first: they are few, and good
//! early answers cut the later rounds short.
//!
//! Flights stand in columns sorted by route and departure, and a connection is a binary search in
//! them: like the Connection Scan algorithm (J. Dibbelt, T. Pajor, B. Strasser and D. Wagner,
//! "Intriguingly Simple and Fast Transit Routing", 2013) the search reads arrays from front to end
//! and builds no graph of events. RAPTOR and Connection Scan themselves answer another question,
//! the earliest arrival or a Pareto front, and keep one way to each stop; the best K need all.

mod best;
mod bounds;
mod branch;
mod build;
mod itinerary;
mod order;
mod query;
mod search;
mod timetable;

pub use build::BuildError;
pub use itinerary::{Itinerary, MAX_LEGS};
pub use order::Order;
pub use query::{ConnectionWindow, ConnectionWindowReversed, MAX_STOPS, Query, SearchError};
pub use timetable::{Airport, Flight, FlightSlot, Timetable};
