//! Text that people write.
//!
//! Texts are in Unicode normalization form C, so that what looks the same is the same. Names contain no
//! invisible characters: no controls, and no format characters such as zero-width spaces and direction
//! overrides.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization as _;
use unicode_properties::{GeneralCategory, UnicodeEmoji as _, UnicodeGeneralCategory as _};

use crate::Invalid;

const INVISIBLE: &str = "must not have control or other invisible characters";

const ZERO_WIDTH_NON_JOINER: char = '\u{200C}';
const ZERO_WIDTH_JOINER: char = '\u{200D}';
const BLACK_FLAG: char = '\u{1F3F4}';

/// One line of text, such as a name: `MIN` to `MAX` visible characters, without leading or trailing spaces.
///
/// Emoji and all scripts are allowed, with the joiners that they need.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Text<MIN, MAX> {
    /// The normalized text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> FromStr for Text<MIN, MAX> {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let text: String = text.trim().nfc().collect();
        if !is_visible(&text) {
            return Err(Invalid::new(INVISIBLE));
        }
        let length = text.chars().count();
        if length < MIN {
            return Err(Invalid::new(match MIN {
                1 => "must not be empty".to_owned(),
                _ => format!("must have at least {MIN} characters"),
            }));
        }
        if length > MAX {
            return Err(Invalid::new(format!("must have at most {MAX} characters")));
        }
        Ok(Self(text))
    }
}

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Text<MIN, MAX> {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        text.parse()
    }
}

impl<const MIN: usize, const MAX: usize> From<Text<MIN, MAX>> for String {
    fn from(text: Text<MIN, MAX>) -> Self {
        text.0
    }
}

impl<const MIN: usize, const MAX: usize> fmt::Display for Text<MIN, MAX> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Several lines of text, possibly empty: at most `MAX` characters. Line breaks and tabs are allowed, other
/// controls and direction overrides are not.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Prose<const MAX: usize>(String);

impl<const MAX: usize> Prose<MAX> {
    /// The normalized text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MAX: usize> TryFrom<String> for Prose<MAX> {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        let text: String = text.nfc().collect();
        if text.chars().count() > MAX {
            return Err(Invalid::new(format!("must have at most {MAX} characters")));
        }
        let is_refused = |c: char| {
            c.is_control() && !matches!(c, '\n' | '\r' | '\t')
                || matches!(c, '\u{202A}'..='\u{202E}')
        };
        if text.chars().any(is_refused) {
            return Err(Invalid::new(
                "must not have control characters but line breaks and tabs",
            ));
        }
        Ok(Self(text))
    }
}

impl<const MAX: usize> From<Prose<MAX>> for String {
    fn from(text: Prose<MAX>) -> Self {
        text.0
    }
}

/// A text that is stored and returned unchanged, such as a caller's own reference: `MIN` to `MAX` visible
/// characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Verbatim<const MIN: usize, const MAX: usize>(String);

impl<const MIN: usize, const MAX: usize> Verbatim<MIN, MAX> {
    /// The unchanged text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<const MIN: usize, const MAX: usize> TryFrom<String> for Verbatim<MIN, MAX> {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        if !(MIN..=MAX).contains(&text.chars().count()) {
            return Err(Invalid::new(match MIN {
                0 => format!("must have at most {MAX} characters"),
                _ => format!("must have {MIN} to {MAX} characters"),
            }));
        }
        if !is_visible(&text) {
            return Err(Invalid::new(INVISIBLE));
        }
        Ok(Self(text))
    }
}

impl<const MIN: usize, const MAX: usize> From<Verbatim<MIN, MAX>> for String {
    fn from(text: Verbatim<MIN, MAX>) -> Self {
        text.0
    }
}

/// Whether a text has only visible characters, spaces, and joiners between them.
///
/// For texts that are stored unchanged, such as references. For names use [`Text`].
#[must_use]
pub fn is_visible(text: &str) -> bool {
    let mut before = None;
    let mut characters = text.chars().peekable();
    while let Some(this) = characters.next() {
        if !is_shown(this) && !joins(before, this, characters.peek().copied()) {
            return false;
        }
        before = Some(this);
    }
    // Marks alone, such as variation selectors, are invisible.
    text.is_empty() || text.chars().any(|c| !c.is_whitespace() && !is_mark(c))
}

fn is_shown(c: char) -> bool {
    use GeneralCategory::{Control, Format, LineSeparator, ParagraphSeparator, PrivateUse};
    let category = c.general_category();
    // Hangul fillers and the blank Braille pattern count as letters and symbols, but are invisible.
    let is_filler = matches!(
        c,
        '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' | '\u{2800}'
    );
    !is_filler
        && !matches!(
            category,
            Control | Format | LineSeparator | ParagraphSeparator | PrivateUse
        )
}

fn is_mark(c: char) -> bool {
    use GeneralCategory::{EnclosingMark, NonspacingMark};
    matches!(c.general_category(), EnclosingMark | NonspacingMark)
}

/// Whether a format character has an effect here: it joins parts of an emoji or letters of a script that
/// needs it, or spells the region of a flag.
fn joins(before: Option<char>, this: char, after: Option<char>) -> bool {
    let is_tag = |c: char| matches!(c, '\u{E0020}'..='\u{E007F}');
    let Some(before) = before else {
        return false;
    };
    match this {
        ZERO_WIDTH_JOINER if is_emoji_part(before) => after.is_some_and(is_emoji_part),
        ZERO_WIDTH_JOINER | ZERO_WIDTH_NON_JOINER => {
            needs_joiners(before) && after.is_some_and(needs_joiners)
        }
        _ => is_tag(this) && (before == BLACK_FLAG || is_tag(before)),
    }
}

fn is_emoji_part(c: char) -> bool {
    let is_selector = matches!(c, '\u{FE0E}' | '\u{FE0F}');
    is_selector || !c.is_ascii() && c.is_emoji_char()
}

/// Scripts whose letters change form beside others: Arabic and its neighbours, the scripts of South and
/// Southeast Asia, Mongolian.
fn needs_joiners(c: char) -> bool {
    matches!(c, '\u{0600}'..='\u{109F}' | '\u{1780}'..='\u{18AF}' | '\u{A840}'..='\u{ABFF}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Name = Text<1, 200>;

    #[test]
    fn names_of_all_kinds_are_taken() {
        for name in [
            "Gala",
            "O'Brien-Núñez",
            "王小明",
            "محمد",
            "می‌خواهم",
            "क्‍ष",
            "🎸 Rock Night",
            "👨‍👩‍👧‍👦",
            "❤️‍🔥",
            "👍🏽",
            "🏴󠁧󠁢󠁥󠁮󠁧󠁿",
            "🇮🇳",
            "1️⃣",
            &"x".repeat(80),
            &"ü".repeat(200),
        ] {
            assert_eq!(name.parse::<Name>().map(String::from), Ok(name.to_owned()));
        }
    }

    #[test]
    fn what_can_not_be_seen_is_refused() {
        for name in [
            "",
            "  ",
            "two\nlines",
            "nul\0",
            "\u{200B}",
            "a\u{200B}b",
            "\u{202E}txt.exe",
            "a\u{2066}b\u{2069}",
            "\u{FEFF}a",
            "a\u{00AD}b",
            "ad\u{200D}min",
            "ad\u{200C}min",
            "\u{200D}",
            "👍\u{200D}",
            "a\u{2028}b",
            "\u{FE0F}",
            "\u{3164}",
            "\u{2800}",
            "\u{E000}",
            "a\u{E0041}",
            &"n".repeat(201),
        ] {
            assert!(name.parse::<Name>().is_err(), "{name:?}");
        }
    }

    #[test]
    fn what_looks_the_same_is_the_same() {
        let name = |text: &str| text.parse::<Name>().unwrap();
        assert_eq!(name("Ame\u{301}lie"), name(" Amélie "));
        assert_eq!(
            "e\u{301}".repeat(200).parse::<Name>().unwrap(),
            name(&"é".repeat(200))
        );
        assert!("".parse::<Text<0, 5>>().is_ok());
    }

    #[test]
    fn prose_has_lines() {
        let prose = |text: &str| Prose::<20>::try_from(text.to_owned());
        assert_eq!(prose("a\n\te\u{301}\r\n").unwrap().as_str(), "a\n\té\r\n");
        assert!(prose("").is_ok());
        for wrong in ["nul\0", "bell\u{7}", "\u{202E}a", &"x".repeat(21)] {
            assert!(prose(wrong).is_err(), "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_that_is_taken_is_taken_again_as_it_is(text in "\\PC{0,40}") {
            if let Ok(name) = text.parse::<Name>() {
                prop_assert_eq!(name.as_str().parse::<Name>(), Ok(name.clone()));
            }
        }
    }
}
