//! What can go wrong on the network.

use std::error::Error;
use std::io::{self, ErrorKind};
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use url::Url;

use super::certificate::in_words;
use super::guard::PrivateAddress;
use super::socket::socket_of;

/// The longest part of an answer's body that an error quotes, in characters.
const EXCERPT_CHARS: usize = 200;

/// A request that did not bring what was asked for. Addresses are shown by [`shown`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// The client could not be made: a bad CA file, no TLS.
    #[error("the HTTPS client cannot be set up: {reason}; check the file given with --ca-file")]
    Client {
        /// What the TLS library says.
        reason: String,
    },
    /// The address is not one that can be asked.
    #[error("{url} cannot be asked: {reason}; give an http:// or https:// address")]
    Address {
        /// The address.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A credential would go to another machine without TLS.
    #[error("no credential is sent to {url} over plain http; give an https:// address")]
    Plain {
        /// The address.
        url: String,
    },
    /// A file to send cannot be read.
    #[error("{path:?} cannot be read for sending: {reason}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        reason: String,
    },
    /// What is received cannot be kept.
    #[error("what {url} sends cannot be kept on this disk: {reason}")]
    NotKept {
        /// The address.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// Nothing listens there.
    #[error("{url} refuses connections; is the server running, and is the port right?")]
    Refused {
        /// The address.
        url: String,
    },
    /// No way to the server: its name is not known, or there is no route.
    #[error("{url} cannot be reached: {reason}; check the address and the network connection")]
    Unreachable {
        /// The address.
        url: String,
        /// What the system says.
        reason: String,
    },
    /// Somebody else's choice of address leads into a private network.
    #[error(
        "{url} is not asked: it leads to {address}, an address of a private network, and was not \
         chosen by you; --allow-private-gateways lets it through"
    )]
    Private {
        /// The address asked for.
        url: String,
        /// Where it leads.
        address: IpAddr,
    },
    /// The server was silent for too long.
    #[error("{url}: {what} for {} s; try again later, or another server{}", seconds(*after), longer(what))]
    Timeout {
        /// The address.
        url: String,
        /// What did not happen.
        what: &'static str,
        /// How long it was waited for.
        after: Duration,
    },
    /// The server has failed this command for too long.
    #[error(
        "{url} is not asked again: it has failed for {} s in all; try again later, or another \
         server",
        seconds(*after)
    )]
    GivenUp {
        /// The address.
        url: String,
        /// How long it has failed.
        after: Duration,
    },
    /// Servers were waited for as long as this command waits for them.
    #[error(
        "{url} is not asked: servers were waited for for {} s in all, which is as long as one \
         command waits; try again, or wait longer: --timeout",
        seconds(*after)
    )]
    WaitedOut {
        /// The address.
        url: String,
        /// How long.
        after: Duration,
    },
    /// An answer that is compressed in a way that is not read.
    #[error("{url}: the answer is coded with {coding}, which namesys does not read")]
    Coded {
        /// The address.
        url: String,
        /// The value of `Content-Encoding`.
        coding: String,
    },
    /// No trusted, encrypted connection.
    #[error(
        "{url}: no trusted TLS connection: {reason}; a server with a certificate of your own \
         needs --ca-file"
    )]
    Tls {
        /// The address.
        url: String,
        /// What the TLS library says.
        reason: String,
    },
    /// The connection broke after it stood.
    #[error("{url}: the connection broke: {reason}; try again")]
    Broken {
        /// The address.
        url: String,
        /// What the HTTP library says.
        reason: String,
    },
    /// A redirect that is not followed.
    #[error("{url}: the redirect is not followed: {reason}; give the address it ends at")]
    Redirect {
        /// The address that redirected.
        url: String,
        /// Why not.
        reason: String,
    },
    /// More bytes than allowed.
    #[error("{url} answers with more than {limit} bytes, the most that is read here")]
    TooLarge {
        /// The address.
        url: String,
        /// The bound, in bytes.
        limit: usize,
    },
    /// An answer other than success.
    #[error("{url} answers {status}{}{}", quoted(excerpt), advice(*status, *retry_after))]
    Status {
        /// The address.
        url: String,
        /// The HTTP status.
        status: u16,
        /// The beginning of the body, one line.
        excerpt: String,
        /// How long the server asked to wait.
        retry_after: Option<Duration>,
    },
    /// A success whose content is not what was asked for.
    #[error("{url} answers with something else than asked for: {reason}")]
    BadResponse {
        /// The address.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl NetError {
    /// In a few words, when it is that no connection could be made.
    pub(super) fn no_connection(&self) -> Option<String> {
        match self {
            Self::Refused { .. } => Some("connection refused".to_owned()),
            Self::Unreachable { reason, .. } => Some(reason.clone()),
            Self::Timeout { what, .. } if *what == NO_CONNECTION => Some((*what).to_owned()),
            _ => None,
        }
    }

    /// Whether no connection could be made, after whatever attempts were made.
    pub fn is_no_connection(&self) -> bool {
        self.no_connection().is_some()
    }

    /// The HTTP status, when the server gave one.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            _ => None,
        }
    }

    /// Sorts an error of the HTTP library.
    pub(crate) fn from_reqwest(url: &Url, error: &reqwest::Error, connect: Duration) -> Self {
        let (server, url) = (shown_server(url), shown(url));
        let (mut reason, mut miscoded, mut broken) = (String::new(), false, false);
        let mut link: Option<&(dyn Error + 'static)> = error.source();
        while let Some(cause) = link {
            if let Some(tls) = cause.downcast_ref::<rustls::Error>() {
                return Self::Tls { url: server, reason: in_words(tls) };
            }
            if let Some(PrivateAddress(address)) = cause.downcast_ref() {
                return Self::Private { url, address: *address };
            }
            reason = cause.to_string();
            // A codec's failure is an `io::Error` itself; the connection's is within the HTTP
            // library's.
            broken |=
                !cause.is::<io::Error>() && cause.source().is_some_and(|e| e.is::<io::Error>());
            let kind = cause.downcast_ref().map(io::Error::kind);
            miscoded |= kind.is_some_and(|kind| {
                matches!(kind, ErrorKind::InvalidInput | ErrorKind::InvalidData | ErrorKind::Other)
            });
            link = match cause.downcast_ref::<io::Error>() {
                Some(io) if io.kind() == io::ErrorKind::ConnectionRefused => {
                    return Self::Refused { url: server };
                }
                // An io::Error's `source` skips the error it wraps.
                Some(io) => io.get_ref().map(|inner| inner as &(dyn Error + 'static)),
                None => cause.source(),
            };
        }
        if error.is_connect() && error.is_timeout() {
            Self::Timeout { url: server, what: NO_CONNECTION, after: connect }
        } else if error.is_connect() {
            Self::Unreachable { url: server, reason }
        } else if error.is_builder() {
            Self::Address { url, reason }
        } else if error.is_decode() && miscoded && !broken {
            let reason = format!("it is not coded as its Content-Encoding says ({reason})");
            Self::BadResponse { url, reason }
        } else {
            Self::Broken { url, reason }
        }
    }
}

/// Longer segments of a path are shown in part, in bytes: a CID or a key has some 80.
const LONG_SEGMENT: usize = 128;

/// What a connection time-out says: the one time-out that is about the connection.
const NO_CONNECTION: &str = "no connection";

/// `url` as errors and notes show it: without user name, password, query and fragment, where
/// tokens stand.
pub fn shown(url: &Url) -> String {
    if let Some(socket) = socket_of(url) {
        return format!("unix:{}", socket.display());
    }
    let mut url = url.clone();
    // Both fail only on addresses without a host, which cannot hold either.
    let _ = url.set_username("");
    let _ = url.set_password(None);
    url.set_query(None);
    url.set_fragment(None);
    let Some((origin, path)) = url.as_str().split_once(url.path()).filter(|_| url.has_host())
    else {
        return url.to_string();
    };
    if url.path().len() <= LONG_SEGMENT {
        return url.to_string();
    }
    let segments: Vec<String> = url.path().split('/').map(shortened).collect();
    format!("{origin}{}{path}", segments.join("/"))
}

/// As [`shown`], without the path: what is wrong with a connection is so for all of a server.
pub(super) fn shown_server(url: &Url) -> String {
    let mut url = url.clone();
    if socket_of(&url).is_none() {
        url.set_path("");
    }
    shown(&url)
}

/// A path's segment, its middle left out where it is a call's data rather than a name.
fn shortened(segment: &str) -> String {
    if segment.len() <= LONG_SEGMENT {
        return segment.to_owned();
    }
    // A URL's path is ASCII.
    let (start, end) = (&segment[..16], &segment[segment.len() - 8..]);
    format!("{start}…{end}")
}

/// The beginning of an answer's body on one line, control characters left out.
pub(crate) fn excerpt(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * EXCERPT_CHARS)]);
    let words: Vec<&str> = text.split(|c: char| c.is_whitespace() || c.is_control()).collect();
    let line = words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ");
    let mut short: String = line.chars().take(EXCERPT_CHARS).collect();
    if short.len() < line.len() || body.len() > 4 * EXCERPT_CHARS {
        short.push('…');
    }
    short
}

fn quoted(excerpt: &str) -> String {
    if excerpt.is_empty() { String::new() } else { format!(": {excerpt:?}") }
}

fn advice(status: u16, retry_after: Option<Duration>) -> String {
    match (status, retry_after) {
        (429, Some(wait)) => {
            format!(" (too many requests; it asks to wait {} s)", seconds(wait))
        }
        (429, None) => " (too many requests; wait, then run the command again)".to_owned(),
        (401 | 403, _) => " (access is refused; is a token needed, and is it right?)".to_owned(),
        (410 | 451, _) => " (it refuses to serve that)".to_owned(),
        (501, _) => " (it does not do that; is it a server of the right kind?)".to_owned(),
        (500..=599, Some(wait)) => {
            format!(" (the server's own failure; it asks to wait {} s)", seconds(wait))
        }
        (500..=599, None) => " (the server's own failure; try again later)".to_owned(),
        _ => String::new(),
    }
}

/// How long a connection may take is not to be set.
fn longer(what: &str) -> &'static str {
    if what == NO_CONNECTION { "" } else { ", or wait longer: --timeout" }
}

fn seconds(duration: Duration) -> String {
    let tenths = duration.as_millis().div_ceil(100);
    if tenths.is_multiple_of(10) {
        (tenths / 10).to_string()
    } else {
        format!("{}.{}", tenths / 10, tenths % 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_addresses_are_not_shown() {
        let url = Url::parse("https://me:hunter2@example.org:8443/name/k51?token=hunter2#hunter2");
        assert_eq!(shown(&url.unwrap()), "https://example.org:8443/name/k51");
    }

    #[test]
    fn data_in_addresses_is_shown_in_part() {
        let data = format!("0x{}", "ab".repeat(500));
        let url = Url::parse(&format!("https://gw.example/lookup/{data}.json?t=1")).unwrap();
        assert_eq!(shown(&url), "https://gw.example/lookup/0xababababababab…bab.json");
        let cid = "k51qzi5uqu5di9agapykyjh3tqrf7i14a7fjq46oo0f6dxiimj62knq13059lt";
        let url = format!("https://gw.example/ipns/{cid}/.well-known/eth/nick/text/avatar.json");
        assert_eq!(shown(&Url::parse(&url).unwrap()), url);
        let odd = Url::parse(&format!("data:{}", "a".repeat(300))).unwrap();
        assert_eq!(shown(&odd), odd.as_str());
    }

    #[test]
    fn excerpts_are_one_short_line() {
        assert_eq!(excerpt(b"{\"message\":\n \"no\x1b[2J\"}"), "{\"message\": \"no [2J\"}");
        let long = excerpt("ä".repeat(5000).as_bytes());
        assert_eq!(long.chars().count(), EXCERPT_CHARS + 1);
        assert!(long.ends_with('…'));
        assert_eq!(excerpt(b""), "");
    }

    #[test]
    fn what_to_do_about_a_status() {
        let error = |status, retry_after| NetError::Status {
            url: "http://a/".into(),
            status,
            excerpt: "no".into(),
            retry_after,
        };
        let wait = Some(Duration::from_millis(2500));
        assert_eq!(
            error(429, wait).to_string(),
            "http://a/ answers 429: \"no\" (too many requests; it asks to wait 2.5 s)"
        );
        assert_eq!(error(404, None).to_string(), "http://a/ answers 404: \"no\"");
        assert!(error(503, None).to_string().contains("try again later"));
        for status in [410, 451, 501] {
            assert!(!error(status, wait).to_string().contains("later"), "{status}");
        }
    }
}
