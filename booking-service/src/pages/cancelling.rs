//! Whether a confirmed booking can still be cancelled, for its page.

use domain::sale_rules::Cutoff;
use jiff::Timestamp;
use maud::{Markup, html};

use crate::model::actor::Actor;
use crate::pages::formatting;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CancellationWindow {
    /// For staff, or where there is no deadline.
    Always,
    Until(Timestamp),
    /// The deadline has passed.
    Missed(Timestamp),
}

impl CancellationWindow {
    /// If the start is unknown now, the button is shown and the service decides.
    pub(super) fn of(
        cutoff: Cutoff,
        starts_at: Option<Timestamp>,
        actor: Actor,
        now: Timestamp,
    ) -> Self {
        let until = starts_at.and_then(|starts_at| cutoff.of(starts_at));
        match until.filter(|_| actor.is_customer()) {
            None => Self::Always,
            Some(until) if now < until => Self::Until(until),
            Some(until) => Self::Missed(until),
        }
    }

    pub(super) fn is_open(self) -> bool {
        !matches!(self, Self::Missed(_))
    }

    pub(super) fn hint(self) -> Markup {
        html! {
            @match self {
                Self::Always => {},
                Self::Until(until) => p.hint { "You can cancel until " (formatting::local_moment(until)) "." },
                Self::Missed(until) => p.hint { "It could be cancelled until " (formatting::local_moment(until)) "." },
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    #[test]
    fn a_customer_has_a_chance_until_the_cutoff_and_staff_always() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let cutoff = Cutoff {
            before_start: Some(SignedDuration::from_secs(60)),
        };
        let customer = Actor::Customer {
            network: "127.0.0.1".parse().unwrap(),
        };
        let of = |actor, now| CancellationWindow::of(cutoff, Some(at(100)), actor, at(now));
        assert_eq!(of(customer, 39), CancellationWindow::Until(at(40)));
        assert_eq!(of(customer, 40), CancellationWindow::Missed(at(40)));
        assert_eq!(of(Actor::Staff, 40), CancellationWindow::Always);
        let unknown = CancellationWindow::of(cutoff, None, customer, at(40));
        assert!(unknown.is_open());
        assert!(!of(customer, 40).is_open());
    }
}
