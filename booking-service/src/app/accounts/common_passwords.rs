//! Blocklist of passwords that attackers try first: a few hundred words with digits and signs around them and
//! letters written as digits.
//!
//! Deliberately absent: an estimate of a password's strength. NIST (SP 800-63B) asks for a length and a list.

/// Words of at least three letters: the most frequent stems in published lists of leaked passwords.
const WORDS: &[&str] = &[
    "abc",
    "access",
    "admin",
    "administrator",
    "amanda",
    "andrea",
    "andrew",
    "angel",
    "anthony",
    "apple",
    "asdf",
    "asdfgh",
    "asdfghjk",
    "asdfghjkl",
    "ashley",
    "asshole",
    "austin",
    "azerty",
    "azertyuiop",
    "bailey",
    "banana",
    "baseball",
    "basketball",
    "batman",
    "biteme",
    "blink",
    "blahblah",
    "buster",
    "butterfly",
    "changeme",
    "charlie",
    "chelsea",
    "chocolate",
    "chris",
    "computer",
    "cookie",
    "corvette",
    "daniel",
    "default",
    "dallas",
    "diamond",
    "dragon",
    "eminem",
    "estrella",
    "family",
    "flower",
    "football",
    "forever",
    "freedom",
    "friends",
    "fuckme",
    "fuckoff",
    "fuckyou",
    "george",
    "ginger",
    "google",
    "guest",
    "hannah",
    "harley",
    "hello",
    "helloworld",
    "hockey",
    "holdfast",
    "hunter",
    "iloveu",
    "iloveyou",
    "internet",
    "jasmine",
    "jennifer",
    "jessica",
    "jordan",
    "joshua",
    "justin",
    "killer",
    "letmein",
    "liverpool",
    "login",
    "london",
    "love",
    "loveme",
    "lovely",
    "maggie",
    "manchester",
    "mario",
    "martin",
    "master",
    "matrix",
    "matthew",
    "melissa",
    "mercedes",
    "merlin",
    "michael",
    "michelle",
    "mickey",
    "monkey",
    "monster",
    "mustang",
    "mynoob",
    "naruto",
    "nicole",
    "ninja",
    "nothing",
    "oliver",
    "orange",
    "pakistan",
    "passw",
    "password",
    "passwort",
    "passport",
    "patrick",
    "pepper",
    "pokemon",
    "princess",
    "purple",
    "pussy",
    "qazwsx",
    "qazwsxedc",
    "qwer",
    "qwert",
    "qwerty",
    "qwertyui",
    "qwertyuiop",
    "ranger",
    "rangers",
    "robert",
    "rockyou",
    "samantha",
    "samsung",
    "scooter",
    "secret",
    "shadow",
    "silver",
    "soccer",
    "sophie",
    "spiderman",
    "starwars",
    "steelers",
    "summer",
    "sunshine",
    "superman",
    "taylor",
    "tester",
    "test",
    "testing",
    "thomas",
    "tigger",
    "thunder",
    "trustno",
    "tinkle",
    "unknown",
    "user",
    "victoria",
    "welcome",
    "whatever",
    "william",
    "winter",
    "xxxxxx",
    "yankees",
    "zaq",
    "zxcvbn",
    "zxcvbnm",
    "zaqxsw",
    "qweasd",
    "qweasdzxc",
    "qqww",
    "aaaa",
];

/// Up to this many other characters around a word, the password still counts as the word.
const AROUND_MAX: usize = 6;

/// Keyboard rows and the alphabet.
const RUNS: [&str; 6] = [
    "01234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop",
    "asdfghjkl",
    "zxcvbnm",
    "qwertzuiop",
];

/// Whether the password is on the blocklist, or repeats a pattern of at most three characters.
pub(crate) fn is_common(password: &str) -> bool {
    let text = password.to_lowercase();
    let is_repeated = (1..=3).any(|period| {
        let chars: Vec<char> = text.chars().collect();
        chars
            .iter()
            .zip(chars.iter().skip(period))
            .all(|(one, other)| one == other)
    });
    let word = text.trim_matches(|c: char| !c.is_alphanumeric());
    is_repeated || is_run(&text) || is_word(&text) || is_word(&plainly(word))
}

/// Whether it follows a keyboard row or the alphabet, forwards or backwards.
fn is_run(text: &str) -> bool {
    let backwards: String = text.chars().rev().collect();
    let along = |text: &str| RUNS.iter().any(|run| run.repeat(2).contains(text));
    along(text) || along(&backwards)
}

/// Whether it is a listed word, possibly repeated, with few other characters around it.
fn is_word(text: &str) -> bool {
    let stem = text.trim_matches(|c: char| !c.is_alphabetic());
    let around = text.chars().count() - stem.chars().count();
    let is_repeated = |word: &str| {
        let times = stem.len() / word.len();
        times > 0 && word.repeat(times) == stem
    };
    around <= AROUND_MAX && WORDS.iter().any(|word| is_repeated(word))
}

/// Reads digits and signs as the letters that they stand for.
fn plainly(text: &str) -> String {
    let letter = |c| match c {
        '0' => 'o',
        '1' | '!' => 'i',
        '3' => 'e',
        '4' | '@' => 'a',
        '5' | '$' => 's',
        '7' => 't',
        other => other,
    };
    text.chars().map(letter).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_guessed_first_is_common() {
        for common in [
            "password",
            "Password1",
            "P@ssw0rd",
            "P@ssw0rd!",
            "password123!",
            "12345678",
            "123456789",
            "87654321",
            "11111111",
            "abababab",
            "123123123",
            "abcdefgh",
            "qwertyui",
            "qwerty123",
            "iloveyou",
            "aaaaaaaa",
            "letmein!",
            "monkey123",
            "Welcome2024",
            "secret12",
            "testtest",
            "Holdfast1",
        ] {
            assert!(is_common(common), "{common}");
        }
        for other in [
            "correct horse",
            "battery staple",
            "wrong password",
            "passwordless trains",
            "tr0ub4dor&3",
            "monkeys eat figs",
            "secret-1234567",
            "20kmHRT!x",
            "ünïcödé wörter",
        ] {
            assert!(!is_common(other), "{other}");
        }
    }
}
