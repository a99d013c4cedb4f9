//! The exhaustive walk: breadth first, so that the trace to a broken law is a shortest one.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt::{self, Write};

use lifecycle::Event;

use super::future::{Future, Step};
use super::laws::{broken_law, decided_stays};
use super::setting::Setting;
use super::world::World;

/// The result of a walk in which every law holds.
#[derive(Clone)]
pub struct Explored {
    /// Reachable worlds.
    pub worlds: usize,
    /// Transitions between them.
    pub steps: usize,
    /// Final worlds: nothing in flight, nothing left to do.
    pub at_rest: HashSet<World>,
    /// Every event written to the row.
    pub written: BTreeSet<Event>,
}

impl fmt::Debug for Explored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (worlds, steps, at_rest) = (self.worlds, self.steps, self.at_rest.len());
        write!(f, "{worlds} worlds, {steps} steps, {at_rest} at rest")
    }
}

/// A broken law, and a shortest trace to it.
#[derive(Debug)]
pub struct Violation {
    pub law: &'static str,
    pub trace: String,
}

#[derive(Default)]
struct Walk {
    numbers: HashMap<World, u32>,
    worlds: Vec<World>,
    /// The first transition to each world; `None` for the initial one.
    found_by: Vec<Option<(u32, Step)>>,
    /// Predecessors of each world by steps without faults or interference.
    kindly_from: Vec<Vec<u32>>,
    steps: usize,
    written: BTreeSet<Event>,
}

/// Walks through every reachable world.
///
/// # Errors
/// The first broken law, with a trace.
pub fn explore(setting: &Setting) -> Result<Explored, Box<Violation>> {
    let mut walk = Walk::default();
    walk.number_of(World::new(setting), None);
    let mut at = 0;
    while let Some(world) = walk.worlds.get(at as usize).cloned() {
        if let Some(law) = broken_law(setting, &world) {
            return Err(walk.violation(law, at));
        }
        let future = Future::of(setting, &world);
        if future.refused_news.is_some() {
            return Err(walk.violation("no worker's news is refused", at));
        }
        for (step, next) in future.steps {
            let is_cancelled = matches!(step, Step::Row(Event::CancelRequested));
            let stays = is_cancelled
                || setting.takes_by_force
                || decided_stays(world.lifecycle, next.lifecycle);
            let number = walk.number_of(next, Some((at, step)));
            if !stays {
                return Err(walk.violation("what is decided stays", number));
            }
            walk.steps += 1;
            if let Step::Row(event) | Step::Saved(event) = step {
                walk.written.insert(event);
            }
            if step.is_kind() && number != at {
                walk.kindly_from[number as usize].push(at);
            }
        }
        at += 1;
    }
    walk.must_come_to_rest()
}

impl Walk {
    fn number_of(&mut self, world: World, found_by: Option<(u32, Step)>) -> u32 {
        if let Some(number) = self.numbers.get(&world) {
            return *number;
        }
        let number = u32::try_from(self.worlds.len()).unwrap();
        self.numbers.insert(world.clone(), number);
        self.worlds.push(world);
        self.found_by.push(found_by);
        self.kindly_from.push(Vec::new());
        number
    }

    /// Liveness: from every world, a path without further faults or interference leads to rest.
    fn must_come_to_rest(self) -> Result<Explored, Box<Violation>> {
        let mut reaches: Vec<bool> = self.worlds.iter().map(World::is_at_rest).collect();
        let mut open: Vec<u32> = (0u32..)
            .zip(&reaches)
            .filter_map(|(number, is_at_rest)| is_at_rest.then_some(number))
            .collect();
        while let Some(number) = open.pop() {
            for before in &self.kindly_from[number as usize] {
                if !std::mem::replace(&mut reaches[*before as usize], true) {
                    open.push(*before);
                }
            }
        }
        match (0u32..).zip(&reaches).find(|(_, reaches)| !**reaches) {
            Some((stuck, _)) => Err(self.violation("every booking comes to rest", stuck)),
            None => Ok(Explored {
                worlds: self.worlds.len(),
                steps: self.steps,
                at_rest: self.worlds.into_iter().filter(World::is_at_rest).collect(),
                written: self.written,
            }),
        }
    }

    fn violation(&self, law: &'static str, number: u32) -> Box<Violation> {
        let mut way = Vec::new();
        let mut at = number;
        while let Some((before, step)) = self.found_by[at as usize] {
            way.push((step, &self.worlds[at as usize]));
            at = before;
        }
        let mut trace = String::new();
        for (step, world) in way.into_iter().rev() {
            writeln!(trace, "{step}\n    {world}").unwrap();
        }
        Box::new(Violation { law, trace })
    }
}
