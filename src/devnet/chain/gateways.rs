//! The gateways that the chain's resolver names.

/// The gateways the CCIP2 resolver sends clients to: authorities (`host`, `host:port`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChainGateways {
    /// What stands before them, `https://` or `http://`.
    pub scheme: String,
    /// Asked by subdomain; none when empty.
    pub primary: String,
    /// Asked by path.
    pub web3: Vec<String>,
    /// Asked for names without a recordhash; the first for every name.
    pub web2: Vec<String>,
}

impl ChainGateways {
    /// A local gateway alone, by path over `http://`: a client need not resolve subdomains.
    pub fn local(authority: impl Into<String>) -> Self {
        Self {
            scheme: "http://".to_owned(),
            primary: String::new(),
            web3: vec![authority.into()],
            web2: Vec::new(),
        }
    }
}
