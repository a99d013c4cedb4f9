//! Choosing the user that a session of an open service acts as.

use actix_web::HttpResponse;
use actix_web::web::Data;
use service_http::Problem;

use crate::http::Services;
use crate::pages::answers::{go_to, own_path, set_cookie};
use crate::pages::forms::Form;
use crate::pages::session::{self, PageSession};

pub(super) async fn act_as(
    session: PageSession,
    services: Data<Services>,
    form: Form,
) -> Result<HttpResponse, Problem> {
    if !session.is_open {
        return Err(Problem::not_found("there is nothing at this path"));
    }
    let cookie = session::acting_as(services.cookies, form.text("user"))
        .ok_or_else(|| Problem::invalid_field("user", "must have 1 to 255 printable characters"))?;
    let mut answer = go_to(own_path(form.text("back")));
    for cookie in [cookie, session::no_account(services.cookies)] {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    Ok(answer)
}
