//! File names as other systems compare them: macOS and Windows keep one file for names that
//! differ only in case, macOS also for those that differ only in Unicode form.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization;

/// Equal for paths that are one file somewhere.
pub(crate) fn folded(path: &str) -> Cow<'_, str> {
    if path.is_ascii() {
        return match path.bytes().any(|byte| byte.is_ascii_uppercase()) {
            true => path.to_ascii_lowercase().into(),
            false => path.into(),
        };
    }
    path.nfd().map(one_case).nfd().collect::<String>().into()
}

/// By way of the upper case, as Windows compares: of a sigma there are two lower ones. What has
/// several letters in another case (ß) is a letter of its own.
fn one_case(letter: char) -> char {
    let upper = single(letter.to_uppercase()).unwrap_or(letter);
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut letters: impl Iterator<Item = char>) -> Option<char> {
    letters.next().filter(|_| letters.next().is_none())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_one_file_somewhere() {
        for (one, other) in [
            ("text/Avatar.json", "text/avatar.json"),
            ("caf\u{e9}", "cafe\u{301}"),
            ("CAF\u{c9}", "cafe\u{301}"),
            ("\u{212b}", "\u{e5}"),
            ("\u{3c3}\u{3c2}", "\u{3a3}\u{3a3}"),
        ] {
            assert_eq!(folded(one), folded(other), "{one} {other}");
        }
        for (one, other) in
            [("a", "b"), ("stra\u{df}e", "strasse"), ("e", "\u{e9}"), ("a/b", "a-b")]
        {
            assert_ne!(folded(one), folded(other), "{one} {other}");
        }
    }
}
