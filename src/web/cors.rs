//! Any web page may use what is served here: CORS headers on every answer, and pre-flight requests.

use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

/// Headers a script may read.
const EXPOSED: &str = "Content-Length, Content-Range, Content-Location, Etag, Location, \
     Retry-After, X-Chunked-Output, X-Ipfs-Path, X-Ipfs-Roots, X-Stream-Output";
/// Headers a script may send, unless the pre-flight names its own.
const ALLOWED: &str = "Accept, Authorization, Content-Type, If-None-Match, Range, User-Agent, \
     X-Requested-With";

/// Answers `OPTIONS` and adds the headers to every other answer.
pub(crate) async fn cors(request: Request, next: Next) -> Response {
    with_methods("GET, HEAD, POST, PUT, OPTIONS", request, next).await
}

/// As [`cors`], for what can only be read.
pub(crate) async fn cors_read_only(request: Request, next: Next) -> Response {
    with_methods("GET, HEAD, OPTIONS", request, next).await
}

async fn with_methods(methods: &'static str, request: Request, next: Next) -> Response {
    if request.method() == Method::OPTIONS {
        let wanted = request.headers().get(header::ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        let mut response = StatusCode::NO_CONTENT.into_response();
        let headers = response.headers_mut();
        allow_origin(headers);
        headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
        headers.insert(
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            wanted.unwrap_or(HeaderValue::from_static(ALLOWED)),
        );
        headers.insert(header::ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        return response;
    }
    let mut response = next.run(request).await;
    let headers = response.headers_mut();
    allow_origin(headers);
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static(methods));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(ALLOWED));
    response
}

fn allow_origin(headers: &mut HeaderMap) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static(EXPOSED));
}
