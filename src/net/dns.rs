//! Host names to addresses, by the system; but `localhost` and all names below it are this
//! machine (RFC 6761 §6.3), which many systems do not know and Kubo's gateway redirects to
//! (`http://<cid>.ipfs.localhost:8080/`).

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

pub(super) struct SystemWithLocalhost;

impl Resolve for SystemWithLocalhost {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            // Port 0 is replaced by the address's.
            if is_localhost(name.as_str()) {
                let loopback =
                    [SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), (Ipv6Addr::LOCALHOST, 0).into()];
                return Ok(Box::new(loopback.into_iter()) as Addrs);
            }
            let addresses: Vec<_> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

pub(crate) fn is_localhost(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::is_localhost;

    #[test]
    fn only_localhost_and_below() {
        for host in ["localhost", "LOCALHOST.", "k51.ipns.localhost"] {
            assert!(is_localhost(host), "{host}");
        }
        for host in ["notlocalhost", "localhost.example", ""] {
            assert!(!is_localhost(host), "{host}");
        }
    }
}
