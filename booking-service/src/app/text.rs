//! Texts that people write: names, descriptions, addresses of e-mail. A bad one can't be built. And bytes as
//! text.

use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};

/// The longest name, longer than any on a ticket.
const NAME_LIMIT_CHARS: usize = 200;

/// The longest description: a page or two, far below the largest body.
const DESCRIPTION_LIMIT_CHARS: usize = 5000;

/// Bytes in hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What something or somebody is called: 1 to 200 characters of one line, not only spaces.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

/// What is said about something, perhaps nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Description(String);

/// An address of e-mail, written as its owner does. Two that differ in the case of letters only are the
/// same one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Email(String);

impl TryFrom<String> for Name {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let name = text.trim();
        if name.is_empty() {
            return Err("must not be empty".to_owned());
        }
        if name.chars().count() > NAME_LIMIT_CHARS {
            return Err(format!("must have at most {NAME_LIMIT_CHARS} characters"));
        }
        if name.chars().any(char::is_control) {
            return Err("must not have control characters".to_owned());
        }
        Ok(Self(name.to_owned()))
    }
}

impl TryFrom<String> for Description {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        if text.chars().count() > DESCRIPTION_LIMIT_CHARS {
            return Err(format!(
                "must have at most {DESCRIPTION_LIMIT_CHARS} characters"
            ));
        }
        // PostgreSQL does not store this one.
        if text.contains('\0') {
            return Err("must not have NUL characters".to_owned());
        }
        Ok(Self(text))
    }
}

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let text = text.trim();
        let options = Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        EmailAddress::parse_with_options(text, options)
            .map(|_| Self(text.to_owned()))
            .map_err(|error| format!("is not an address of e-mail: {error}"))
    }
}

impl Name {
    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Description {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Email {
    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_one_line_with_something_in_it() {
        let name = |text: &str| Name::try_from(text.to_owned());
        assert_eq!(name(" Gala ").unwrap().as_str(), "Gala");
        for wrong in ["", "  ", "two\nlines", "nul\0", &"n".repeat(201)] {
            assert!(name(wrong).is_err(), "{wrong:?}");
        }
        assert!(name(&"ü".repeat(200)).is_ok());
    }

    #[test]
    fn addresses_have_a_name_and_a_domain() {
        let email = |text: &str| Email::try_from(text.to_owned());
        for right in ["a@example.org", "A.b+c@mail.example.co.uk"] {
            assert_eq!(email(right).unwrap().as_str(), right);
        }
        for wrong in [
            "",
            "asha",
            "asha@",
            "@example.org",
            "asha@example",
            "a b@example.org",
            "Asha <asha@example.org>",
            "asha@[127.0.0.1]",
            "asha@example..org",
            "nul\0@example.org",
        ] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }
}
