//! Sign-up, log-in and log-out.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use maud::{Markup, html};
use serde::Deserialize;
use service_http::Problem;

use crate::app::AppError;
use crate::app::accounts::authentication::{AccountError, Origin};
use crate::app::accounts::passwords::{NewPassword, Password};
use crate::db;
use crate::http::Services;
use crate::http::visitor::SessionCookie;
use crate::model::text::{Email, Name};
use crate::model::user::NewUser;
use crate::pages::answers::{go_to, own_path, set_cookie};
use crate::pages::forms::{self, Form};
use crate::pages::layout::{HtmlPage, Place};

use crate::pages::paths;
use crate::pages::session;
use crate::pages::session::PageSession;

/// The path to return to after logging in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Back {
    back: String,
}

/// Values to prefill the log-in or sign-up form with.
struct Filled<'a> {
    name: &'a str,
    email: &'a str,
    back: &'a str,
    /// Why the last attempt was refused.
    notice: Option<&'a str>,
}

impl<'a> Filled<'a> {
    fn empty(back: &'a str) -> Self {
        Self {
            name: "",
            email: "",
            back,
            notice: None,
        }
    }

    fn of(form: &'a Form, notice: &'a str) -> Self {
        Self {
            name: form.text("name"),
            email: form.text("email"),
            back: own_path(form.text("back")),
            notice: Some(notice),
        }
    }
}

pub(super) async fn log_in_page(session: PageSession, back: Query<Back>) -> HttpResponse {
    let filled = Filled::empty(own_path(&back.back));
    log_in_form(&session, &filled).answer(&session)
}

pub(super) async fn sign_up_page(session: PageSession, back: Query<Back>) -> HttpResponse {
    let filled = Filled::empty(own_path(&back.back));
    sign_up_form(&session, &filled).answer(&session)
}

pub(super) async fn log_in(
    session: PageSession,
    services: Data<Services>,
    origin: Origin,
    form: Form,
) -> Result<HttpResponse, Problem> {
    // A text that cannot be a password is a wrong password.
    let outcome = match Password::try_from(form.exact("password").to_owned()) {
        Ok(password) => {
            services
                .accounts
                .log_in(form.text("email"), password, &origin)
                .await
        }
        Err(_) => Err(AccountError::WrongCredentials),
    };
    match outcome {
        Ok(begun) => {
            let mut answer = go_to(own_path(form.text("back")));
            for cookie in services.cookies.begun(&begun) {
                set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
            }
            Ok(answer)
        }
        Err(error) => refused(&session, &form, error, log_in_form),
    }
}

pub(super) async fn sign_up(
    session: PageSession,
    services: Data<Services>,
    origin: Origin,
    form: Form,
) -> Result<HttpResponse, Problem> {
    let wanted = match wanted(&form) {
        Ok(wanted) => wanted,
        Err(text) => return Ok(again(&session, &form, &text, sign_up_form)),
    };
    let (new, password) = wanted;
    match services
        .accounts
        .sign_up_and_log_in(&new, password, &origin)
        .await
    {
        Ok(begun) => {
            let mut answer = go_to(own_path(form.text("back")));
            for cookie in services.cookies.begun(&begun) {
                set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
            }
            Ok(answer)
        }
        Err(error) => refused(&session, &form, error, sign_up_form),
    }
}

pub(super) async fn log_out(
    services: Data<Services>,
    cookie: SessionCookie,
    _form: Form,
) -> Result<HttpResponse, Problem> {
    if let Some(cookie) = cookie.0 {
        services.accounts.log_out(&cookie).await?;
    }
    let mut answer = go_to("/");
    for cookie in [
        services.cookies.removal(),
        session::no_account(services.cookies),
    ] {
        set_cookie(&mut answer, &cookie).map_err(Problem::internal)?;
    }
    Ok(answer)
}

/// Parses the sign-up form.
fn wanted(form: &Form) -> Result<(NewUser, Password), String> {
    let of = |field: &'static str| move |text: String| format!("the {field} {text}");
    let name = form
        .text("name")
        .parse::<Name>()
        .map_err(|error| of("name")(error.0))?;
    let email = Email::try_from(form.text("email").to_owned()).map_err(of("e-mail address"))?;
    let password = NewPassword::try_from(form.exact("password").to_owned());
    let NewPassword(password) = password.map_err(of("password"))?;
    let new = NewUser {
        name,
        email,
        key: None,
    };
    Ok((new, password))
}

/// Shows the form again for errors that the user can correct.
fn refused(
    session: &PageSession,
    form: &Form,
    error: AccountError,
    page: fn(&PageSession, &Filled<'_>) -> HtmlPage,
) -> Result<HttpResponse, Problem> {
    let notice = match &error {
        AccountError::WrongCredentials => "The e-mail address or the password is wrong.",
        AccountError::TooMany(_) => "There were too many attempts. Try again in a few minutes.",
        AccountError::App(AppError::Db(error))
            if error.constraint() == Some(db::accounts::users::EMAIL) =>
        {
            "Somebody has signed up with this e-mail address already. Log in instead."
        }
        _ => return Err(error.into()),
    };
    Ok(again(session, form, notice, page))
}

fn again(
    session: &PageSession,
    form: &Form,
    notice: &str,
    page: fn(&PageSession, &Filled<'_>) -> HtmlPage,
) -> HttpResponse {
    let page = page(session, &Filled::of(form, notice));
    page.answer_with(StatusCode::UNPROCESSABLE_ENTITY, session)
}

fn log_in_form(session: &PageSession, filled: &Filled<'_>) -> HtmlPage {
    let other = html! {
        "New here? " a href=(paths::with_way_back(paths::SIGN_UP, filled.back)) { "Sign up" }
    };
    let password = html! {
        input #password type="password" name="password" required autocomplete="current-password";
    };
    HtmlPage::new(
        "Log in",
        Place::Elsewhere,
        html! {
            section.card.narrow {
                h1 { "Log in" }
                (form(session, paths::LOG_IN, filled, &html! {}, &password, "Log in"))
                p.hint { (other) }
            }
        },
    )
}

fn sign_up_form(session: &PageSession, filled: &Filled<'_>) -> HtmlPage {
    let name = html! {
        div.field {
            label for="name" { "Name" }
            input #name name="name" required maxlength="200" autocomplete="name" value=(filled.name);
        }
    };
    let password = html! {
        input #password type="password" name="password" required minlength="8" maxlength="128" autocomplete="new-password" aria-describedby="password-hint";
        p.hint #password-hint { "8 to 128 characters, and none of the passwords that everybody guesses first." }
    };
    HtmlPage::new(
        "Sign up",
        Place::Elsewhere,
        html! {
            section.card.narrow {
                h1 { "Sign up" }
                (form(session, paths::SIGN_UP, filled, &name, &password, "Sign up"))
                p.hint { "Signed up already? " a href=(paths::with_way_back(paths::LOG_IN, filled.back)) { "Log in" } }
            }
        },
    )
}

fn form(
    session: &PageSession,
    action: &str,
    filled: &Filled<'_>,
    first: &Markup,
    password: &Markup,
    button: &str,
) -> Markup {
    html! {
        form method="post" action=(action) {
            (forms::token(session))
            input type="hidden" name="back" value=(filled.back);
            @if let Some(notice) = filled.notice {
                p.notice role="alert" { (notice) }
            }
            (first)
            div.field {
                label for="email" { "E-mail address" }
                input #email type="email" name="email" required maxlength="254" autocomplete="username" value=(filled.email);
            }
            div.field {
                label for="password" { "Password" }
                (password)
            }
            button.primary.wide { (button) }
        }
    }
}
