//! What must not be shown again, and the one place that hides it: secrets in the wrong place, and
//! names and passwords in URLs.

use std::fmt::Write as _;

use super::forms;

/// Digits of a private key, the shortest that is one.
const KEY_DIGITS: usize = 64;
/// Each hides something more.
const MOST_PASSES: usize = 16;

/// `text` without the secrets that are told by their form ([`forms`]) and without what stands before
/// the host of a URL. Whatever is told of a run goes through it.
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for (place, form) in forms::find(text) {
        // One may lie within another, or begin in it.
        if place.start >= from {
            out.push_str(&text[from..place.start]);
            let _ = write!(out, "[{form} left out]");
        }
        from = from.max(place.end);
    }
    out.push_str(&text[from..]);
    without_credentials(&out)
}

/// As [`redacted`], and every run of 64 or more hexadecimal digits is left out: a key given in
/// the wrong place must not be repeated, and where something was given wrongly nobody can tell it
/// from a hash. Those that begin as a contenthash do are told by that.
pub fn redacted_digits(text: &str) -> String {
    let mut hidden = without_digits(&redacted(text));
    // What is left out separates what it stood between: that may have a form then.
    for _ in 0..MOST_PASSES {
        let again = without_digits(&redacted(&hidden));
        if again == hidden {
            break;
        }
        hidden = again;
    }
    hidden
}

fn without_digits(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_hexdigit() {
            run.push(character);
            continue;
        }
        if run.len() >= KEY_DIGITS && !is_contenthash(&run) {
            let _ = write!(out, "[{} digits left out]", run.len());
        } else {
            out.push_str(&run);
        }
        run.clear();
        out.push(character);
    }
    out.pop();
    out
}

/// IPFS or IPNS, CIDv1; longer than a key, and as long as no signature.
fn is_contenthash(digits: &str) -> bool {
    ["e30101", "e50101"].iter().any(|start| digits.starts_with(start))
        && (72..=100).contains(&digits.len())
}

/// `text` without what stands before the host of a URL: name and password, wherever it is quoted.
fn without_credentials(text: &str) -> String {
    const SCHEME: &str = "://";
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(found) = rest.find(SCHEME) {
        let (before, after) = rest.split_at(found + SCHEME.len());
        out.push_str(before);
        let end = after.find(|c: char| c.is_whitespace() || matches!(c, '\'' | '"' | '`'));
        let (url, left) = after.split_at(end.unwrap_or(after.len()));
        // A slash that is not escaped may be part of the password.
        match url.rsplit_once('@') {
            Some((_, host)) => _ = write!(out, "[left out]@{host}"),
            None => out.push_str(url),
        }
        rest = left;
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_in_the_wrong_place_are_not_repeated() {
        let text = format!("unexpected argument '0x{}' found", "ab".repeat(32));
        let hidden = "unexpected argument '0x[64 digits left out]' found";
        assert_eq!(redacted_digits(&text), hidden);
        // It may be a hash.
        assert_eq!(redacted(&text), text);
        assert_eq!(redacted_digits("0xabcdef"), "0xabcdef");
        let contenthash = format!("0xe50101720024080112{}", "20".repeat(33));
        assert_eq!(redacted_digits(&contenthash), contenthash);
        let key = "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";
        let text = format!("{key:?} is not a name");
        assert_eq!(redacted(&text), "\"[an age identity left out]\" is not a name");
    }

    #[test]
    fn names_and_passwords_of_urls_are_not_repeated() {
        for (text, left) in [
            ("invalid 'kubo=ftp://me:pw@h/t' for", "invalid 'kubo=ftp://[left out]@h/t' for"),
            ("\"http://me:a/b@h\", https://h", "\"http://[left out]@h\", https://h"),
            ("https://h/a http://t@h", "https://h/a http://[left out]@h"),
            ("a@b is no URL", "a@b is no URL"),
        ] {
            assert_eq!(redacted(text), left);
        }
    }
}
