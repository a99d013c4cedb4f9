//! Two hundred requests for a hundred seats; and the counts survive every restart.

use local_servers::postgres::Durability;
use local_servers::service::Service;
use test_stack::{PrivateServers, wait_until};
use tokio::task::JoinSet;

use crate::invariants::check_invariants;
use crate::services::{AI103, Services, booking_of};
use crate::sql::count;
use test_stack::caller::SOON;

/// Counts of AI103: free seats, confirmed and failed bookings, captured charges.
async fn numbers(services: &Services) -> anyhow::Result<[i64; 4]> {
    let databases = &services.databases;
    let confirmed = "SELECT count(*) FROM bookings WHERE public_status = 'confirmed'";
    let failed = "SELECT count(*) FROM bookings WHERE public_status = 'failed'";
    let captured = "SELECT count(*) FROM charges WHERE status = 'success' AND refunded_minor = 0";
    Ok([
        services.free_seats(AI103).await?,
        count(&databases.bookings, confirmed).await?,
        count(&databases.bookings, failed).await?,
        count(&databases.payments, captured).await?,
    ])
}

/// Two hundred concurrent bookings of one seat each: the numbers of confirmed and refused ones.
async fn two_hundred_book(services: &Services) -> anyhow::Result<(i32, i32)> {
    let mut requests = JoinSet::new();
    for _ in 0..200 {
        let caller = services.bookings.clone();
        requests.spawn(async move { caller.book(&booking_of(AI103, 1)).await });
    }
    let (mut confirmed, mut refused) = (0, 0);
    while let Some(answer) = requests.join_next().await {
        match answer??.summary().as_str() {
            "200 -" => confirmed += 1,
            "400 sold_out" => refused += 1,
            other => anyhow::bail!("answered {other}"),
        }
    }
    Ok((confirmed, refused))
}

#[tokio::test]
async fn a_hundred_seats_are_sold_to_two_hundred_and_stay_sold() -> anyhow::Result<()> {
    let servers = PrivateServers::start(Durability::Fast).await?;
    let mut services = Services::start_on_own(servers).await?;
    assert_eq!(two_hundred_book(&services).await?, (100, 100));
    check_invariants(&services.databases).await?;
    let expected = [0, 100, 100, 100];
    assert_eq!(numbers(&services).await?, expected);

    for service in Service::ALL {
        services.restart_service(service).await?;
        services.ready().await?;
        assert_eq!(numbers(&services).await?, expected, "{service:?}");
    }
    services.own_servers()?.redis.kill().await?;
    assert_eq!(numbers(&services).await?, expected, "without redis");
    let refused = services.bookings.book(&booking_of(AI103, 1)).await?;
    assert_eq!(refused.summary(), "400 sold_out");
    let expected = [0, 100, 101, 100];
    services.own_servers()?.redis.restart().await?;
    services.ready().await?;
    assert_eq!(numbers(&services).await?, expected, "redis");

    services.own_servers()?.postgres.kill().await?;
    let away = services.bookings.book(&booking_of(AI103, 1)).await?;
    assert_eq!(away.summary(), "503 unavailable");
    services.own_servers()?.postgres.restart().await?;
    services.ready().await?;
    check_invariants(&services.databases).await?;
    assert_eq!(numbers(&services).await?, expected, "postgres");

    // A cancelled seat is sold again.
    let confirmed = "SELECT min(id) FROM bookings WHERE public_status = 'confirmed'";
    let confirmed = count(&services.databases.bookings, confirmed).await?;
    assert_eq!(services.bookings.cancel(confirmed).await?.status, 200);
    wait_until("the seat is sold again", SOON, async || {
        let answer = services.bookings.book(&booking_of(AI103, 1)).await;
        answer.is_ok_and(|answer| answer.status == 200)
    })
    .await?;
    let refused = services.bookings.book(&booking_of(AI103, 1)).await?;
    assert_eq!(refused.summary(), "400 sold_out");
    Ok(())
}
