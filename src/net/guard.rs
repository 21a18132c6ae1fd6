//! A guard against addresses that others chose (a contract, a record, a redirect) and that lead
//! into networks of one's own: loopback, private, link-local, carrier-grade NAT and the like
//! ([threats](crate::spec::threats)).
//!
//! Literal addresses are judged before a request is sent, names after they are resolved, on the
//! very addresses that are then connected to.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

use super::dns::is_localhost;

/// Which addresses are let through although they may be private: those the user configured.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    trusted: Vec<Url>,
}

impl Guard {
    /// A guard that trusts the origins of `trusted`, and the subdomains of their hosts at the
    /// same port (a gateway redirects to `<cid>.ipfs.<host>`).
    pub fn trusting(trusted: impl IntoIterator<Item = Url>) -> Self {
        Self { trusted: trusted.into_iter().collect() }
    }

    pub(super) fn trusts(&self, url: &Url) -> bool {
        self.trusted.iter().any(|trusted| {
            if trusted.port_or_known_default() != url.port_or_known_default() {
                return false;
            }
            let (Some(own), Some(host)) = (trusted.host_str(), url.host_str()) else {
                return false;
            };
            let loopback = own == "127.0.0.1" || own == "[::1]" || is_localhost(own);
            own == host
                || host.strip_suffix(own).is_some_and(|label| label.ends_with('.'))
                || (loopback && is_localhost(host))
        })
    }
}

/// Whether `url` leads to this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(host)) => is_localhost(host),
        None => false,
    }
}

/// The address in `url` when it is written as one and private.
pub(crate) fn private_literal(url: &Url) -> Option<IpAddr> {
    let address = match url.host()? {
        Host::Ipv4(address) => IpAddr::V4(address),
        Host::Ipv6(address) => IpAddr::V6(address),
        Host::Domain(_) => return None,
    };
    (!is_public(address)).then_some(address)
}

/// A name that leads to a private address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("its name leads to {0}")]
pub(super) struct PrivateAddress(pub(super) IpAddr);

/// The system's resolver, refusing names of which any address is not public.
pub(super) struct PublicOnly;

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            if is_localhost(name.as_str()) {
                return Err(PrivateAddress(Ipv4Addr::LOCALHOST.into()).into());
            }
            // Port 0 is replaced by the address's.
            let addresses: Vec<SocketAddr> =
                tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // The connection is made to these, and to nothing that a second lookup would give.
            let addresses = all_public(addresses)
                .map_err(|refused| io::Error::new(io::ErrorKind::PermissionDenied, refused))?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

/// `addresses`, if every one of them is public: which one is connected to is not known yet.
fn all_public(addresses: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, PrivateAddress> {
    match addresses.iter().find(|address| !is_public(address.ip())) {
        Some(private) => Err(PrivateAddress(private.ip())),
        None => Ok(addresses),
    }
}

/// Whether an address belongs to a host of the public Internet (IANA's special-purpose
/// registries; forms of IPv6 that carry an IPv4 address are judged by that).
pub(super) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127, ..)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 168, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
            | (224..=255, ..)
    )
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let s = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_public_v4(Ipv4Addr::new(a, b, c, d))
    };
    match s {
        // Unspecified, loopback, IPv4-compatible and IPv4-mapped.
        [0, 0, 0, 0, 0, 0, ..] => s[6] != 0 && v4(s[6], s[7]),
        [0, 0, 0, 0, 0, 0xffff, high, low] => v4(high, low),
        // NAT64 and 6to4.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => v4(high, low),
        [0x64, 0xff9b, ..] => false,
        [0x2002, high, low, ..] => v4(high, low),
        // Teredo and the other protocol assignments, documentation.
        [0x2001, 0..=0x1ff, ..] | [0x2001, 0xdb8, ..] | [0x3fff, 0..=0xfff, ..] => false,
        // Only 2000::/3 is global unicast: the rest is unique local, link-local, multicast, …
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges() {
        for private in [
            "0.0.0.0",
            "10.1.2.3",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.9.9.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.0.1",
            "192.0.0.8",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::7f00:1",
            "64:ff9b::a00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(private.parse().unwrap()), "{private}");
        }
        for public in [
            "1.1.1.1",
            "100.63.0.1",
            "100.128.0.1",
            "172.15.0.1",
            "172.32.0.1",
            "192.1.0.1",
            "223.255.255.255",
            "2606:4700::1111",
            "::ffff:1.1.1.1",
            "2002:101:101::",
            "64:ff9b::101:101",
            "2001:4860:4860::8888",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[test]
    fn a_name_with_any_private_address_is_refused() {
        let addresses = |texts: &[&str]| {
            let address = |text: &&str| SocketAddr::new(text.parse().unwrap(), 0);
            texts.iter().map(address).collect::<Vec<_>>()
        };
        let good = addresses(&["1.1.1.1", "2606:4700::1111"]);
        assert_eq!(all_public(good.clone()), Ok(good));
        for (texts, private) in [
            (["1.1.1.1", "10.0.0.1"], "10.0.0.1"),
            (["::ffff:10.0.0.1", "1.1.1.1"], "::ffff:10.0.0.1"),
            (["2606:4700::1111", "fe80::1"], "fe80::1"),
            (["1.1.1.1", "64:ff9b::7f00:1"], "64:ff9b::7f00:1"),
        ] {
            let refused = PrivateAddress(private.parse().unwrap());
            assert_eq!(all_public(addresses(&texts)), Err(refused), "{texts:?}");
        }
    }

    #[tokio::test]
    async fn names_are_judged_by_what_the_system_says_of_them() {
        for name in ["localhost", "a.localhost", "LOCALHOST."] {
            let resolved = PublicOnly.resolve(name.parse().unwrap()).await;
            let error = resolved.map(|addresses| addresses.count()).unwrap_err();
            assert!(error.downcast_ref::<PrivateAddress>().is_some(), "{name}: {error}");
        }
        // Not a name of ours to be refused: the system resolves an address to itself.
        let resolved = PublicOnly.resolve("10.0.0.1".parse().unwrap()).await;
        let error = resolved.map(|addresses| addresses.count()).unwrap_err();
        let refused = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        let refused = refused.and_then(|error| error.downcast_ref::<PrivateAddress>());
        assert_eq!(refused, Some(&PrivateAddress("10.0.0.1".parse().unwrap())));
    }

    #[test]
    fn literals_in_any_spelling() {
        // The URL parser normalises these to 127.0.0.1 and 169.254.169.254.
        for url in [
            "http://2130706433/",
            "http://0x7f.1/",
            "http://0251.0376.0251.0376/",
            "http://[::ffff:7f00:1]/",
            "http://[::ffff:10.0.0.1]/",
            "http://[64:ff9b::10.0.0.1]/",
            "http://[::1]/",
            "http://[fe80::1]/",
            "http://[fc00::1]/",
            "http://127.0.0.1./",
            "http://%31%32%37.1/",
            "http://１２７.0.0.1/",
        ] {
            assert!(private_literal(&url.parse().unwrap()).is_some(), "{url}");
        }
        assert_eq!(private_literal(&"http://1.1.1.1/".parse().unwrap()), None);
        assert_eq!(private_literal(&"http://localhost/".parse().unwrap()), None);
    }

    #[test]
    fn trust_is_of_origins_and_what_lies_below_them() {
        let guard = Guard::trusting(
            ["http://127.0.0.1:8080/x", "https://gw.lan"].map(|url| url.parse().unwrap()),
        );
        let trusts = |url: &str| guard.trusts(&url.parse().unwrap());
        assert!(trusts("http://127.0.0.1:8080/ipfs/"));
        assert!(trusts("http://bafy.ipfs.localhost:8080/"));
        assert!(trusts("https://bafy.ipfs.gw.lan/"));
        assert!(!trusts("http://127.0.0.1:8545/"));
        assert!(!trusts("http://169.254.169.254:8080/"));
        assert!(!trusts("https://evilgw.lan/"));
        assert!(!trusts("http://gw.lan/"));
    }
}
