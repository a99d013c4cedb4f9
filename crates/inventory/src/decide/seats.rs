//! Chooses seats for requests that name none: adjacent ones if possible.

use domain::{SeatLayout, SeatNumber, Units};

/// Free seats for `units`: from the shortest run of adjacent free seats that has room for all, the first of
/// equals (best fit, which keeps long runs for larger groups); otherwise the longest runs combined. `None` if
/// too few seats are free. `taken` are seats of the layout, in order.
pub(super) fn choose_seats(
    layout: SeatLayout,
    taken: impl Iterator<Item = SeatNumber>,
    units: Units,
) -> Option<Vec<SeatNumber>> {
    let wanted = usize::try_from(units.get()).ok()?;
    let mut taken = taken.peekable();
    // A merge of two sorted lists: a look-up for each seat would cost more than all the rest of a hold.
    let free: Vec<SeatNumber> = layout
        .seats()
        .filter(|seat| {
            while taken.next_if(|taken| taken < seat).is_some() {}
            taken.next_if_eq(seat).is_none()
        })
        .collect();
    let mut stretches: Vec<&[SeatNumber]> = free
        .chunk_by(|left, right| left.is_beside(*right))
        .collect();
    let fitting = stretches
        .iter()
        .filter(|stretch| stretch.len() >= wanted)
        .min_by_key(|stretch| stretch.len());
    if let Some(stretch) = fitting {
        return Some(stretch.iter().take(wanted).copied().collect());
    }
    stretches.sort_by_key(|stretch| std::cmp::Reverse(stretch.len()));
    let chosen: Vec<SeatNumber> = stretches
        .into_iter()
        .flatten()
        .take(wanted)
        .copied()
        .collect();
    (chosen.len() == wanted).then_some(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choose(taken: &str, units: i64) -> Option<String> {
        let layout: SeatLayout = "rows A-B, seats 1-5".parse().unwrap();
        let taken = taken.split_whitespace().map(|seat| seat.parse().unwrap());
        let seats = choose_seats(layout, taken, units.try_into().unwrap())?;
        Some(
            seats
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(" "),
        )
    }

    #[test]
    fn a_group_sits_side_by_side() {
        assert_eq!(choose("", 3).as_deref(), Some("A1 A2 A3"));
        assert_eq!(choose("A2", 3).as_deref(), Some("A3 A4 A5"));
        assert_eq!(choose("A3", 3).as_deref(), Some("B1 B2 B3"));
    }

    #[test]
    fn the_tightest_stretch_is_taken_first() {
        assert_eq!(choose("A3", 2).as_deref(), Some("A1 A2"));
        assert_eq!(choose("A2 B1 B2", 1).as_deref(), Some("A1"));
    }

    #[test]
    fn a_group_is_split_only_when_it_must_be() {
        assert_eq!(choose("A3 B3", 3).as_deref(), Some("A1 A2 A4"));
        assert_eq!(
            choose("", 10).map(|seats| seats.len()),
            Some("A1 A2 A3 A4 A5 B1 B2 B3 B4 B5".len())
        );
        assert_eq!(choose("A1", 10), None);
    }
}
