//! Purchases, complete when accepted.

use std::time::Duration;

use crate::support::tidy;
use crate::support::{TestService, purchase, ticket_option};

#[tokio::test]
async fn a_purchase_is_made_and_found() -> anyhow::Result<()> {
    let service = TestService::start().await?;
    let caller = &service.caller;
    let id = caller.make("/ticket_options", &ticket_option(3)).await?;
    let made = caller.post("/purchases", &purchase(&id, 2)).await?;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(
        made.header("content-type"),
        Some("application/vnd.api+json")
    );
    insta::assert_json_snapshot!(tidy(&made), @r#"
    {
      "data": {
        "attributes": {
          "quantity": 2
        },
        "id": "[id]",
        "relationships": {
          "ticket_option": {
            "data": {
              "id": "[id]",
              "type": "ticket_options"
            }
          },
          "user": {
            "data": {
              "id": "[id]",
              "type": "users"
            }
          }
        },
        "type": "purchases"
      }
    }
    "#);
    let location = made.header("location").unwrap_or_default().to_owned();
    assert_eq!(caller.get(&location).await?.body, made.body);
    let refused = caller.post("/purchases", &purchase(&id, 2)).await?;
    insta::assert_json_snapshot!(refused.body, @r#"
    {
      "errors": [
        {
          "code": "invalid_purchase_quantity",
          "detail": "fewer than 2 tickets are left",
          "source": {
            "pointer": "/data/attributes/quantity"
          },
          "status": "400",
          "title": "Unable to purchase provided quantity"
        }
      ]
    }
    "#);
    let last = caller.post("/purchases", &purchase(&id, 1)).await?;
    assert_eq!(last.status, 201);
    let option = caller.get(&format!("/ticket_options/{id}")).await?;
    assert_eq!(option.body["data"]["attributes"]["allocation"], 3);
    let sql = service.sql().await?;
    let same = "SELECT count(*) FROM purchases JOIN holds ON holds.id = purchases.id \
                WHERE holds.status = 'sold' AND holds.owner = purchases.user_ref";
    assert_eq!(sql.query_one(same, &[]).await?.try_get::<_, i64>(0)?, 2);
    Ok(())
}

#[tokio::test]
async fn tickets_are_sold_without_redis_too() -> anyhow::Result<()> {
    let service = TestService::start_with(|settings| settings.redis.enabled = false).await?;
    let caller = &service.caller;
    let id = caller.make("/ticket_options", &ticket_option(1)).await?;
    assert_eq!(
        caller.post("/purchases", &purchase(&id, 1)).await?.status,
        201
    );
    assert_eq!(
        caller.post("/purchases", &purchase(&id, 1)).await?.status,
        400
    );
    Ok(())
}

#[tokio::test]
async fn a_ticket_option_has_no_start_before_which_its_sales_close() -> anyhow::Result<()> {
    let hour = Some(Duration::from_secs(3600));
    let service =
        TestService::start_with(|settings| settings.sales.close_before_event = hour).await?;
    let caller = &service.caller;
    let id = caller.make("/ticket_options", &ticket_option(1)).await?;
    assert_eq!(
        caller.post("/purchases", &purchase(&id, 1)).await?.status,
        201
    );
    Ok(())
}
