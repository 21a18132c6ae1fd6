//! What must not be shown again: keys in the wrong place, and passwords in URLs.

use std::fmt::Write as _;

/// `text` with every run of 64 or more hexadecimal digits left out: a key given in the wrong
/// place must not be repeated.
pub fn redacted(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut run = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_ascii_hexdigit() {
            run.push(character);
            continue;
        }
        if run.len() >= 64 {
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

/// `text` without what stands before the host of a URL: name and password, wherever it is quoted.
pub fn without_credentials(text: &str) -> String {
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
        assert_eq!(redacted(&text), "unexpected argument '0x[64 digits left out]' found");
        assert_eq!(redacted("0xabcdef"), "0xabcdef");
    }

    #[test]
    fn names_and_passwords_of_urls_are_not_repeated() {
        for (text, left) in [
            ("invalid 'kubo=ftp://me:pw@h/t' for", "invalid 'kubo=ftp://[left out]@h/t' for"),
            ("\"http://me:a/b@h\", https://h", "\"http://[left out]@h\", https://h"),
            ("https://h/a http://t@h", "https://h/a http://[left out]@h"),
            ("a@b is no URL", "a@b is no URL"),
        ] {
            assert_eq!(without_credentials(text), left);
        }
    }
}
