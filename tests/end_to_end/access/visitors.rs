//! The visitors and their tokens.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokens::sign::Grant;
use tokens::{Role, Signer};

const LIFETIME: Duration = Duration::from_secs(600);

/// The callers of each call, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Visitor {
    /// Without a token.
    Nobody,
    /// With the owner's expired token.
    Expired,
    /// With the owner's token for another audience.
    OtherAudience,
    /// A customer who owns nothing here.
    OtherCustomer,
    Service,
    /// The customer who owns the resource.
    Owner,
    Agent,
    Admin,
}

pub const VISITORS: [Visitor; 8] = [
    Visitor::Nobody,
    Visitor::Expired,
    Visitor::OtherAudience,
    Visitor::OtherCustomer,
    Visitor::Service,
    Visitor::Owner,
    Visitor::Agent,
    Visitor::Admin,
];

/// Signs the visitors' tokens.
pub struct Tokens {
    pub signer: Signer,
}

impl Tokens {
    /// A valid token.
    pub fn good(&self, subject: &str, role: Role) -> anyhow::Result<String> {
        self.token(subject, role, "holdfast", Timestamp::now())
    }

    /// A visitor's token, given the owner of the resource.
    pub fn of(&self, visitor: Visitor, owner: &str) -> anyhow::Result<Option<String>> {
        let now = Timestamp::now();
        let token = match visitor {
            Visitor::Nobody => return Ok(None),
            Visitor::Expired => {
                let yesterday = now - SignedDuration::from_hours(24);
                self.token(owner, Role::Customer, "holdfast", yesterday)
            }
            Visitor::OtherAudience => self.token(owner, Role::Customer, "elsewhere", now),
            Visitor::OtherCustomer => self.good("somebody else", Role::Customer),
            // With the owner's name: the role alone decides.
            Visitor::Service => self.good(owner, Role::Service),
            Visitor::Owner => self.good(owner, Role::Customer),
            Visitor::Agent => self.good("agnes", Role::Agent),
            Visitor::Admin => self.good("ada", Role::Admin),
        };
        token.map(Some)
    }

    fn token(
        &self,
        subject: &str,
        role: Role,
        audience: &str,
        from: Timestamp,
    ) -> anyhow::Result<String> {
        let grant = Grant {
            issuer: "holdfast",
            audience,
            subject,
            role,
            lifetime: LIFETIME,
        };
        Ok(self.signer.sign(&grant, from)?)
    }
}
