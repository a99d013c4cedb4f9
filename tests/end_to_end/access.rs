//! Authorization: every call of the three OpenAPI documents, by every kind of visitor.
//!
//! [`table`] has the expected answers. A documented call without a row fails the test, and so does a row
//! whose call is gone.

mod audit_log;
mod own_account;
mod owners;
mod pages;
mod roles;
mod table;
mod target;
mod visitors;
pub mod world;

use local_servers::service::Service;
use std::collections::BTreeSet;

use anyhow::{Context as _, ensure};
use reqwest::Method;
use serde_json::Value;

use self::table::{Owner, Row};
use self::target::Target;
use self::visitors::{VISITORS, Visitor};
use self::world::World;

/// The calls that a service's document has, as the table writes them.
async fn documented(world: &World, service: Service) -> anyhow::Result<BTreeSet<String>> {
    let document = world.caller(service).get("/openapi.json").await?.body;
    let paths = document["paths"].as_object().context("no paths")?;
    let calls = paths.iter().flat_map(|(path, item)| {
        let methods = item.as_object().into_iter().flat_map(|item| item.keys());
        methods.map(move |method| format!("{} {path}", method.to_uppercase()))
    });
    Ok(calls.collect())
}

#[tokio::test]
async fn every_visitor_is_answered_as_the_table_says() -> anyhow::Result<()> {
    let world = World::start().await?;
    let targets = world.targets().await?;
    let mut wrong = Vec::new();
    for (service, rows) in table::rows(&targets) {
        let tabled: BTreeSet<String> = rows.iter().map(|row| row.call.to_owned()).collect();
        let known = documented(&world, service).await?;
        ensure!(
            tabled == known,
            "{service:?}: without a row {:?}; without a call {:?}",
            known.difference(&tabled).collect::<Vec<_>>(),
            tabled.difference(&known).collect::<Vec<_>>()
        );
        for row in &rows {
            for (visitor, expected) in VISITORS.into_iter().zip(row.answers) {
                let answered = visit(&world, service, row, visitor, &targets).await?;
                if answered != expected {
                    let call = row.call;
                    wrong.push(format!(
                        "{service:?} {call}: {visitor:?} is answered {answered}, not {expected}"
                    ));
                }
            }
        }
    }
    ensure!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    Ok(())
}

/// Makes a visitor's call, and checks the code of a 401 or 403, and the challenge of a 401.
async fn visit(
    world: &World,
    service: Service,
    row: &Row,
    visitor: Visitor,
    targets: &Target,
) -> anyhow::Result<u16> {
    let (method, _) = row.call.split_once(' ').context("no method")?;
    let owner = match row.owner {
        Owner::Number => world::OWNER,
        Owner::User => &targets.user,
        Owner::Leaver => &targets.leaver,
    };
    let mut request = world.http.request(
        Method::from_bytes(method.as_bytes())?,
        world.url(service, &row.path),
    );
    if let Some(token) = world.tokens.of(visitor, owner)? {
        request = request.bearer_auth(token);
    }
    if let Some(body) = &row.body {
        request = request.json(body);
    }
    let response = request.send().await?;
    let status = response.status().as_u16();
    let headers = response.headers().clone();
    if status == 401 || status == 403 {
        let id = headers.get("x-request-id").context("no X-Request-Id")?;
        let body: Value = response.json().await?;
        if body.get("instance").is_some() {
            ensure!(body["request_id"] == id.to_str()?, "{}: {body}", row.call);
            ensure!(
                row.path
                    .starts_with(body["instance"].as_str().unwrap_or("?"))
            );
        }
        let code = body["code"].as_str().or(body["errors"][0]["code"].as_str());
        let (expected, challenges) = match status {
            401 => ("unauthenticated", true),
            _ => ("forbidden", false),
        };
        if row.refuses.is_some() {
            ensure!(code == row.refuses, "{}: {body}", row.call);
            return Ok(status);
        }
        ensure!(code == Some(expected), "{}: {body}", row.call);
        let challenge = headers.get("www-authenticate");
        ensure!(challenge.is_some() == challenges, "{}", row.call);
        if let Some(challenge) = challenge {
            let says_why = challenge.to_str()?.contains("invalid_token");
            // A public call treats a bad token as none.
            let is_for_anyone = row.call == "POST /api/v1/users";
            let has_bad_token = visitor != Visitor::Nobody && !is_for_anyone;
            ensure!(says_why == has_bad_token, "{challenge:?}");
        }
    }
    Ok(status)
}
