//! What the log tells of requests: with `info` each with its duration, with `debug` sizes and
//! headers too. Nothing that may hold a secret: addresses as errors show them, and of headers only
//! those that say what a body is and how it was served.

use std::fmt::Write as _;
use std::time::Instant;

use reqwest::header::HeaderMap;

use super::error::{NetError, shown};
use super::request::Request;
use super::response::Response;

/// Headers that are told.
const TOLD: &[&str] = &[
    "accept-ranges",
    "age",
    "cache-control",
    "cf-cache-status",
    "content-encoding",
    "content-length",
    "content-type",
    "date",
    "etag",
    "last-modified",
    "retry-after",
    "server",
    "via",
    "x-ipfs-path",
    "x-ipfs-roots",
];

/// Tells how one attempt ended.
pub(super) fn attempt(request: &Request, since: Instant, outcome: &Result<Response, NetError>) {
    let ms = since.elapsed().as_millis();
    let method = &request.method;
    let url = shown(&request.url);
    match outcome {
        Ok(answer) => {
            tracing::info!("{method} {url}: {} in {ms} ms", answer.status);
            tracing::debug!(
                "{method} {url}: {} bytes; {}",
                answer.body.len(),
                headers(&answer.headers)
            );
        }
        Err(error) => tracing::info!("{method} {url}: no answer in {ms} ms: {error}"),
    }
}

fn headers(headers: &HeaderMap) -> String {
    let mut told = String::new();
    for (name, value) in headers {
        if TOLD.contains(&name.as_str()) {
            let value: String =
                String::from_utf8_lossy(value.as_bytes()).chars().take(200).collect();
            let separator = if told.is_empty() { "" } else { ", " };
            // Writing to a text does not fail.
            let _ = write!(told, "{separator}{name}: {}", value.escape_debug());
        } else {
            let separator = if told.is_empty() { "" } else { ", " };
            let _ = write!(told, "{separator}{name}: …");
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_told_without_what_may_be_secret() {
        let mut map = HeaderMap::new();
        map.insert("content-type", "text/plain".parse().unwrap());
        map.insert("set-cookie", "session=hunter2".parse().unwrap());
        map.insert("x-anything", "hunter2".parse().unwrap());
        let told = headers(&map);
        assert!(told.contains("content-type: text/plain") && told.contains("set-cookie: …"));
        assert!(!told.contains("hunter2"), "{told}");
    }
}
