//! A field that contradicts another field of the request or stored data.

/// The field, and a detail that reads on from its name.
#[derive(Debug, thiserror::Error)]
#[error("{field}: {detail}")]
pub struct InvalidField {
    pub field: String,
    pub detail: String,
}

impl InvalidField {
    pub(crate) fn new(field: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            detail: detail.into(),
        }
    }
}
