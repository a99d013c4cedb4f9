//! Paging of bare lists.

use serde_json::json;

use crate::support::{TestService, event};

#[tokio::test]
async fn a_list_goes_on_where_its_link_says() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(caller.make("/api/v1/events", &event(5)).await?);
    }
    let mut next = Some("/api/v1/events?limit=2".to_owned());
    let (mut listed, mut pages) = (Vec::new(), 0);
    while let Some(path) = next {
        let page = caller.get(&path).await?;
        let events = page.body.as_array().cloned().unwrap_or_default();
        listed.extend(
            events
                .iter()
                .map(|one| one["id"].as_str().unwrap_or_default().to_owned()),
        );
        pages += 1;
        next = page.header("link").map(|link| {
            assert!(link.ends_with(">; rel=\"next\""), "{link}");
            link.trim_start_matches('<')
                .split('>')
                .next()
                .unwrap_or_default()
                .to_owned()
        });
    }
    assert_eq!((listed, pages), (made, 3));
    Ok(())
}

#[tokio::test]
async fn a_list_of_users_is_bare_and_has_its_limits() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let empty = caller.get("/api/v1/users").await?;
    assert_eq!((empty.status, empty.text.as_str()), (200, "[]\n"));
    let user = json!({"name": "A", "email": "a@example.org"});
    caller.make("/api/v1/users", &user).await?;
    let all = caller.get("/api/v1/users").await?;
    assert_eq!(all.body[0]["email"], "a@example.org");
    assert_eq!(all.header("link"), None);
    for (query, invalid) in [
        ("limit=0", "400 /limit"),
        ("limit=101", "400 /limit"),
        ("after=7", "400 /after"),
    ] {
        let refused = caller.get(&format!("/api/v1/users?{query}")).await?;
        assert_eq!(refused.invalid(), invalid);
    }
    Ok(())
}
