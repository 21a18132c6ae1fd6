//! URLs and headers of nodes, which are sent and never shown.

use std::fmt;
use std::str::FromStr;

use reqwest::header::{HeaderName, HeaderValue};
use url::Url;

/// The URL of a node. Its login, path and query are secret: they are sent, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RpcUrl(pub(super) Url);

/// A text that is no URL of a node. It is not quoted: it may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the URL of an Ethereum node starts with http:// or https:// (ws:// is not spoken here)")]
pub struct RpcUrlError;

impl FromStr for RpcUrl {
    type Err = RpcUrlError;

    fn from_str(text: &str) -> Result<Self, RpcUrlError> {
        let url: Url = text.trim().parse().map_err(|_| RpcUrlError)?;
        match url.scheme() {
            "http" | "https" if url.has_host() => Ok(Self(url)),
            _ => Err(RpcUrlError),
        }
    }
}

impl RpcUrl {
    /// Scheme, host and port alone.
    pub(super) fn origin(&self) -> Url {
        let mut url = self.0.clone();
        // Both fail only on addresses without a host, which are refused when parsed.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// `text`, which a node sent, without the secret parts of this URL.
    pub(super) fn redact(&self, text: &str) -> String {
        let segments = self.0.path_segments().into_iter().flatten();
        let values = self.0.query_pairs().map(|(_, value)| value.into_owned());
        let secrets = [self.0.username(), self.0.password().unwrap_or_default()];
        let secrets = secrets.into_iter().chain(segments).map(str::to_owned).chain(values);
        secrets
            .filter(|secret| secret.len() >= 4)
            .fold(text.to_owned(), |text, secret| text.replace(&secret, "[left out]"))
    }
}

/// Scheme, host and port alone.
impl fmt::Display for RpcUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.origin().as_str())
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for RpcUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RpcUrl({self})")
    }
}

/// A header sent to the nodes, `Name: value`. The value is never shown.
#[derive(Clone)]
pub struct Header(pub(super) HeaderName, pub(super) HeaderValue);

/// A text that is no header. It is not quoted: it may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a header is written as \"Name: value\"")]
pub struct HeaderError;

impl FromStr for Header {
    type Err = HeaderError;

    fn from_str(text: &str) -> Result<Self, HeaderError> {
        let (name, value) = text.split_once(':').ok_or(HeaderError)?;
        let name = name.trim().parse().map_err(|_| HeaderError)?;
        let mut value: HeaderValue = value.trim().parse().map_err(|_| HeaderError)?;
        value.set_sensitive(true);
        Ok(Self(name, value))
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Header({}: redacted)", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_headers_keep_their_secrets() {
        let url: RpcUrl = "https://me:hunter2@rpc.example:8443/v3/0123456789abcdef?token=hunter3"
            .parse()
            .unwrap();
        assert_eq!(url.to_string(), "https://rpc.example:8443/");
        assert_eq!(format!("{url:?}"), "RpcUrl(https://rpc.example:8443/)");
        let text = url.redact("project 0123456789abcdef of hunter2 has no token hunter3");
        assert_eq!(text, "project [left out] of [left out] has no token [left out]");
        let header: Header = "Authorization: Bearer hunter2".parse().unwrap();
        assert_eq!(format!("{header:?}"), "Header(authorization: redacted)");
        for bad in ["wss://a", "a", "ftp://a/", ""] {
            let error = bad.parse::<RpcUrl>().unwrap_err().to_string();
            assert!(bad.is_empty() || !error.contains("ftp"), "{error}");
        }
        assert!("hunter2".parse::<Header>().is_err());
    }
}
