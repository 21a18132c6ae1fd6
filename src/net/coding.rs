//! How answers are coded.

use reqwest::header::CONTENT_ENCODING;

/// How an answer is coded, where that is not undone already: what can be is taken away by the HTTP
/// library, with its header.
pub(crate) fn unread_coding(head: &reqwest::Response) -> Option<String> {
    let codings = head.headers().get_all(CONTENT_ENCODING).iter();
    let codings = codings.map(|value| String::from_utf8_lossy(value.as_bytes()).trim().to_owned());
    let unread = |coding: &String| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity");
    codings.filter(unread).map(|coding| coding.chars().take(40).collect()).next()
}
