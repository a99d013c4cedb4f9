//! A missing or invalid parameter of a search is named.

use crate::support::TestService;

const GOOD: [(&str, &str); 4] = [
    ("source", "DEL"),
    ("destination", "BOM"),
    ("date", "2024-02-15"),
    ("seats", "2"),
];

/// A valid query without one parameter, and with this one instead, if any.
fn query(without: &str, instead: &str) -> String {
    let kept = GOOD.iter().filter(|(name, _)| *name != without);
    let mut pairs: Vec<String> = kept
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    if !instead.is_empty() {
        pairs.push(instead.to_owned());
    }
    pairs.join("&")
}

#[tokio::test]
async fn a_missing_parameter_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (name, _) in GOOD {
        // An empty value counts as missing.
        for instead in ["", &format!("{name}=")] {
            let answer = service.caller.search(&query(name, instead)).await?;
            assert_eq!(answer.invalid(), format!("400 /{name}"), "{instead}");
            assert_eq!(answer.body["detail"], format!("{name}: required"));
        }
    }
    let nothing = service.caller.get("/api/flights/search").await?;
    assert_eq!(nothing.summary(), "400 invalid_request");
    Ok(())
}

#[tokio::test]
async fn a_wrong_parameter_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (name, values) in [
        (
            "source",
            vec!["DE", "DELH", "D3L", "XYZ", "%00%00%00", "%FF"],
        ),
        ("destination", vec!["B", "XYZ", "DEL", "del"]),
        (
            "date",
            vec![
                "2024-02-30",
                "15-02-2024",
                "tomorrow",
                "2024-2-15",
                "99999-01-01",
            ],
        ),
        (
            "seats",
            vec![
                "0",
                "-1",
                "1e9",
                "1000000000",
                "1000001",
                "two",
                "1.5",
                "99999999999999999999",
            ],
        ),
        ("max_stops", vec!["4", "-1", "300", "none"]),
        ("limit", vec!["0", "101", "-1", "all"]),
        ("sort_by", vec!["best", "CHEAPEST"]),
    ] {
        for value in values {
            let query = query(name, &format!("{name}={value}"));
            let answer = service.caller.search(&query).await?;
            assert_eq!(answer.invalid(), format!("400 /{name}"), "{query}");
            assert_eq!(answer.summary(), "400 invalid_request", "{query}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_parameter_that_comes_twice_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let answer = service.caller.search(&query("", "seats=3")).await?;
    assert_eq!(answer.summary(), "400 invalid_request");
    let detail = answer.body["detail"].as_str().unwrap_or_default();
    assert!(detail.contains("seats"), "{detail}");
    Ok(())
}

#[tokio::test]
async fn a_parameter_that_is_none_of_the_search_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for more in ["other=1", "max_stop=0", "other=", "Seats=1"] {
        let answer = service.caller.search(&query("", more)).await?;
        let name = more.split('=').next().unwrap_or_default();
        assert_eq!(answer.invalid(), format!("400 /{name}"), "{more}");
    }
    Ok(())
}

#[tokio::test]
async fn the_limits_themselves_are_good() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for more in ["max_stops=0", "max_stops=3", "limit=1", "limit=100"] {
        let answer = service.caller.search(&query("", more)).await?;
        assert_eq!(answer.status, 200, "{more}: {}", answer.text);
    }
    let answer = service
        .caller
        .search(&query("seats", "seats=1000000"))
        .await?;
    assert_eq!(answer.text, "{\"paths\":[],\"count\":0}\n");
    Ok(())
}
