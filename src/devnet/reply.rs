//! Forms of answers that more than one service uses.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;

/// Media type of a raw IPNS record.
pub(crate) const IPNS_RECORD: &str = "application/vnd.ipfs.ipns-record";

/// JSON as w3name sends it.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
    (status, kind, Json(body)).into_response()
}

/// `{"message": …}`, the errors of w3name.
pub(crate) fn message(status: StatusCode, message: impl Into<String>) -> Response {
    json(status, &serde_json::json!({ "message": message.into() }))
}

/// Plain text with a line end, the errors of Go servers.
pub(crate) fn text(status: StatusCode, text: impl std::fmt::Display) -> Response {
    let kinds = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, kinds, format!("{text}\n")).into_response()
}

/// Sets a header; a value that no header can hold (a line break in a path) is left out.
pub(crate) fn set(headers: &mut HeaderMap, name: HeaderName, value: impl AsRef<[u8]>) {
    if let Ok(value) = HeaderValue::from_bytes(value.as_ref()) {
        headers.insert(name, value);
    }
}

/// A time as HTTP headers want it; `None` outside the years they can say.
pub(crate) fn http_date(time: Timestamp) -> Option<String> {
    DateTimePrinter::new().timestamp_to_rfc9110_string(&time).ok()
}
