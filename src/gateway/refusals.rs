//! What a gateway answers where it has no record to answer with.

use std::time::Duration;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

use super::kept::StoreError;

/// An answer that is none: `error` says why.
pub(super) fn error(status: StatusCode, why: impl std::fmt::Display) -> Response {
    (status, Json(json!({ "error": why.to_string() }))).into_response()
}

/// Whether a body could not be read because of its length; the library's error has no name.
pub(super) fn is_too_long(error: &axum::Error) -> bool {
    error.to_string().contains("length limit exceeded")
}

/// As EIP-3668's clients read it.
pub(super) fn message(status: StatusCode, why: impl std::fmt::Display) -> Response {
    (status, Json(json!({ "message": why.to_string() }))).into_response()
}

/// What is no answer about the records: the same again later.
pub(super) fn unavailable(why: impl std::fmt::Display) -> Response {
    let wait = [(header::RETRY_AFTER, "2")];
    (wait, error(StatusCode::SERVICE_UNAVAILABLE, why)).into_response()
}

pub(super) fn out_of_order(failed: &StoreError) -> Response {
    tracing::warn!("{failed}");
    unavailable("the database does not answer")
}

pub(super) fn slower(wait: Duration, what: &str) -> Response {
    let seconds = wait.as_secs().max(1).to_string();
    let told = error(StatusCode::TOO_MANY_REQUESTS, format!("too many bodies of {what}"));
    ([(header::RETRY_AFTER, seconds)], told).into_response()
}
