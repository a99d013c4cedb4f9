//! Validated texts that people write (names, descriptions, e-mail addresses), and bytes as hexadecimal text.

use domain::is_visible;
use email_address::{EmailAddress, Options};
use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_script::{Script, UnicodeScript as _};
use unicode_security::{GeneralSecurityProfile as _, MixedScript as _, skeleton};

/// At most 200 characters, longer than any name on a ticket.
pub type Name = domain::Text<1, 200>;

/// Possibly empty; at most 5000 characters, far below the body limit.
pub type Description = domain::Prose<5000>;

#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// An e-mail address as written, without compatibility forms and needless quotes.
///
/// Addresses are equal if their [normalized forms](Self::normalized) are. Look-alike letters of another
/// alphabet are refused: `аsha@example.org` with a Cyrillic first letter could pass for another's address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Email {
    written: String,
    normalized: String,
}

impl Email {
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.written
    }

    /// Lower case, with the domain in its ASCII form.
    #[must_use]
    pub fn normalized(&self) -> &str {
        &self.normalized
    }
}

impl TryFrom<String> for Email {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        // NFKC maps full-width letters and the like to plain ones.
        let text: String = text.trim().nfkc().collect();
        if !is_visible(&text) {
            return Err("must not have control or other invisible characters".to_owned());
        }
        let options = Options::default()
            .with_required_tld()
            .without_display_text()
            .without_domain_literal();
        let address = EmailAddress::parse_with_options(&text, options)
            .map_err(|error| format!("is not an address of e-mail: {error}"))?;
        let local = unquoted(address.local_part())?;
        let ascii = idna::domain_to_ascii_strict(address.domain())
            .map_err(|_| "is not an address of e-mail: its domain is no name".to_owned())?;
        let (domain, _) = idna::domain_to_unicode(&ascii);
        if !std::iter::once(local.as_str())
            .chain(domain.split('.'))
            .all(is_of_one_script)
        {
            let detail = "mixes letters that look alike, or has some that look like others";
            return Err(detail.to_owned());
        }
        // An international domain is kept in its own script; an ASCII domain is kept as written.
        let domain = if address.domain().is_ascii() {
            address.domain()
        } else {
            &domain
        };
        Ok(Self {
            written: format!("{local}@{domain}"),
            normalized: format!("{}@{ascii}", folded(&local)),
        })
    }
}

impl From<Email> for String {
    fn from(email: Email) -> Self {
        email.written
    }
}

/// The local part without quotes, which mean nothing where they are not needed. An address that needs quotes
/// is refused.
fn unquoted(local: &str) -> Result<String, String> {
    let inner = local
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .map_or_else(|| local.to_owned(), |inner| inner.replace('\\', ""));
    let is_atom = |atom: &str| {
        !atom.is_empty()
            && atom
                .chars()
                .all(|c| c.is_alphanumeric() || !c.is_ascii() || "!#$%&'*+-/=?^_`{|}~".contains(c))
    };
    if inner.split('.').all(is_atom) {
        Ok(inner)
    } else {
        Err("must not have spaces, brackets or dots that need quotes before the @".to_owned())
    }
}

/// Lower case, independent of the database's locale. Both lower-case sigmas are the same letter.
fn folded(local: &str) -> String {
    let small = local.to_lowercase().replace('ς', "σ");
    small.nfkc().collect()
}

/// Whether all letters are of one script, and text in another script than Latin cannot be mistaken for Latin
/// (confusables).
fn is_of_one_script(text: &str) -> bool {
    if text.is_ascii() {
        return true;
    }
    let is_common = text
        .chars()
        .all(|c| !c.is_alphabetic() || c.identifier_allowed());
    let is_latin = |c: char| {
        matches!(
            c.script(),
            Script::Latin | Script::Common | Script::Inherited
        )
    };
    let looks_latin = !text.chars().all(is_latin) && skeleton(text).all(|c| c.is_ascii());
    is_common && text.is_single_script() && !looks_latin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Result<Email, String> {
        Email::try_from(text.to_owned())
    }

    #[test]
    fn addresses_have_a_name_and_a_domain() {
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
            "\"a b\"@example.org",
            "\"a@b\"@example.org",
            "Asha <asha@example.org>",
            "asha@[127.0.0.1]",
            "asha@example..org",
            "nul\0@example.org",
            "as\u{200B}ha@example.org",
            "\u{202E}asha@example.org",
        ] {
            assert!(email(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn an_address_is_one_however_it_is_written() {
        for [one, other] in [
            ["asha@example.org", " ASHA@Example.ORG "],
            ["émile@example.org", "É\u{006D}ile@example.org"],
            ["e\u{301}mile@example.org", "émile@example.org"],
            ["asha@example.org", "asha@ｅｘａｍｐｌｅ.org"],
            ["asha@example.org", "ａｓｈａ＠example.org"],
            ["asha@example.org", "\"asha\"@example.org"],
            ["asha@bücher.example", "asha@xn--bcher-kva.example"],
            ["asha@bücher.example", "asha@BÜCHER.example"],
            ["νίκος@example.org", "ΝΊΚΟΣ@example.org"],
        ] {
            let normalized = |text: &str| email(text).unwrap().normalized().to_owned();
            assert_eq!(normalized(one), normalized(other), "{one} {other}");
        }
        assert_eq!(
            email("asha@ｅｘａｍｐｌｅ.org").unwrap().as_str(),
            "asha@example.org"
        );
    }

    #[test]
    fn addresses_of_all_alphabets_are_taken_but_not_look_alikes() {
        for right in [
            "иван@пример.рф",
            "kjær@example.no",
            "wörner@example.de",
            "用户@例え.jp",
            "al1@example.org",
        ] {
            assert!(email(right).is_ok(), "{right}: {:?}", email(right));
        }
        for wrong in [
            "аsha@example.org",
            "asha@exаmple.org",
            "аѕ@example.org",
            "asha@\u{430}\u{440}\u{440}\u{4CF}\u{435}.org",
            "\u{251}sha@example.org",
        ] {
            assert!(email(wrong).is_err(), "{wrong}");
        }
    }
}
