//! Users: create, list, look up, change, delete.

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

/// A new user.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserRequest {
    /// The user's name
    #[schema(value_type = String, max_length = 200, example = "Asha Rao")]
    name: Name,
    /// The e-mail address; addresses that differ only in notation are the same
    #[schema(value_type = String, format = "email", example = "asha@example.org")]
    email: Email,
    /// The password to log in with; without one only staff may create users
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password", min_length = 8, max_length = 128)]
    password: Option<NewPassword>,
}

/// Fields of a user to change.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserChange {
    /// The user's name
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 200, example = "Asha Rao")]
    name: Option<Name>,
    /// The e-mail address
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "email", example = "asha@example.org")]
    email: Option<Email>,
    /// The role after logging in: `customer`, `agent` or `admin`; only admins may set it
    #[serde(default)]
    #[schema(value_type = Option<String>, pattern = "^(customer|agent|admin)$", example = "agent")]
    role: Option<UserRole>,
    /// The current password; required of users who change their own address
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
}

/// The deletion of a user.
#[derive(Debug, Deserialize, ToSchema)]
pub(crate) struct UserDeletion {
    /// The current password; required of users who delete themselves and have one
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<Password>,
}

/// A user.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct UserView {
    /// The user's id
    id: Uuid,
    /// The user's name
    #[schema(example = "Asha Rao")]
    name: String,
    /// The e-mail address
    #[schema(example = "asha@example.org")]
    email: String,
    /// The role after logging in: `customer`, `agent` or `admin`
    #[schema(value_type = String, example = "customer")]
    role: UserRole,
    /// Creation time
    created_at: Timestamp,
    /// Time of the last change
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

/// Create a user. With a password this is a sign-up, open to anybody.
#[utoipa::path(
    post, path = "/api/v1/users", tag = "users", operation_id = "create_user",
    params(("Idempotency-Key" = Option<String>, Header, description = "Makes the request idempotent")),
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
    // The key is not bound to the password: see `Accounts::sign_up`.
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

/// All users, in order of creation.
#[utoipa::path(
    get, path = "/api/v1/users", tag = "users", operation_id = "list_users",
    params(ListPart),
    responses(
        (status = 200, description = "Up to a hundred rows; the `Link` header has the next page", body = Vec<UserView>),
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

/// Look up a user.
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

/// Change any fields of a user.
///
/// A lost role takes effect here with the next request, a new role with the next token. Nobody changes their
/// own role. Other services accept a token until it expires.
#[utoipa::path(
    put, path = "/api/v1/users/{id}", tag = "users", operation_id = "change_user",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = UserChange,
    responses((status = 200, description = "The changed user", body = UserView), UserLookupRefusals, UserRefusals)
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
                .throttle_enumeration(Guess::Address, &caller, work)
                .await?
        }
        None => work.await?,
    };
    Ok(respond::ok(&UserView::from(user)))
}

/// Delete a user without open or confirmed bookings. Their travelers' dates of birth and documents are
/// erased.
///
/// Users who delete themselves confirm with their password.
#[utoipa::path(
    delete, path = "/api/v1/users/{id}", tag = "users", operation_id = "delete_user",
    params(("id" = Uuid, Path, description = "The user's id")),
    request_body = Option<UserDeletion>,
    responses((status = 204, description = "The user is deleted"), UserDeleteRefusals)
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

/// Records the new role in the audit log. That the user is changed has its own entry.
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
