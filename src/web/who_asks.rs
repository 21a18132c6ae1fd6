//! Whom a server on the own machine answers. Any web page can make a browser send requests to a
//! loopback address: then `Origin` names the page's site. By DNS rebinding a page reaches it under
//! a host name of its own: then `Host` is that name.

use std::net::{IpAddr, SocketAddr};

use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Method, Uri, header};
use url::Url;

use crate::net::is_localhost;

/// What the browser says about the page, beside `Origin`.
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
/// Extensions, a wallet for instance, are the user's own programs; no page has such an origin.
const EXTENSIONS: [&str; 3] =
    ["chrome-extension://", "moz-extension://", "safari-web-extension://"];

/// The names a server goes by: loopback ones, and the address it listens on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwnHosts {
    listen: SocketAddr,
}

/// Which pages may do what they ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pages {
    /// All.
    Any,
    /// Those of this machine.
    Own,
    /// Those of this server.
    Same,
    /// Those of this machine, and extensions.
    OwnAndExtensions,
}

impl OwnHosts {
    pub(crate) fn new(listen: SocketAddr) -> Self {
        Self { listen }
    }

    /// Whether a request is to be answered.
    ///
    /// # Errors
    /// Why not, in words.
    pub(crate) fn check(&self, uri: &Uri, headers: &HeaderMap, pages: Pages) -> Result<(), String> {
        let named = headers.get_all(header::HOST).iter().map(|host| host.as_bytes());
        for host in named.chain(uri.authority().map(|authority| authority.as_str().as_bytes())) {
            if !Authority::try_from(host).is_ok_and(|host| self.is_own(host.host())) {
                let host = String::from_utf8_lossy(host);
                return Err(format!(
                    "Host {host:?} is no name of this machine; ask for localhost, or for the \
                     address it listens on"
                ));
            }
        }
        if pages == Pages::Any {
            return Ok(());
        }
        let mut origins: Vec<&[u8]> =
            headers.get_all(header::ORIGIN).iter().map(|origin| origin.as_bytes()).collect();
        if origins.is_empty() && pages == Pages::Same {
            origins.extend(headers.get_all(header::REFERER).iter().map(|from| from.as_bytes()));
        }
        let is_foreign = |origin: &&&[u8]| {
            !std::str::from_utf8(origin).is_ok_and(|origin| self.is_of(origin, pages))
        };
        if let Some(origin) = origins.iter().find(is_foreign) {
            let origin = String::from_utf8_lossy(origin);
            return Err(format!("Origin {origin:?} is another site, which may only read here"));
        }
        if origins.is_empty() && headers.get(FETCH_SITE).is_some_and(|site| site == "cross-site") {
            return Err("another site asks for it, which may only read here".to_owned());
        }
        Ok(())
    }

    /// A host, as it stands in a URL: a name that cannot be made to lead here by others.
    fn is_own(&self, host: &str) -> bool {
        // Which addresses of the machine there are is not known.
        let anywhere = self.listen.ip().to_canonical().is_unspecified();
        self.is_here(host) || anywhere && address_of(host).is_some()
    }

    /// A host whose pages are this machine's: no other machine has it.
    fn is_here(&self, host: &str) -> bool {
        let own = self.listen.ip().to_canonical();
        match address_of(host) {
            Some(address) => address.is_loopback() || (address == own && !own.is_unspecified()),
            None => is_localhost(host),
        }
    }

    fn is_of(&self, origin: &str, pages: Pages) -> bool {
        let is_extension = EXTENSIONS.iter().any(|scheme| origin.starts_with(scheme));
        if pages == Pages::OwnAndExtensions && is_extension {
            return true;
        }
        let Ok(url) = origin.parse::<Url>() else { return false };
        let is_same = url.port_or_known_default() == Some(self.listen.port());
        matches!(url.scheme(), "http" | "https")
            && url.host_str().is_some_and(|host| self.is_here(host))
            && (pages != Pages::Same || is_same)
    }
}

fn address_of(host: &str) -> Option<IpAddr> {
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    bare.parse().ok().map(|address: IpAddr| address.to_canonical())
}

/// What a request would do: its own method, or the one that a pre-flight asks for.
pub(crate) fn is_read_only(method: &Method, headers: &HeaderMap) -> bool {
    let asked = headers.get(header::ACCESS_CONTROL_REQUEST_METHOD);
    let method = match asked.filter(|_| method == Method::OPTIONS) {
        Some(asked) => asked.as_bytes(),
        None => method.as_str().as_bytes(),
    };
    matches!(method, b"GET" | b"HEAD" | b"OPTIONS")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(listen: &str, fields: &[(&str, &str)], pages: Pages) -> bool {
        let fields = fields
            .iter()
            .map(|(name, value)| (HeaderName::try_from(*name).unwrap(), value.parse().unwrap()));
        let (mut headers, uri) = (HeaderMap::new(), Uri::from_static("/"));
        headers.extend(fields.collect::<HeaderMap>());
        OwnHosts::new(listen.parse().unwrap()).check(&uri, &headers, pages).is_ok()
    }

    #[test]
    fn hosts_that_nobody_else_can_have() {
        let host = |listen: &str, host: &str| check(listen, &[("host", host)], Pages::Any);
        let loopback = "127.0.0.1:5559";
        for good in [
            "127.0.0.1:5559",
            "localhost:5559",
            "LOCALHOST",
            "localhost.:1",
            "k51.ipns.localhost:5559",
            "[::1]:5559",
            "127.8.9.10",
            "[::ffff:127.0.0.1]:5559",
        ] {
            assert!(host(loopback, good), "{good}");
        }
        for bad in [
            "evil.example:5559",
            "127.0.0.1.evil.example",
            "localhost.evil.example",
            "192.0.2.1",
            "",
            "a b",
            "[::2]",
            "127.0.0.1@evil.example",
            "\u{e4}",
        ] {
            assert!(!host(loopback, bad), "{bad}");
        }
        assert!(host("192.0.2.1:5559", "192.0.2.1:5559") && !host("192.0.2.1:5559", "192.0.2.2"));
        assert!(host("0.0.0.0:5559", "192.0.2.2:5559") && !host("0.0.0.0:5559", "evil.example"));
        assert!(host("[::]:5559", "[2001:db8::1]:5559"));
        assert!(check(loopback, &[], Pages::Same), "HTTP/1.0 has none");
        assert!(!check(loopback, &[("host", "localhost"), ("host", "evil.example")], Pages::Any));
        let there = Uri::from_static("http://evil.example/ipfs/x");
        let own = OwnHosts::new(loopback.parse().unwrap());
        assert!(own.check(&there, &HeaderMap::new(), Pages::Any).is_err());
    }

    #[test]
    fn pages_of_other_sites_write_nothing() {
        let origin = |origin: &str, pages| check("127.0.0.1:5559", &[("origin", origin)], pages);
        // Every address may be asked for there, and none but this machine's has pages of its own.
        for page in ["http://203.0.113.7", "http://203.0.113.7:5559"] {
            let headers = [("host", "203.0.113.7:5559"), ("origin", page)];
            assert!(!check("0.0.0.0:5559", &headers, Pages::Own), "{page}");
            assert!(!check("0.0.0.0:5559", &headers, Pages::Same), "{page}");
        }
        for foreign in ["https://evil.example", "null", "http://localhost.evil.example", "file://"]
        {
            assert!(origin(foreign, Pages::Any), "{foreign}");
            for pages in [Pages::Own, Pages::Same, Pages::OwnAndExtensions] {
                assert!(!origin(foreign, pages), "{foreign} {pages:?}");
            }
        }
        for own in ["http://localhost:3000", "http://127.0.0.1:3000", "https://a.localhost"] {
            assert!(origin(own, Pages::Own) && !origin(own, Pages::Same), "{own}");
        }
        assert!(origin("http://127.0.0.1:5559", Pages::Same));
        assert!(origin("http://localhost:5559", Pages::Same));
        let wallet = "chrome-extension://nkbihfbeogaeaoehlefnkodbefgpgknn";
        assert!(origin(wallet, Pages::OwnAndExtensions) && !origin(wallet, Pages::Own));
        let fields = |fields: &[(&str, &str)]| check("127.0.0.1:5559", fields, Pages::Same);
        assert!(!fields(&[("referer", "https://evil.example/page")]));
        assert!(fields(&[("referer", "http://127.0.0.1:5559/page")]));
        assert!(!fields(&[("sec-fetch-site", "cross-site")]));
        assert!(fields(&[("sec-fetch-site", "none")]));
        assert!(!fields(&[
            ("origin", "http://127.0.0.1:5559"),
            ("origin", "https://evil.example")
        ]));
    }

    #[test]
    fn what_a_pre_flight_is_for() {
        let mut headers = HeaderMap::new();
        assert!(is_read_only(&Method::OPTIONS, &headers) && is_read_only(&Method::HEAD, &headers));
        assert!(!is_read_only(&Method::PUT, &headers));
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, "PUT".parse().unwrap());
        assert!(!is_read_only(&Method::OPTIONS, &headers) && is_read_only(&Method::GET, &headers));
    }
}
