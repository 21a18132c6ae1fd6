//! An answer, read to its end.

use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;
use reqwest::header::HeaderMap;
use url::Url;

use super::error::{NetError, excerpt, shown};

/// An answer, whatever its status, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The address that answered, after redirects.
    pub url: Url,
    /// The HTTP status.
    pub status: u16,
    /// The media type, without parameters, lower case; empty when the server gave none.
    pub media_type: String,
    /// How long the server asked to wait.
    pub retry_after: Option<Duration>,
    /// The server's clock, where it gave it.
    pub date: Option<Timestamp>,
    /// The body.
    pub body: Bytes,
    pub(super) headers: HeaderMap,
}

impl Response {
    /// The body, if the status is 2xx.
    ///
    /// # Errors
    /// [`NetError::Status`] otherwise.
    pub fn success(self) -> Result<Bytes, NetError> {
        if (200..300).contains(&self.status) { Ok(self.body) } else { Err(self.to_error()) }
    }

    /// A header's value, when it is there and text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The answer as the error it is when its status is not what was hoped for.
    pub fn to_error(&self) -> NetError {
        NetError::Status {
            url: shown(&self.url),
            status: self.status,
            excerpt: excerpt(&self.body),
            retry_after: self.retry_after,
        }
    }
}
