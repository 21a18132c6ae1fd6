//! Entity tags and ranges (RFC 9110 §13, §14), as far as gateways use them.

use std::ops::Range;

use axum::http::{HeaderMap, header};

/// Whether `If-None-Match` names one of these entity tags, weakly compared, or is `*`.
pub(crate) fn none_match(headers: &HeaderMap, etags: &[&str]) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    headers
        .get_all(header::IF_NONE_MATCH)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|tag| tag.trim() == "*" || etags.iter().any(|etag| strong(etag) == strong(tag)))
}

/// What a `Range` header asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// Everything: no header, or one that does not apply.
    All,
    /// These bytes, not empty.
    Part(Range<u64>),
    /// Nothing that exists: 416.
    Outside,
    /// Not a range of bytes: 400.
    Malformed,
}

/// The first range of the header, for a file of `len` bytes whose tag is `etag`.
pub(crate) fn wanted(headers: &HeaderMap, len: u64, etag: &str) -> Wanted {
    let Some(value) = headers.get(header::RANGE) else { return Wanted::All };
    if headers.get(header::IF_RANGE).is_some_and(|tag| tag.as_bytes() != etag.as_bytes()) {
        return Wanted::All;
    }
    let Some(range) = value.to_str().ok().and_then(|value| value.strip_prefix("bytes=")) else {
        return Wanted::Malformed;
    };
    let first = range.split(',').next().unwrap_or_default().trim();
    let Some((from, to)) = first.split_once('-') else { return Wanted::Malformed };
    let number = |text: &str| text.trim().parse::<u64>();
    let range = match (number(from), number(to)) {
        (Ok(from), Ok(to)) if from <= to => from..to.saturating_add(1).min(len),
        (Ok(from), Err(_)) if to.trim().is_empty() => from..len,
        (Err(_), Ok(last)) if from.trim().is_empty() => len - last.min(len)..len,
        _ => return Wanted::Malformed,
    };
    match range.is_empty() {
        // Clients that always send a range get an empty file whole.
        true if len == 0 => Wanted::All,
        true => Wanted::Outside,
        false => Wanted::Part(range),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(name: header::HeaderName, value: &str) -> HeaderMap {
        HeaderMap::from_iter([(name, value.parse().unwrap())])
    }

    #[test]
    fn tags_are_compared_weakly() {
        let matches = |value| none_match(&headers(header::IF_NONE_MATCH, value), &["\"a\""]);
        assert!(matches("\"a\""));
        assert!(matches("\"b\", W/\"a\""));
        assert!(matches("*"));
        assert!(!matches("\"b\""));
        assert!(!matches("a"));
        assert!(!none_match(&HeaderMap::new(), &["\"a\""]));
    }

    #[test]
    fn ranges() {
        let wanted = |value, len| wanted(&headers(header::RANGE, value), len, "\"a\"");
        assert_eq!(wanted("bytes=0-3", 10), Wanted::Part(0..4));
        assert_eq!(wanted("bytes=4-", 10), Wanted::Part(4..10));
        assert_eq!(wanted("bytes=-3", 10), Wanted::Part(7..10));
        assert_eq!(wanted("bytes=-30", 10), Wanted::Part(0..10));
        assert_eq!(wanted("bytes=5-99, 1-2", 10), Wanted::Part(5..10));
        assert_eq!(wanted("bytes=10-", 10), Wanted::Outside);
        assert_eq!(wanted("bytes=0-0", 0), Wanted::All);
        for malformed in ["bytes=3-1", "bytes=a-b", "lines=1-2", "bytes=-", "bytes=7"] {
            assert_eq!(wanted(malformed, 10), Wanted::Malformed, "{malformed}");
        }
        let mut other = headers(header::RANGE, "bytes=0-3");
        other.insert(header::IF_RANGE, "\"b\"".parse().unwrap());
        assert_eq!(super::wanted(&other, 10, "\"a\""), Wanted::All);
    }
}
