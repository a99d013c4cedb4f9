//! The database refuses broken rules: each rule has a constraint, and each constraint is tested.

use anyhow::Context as _;

use crate::support::{connect, database};

#[tokio::test]
async fn every_rule_has_a_constraint() -> anyhow::Result<()> {
    let database = database().await?;
    let sql = connect(database.url()).await?;
    let rows = sql
        .query(
            "SELECT conrelid::regclass::text || ' ' || conname || ' ' || CASE contype \
                 WHEN 'c' THEN 'check' WHEN 'f' THEN 'foreign key' WHEN 'p' THEN 'primary key' \
                 WHEN 'u' THEN 'unique' ELSE contype::text END \
             FROM pg_constraint \
             WHERE conrelid IN ('charges'::regclass, 'refunds'::regclass) AND contype <> 'n' \
                 AND convalidated \
             ORDER BY 1",
            &[],
        )
        .await?;
    let lines: Vec<String> = rows
        .iter()
        .map(|row| row.try_get(0))
        .collect::<Result<_, _>>()?;
    insta::assert_snapshot!(lines.join("\n"), @r"
    charges charges_amount_positive check
    charges charges_currency_form check
    charges charges_digest_length check
    charges charges_ended_has_message check
    charges charges_ended_has_time check
    charges charges_idempotency_key unique
    charges charges_idempotency_key_form check
    charges charges_key_has_digest check
    charges charges_kind_known check
    charges charges_leased_while_processing check
    charges charges_payment_code_cleared check
    charges charges_payment_code_form check
    charges charges_pkey primary key
    charges charges_references_form check
    charges charges_refunded_was_captured check
    charges charges_refunded_within_amount check
    charges charges_refusal_has_code check
    charges charges_status_known check
    charges charges_tombstone_is_bare check
    refunds refunds_amount_positive check
    refunds refunds_charge foreign key
    refunds refunds_digest_length check
    refunds refunds_idempotency_key unique
    refunds refunds_idempotency_key_form check
    refunds refunds_key_has_digest check
    refunds refunds_pkey primary key
    ");
    Ok(())
}

/// A successful charge, with some columns replaced.
fn charge(changes: &[(&str, &str)]) -> String {
    let mut columns = vec![
        ("payment_id", "gen_random_uuid()"),
        ("status", "'success'"),
        ("kind", "'process'"),
        ("booking_ref", "'1'"),
        ("user_ref", "'\"alice\"'"),
        ("amount_minor", "100"),
        ("currency", "'INR'"),
        ("payment_type", "'upi'"),
        ("message", "'done'"),
        ("ended_at", "now()"),
    ];
    for change in changes {
        columns.retain(|(name, _)| *name != change.0);
        columns.push(*change);
    }
    let (names, values): (Vec<_>, Vec<_>) = columns.into_iter().unzip();
    format!(
        "INSERT INTO charges ({}) VALUES ({})",
        names.join(", "),
        values.join(", ")
    )
}

#[tokio::test]
async fn what_breaks_a_rule_is_refused_by_its_name() -> anyhow::Result<()> {
    let database = database().await?;
    let sql = connect(database.url()).await?;
    sql.batch_execute(&charge(&[])).await?;
    let digest = ("request_digest", "sha256('x')");
    sql.batch_execute(&charge(&[("idempotency_key", "'k1'"), digest]))
        .await?;

    let refund = |amount: &str, key: &str, digest: &str| {
        format!(
            "INSERT INTO refunds (refund_id, payment_id, amount_minor, idempotency_key, \
             request_digest) SELECT gen_random_uuid(), payment_id, {amount}, {key}, {digest} \
             FROM charges LIMIT 1"
        )
    };
    sql.batch_execute(&refund("1", "'r1'", "sha256('x')"))
        .await?;

    for (statement, constraint) in [
        (
            charge(&[("idempotency_key", "'k1'"), digest]),
            "charges_idempotency_key",
        ),
        (
            charge(&[("idempotency_key", "''"), digest]),
            "charges_idempotency_key_form",
        ),
        (charge(&[("status", "'lost'")]), "charges_status_known"),
        (charge(&[("kind", "'guess'")]), "charges_kind_known"),
        (charge(&[("amount_minor", "0")]), "charges_amount_positive"),
        (charge(&[("currency", "'inr'")]), "charges_currency_form"),
        (
            charge(&[("booking_ref", "'[]'")]),
            "charges_references_form",
        ),
        (
            charge(&[("booking_ref", "NULL")]),
            "charges_tombstone_is_bare",
        ),
        (
            charge(&[("amount_minor", "NULL")]),
            "charges_tombstone_is_bare",
        ),
        (
            charge(&[("refunded_minor", "101")]),
            "charges_refunded_within_amount",
        ),
        (
            charge(&[("refunded_minor", "-1")]),
            "charges_refunded_within_amount",
        ),
        (
            charge(&[
                ("status", "'failed'"),
                ("code", "'c'"),
                ("refunded_minor", "1"),
            ]),
            "charges_refunded_was_captured",
        ),
        (
            charge(&[("idempotency_key", "'k2'")]),
            "charges_key_has_digest",
        ),
        (
            charge(&[("idempotency_key", "'k2'"), ("request_digest", "'x'")]),
            "charges_digest_length",
        ),
        (charge(&[("ended_at", "NULL")]), "charges_ended_has_time"),
        (charge(&[("message", "NULL")]), "charges_ended_has_message"),
        (charge(&[("code", "'c'")]), "charges_refusal_has_code"),
        (
            charge(&[("status", "'failed'")]),
            "charges_refusal_has_code",
        ),
        (
            charge(&[("lease_expires_at", "now()")]),
            "charges_leased_while_processing",
        ),
        (
            charge(&[("payment_code", "'12345'")]),
            "charges_payment_code_cleared",
        ),
        (refund("0", "NULL", "NULL"), "refunds_amount_positive"),
        (refund("1", "'r2'", "NULL"), "refunds_key_has_digest"),
        (refund("1", "'r2'", "'x'"), "refunds_digest_length"),
        (
            refund("1", "'r1'", "sha256('y')"),
            "refunds_idempotency_key",
        ),
        (
            "INSERT INTO refunds (refund_id, payment_id, amount_minor) \
             VALUES (gen_random_uuid(), gen_random_uuid(), 1)"
                .to_owned(),
            "refunds_charge",
        ),
        ("DELETE FROM charges".to_owned(), "refunds_charge"),
    ] {
        let error = sql
            .batch_execute(&statement)
            .await
            .err()
            .with_context(|| format!("accepted: {statement}"))?;
        let refused_by = error.as_db_error().and_then(|error| error.constraint());
        assert_eq!(refused_by, Some(constraint), "{statement}: {error:?}");
    }
    Ok(())
}
