//! Invariants of every reachable world.

use lifecycle::{Action, BookingState, Payment, State};

use super::services::{Hold, Key};
use super::setting::Setting;
use super::world::World;

/// The first law that this world breaks.
pub fn broken_law(setting: &Setting, world: &World) -> Option<&'static str> {
    let laws = [
        (
            confirmed_has_seats(setting, world),
            "a confirmed booking's hold is pinned or sold",
        ),
        (
            confirmed_is_paid(setting, world),
            "a confirmed booking has its one charge",
        ),
        (world.services.charges() <= 1, "nobody is charged twice"),
        (
            nothing_is_charged_early(setting, world),
            "nothing is charged before the customer pays",
        ),
        (
            shown_end_is_free(world),
            "an end shows only when the seats are free",
        ),
        (
            rest_is_whole(world),
            "at rest, all is sold and paid, or all is given back",
        ),
    ];
    laws.into_iter()
        .find(|(holds, _)| !holds)
        .map(|(_, law)| law)
}

/// Whether this step keeps the promise that a decided status stays, unless somebody cancels.
pub fn decided_stays(before: BookingState, after: BookingState) -> bool {
    !before.is_decided() || after.public_status == before.public_status
}

fn confirmed_has_seats(setting: &Setting, world: &World) -> bool {
    setting.takes_by_force
        || world.lifecycle.state != State::Confirmed
        || matches!(world.services.hold, Hold::Pinned | Hold::Sold)
}

fn confirmed_is_paid(setting: &Setting, world: &World) -> bool {
    if world.lifecycle.state != State::Confirmed {
        return true;
    }
    match world.lifecycle.charged {
        None => setting.policy.payment == Payment::Nothing && world.services.charges() == 0,
        Some(attempt) => {
            world.services.key(attempt) == Key::Charged && world.services.charges() == 1
        }
    }
}

fn nothing_is_charged_early(setting: &Setting, world: &World) -> bool {
    let is_early = match world.lifecycle.state {
        State::Pending => !setting.policy.creation_covers_first_attempt(),
        state => state == State::Held,
    };
    !is_early || world.services.charges() == 0
}

fn shown_end_is_free(world: &World) -> bool {
    !matches!(world.lifecycle.public_status, State::Ended(_)) || !world.services.hold.is_live()
}

/// The invariant of a booking whose tasks are done. It must hold even while late requests and overtaken workers
/// are in flight: none of them may be able to undo it.
fn rest_is_whole(world: &World) -> bool {
    let (hold, charges) = (world.services.hold, world.services.charges());
    match world.lifecycle.state {
        _ if world.lifecycle.next() != Action::Nothing => true,
        State::Confirmed => {
            hold == Hold::Sold && charges == usize::from(world.lifecycle.charged.is_some())
        }
        _ => !hold.is_live() && charges == 0,
    }
}
