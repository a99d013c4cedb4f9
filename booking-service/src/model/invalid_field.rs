//! A field of a request that breaks a rule which other fields, or what is stored, have a say in.

/// Which field, and what is wrong with it, in words that follow its name.
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
