//! Vouchers and per-user limits: taken together with the tickets, or not at all.

use futures_util::future::join_all;
use serde_json::{Value, json};

use crate::events::{Show, id_in};
use crate::services::Services;
use test_stack::caller::Answer;

async fn book(
    services: &Services,
    show: &Show,
    quantity: i64,
    voucher: &str,
) -> anyhow::Result<Answer> {
    let body = json!({
        "user_id": show.user, "event_id": show.event, "quantity": quantity, "voucher": voucher,
    });
    services.bookings.post("/api/v1/bookings", &body).await
}

async fn voucher(services: &Services, body: Value) -> anyhow::Result<Answer> {
    services.bookings.post("/api/v1/vouchers", &body).await
}

#[tokio::test]
async fn a_voucher_reduces_the_price() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(100).await?;
    let made = voucher(
        &services,
        json!({"code": "Ten", "percent_off": 10, "max_uses": 2}),
    )
    .await?;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.body["uses_left"], 2);
    let all = json!({"code": "ALL", "amount_off": 500, "max_uses": 5, "event_id": show.event});
    assert_eq!(voucher(&services, all).await?.status, 201);

    let booked = book(&services, &show, 2, "tEN").await?;
    assert_eq!(booked.body["total_amount"], 135.9);
    assert_eq!(booked.body["discount"], 15.1);
    assert_eq!(booked.body["voucher"], "Ten");
    let paid = services.tickets_are(&id_in(&booked)?, "CONFIRMED").await?;
    assert_eq!(paid.body["total_amount"], 135.9);
    // A full discount makes it free.
    let gift = book(&services, &show, 2, "ALL").await?;
    assert_eq!(gift.body["status"], "CONFIRMED");
    assert_eq!(gift.body["total_amount"], 0.0);
    assert_eq!(services.statistics(&show).await?, [4.0, 135.9, 96.0]);

    let left = async || {
        let answer = services.bookings.get("/api/v1/vouchers/ten").await?;
        Ok::<_, anyhow::Error>(answer.body["uses_left"].clone())
    };
    assert_eq!(left().await?, 1);
    let second = book(&services, &show, 1, "TEN").await?;
    assert_eq!(second.status, 201);
    let third = book(&services, &show, 1, "TEN").await?;
    assert_eq!(third.summary(), "409 voucher_used_up");
    // A cancelled booking returns its use.
    assert_eq!(services.cancel_tickets(&id_in(&second)?).await?.status, 200);
    assert_eq!(left().await?, 1);
    Ok(())
}

#[tokio::test]
async fn invalid_vouchers_are_refused() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(100).await?;
    for (body, wrong) in [
        (
            json!({"code": "A B", "percent_off": 1, "max_uses": 1}),
            "400 /code",
        ),
        (
            json!({"code": "", "percent_off": 1, "max_uses": 1}),
            "400 /code",
        ),
        (
            json!({"code": "A", "percent_off": 0, "max_uses": 1}),
            "400 /percent_off",
        ),
        (
            json!({"code": "A", "percent_off": 101, "max_uses": 1}),
            "400 /percent_off",
        ),
        (
            json!({"code": "A", "amount_off": 0, "max_uses": 1}),
            "400 /amount_off",
        ),
        (json!({"code": "A", "max_uses": 1}), "400 /percent_off"),
        (
            json!({"code": "A", "percent_off": 1, "amount_off": 1, "max_uses": 1}),
            "400 /amount_off",
        ),
        (
            json!({"code": "A", "percent_off": 1, "max_uses": 0}),
            "400 /max_uses",
        ),
        (json!({"code": "A", "percent_off": 1}), "400 /max_uses"),
    ] {
        assert_eq!(voucher(&services, body).await?.invalid(), wrong);
    }
    let elsewhere = json!({
        "code": "A", "percent_off": 1, "max_uses": 1,
        "event_id": "00000000-0000-0000-0000-000000000000",
    });
    let refused = voucher(&services, elsewhere).await?;
    assert_eq!(refused.summary(), "404 unknown_event");
    let rupees = json!({"code": "INR", "amount_off": 1, "currency": "INR", "max_uses": 1});
    assert_eq!(voucher(&services, rupees.clone()).await?.status, 201);
    assert_eq!(
        voucher(&services, rupees).await?.summary(),
        "409 voucher_code_taken"
    );
    let refused = book(&services, &show, 1, "inr").await?;
    assert_eq!(refused.summary(), "409 voucher_not_for_event");
    let unknown = services.bookings.get("/api/v1/vouchers/none").await?;
    assert_eq!(unknown.summary(), "404 unknown_voucher");
    let all = services.bookings.get("/api/v1/vouchers").await?;
    assert_eq!(all.body.as_array().map(Vec::len), Some(1));
    Ok(())
}

/// The number of booked ones, and the refusals of the others.
fn booked(answers: Vec<anyhow::Result<Answer>>) -> anyhow::Result<(usize, Vec<String>)> {
    let mut booked = 0;
    let mut refusals = Vec::new();
    for answer in answers {
        let answer = answer?;
        if answer.status == 201 {
            booked += 1;
        } else if !refusals.contains(&answer.summary()) {
            refusals.push(answer.summary());
        }
    }
    Ok((booked, refusals))
}

#[tokio::test]
async fn concurrent_bookings_use_up_a_voucher_exactly() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show_with(100, json!({"ticket_price": 0})).await?;
    let body = json!({"code": "SEVEN", "percent_off": 50, "max_uses": 7});
    assert_eq!(voucher(&services, body).await?.status, 201);
    let crowd = (0..60).map(|_| book(&services, &show, 1, "SEVEN"));
    let (count, refusals) = booked(join_all(crowd).await)?;
    assert_eq!(
        (count, refusals),
        (7, vec!["409 voucher_used_up".to_owned()])
    );
    // No tickets were taken without their voucher.
    assert_eq!(services.statistics(&show).await?, [7.0, 0.0, 93.0]);
    Ok(())
}

#[tokio::test]
async fn nobody_has_more_tickets_than_the_limit_allows() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let limited = json!({"ticket_price": 0, "max_tickets_per_user": 5});
    let show = services.show_with(100, limited).await?;
    let crowd = (0..40).map(|_| services.book_tickets(&show, 2));
    let answers = join_all(crowd).await;
    let first = answers
        .iter()
        .find_map(|answer| answer.as_ref().ok().filter(|answer| answer.status == 201));
    let first = id_in(first.expect("somebody gets tickets"))?;
    let (count, refusals) = booked(answers)?;
    assert_eq!((count, refusals), (2, vec!["409 limit_reached".to_owned()]));
    assert_eq!(services.book_tickets(&show, 1).await?.status, 201);
    // Another user has their own limit.
    let other = Show {
        event: show.event.clone(),
        user: services.user("bob").await?,
    };
    assert_eq!(services.book_tickets(&other, 5).await?.status, 201);
    // Cancelled tickets may be bought again, and a changed limit applies from now on.
    assert_eq!(services.cancel_tickets(&first).await?.status, 200);
    let change = async |limit: Value| limit_to(&services, &show, limit).await;
    assert_eq!(change(json!(2)).await?.status, 200);
    let refused = services.book_tickets(&show, 1).await?;
    assert_eq!(refused.summary(), "409 limit_reached");
    assert_eq!(change(json!(6)).await?.body["max_tickets_per_user"], 6);
    assert_eq!(services.book_tickets(&show, 3).await?.status, 201);
    assert_eq!(change(Value::Null).await?.status, 200);
    assert_eq!(services.book_tickets(&show, 20).await?.status, 201);
    Ok(())
}

async fn limit_to(services: &Services, show: &Show, limit: Value) -> anyhow::Result<Answer> {
    let path = format!("/api/v1/events/{}", show.event);
    let request = services.bookings.request(reqwest::Method::PUT, &path);
    let request = request.json(&json!({"max_tickets_per_user": limit}));
    services.bookings.send(request).await
}

#[tokio::test]
async fn a_limit_counts_what_was_bought_before_it_was_set() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let free = json!({"ticket_price": 0});
    let show = services.show_with(100, free).await?;
    let early = id_in(&services.book_tickets(&show, 2).await?)?;
    assert_eq!(services.book_tickets(&show, 1).await?.status, 201);
    assert_eq!(limit_to(&services, &show, json!(6)).await?.status, 200);
    let refused = services.book_tickets(&show, 4).await?;
    assert_eq!(refused.summary(), "409 limit_reached");
    let told = "You can buy at most 6 tickets for this event; you have 3.";
    assert_eq!(refused.body["detail"], told);
    // Concurrent bookings get the rest, and no more.
    let crowd = (0..20).map(|_| services.book_tickets(&show, 1));
    let (count, refusals) = booked(join_all(crowd).await)?;
    assert_eq!((count, refusals), (3, vec!["409 limit_reached".to_owned()]));
    // Cancelling an early booking makes room.
    assert_eq!(services.cancel_tickets(&early).await?.status, 200);
    assert_eq!(services.book_tickets(&show, 2).await?.status, 201);
    let refused = services.book_tickets(&show, 1).await?;
    let told = "You can buy at most 6 tickets for this event; you have 6.";
    assert_eq!(refused.body["detail"], told);
    Ok(())
}

#[tokio::test]
async fn a_voucher_use_covers_a_limited_number_of_tickets() -> anyhow::Result<()> {
    let services = Services::start().await?;
    let show = services.show(100).await?;
    let gift = json!({"code": "GIFT", "percent_off": 100, "max_uses": 1});
    let made = voucher(&services, gift).await?;
    assert_eq!(made.body["max_tickets_per_use"], 10);
    let pair = json!({"code": "PAIR", "percent_off": 100, "max_uses": 5, "max_tickets_per_use": 2});
    assert_eq!(
        voucher(&services, pair).await?.body["max_tickets_per_use"],
        2
    );
    for (code, quantity, told) in [
        (
            "GIFT",
            50,
            "The voucher is for at most 10 tickets of one booking.",
        ),
        (
            "PAIR",
            3,
            "The voucher is for at most 2 tickets of one booking.",
        ),
    ] {
        let refused = book(&services, &show, quantity, code).await?;
        assert_eq!(refused.summary(), "409 voucher_ticket_limit");
        assert_eq!(refused.body["detail"], told);
    }
    assert_eq!(book(&services, &show, 10, "GIFT").await?.status, 201);
    assert_eq!(book(&services, &show, 2, "PAIR").await?.status, 201);
    let none = json!({"code": "NONE", "percent_off": 1, "max_uses": 1, "max_tickets_per_use": 0});
    let refused = voucher(&services, none).await?;
    assert_eq!(refused.invalid(), "400 /max_tickets_per_use");
    Ok(())
}
