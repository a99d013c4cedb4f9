//! New charges in columns, the parameters of one `unnest` statement.

use payment_api::Reference;
use tokio_postgres::types::Json;
use uuid::Uuid;

use super::new_charge::{NewCharge, Start};
use super::row::{kind_text, status_text};
use crate::charge::PaymentCode;

/// One vector per column; a row has the same index in each.
#[derive(Default)]
pub(super) struct Columns<'a> {
    pub(super) id: Vec<Uuid>,
    pub(super) kind: Vec<&'static str>,
    pub(super) booking: Vec<Json<&'a Reference>>,
    pub(super) user: Vec<Json<&'a Reference>>,
    pub(super) amount_minor: Vec<i64>,
    pub(super) currency: Vec<String>,
    pub(super) payment_type: Vec<&'a str>,
    pub(super) reference: Vec<Option<&'a str>>,
    pub(super) payment_code: Vec<Option<&'a str>>,
    pub(super) key: Vec<Option<&'a str>>,
    pub(super) digest: Vec<Option<&'a [u8]>>,
    pub(super) status: Vec<&'static str>,
    pub(super) code: Vec<Option<&'a str>>,
    pub(super) message: Vec<Option<&'a str>>,
    pub(super) lease_seconds: Vec<Option<f64>>,
}

impl<'a> Columns<'a> {
    pub(super) fn push(&mut self, id: Uuid, charge: &'a NewCharge) {
        let NewCharge {
            kind,
            details,
            key,
            start,
        } = charge;
        self.id.push(id);
        self.kind.push(kind_text(*kind));
        self.booking.push(Json(&details.booking));
        self.user.push(Json(&details.user));
        self.amount_minor.push(details.money.minor());
        self.currency.push(details.money.currency().to_string());
        self.payment_type.push(&details.payment_type);
        self.reference.push(details.reference.as_deref());
        self.key.push(key.as_ref().map(|key| key.key.as_str()));
        self.digest
            .push(key.as_ref().map(|key| key.digest.as_slice()));
        match start {
            Start::Processing { lease } => {
                let code = details.payment_code.as_ref().map(PaymentCode::as_str);
                self.payment_code.push(code);
                self.status.push("processing");
                self.code.push(None);
                self.message.push(None);
                self.lease_seconds.push(Some(lease.as_secs_f64()));
            }
            Start::Ended(outcome) => {
                // No further attempt will need the payment code.
                self.payment_code.push(None);
                self.status.push(status_text(outcome.status));
                self.code.push(outcome.code.as_deref());
                self.message.push(Some(&outcome.message));
                self.lease_seconds.push(None);
            }
        }
    }
}
