//! The configuration of a walk, and the rules that are broken in it.

use lifecycle::{Payment, PaymentPolicy};

use super::services::Ways;

/// Whether a claim raises the row's version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claims {
    /// It does: nobody who had read the row can write any more.
    RaiseVersion,
    /// It does not: several workers hold the same version and the first write wins, so none knows whether it is
    /// alone.
    KeepVersion,
}

/// A rule broken on purpose, to check that the walk finds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Charges without pinning first.
    PinSkipped,
    /// Ends without closing the key.
    KeyLeftOpen,
    /// Starts the next attempt after a timeout.
    SilenceTakenForDecline,
    /// Ends without reversing after a refused charge call.
    RefusalTakenForDecline,
    /// Takes the key for closed after a timeout.
    SilenceTakenForClosed,
    /// Writes without checking the version.
    VersionIgnored,
    /// Reports that nothing may be held after every refusal.
    AloneUnproven,
    /// Assumes to be alone although a claim would not show.
    ClaimUnseen,
    /// The network delivers an answered hold request again.
    AnsweredHoldRepeated,
    /// Requests a hold with an expiry where nothing will pin it.
    HoldLeftToLapse,
    /// flight-service leaves no tombstone for the release of an unknown hold.
    TombstoneSkipped,
    /// Nobody takes over.
    BookingAbandoned,
}

/// The configuration of a walk.
#[derive(Clone, Copy, Debug)]
pub struct Setting {
    pub policy: PaymentPolicy,
    pub workers: usize,
    pub claims: Claims,
    /// Whether somebody else may take an unsold hold by force, pinned or not.
    pub takes_by_force: bool,
    /// Whether equivalent worlds are kept apart: many more states, to check that merging them hides nothing.
    pub is_unabridged: bool,
    pub fault: Option<Fault>,
}

impl Setting {
    pub fn has(&self, fault: Fault) -> bool {
        self.fault == Some(fault)
    }

    /// How the services are asked, and which promises they keep.
    pub fn ways(&self) -> Ways {
        let is_pinned_later = matches!(self.policy.payment, Payment::Later { .. });
        Ways {
            holds_pinned: !is_pinned_later && !self.has(Fault::HoldLeftToLapse),
            has_tombstones: !self.has(Fault::TombstoneSkipped),
        }
    }
}
