//! One request and how it wants to be treated.

use std::sync::Arc;

use reqwest::Method;
use url::Url;

use super::{Body, RateLimiter, Response, Timeouts};
use crate::secret::SecretString;

/// The bound on an answer's body where a request sets none.
const DEFAULT_MAX_BODY: usize = 1 << 20;

/// One request, which may be sent several times.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: Option<&'static str>,
    pub(super) content_type: Option<&'static str>,
    pub(super) bearer: Option<SecretString>,
    pub(super) body: Body,
    pub(super) max_body: usize,
    pub(super) limiter: Option<Arc<RateLimiter>>,
    pub(super) timeouts: Option<Timeouts>,
    pub(super) attempts: Option<u32>,
    pub(super) is_settled: fn(&Response) -> bool,
}

impl Request {
    fn new(method: Method, url: Url, body: Body) -> Self {
        Self {
            method,
            url,
            accept: None,
            content_type: None,
            bearer: None,
            body,
            max_body: DEFAULT_MAX_BODY,
            limiter: None,
            timeouts: None,
            attempts: None,
            is_settled: |_| false,
        }
    }

    /// A GET.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Body::Empty)
    }

    /// A POST whose effect is the same twice as once.
    pub fn post(url: Url, body: Body) -> Self {
        Self::new(Method::POST, url, body)
    }

    /// A PUT.
    pub fn put(url: Url, body: Body) -> Self {
        Self::new(Method::PUT, url, body)
    }

    /// The media type wanted.
    pub fn accept(mut self, media_type: &'static str) -> Self {
        self.accept = Some(media_type);
        self
    }

    /// The media type of a body of bytes.
    pub fn content_type(mut self, media_type: &'static str) -> Self {
        self.content_type = Some(media_type);
        self
    }

    /// `Authorization: Bearer …`, sent to the request's own origin only.
    pub fn bearer(mut self, token: Option<SecretString>) -> Self {
        self.bearer = token;
        self
    }

    /// The most bytes read of the answer (1 MiB where not set).
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Waits its turn before every attempt.
    pub fn limiter(mut self, limiter: Arc<RateLimiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// Other time-outs than the client's (`connect` excepted, which stays the client's).
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = Some(timeouts);
        self
    }

    /// Attempts at most, where the client's policy allows more.
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = Some(attempts);
        self
    }

    /// Names answers that another attempt cannot change, though their status (500, say) suggests
    /// it could.
    pub fn settled_if(mut self, is_settled: fn(&Response) -> bool) -> Self {
        self.is_settled = is_settled;
        self
    }
}
