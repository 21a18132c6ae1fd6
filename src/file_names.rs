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

/// Names of devices on Windows, also with something after a dot.
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "conin$", "conout$", "com", "lpt"];

/// Why no file here, or elsewhere, can have a name.
pub(crate) fn no_name(name: &str) -> Option<&'static str> {
    if name.is_empty() {
        return Some("it is empty");
    }
    if matches!(name, "." | "..") {
        return Some("it means a folder");
    }
    if name.contains(['/', '\\']) {
        return Some("it holds a separator");
    }
    if name.contains(char::is_control) {
        return Some("it holds a control character");
    }
    if name.ends_with(['.', ' ']) {
        return Some("Windows leaves out what it ends with");
    }
    is_device(name).then_some("it is the name of a device on Windows")
}

fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or(name).trim_end().to_ascii_lowercase();
    let numbered = |stem: &str| {
        let (kind, number) = stem.split_at_checked(3)?;
        let is_number = matches!(number, "\u{b9}" | "\u{b2}" | "\u{b3}")
            || number.len() == 1 && number.bytes().all(|byte| byte.is_ascii_digit());
        Some(DEVICES[6..].contains(&kind) && is_number)
    };
    DEVICES[..6].contains(&&*stem) || numbered(&stem).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_no_file_can_have_everywhere() {
        for bad in [
            "",
            ".",
            "..",
            "a/b",
            "a\\b",
            "\0",
            "a\nb",
            "a\u{85}",
            "con",
            "CON",
            "Aux.json",
            "nul.tar.gz",
            "com1",
            "LPT9.txt",
            "com\u{b9}",
            "con .txt",
            "a.",
            "a ",
        ] {
            assert!(no_name(bad).is_some(), "{bad:?}");
        }
        for good in
            ["a", ".well-known", "...a", "com", "com10", "console", "lpta", "null", "c\u{f3}n"]
        {
            assert_eq!(no_name(good), None, "{good:?}");
        }
    }

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
