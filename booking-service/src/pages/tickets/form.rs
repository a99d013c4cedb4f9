//! The form to buy tickets.

use maud::{Markup, html};
use uuid::Uuid;

use crate::app::accounts::users::Users;
use crate::model::user::User;
use crate::pages::session::PageSession;
use crate::pages::{forms, paths};

/// The most tickets per form.
pub(super) const TICKETS_MAX: u32 = 50;

/// For an event that is on sale.
pub(in crate::pages) fn form(event: Uuid, user: Option<&User>, session: &PageSession) -> Markup {
    html! {
        form method="post" action=(format!("{}/tickets", paths::event(event))) {
            (forms::token(session))
            input type="hidden" name="key" value=(Uuid::new_v4());
            div.field {
                label for="quantity" { "Tickets" }
                input #quantity type="number" name="quantity" min="1" max=(TICKETS_MAX) value="1" required;
            }
            @match user {
                Some(user) => p.hint { "For " b { (user.name) } ", " (user.email) },
                None => div.field {
                    label for="email" { "Your e-mail address" }
                    input #email type="email" name="email" required maxlength="254" autocomplete="email" placeholder="you@example.org";
                    p.hint { "The tickets are booked for " b { (session.name) } " at this address." }
                },
            }
            details.give-up {
                summary { "I have a voucher" }
                div.field {
                    label for="voucher" { "Voucher code" }
                    input #voucher name="voucher" maxlength="40" autocomplete="off" spellcheck="false";
                }
            }
            button.primary.wide { "Buy" }
            p.hint { "The tickets are held for you at once, and paid in a moment." }
        }
    }
}

pub(in crate::pages) async fn known(session: &PageSession, users: &Users) -> Option<User> {
    if let Some(user) = &session.signed_in {
        return Some(user.clone());
    }
    users.find(session.account?).await.ok()
}
