//! A server that a credential may go to.

use std::fmt;
use std::str::FromStr;

use url::Url;

/// `host` or `host:port`; without a port it is that of the scheme, 443 or 80.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: Option<u16>,
}

impl Host {
    /// The server of a URL.
    pub fn of(url: &Url) -> Self {
        Self { name: url.host_str().unwrap_or_default().to_owned(), port: url.port() }
    }

    /// Whether `url` is at this server.
    pub fn is_at(&self, url: &Url) -> bool {
        url.host_str() == Some(&self.name)
            && match self.port {
                Some(port) => url.port_or_known_default() == Some(port),
                None => url.port().is_none(),
            }
    }
}

impl FromStr for Host {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || "a host is a name or an address, such as s3.filebase.com or 127.0.0.1:5001";
        // As a URL has it: lower case, in punycode. The scheme has no port of its own.
        let url: Url = format!("any://{text}").parse().map_err(|_| wrong())?;
        let known: Url = format!("https://{text}").parse().map_err(|_| wrong())?;
        let alone = url.path().is_empty() && known.path() == "/" && known.query().is_none();
        let bare = known.username().is_empty() && known.password().is_none();
        match known.host_str() {
            Some(name) if alone && bare && known.fragment().is_none() => {
                Ok(Self { name: name.to_owned(), port: url.port() })
            }
            _ => Err(wrong().to_owned()),
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            Some(port) => write!(f, "{}:{port}", self.name),
            None => f.write_str(&self.name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_one_server() {
        for (host, url, same) in [
            ("s3.filebase.com", "https://s3.filebase.com/bucket", true),
            ("S3.Filebase.com", "https://s3.filebase.com", true),
            ("s3.filebase.com:443", "https://s3.filebase.com", true),
            ("s3.filebase.com", "https://s3.filebase.com:8443", false),
            ("s3.filebase.com", "https://filebase.com", false),
            ("filebase.com", "https://s3.filebase.com", false),
            ("filebase.com", "https://filebase.com.evil.example", false),
            ("127.0.0.1:5001", "http://127.0.0.1:5001/api", true),
            ("127.0.0.1:5001", "http://127.0.0.1:5002", false),
            ("127.0.0.1", "http://127.0.0.1:5001", false),
            ("[::1]:5001", "http://[::1]:5001", true),
        ] {
            let host: Host = host.parse().unwrap();
            assert_eq!(host.is_at(&url.parse().unwrap()), same, "{host} {url}");
        }
        for bad in ["", "https://a.example", "a.example/x", "user@a.example", "a b", "a:b", "a#b"] {
            assert!(bad.parse::<Host>().is_err(), "{bad}");
        }
    }
}
