//! Filters, pagination and the fare calendar.

use serde_json::{Value, json};

use crate::demo::numbers;
use crate::support::{AI103, DAY, TestService, seats_of};
use test_stack::caller::Answer;

/// From Delhi to Bengaluru: two direct flights, two itineraries via Hyderabad, one via Kolkata.
fn to_bengaluru(more: &str) -> String {
    format!("source=DEL&destination=BLR&date={DAY}&seats=1{more}")
}

const ALL: [&str; 5] = [
    "AI201",
    "AI202",
    "AI401+AI402",
    "AI401+AI404",
    "AI405+AI406",
];

#[tokio::test]
async fn each_filter_leaves_what_it_says() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (filter, found) in [
        ("max_price=15000", &ALL[..4]),
        ("max_price=14999.99", &ALL[..2]),
        ("max_duration=270", &ALL[..3]),
        ("via=HYD", &ALL[2..4]),
        ("via=hyd&max_duration=270", &ALL[2..3]),
        ("via=HYD,CCU&max_stops=2", &[]),
        ("exclude=HYD", &[ALL[0], ALL[1], ALL[4]]),
        ("exclude=HYD,CCU", &ALL[..2]),
        ("airlines=AI", &ALL),
        ("airlines=6E,ai", &ALL),
        ("airlines=6E", &[]),
        (
            "departure_window=00:00-23:59&arrival_window=00:00-23:59",
            &ALL,
        ),
        // Empty values count as absent.
        ("airlines=&via=&exclude=&max_price=&after=", &ALL),
    ] {
        let answer = service
            .caller
            .search(&to_bengaluru(&format!("&{filter}")))
            .await?;
        assert_eq!(answer.status, 200, "{filter}: {}", answer.text);
        assert_eq!(numbers(&answer), found, "{filter}");
    }
    Ok(())
}

#[tokio::test]
async fn windows_are_local_times_of_day() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let all = service.caller.search(&to_bengaluru("")).await?;
    let time = |flight: &Value, name: &str| {
        let text = flight[name].as_str().unwrap_or_default();
        text.get(11..16).unwrap_or_default().to_owned()
    };
    let paths = all.body["paths"].as_array().cloned().unwrap_or_default();
    assert_eq!(paths.len(), 5);
    let ends = |path: &Value| {
        let flights = path["flights"].as_array().cloned().unwrap_or_default();
        let departs = flights.first().map(|first| time(first, "departure_local"));
        let arrives = flights.last().map(|last| time(last, "arrival_local"));
        (departs.unwrap_or_default(), arrives.unwrap_or_default())
    };
    for path in &paths {
        let (departs, arrives) = ends(path);
        for (name, at) in [("departure_window", &departs), ("arrival_window", &arrives)] {
            let query = to_bengaluru(&format!("&{name}={at}-{at}"));
            let answer = service.caller.search(&query).await?;
            let expected = paths.iter().filter(|path| match name {
                "departure_window" => ends(path).0 == departs,
                _ => ends(path).1 == arrives,
            });
            let expected: Vec<&Value> = expected.collect();
            let found = answer.body["paths"].as_array().cloned().unwrap_or_default();
            assert_eq!(found.iter().collect::<Vec<_>>(), expected, "{query}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn a_wrong_filter_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (name, values) in [
        (
            "max_price",
            ["-1", "1.00001", "cheap", "99999999999"].as_slice(),
        ),
        ("max_duration", &["0", "-1", "10081", "1.5", "long"]),
        (
            "departure_window",
            &["06:00", "6:00-7:00", "06:00-24:00", "06:00-07:60", "-", "x"],
        ),
        (
            "arrival_window",
            &["06:00-", "06:00/07:00", "06:00-07:00-08:00"],
        ),
        ("airlines", &["A", "AI,,6E", "AI101", "11", "AI;6E"]),
        (
            "via",
            &["XX", "XXX", "HYD,", "DEL", "BLR", "HYD,CCU,BOM,GOI"],
        ),
        ("exclude", &["XX", "XXX", "DEL", "BLR"]),
        (
            "after",
            &[
                "x",
                "cheapest",
                "cheapest.1.1.1",
                "fastest.78000000.9000.1707921000.3",
                "cheapest.1.0.1.1",
            ],
        ),
        ("limit", &["0", "101", "x"]),
        ("max_stops", &["4", "-1"]),
    ] {
        for value in values {
            let answer = service
                .caller
                .search(&to_bengaluru(&format!("&{name}={value}")))
                .await?;
            assert_eq!(
                answer.invalid(),
                format!("400 /{name}"),
                "{value}: {}",
                answer.text
            );
        }
    }
    let many = vec!["AI"; 21].join(",");
    let answer = service
        .caller
        .search(&to_bengaluru(&format!("&airlines={many}")))
        .await?;
    assert_eq!(answer.invalid(), "400 /airlines");
    for (filters, name) in [
        ("via=HYD&exclude=HYD", "exclude"),
        ("via=HYD,CCU&max_stops=1", "via"),
    ] {
        let answer = service
            .caller
            .search(&to_bengaluru(&format!("&{filters}")))
            .await?;
        assert_eq!(answer.invalid(), format!("400 /{name}"), "{}", answer.text);
    }
    Ok(())
}

/// Walks all pages; asserts that the last one says so.
async fn walk(service: &TestService, query: &str, limit: usize) -> anyhow::Result<Vec<String>> {
    let mut walked = Vec::new();
    let mut page = format!("{query}&limit={limit}");
    loop {
        let answer = service.caller.search(&page).await?;
        let found = numbers(&answer);
        assert!(found.len() <= limit);
        walked.extend(found.iter().cloned());
        let meta = &answer.body["meta"];
        let Some(after) = meta["after"].as_str() else {
            assert_eq!(meta, &Value::Null);
            return Ok(walked);
        };
        assert_eq!((found.len(), &meta["limit"]), (limit, &json!(limit)));
        page = format!("{query}&limit={limit}&after={after}");
    }
}

#[tokio::test]
async fn pages_follow_one_another() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for limit in 1..=6 {
        for order in ["cheapest", "fastest"] {
            let query = to_bengaluru(&format!("&sort_by={order}"));
            assert_eq!(
                walk(&service, &query, limit).await?,
                ALL,
                "{order} by {limit}"
            );
        }
    }
    Ok(())
}

/// More itineraries than the candidate cache holds: the rest is searched for.
#[tokio::test]
async fn pages_reach_behind_the_candidates() -> anyhow::Result<()> {
    let flight = |number: usize| {
        let minute = number % 60;
        let hour = 1 + number / 60;
        format!(
            "XX{number},GOI,DEL,2024-02-15T{hour:02}:{minute:02}:00Z,2024-02-15T09:00:00Z,50,{}.00",
            100 + number / 3
        )
    };
    let rows: Vec<String> = (1..=150).map(flight).collect();
    let service = TestService::start_with_flights(&rows.join("\n"), |_| {}).await?;
    let query = format!("source=GOI&destination=DEL&date={DAY}&seats=1&max_stops=0");
    let whole = service.caller.search(&format!("{query}&limit=100")).await?;
    let first = numbers(&whole);
    let walked = walk(&service, &query, 7).await?;
    assert_eq!((walked.len(), &walked[..100]), (150, &first[..]));
    let mut different = walked.clone();
    different.sort_unstable();
    different.dedup();
    assert_eq!(different.len(), 150);
    // Sold-out legs must not shorten a page that could be full.
    for id in 18..18 + 60 {
        let taken = service.caller.decrement(&seats_of(id, 50)).await?;
        assert_eq!(taken.status, 200, "{}", taken.text);
    }
    let left = service.caller.search(&format!("{query}&limit=100")).await?;
    assert_eq!(left.body["count"], 90);
    Ok(())
}

async fn calendar(service: &TestService, query: &str) -> anyhow::Result<Answer> {
    service
        .caller
        .get(&format!("/api/flights/calendar?{query}"))
        .await
}

#[tokio::test]
async fn a_calendar_has_the_cheapest_of_each_day() -> anyhow::Result<()> {
    let rows = "\
        XX1,DEL,BOM,2024-02-20T04:00:00Z,2024-02-20T06:00:00Z,50,100.00\n\
        XX2,DEL,BOM,2024-02-28T20:00:00Z,2024-02-28T22:00:00Z,50,200.00\n\
        XX3,DEL,BOM,2024-02-29T20:00:00Z,2024-02-29T22:00:00Z,50,300.00";
    let service = TestService::start_with_flights(rows, |_| {}).await?;
    let february = "source=DEL&destination=BOM&month=2024-02";
    let answer = calendar(&service, february).await?;
    assert_eq!(answer.body["month"], "2024-02");
    let days = answer.body["days"].as_array().cloned().unwrap_or_default();
    assert_eq!(days.len(), 29);
    let fares: Vec<&Value> = days.iter().filter(|day| !day["price"].is_null()).collect();
    // Half past one in India: the last two depart on the next day.
    assert_eq!(
        json!(fares),
        json!([
            {"date": "2024-02-15", "price": 7800.0, "currency": "INR"},
            {"date": "2024-02-20", "price": 100.0, "currency": "USD"},
            {"date": "2024-02-29", "price": 200.0, "currency": "USD"},
        ])
    );
    // Seats are live, and filters apply as in a search.
    let price = async |query: &str, day: usize| -> anyhow::Result<Value> {
        let answer = calendar(&service, &format!("{february}{query}")).await?;
        Ok(answer.body["days"][day]["price"].clone())
    };
    assert_eq!(price("&seats=101", 14).await?, 8500.0);
    assert_eq!(price("&airlines=XX", 14).await?, Value::Null);
    assert_eq!(price("&airlines=XX", 19).await?, 100.0);
    assert_eq!(price("&max_price=99", 19).await?, Value::Null);
    service.caller.decrement(&seats_of(AI103, 100)).await?;
    assert_eq!(price("", 14).await?, 8500.0);
    let march = calendar(&service, "source=DEL&destination=BOM&month=2024-03").await?;
    assert_eq!(march.body["days"][0]["price"], 300.0);
    assert_eq!(march.body["days"].as_array().map(Vec::len), Some(31));
    Ok(())
}

#[tokio::test]
async fn a_wrong_parameter_of_a_calendar_is_named() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    for (query, name) in [
        ("destination=BOM&month=2024-02", "source"),
        ("source=DEL&month=2024-02", "destination"),
        ("source=DEL&destination=BOM", "month"),
        ("source=DEL&destination=DEL&month=2024-02", "destination"),
        ("source=XXX&destination=BOM&month=2024-02", "source"),
        ("source=DEL&destination=BOM&month=2024-13", "month"),
        ("source=DEL&destination=BOM&month=2024-02-01", "month"),
        ("source=DEL&destination=BOM&month=2024-02&seats=0", "seats"),
        ("source=DEL&destination=BOM&month=2024-02&via=DEL", "via"),
        (
            "source=DEL&destination=BOM&month=2024-02&max_stops=4",
            "max_stops",
        ),
    ] {
        let answer = calendar(&service, query).await?;
        assert_eq!(
            answer.invalid(),
            format!("400 /{name}"),
            "{query}: {}",
            answer.text
        );
    }
    Ok(())
}
