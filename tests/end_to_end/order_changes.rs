//! Orders with changed seats, cancelled orders, and failed payments.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::gated::Gated;
use crate::services::Services;

async fn with_gated_payments() -> anyhow::Result<(Services, Arc<Gated>)> {
    let provider = Gated::new();
    let services = Services::start_with(|settings| {
        settings.provider = Some(Arc::clone(&provider) as _);
    });
    Ok((services.await?, provider))
}

#[tokio::test]
async fn changing_seats_is_atomic_and_restarts_the_deadline() -> anyhow::Result<()> {
    let services = Services::start_with(|settings| {
        settings.bookings.bookings.hold_ttl = Duration::from_secs(20);
    })
    .await?;
    let order = services.order("alice", &["A1", "A2"]).await?;
    let first = services.look_at(&order).await?;
    let changed = services.change(&order, &["A2", "B1"]).await?;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert!(changed.body["message"].is_string());
    assert_eq!(
        services.taken_seats().await?,
        ["A2 RESERVED alice", "B1 RESERVED alice"]
    );
    let second = services.look_at(&order).await?;
    assert_eq!(second["seats"], json!(["A2", "B1"]));
    assert!(second["expiresAt"].as_str() > first["expiresAt"].as_str());

    services.order("bob", &["C1"]).await?;
    assert_eq!(
        services.change(&order, &["C1"]).await?.summary(),
        "409 seat_taken"
    );
    assert_eq!(
        services.change(&order, &["Z1"]).await?.invalid(),
        "400 /seats"
    );
    assert_eq!(services.change(&order, &[]).await?.invalid(), "400 /seats");
    assert_eq!(
        services.look_at(&order).await?["seats"],
        json!(["A2", "B1"])
    );

    // Fewer seats cost less.
    assert_eq!(services.change(&order, &["C2"]).await?.status, 200);
    services.pay(&order, "12345").await?;
    let paid = services.wait_for_status(&order, "CONFIRMED").await?;
    assert_eq!(paid["totalAmount"], 4500.0);
    assert_eq!(services.charge(&paid["paymentId"]).await?["amount"], 4500.0);
    assert_eq!(
        services.taken_seats().await?,
        ["C1 RESERVED bob", "C2 BOOKED alice"]
    );
    Ok(())
}

#[tokio::test]
async fn racing_changes_leave_one_set_of_seats() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let order = services.order("alice", &["A1"]).await?;
    let wanted = ["B1", "B2", "B3", "B4", "C1", "C2", "C3", "C4"];
    let changes = wanted.map(|seat| {
        let (services, order) = (&services, &order);
        async move { services.change(order, &[seat]).await }
    });
    for answer in futures_util::future::try_join_all(changes).await? {
        assert!(answer.status == 200 || answer.is_not_yet(), "{answer:?}");
    }
    let seen = services.look_at(&order).await?;
    let seat = seen["seats"][0].as_str().unwrap_or_default();
    assert_eq!(
        services.taken_seats().await?,
        [format!("{seat} RESERVED alice")]
    );
    services.give_up(&order).await?;
    Ok(())
}

#[tokio::test]
async fn an_order_can_be_cancelled_in_any_live_state() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let held = services.order("alice", &["A1"]).await?;
    assert_eq!(services.give_up(&held).await?.status, 200);
    assert_eq!(services.look_at(&held).await?["status"], "CANCELLED");

    let paid = services.order("alice", &["A1"]).await?;
    services.pay(&paid, "12345").await?;
    let seen = services.wait_for_status(&paid, "CONFIRMED").await?;
    assert_eq!(services.give_up(&paid).await?.status, 200);
    assert_eq!(services.look_at(&paid).await?["status"], "CANCELLED");
    let charge = services.charge(&seen["paymentId"]).await?;
    assert_eq!(charge["refunded"], charge["amount"]);
    assert_eq!(services.taken_seats().await?, [""; 0]);
    assert_eq!(services.give_up(&paid).await?.summary(), "409 wrong_state");
    Ok(())
}

#[tokio::test]
async fn an_order_cancelled_during_its_charge_is_refunded() -> anyhow::Result<()> {
    let (services, provider) = with_gated_payments().await?;
    let order = services.order("alice", &["A1"]).await?;
    services.pay(&order, "12345").await?;
    provider.is_asked().await?;
    assert_eq!(services.look_at(&order).await?["status"], "PAYMENT_PENDING");
    for answer in [
        services.pay(&order, "12345").await?,
        services.change(&order, &["B1"]).await?,
    ] {
        assert_eq!(answer.summary(), "409 wrong_state");
    }
    // The charge completes after the order has ended.
    let (given_up, ()) = futures_util::join!(services.give_up(&order), async {
        provider.let_through();
    });
    assert_eq!(given_up?.status, 200);
    assert_eq!(services.look_at(&order).await?["status"], "CANCELLED");
    assert_eq!(services.taken_seats().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn an_order_fails_after_three_declined_attempts() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let order = services.order("alice", &["A1"]).await?;
    assert_eq!(services.pay(&order, "00000").await?.status, 200);
    let seen = services.wait_for_status(&order, "FAILED").await?;
    assert_eq!(seen["paymentAttempts"], 3);
    assert_eq!(seen["code"], "payment_failed");
    assert_eq!(services.taken_seats().await?, [""; 0]);
    Ok(())
}

#[tokio::test]
async fn five_hundred_want_the_same_thirty_seats() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let orders = (0..500).map(|customer: usize| {
        let services = &services;
        async move {
            let (row, number) = (["A", "B", "C"][customer % 3], customer % 10 + 1);
            let seat = format!("{row}{number}");
            let order = services
                .order(&format!("customer-{customer}"), &[&seat])
                .await?;
            let reserved = order.made.body["status"] == "SEATS_RESERVED";
            if reserved {
                services.pay(&order, "12345").await?;
                services.wait_for_status(&order, "CONFIRMED").await?;
            } else {
                // The last ones are refused because all seats are gone.
                let code = order.made.body["code"].as_str().unwrap_or_default();
                assert!(["seat_taken", "sold_out"].contains(&code), "{code}");
            }
            anyhow::Ok(usize::from(reserved))
        }
    });
    let confirmed: usize = futures_util::future::try_join_all(orders)
        .await?
        .into_iter()
        .sum();
    assert_eq!(confirmed, 30);
    let taken = services.taken_seats().await?;
    assert_eq!(taken.len(), 30);
    assert!(taken.iter().all(|seat| seat.contains(" BOOKED customer-")));
    Ok(())
}
