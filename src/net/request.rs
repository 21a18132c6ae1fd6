//! One request and how it wants to be treated.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use url::Url;

use super::{Body, RateLimiter, Response, Timeouts};
use crate::secret::SecretString;

/// The bound on an answer's body where a request sets none.
const DEFAULT_MAX_BODY: usize = 1 << 20;

/// What an `Authorization` header says.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// `Bearer …`
    Bearer(SecretString),
    /// `Basic …`, RFC 7617.
    Basic {
        /// The user.
        user: String,
        /// The password.
        password: SecretString,
    },
}

impl Authorization {
    /// Reads a token as people keep it: `bearer:TOKEN`, `basic:USER:PASSWORD` (Kubo's forms),
    /// `USER:PASSWORD`, the header's own `Bearer TOKEN` and `Basic BASE64`, or else a bearer token,
    /// which has neither colon nor space (RFC 6750).
    pub fn from_token(token: &SecretString) -> Self {
        let text = token.expose().trim();
        let bearer = |token: &str| Self::Bearer(SecretString::new(token.to_owned()));
        if let Some(token) = text.strip_prefix("bearer:").or_else(|| scheme(text, "bearer")) {
            return bearer(token);
        }
        let decoded = scheme(text, "basic").and_then(decoded);
        let text = decoded.as_ref().map_or(text, |pair| pair.expose().as_str());
        match text.strip_prefix("basic:").unwrap_or(text).split_once(':') {
            Some((user, password)) => Self::Basic {
                user: user.to_owned(),
                password: SecretString::new(password.to_owned()),
            },
            None => bearer(text),
        }
    }
}

/// What follows the name of a scheme (RFC 9110 §11.1).
fn scheme<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    let (scheme, rest) = text.split_once(' ')?;
    scheme.eq_ignore_ascii_case(name).then(|| rest.trim())
}

/// `USER:PASSWORD` of its base64.
fn decoded(pair: &str) -> Option<SecretString> {
    let bytes = data_encoding::BASE64.decode(pair.as_bytes()).ok()?;
    String::from_utf8(bytes).ok().map(SecretString::new)
}

/// One request, which may be sent several times.
#[derive(Clone)]
pub struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) accept: Option<&'static str>,
    pub(super) content_type: Option<&'static str>,
    pub(super) authorization: Option<Authorization>,
    pub(super) headers: Vec<(&'static str, String)>,
    pub(super) body: Body,
    pub(super) max_body: usize,
    pub(super) into_file: Option<Arc<File>>,
    pub(super) limiter: Option<Arc<RateLimiter>>,
    pub(super) window: Option<Duration>,
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
            authorization: None,
            headers: Vec::new(),
            body,
            max_body: DEFAULT_MAX_BODY,
            into_file: None,
            limiter: None,
            window: None,
            timeouts: None,
            attempts: None,
            is_settled: |_| false,
        }
    }

    /// A GET.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url, Body::Empty)
    }

    /// A HEAD.
    pub fn head(url: Url) -> Self {
        Self::new(Method::HEAD, url, Body::Empty)
    }

    /// A POST whose effect is the same twice as once.
    pub fn post(url: Url, body: Body) -> Self {
        Self::new(Method::POST, url, body)
    }

    /// A PUT.
    pub fn put(url: Url, body: Body) -> Self {
        Self::new(Method::PUT, url, body)
    }

    /// A DELETE.
    pub fn delete(url: Url) -> Self {
        Self::new(Method::DELETE, url, Body::Empty)
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
        self.authorization = token.map(Authorization::Bearer);
        self
    }

    /// The `Authorization` header, sent to the request's own origin only.
    pub fn authorization(mut self, authorization: Option<Authorization>) -> Self {
        self.authorization = authorization;
        self
    }

    /// A further header, in lower case.
    pub fn header(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// The most bytes read of the answer (1 MiB where not set).
    pub fn max_body(mut self, bytes: usize) -> Self {
        self.max_body = bytes;
        self
    }

    /// Writes the body of an answer that is a success into `file`, from its beginning, and not to
    /// memory; of one that broke off, what came of it.
    pub fn into_file(mut self, file: Arc<File>) -> Self {
        self.into_file = Some(file);
        self
    }

    /// Waits its turn before every attempt.
    pub fn limiter(mut self, limiter: Arc<RateLimiter>) -> Self {
        self.limiter = Some(limiter);
        self
    }

    /// How long a server that says 429 without saying for how long is left alone: it counts in such
    /// windows.
    pub fn window(mut self, window: Duration) -> Self {
        self.window = Some(window);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_bearer_or_basic() {
        let read = |text: &str| Authorization::from_token(&SecretString::new(text.to_owned()));
        for (text, token) in [
            ("abc.def", "abc.def"),
            ("abc.def\n", "abc.def"),
            ("bearer:abc", "abc"),
            ("Bearer abc", "abc"),
            ("bearer abc\n", "abc"),
            ("", ""),
        ] {
            let Authorization::Bearer(got) = read(text) else { panic!("{text}") };
            assert_eq!(got.expose(), token);
        }
        for text in ["me:hunter:2", "basic:me:hunter:2\n", "Basic bWU6aHVudGVyOjI="] {
            let Authorization::Basic { user, password } = read(text) else { panic!("{text}") };
            assert_eq!((user.as_str(), password.expose().as_str()), ("me", "hunter:2"));
        }
        assert!(!format!("{:?}", read("me:hunter2")).contains("hunter2"));
    }
}
