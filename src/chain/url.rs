//! URLs and headers of nodes, which are sent and never shown.

use std::fmt;
use std::str::FromStr;

use data_encoding::BASE64;
use percent_encoding::percent_decode_str;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use url::Url;

use crate::net::{has_login, takes_credentials};

/// What is shorter is no secret: it would be found in many words.
const MIN_SECRET: usize = 4;

/// The URL of a node. Its login, path and query are secret: they are sent, and never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct RpcUrl {
    pub(super) url: Url,
    /// Sent to it, and to no other.
    pub(super) headers: HeaderMap,
}

/// A text that is no URL of a node. It is not quoted: it may hold a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RpcUrlError {
    /// `ws://` or `wss://`.
    #[error(
        "WebSockets (ws://, wss://) are not spoken here: give the http:// or https:// address of \
         the node, which most providers list beside it"
    )]
    WebSocket,
    /// Something else.
    #[error("the address of an Ethereum node starts with http:// or https://")]
    NotHttp,
    /// A password or a header for another machine, without TLS.
    #[error(
        "no credential is sent to another machine over plain http: give the https:// address of the node"
    )]
    Plain,
}

impl FromStr for RpcUrl {
    type Err = RpcUrlError;

    fn from_str(text: &str) -> Result<Self, RpcUrlError> {
        let url: Url = text.trim().parse().map_err(|_| RpcUrlError::NotHttp)?;
        match url.scheme() {
            "http" | "https" if has_login(&url) && !takes_credentials(&url) => {
                Err(RpcUrlError::Plain)
            }
            "http" | "https" if url.has_host() => Ok(Self { url, headers: HeaderMap::new() }),
            "ws" | "wss" => Err(RpcUrlError::WebSocket),
            _ => Err(RpcUrlError::NotHttp),
        }
    }
}

impl RpcUrl {
    /// Has `header` sent to this node.
    ///
    /// # Errors
    /// [`RpcUrlError::Plain`] where it would go without TLS to another machine.
    pub fn add_header(&mut self, header: Header) -> Result<(), RpcUrlError> {
        if !takes_credentials(&self.url) {
            return Err(RpcUrlError::Plain);
        }
        self.headers.append(header.0, header.1);
        Ok(())
    }

    /// Scheme, host and port alone.
    pub fn origin(&self) -> Url {
        let mut url = self.url.clone();
        // Both fail only on addresses without a host, which are refused when parsed.
        let _ = url.set_username("");
        let _ = url.set_password(None);
        url.set_path("");
        url.set_query(None);
        url.set_fragment(None);
        url
    }

    /// `text`, which a node sent, without the secret parts of this URL and of its headers, as they
    /// stand there, decoded, and as HTTP sends them.
    pub(super) fn redact(&self, text: &str) -> String {
        let plain = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let (name, password) = (self.url.username(), self.url.password().unwrap_or_default());
        let login = format!("{}:{}", plain(name), plain(password));
        let mut secrets =
            vec![BASE64.encode(login.as_bytes()), name.to_owned(), password.to_owned()];
        secrets.extend([plain(name), plain(password)]);
        for segment in self.url.path_segments().into_iter().flatten() {
            secrets.extend([segment.to_owned(), plain(segment)]);
        }
        for pair in self.url.query().unwrap_or_default().split('&') {
            let (key, value) = pair.split_once('=').unwrap_or(("", pair));
            secrets.extend([value.to_owned(), plain(value), plain(&value.replace('+', " "))]);
            secrets.extend((key.len() > 16).then(|| key.to_owned()));
        }
        for value in self.headers.values().filter_map(|value| value.to_str().ok()) {
            // "Bearer <key>"
            secrets.extend([
                value.to_owned(),
                value.split(' ').next_back().unwrap_or_default().to_owned(),
            ]);
        }
        // The longest first: one may be a part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        secrets
            .iter()
            .filter(|secret| secret.len() >= MIN_SECRET)
            .fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "[left out]"))
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
        let mut url: RpcUrl =
            "https://me:hunter2@rpc.example:8443/v3/0123456789abcdef?token=hunter3"
                .parse()
                .unwrap();
        assert_eq!(url.to_string(), "https://rpc.example:8443/");
        assert_eq!(format!("{url:?}"), "RpcUrl(https://rpc.example:8443/)");
        let header: Header = "Authorization: Bearer hunter4".parse().unwrap();
        assert_eq!(format!("{header:?}"), "Header(authorization: redacted)");
        url.add_header(header.clone()).unwrap();
        let text = "project 0123456789abcdef of hunter2 (Basic bWU6aHVudGVyMg==) has no hunter3, \
                    or hunter4, but abcdef";
        let left = "project [left out] of [left out] (Basic [left out]) has no [left out], or \
                    [left out], but abcdef";
        assert_eq!(url.redact(text), left);
        let url: RpcUrl = "https://rpc.example/a%20secret?key=one%2Ftwo+three".parse().unwrap();
        let text = url.redact("a secret, a%20secret, one/two three, one%2Ftwo+three");
        assert_eq!(text, ["[left out]"; 4].join(", "));
        for bad in ["wss://a", "a", "ftp://a/", ""] {
            let error = bad.parse::<RpcUrl>().unwrap_err().to_string();
            assert!(error.contains("https://") && !error.contains("ftp"), "{error}");
            assert_eq!(error.contains("WebSockets"), bad.starts_with("ws"), "{error}");
        }
        assert!("hunter2".parse::<Header>().is_err());
        let error = "http://me:hunter2@192.0.2.1".parse::<RpcUrl>().unwrap_err().to_string();
        assert!(error.contains("plain http") && !error.contains("hunter2"), "{error}");
        let mut plain: RpcUrl = "http://192.0.2.1".parse().unwrap();
        assert_eq!(plain.add_header(header), Err(RpcUrlError::Plain));
    }
}
