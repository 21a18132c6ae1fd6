//! Forms of answers that more than one service uses.

use axum::Json;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Serialize;

/// Media type of a raw IPNS record.
pub(crate) const IPNS_RECORD: &str = "application/vnd.ipfs.ipns-record";

/// What there is, for people who look.
pub(crate) const ROUTES: [&str; 9] = [
    "GET|POST /name/<key>",
    "GET /name/<key>/watch (websocket)",
    "POST /api/v0/dag/import, /api/v0/dag/export, /api/v0/block/get, /api/v0/pin/ls",
    "POST /api/v0/name/put, /api/v0/name/get, /api/v0/routing/put, /api/v0/version, /api/v0/id",
    "GET /ipfs/<cid>[/path][?format=raw|car]",
    "GET /ipns/<name>[/path][?format=raw|car]",
    "GET /ipns/<name>?format=ipns-record",
    "GET|PUT /routing/v1/ipns/<name>",
    "GET /chain (where its Ethereum node is)",
];

/// 404 in w3name's form, with what there is instead.
pub(crate) async fn not_found(uri: Uri) -> Response {
    let hint = format!("the devnet has no {}; it has: {}", uri.path(), ROUTES.join("; "));
    json(StatusCode::NOT_FOUND, &serde_json::json!({ "message": "Not Found", "hint": hint }))
}

/// JSON as w3name sends it.
pub(crate) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    let kind = [(header::CONTENT_TYPE, "application/json;charset=UTF-8")];
    (status, kind, Json(body)).into_response()
}

/// Plain text with a line end, the errors of Go servers.
pub(crate) fn text(status: StatusCode, text: impl std::fmt::Display) -> Response {
    let kinds = [
        (header::CONTENT_TYPE, "text/plain; charset=utf-8"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    (status, kinds, format!("{text}\n")).into_response()
}

/// An answer that is an error: what handlers return instead.
#[derive(Debug)]
pub(crate) struct Refusal {
    status: StatusCode,
    text: String,
    form: Form,
}

/// How an error is written.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Form {
    /// `{"message": …}`: w3name.
    Message,
    /// A line of text: Kubo's gateway, and its RPC for malformed requests.
    Line,
    /// Text without a line end: boxo's routing server.
    Bare,
    /// `{"Message","Code","Type"}`: Kubo's RPC for commands that failed.
    Rpc,
}

impl Refusal {
    pub(crate) fn new(form: Form, status: StatusCode, text: impl std::fmt::Display) -> Self {
        Self { status, text: text.to_string(), form }
    }

    /// Status 400.
    pub(crate) fn bad(form: Form, text: impl std::fmt::Display) -> Self {
        Self::new(form, StatusCode::BAD_REQUEST, text)
    }

    /// Status 500.
    pub(crate) fn internal(form: Form, text: impl std::fmt::Display) -> Self {
        Self::new(form, StatusCode::INTERNAL_SERVER_ERROR, text)
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Self { status, text: words, form } = self;
        match form {
            Form::Message => json(status, &serde_json::json!({ "message": words })),
            Form::Line => text(status, words),
            Form::Bare => (status, words).into_response(),
            Form::Rpc => {
                let body = serde_json::json!({ "Message": words, "Code": 0, "Type": "error" });
                (status, json_line(&body)).into_response()
            }
        }
    }
}

/// A line of JSON, as Kubo's RPC answers.
pub(crate) fn json_line(value: &serde_json::Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], format!("{value}\n")).into_response()
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
