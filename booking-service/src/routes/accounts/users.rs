//! Users: made, listed, looked up, changed, deleted.

use actix_web::web::{Data, ReqData};
use actix_web::{HttpRequest, HttpResponse};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use service_core::caller::Caller;
use service_core::idempotency::Answer;
use service_http::extract::{Id, IdempotencyKey, Json, OptionalJson, Query};
use service_http::{Problem, audit_log, respond};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::app::accounts::authentication::Guess;
use crate::app::accounts::ownership::check_user;
use crate::app::accounts::passwords::{NewPassword, Password};
use crate::http::Services;
use crate::http::visitor::ClientAddress;
use crate::model::text::{Email, Name};
use crate::model::user;
use crate::model::user::{NewUser, User, UserRole};
use crate::routes::bare_list::ListPart;
use crate::routes::refusals::{
    ListRefusals, SignUpRefusals, UserDeleteRefusals, UserLookupRefusals, UserRefusals,
};

/// A user to be made.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserRequest {
    /// What the user is called
    #[schema(value_type = String, max_length = 200, example = "Asha Rao")]
    name: Name,
    /// Where mail goes; it belongs to one user, however it is written
    #[schema(value_type = String, format = "email", example = "asha@example.org")]
    email: Email,
    /// What the user logs in with; without one only staff may make users
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password", min_length = 8, max_length = 128)]
    password: Option<NewPassword>,
}

/// What is to change of a user.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserChange {
    /// What the user is called
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Asha Rao")]
    name: Option<Name>,
    /// Where mail goes
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "email", example = "asha@example.org")]
    email: Option<Email>,
    /// What the user may do once they have logged in: `customer`, `agent` or `admin`. Only admins say so
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(customer|agent|admin)$", example = "agent")]
    role: Option<UserRole>,
    /// The password, for users who change their own address
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
}

/// That a user is to be deleted.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserDeletion {
    /// The password, for users who delete themselves and have one
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The user's id
    id: Uuid,
    /// What the user is called
    #[schema(example = "Asha Rao")]
    name: String,
    /// Where mail goes
    #[schema(example = "asha@example.org")]
    email: String,
    /// What the user may do once they have logged in: `customer`, `agent` or `admin`
    #[schema(value_type = String, example = "customer")]
    role: UserRole,
    /// When it was made
    created_at: Timestamp,
    /// When it was last changed
    updated_at: Timestamp,
}

impl From<User> for UserView {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
            role: user.role,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// Make a user: with a password anybody may, to log in with it.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", operation_id = "create_user",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the user come about once")),
    request_body = UserRequest,
    responses((status = 201, description = "The user", body = UserView), UserRefusals, SignUpRefusals)
)]
pub(crate) async fn create(
    services: Data<Services>,
    caller: ReqData<Caller>,
    address: ClientAddress,
    key: IdempotencyKey,
    request: Json<UserRequest>,
) -> Result<HttpResponse, Problem> {
    // The password is left out: see `Accounts::sign_up`.
    let body = &request.body;
    let asked = (&body.name, &body.email, body.password.is_some());
    let key = key.of(&asked)?;
    let UserRequest {
        name,
        email,
        password,
    } = request.body;
    let new = NewUser { name, email, key };
    let answer = |user: &User| {
        let location = format!("/api/v1/users/{}", user.id);
        Answer::created(&UserView::from(user.clone()), location)
    };
    let answered = match password {
        Some(NewPassword(password)) => {
            services
                .accounts
                .sign_up(new, password, address.0, answer)
                .await?
        }
        None => {
            caller.check_is_staff()?;
            services.users.create(&new, answer).await?
        }
    };
    Ok(respond::replayable(answered))
}

/// All users, in the order in which they were made.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", operation_id = "list_users",
    params(ListPart),
    responses(
        (status = 200, description = "Up to a hundred; the `Link` header says where more are", body = Vec<UserView>),
        ListRefusals
    )
)]
pub(crate) async fn list(
    services: Data<Services>,
    part: Query<ListPart>,
    request: HttpRequest,
) -> Result<HttpResponse, Problem> {
    let found = services
        .users
        .list(part.0.after, part.0.look_for()?)
        .await?;
    let views: Vec<UserView> = found.into_iter().map(UserView::from).collect();
    Ok(part.0.answer(&request, views, |user| user.id))
}

/// Look a user up.
#[utoipa::path(
    get, path = "/api/v1/users/{id}", tag = "users", operation_id = "show_user",
    params(("id" = Uuid, Path, description = "The user's id")),
    responses((status = 200, description = "The user", body = UserView), UserLookupRefusals)
)]
pub(crate) async fn show(
    services: Data<Services>,
    id: Id<Uuid>,
    caller: ReqData<Caller>,
) -> Result<HttpResponse, Problem> {
    check_user(id.0, &caller)?;
    Ok(respond::ok(&UserView::from(
        services.users.find(id.0).await?,
    )))
}

/// Change a user: any of its fields.
///
/// A role holds from the next request on: here for what is taken away, for what is given with the next token. Nobody
/// changes their own. The other services believe a token until it runs out.
#[utoipa::path(
    put, path = "/api/v1/users/{id}", tag = "users", operation_id = "change_user",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = UserChange,
    responses((status = 200, description = "The user as it is now", body = UserView), UserLookupRefusals, UserRefusals)
)]
pub(crate) async fn change(
    services: Data<Services>,
    id: Id<Uuid>,
    caller: ReqData<Caller>,
    request: HttpRequest,
    body: Json<UserChange>,
) -> Result<HttpResponse, Problem> {
    services.users.check_may_change(id.0, &caller).await?;
    let UserChange {
        name,
        email,
        role,
        current_password,
    } = body.body;
    if let Some(role) = role {
        services
            .users
            .check_may_give_role(id.0, role, &caller)
            .await?;
        record_role(&request, role, &caller).await?;
    }
    if let Some(email) = &email
        && services.users.find(id.0).await?.email != email.as_str()
    {
        services
            .accounts
            .confirm(id.0, current_password, &caller)
            .await?;
    }
    let change = user::UserChange { name, email, role };
    let work = services.users.change(id.0, &change);
    let user = match &change.email {
        Some(_) => {
            services
                .accounts
                .guessing(Guess::Address, &caller, work)
                .await?
        }
        None => work.await?,
    };
    Ok(respond::ok(&UserView::from(user)))
}

/// Delete a user that has no live bookings; travelers' dates of birth and documents go with it.
///
/// Users who delete themselves show their password.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "users", operation_id = "delete_user",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = Option<UserDeletion>,
    responses((status = 204, description = "It is gone"), UserDeleteRefusals)
)]
pub(crate) async fn delete(
    services: Data<Services>,
    id: Id<Uuid>,
    caller: ReqData<Caller>,
    body: OptionalJson<UserDeletion>,
) -> Result<HttpResponse, Problem> {
    services.users.check_may_change(id.0, &caller).await?;
    let password = body.0.and_then(|body| body.current_password);
    services.accounts.confirm(id.0, password, &caller).await?;
    services.users.delete(id.0).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes down that somebody is about to be given a role, and which: that a user is changed is written down
/// anyway.
async fn record_role(
    request: &HttpRequest,
    role: UserRole,
    caller: &Caller,
) -> Result<(), Problem> {
    let name = match role {
        UserRole::Customer => "user.make_customer",
        UserRole::Agent => "user.make_agent",
        UserRole::Admin => "user.make_admin",
    };
    audit_log::record(request, name, caller, request.path()).await
}
