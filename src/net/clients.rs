//! The HTTP library's clients: which one may ask which address.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use reqwest::header::{ACCEPT_ENCODING, HeaderMap, HeaderValue};
use reqwest::{Certificate, Client, ClientBuilder};
use url::Url;

use super::dns::SystemWithLocalhost;
use super::error::{NetError, shown};
use super::guard::{Guard, PublicOnly, is_loopback, private_literal};
use super::socket::{socket_of, through_socket};

/// All clients of an [`Http`](super::Http).
pub(super) struct Clients {
    client: Client,
    /// What is on this machine goes through this one, which takes no proxy; made when needed.
    direct: OnceLock<Client>,
    /// What the guard does not trust goes through this one.
    guarded: Option<(Guard, Client)>,
    /// One for each socket that was asked.
    sockets: Mutex<HashMap<PathBuf, Client>>,
    roots: Vec<Certificate>,
    connect: Duration,
}

impl Clients {
    pub(super) fn new(
        extra_roots: Option<&[u8]>,
        connect: Duration,
        guard: Option<Guard>,
    ) -> Result<Self, NetError> {
        // An error means that a provider is installed already, which will do.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let roots = match extra_roots {
            None => Vec::new(),
            Some(pem) => match Certificate::from_pem_bundle(pem) {
                Ok(roots) if !roots.is_empty() => roots,
                _ => {
                    let reason = "it holds no certificate in PEM form".to_owned();
                    return Err(NetError::Client { reason });
                }
            },
        };
        let client = build(&roots, connect, &|builder| builder.dns_resolver(SystemWithLocalhost))?;
        // A proxy would resolve names by itself, where no guard sees the addresses.
        let guarded = match guard {
            Some(guard) => {
                let special = |builder: ClientBuilder| builder.dns_resolver(PublicOnly).no_proxy();
                Some((guard, build(&roots, connect, &special)?))
            }
            None => None,
        };
        let (direct, sockets) = (OnceLock::new(), Mutex::default());
        Ok(Self { client, direct, guarded, sockets, roots, connect })
    }

    /// The client that may ask `url`, and what it asks.
    pub(super) fn client_for(&self, url: &Url) -> Result<(Client, Url), NetError> {
        let is_own = self.guarded.as_ref().is_none_or(|(guard, _)| guard.trusts(url));
        if let Some(path) = socket_of(url).filter(|_| is_own) {
            let reason = "its path cannot be asked".to_owned();
            let bad = || NetError::Address { url: shown(url), reason };
            return Ok((self.client_of_socket(&path)?, through_socket(url).ok_or_else(bad)?));
        }
        if !matches!(url.scheme(), "http" | "https") {
            let reason = format!("its scheme is {:?}", url.scheme());
            return Err(NetError::Address { url: shown(url), reason });
        }
        let client = match &self.guarded {
            Some((guard, client)) if !guard.trusts(url) => match private_literal(url) {
                Some(address) => return Err(NetError::Private { url: shown(url), address }),
                None => client,
            },
            _ => self.client_of(url),
        };
        Ok((client.clone(), url.clone()))
    }

    /// The one that asks what the user chose.
    pub(super) fn client_of(&self, url: &Url) -> &Client {
        if !is_loopback(url) {
            return &self.client;
        }
        if let Some(client) = self.direct.get() {
            return client;
        }
        let special = |builder: ClientBuilder| builder.dns_resolver(SystemWithLocalhost).no_proxy();
        // It is made as the other one, so it fails only where that did.
        match build(&self.roots, self.connect, &special) {
            Ok(client) => self.direct.get_or_init(|| client),
            Err(_) => &self.client,
        }
    }

    fn client_of_socket(&self, path: &Path) -> Result<Client, NetError> {
        let mut sockets = self.sockets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = sockets.get(path) {
            return Ok(client.clone());
        }
        let special = |builder: ClientBuilder| builder.unix_socket(path);
        let client = build(&self.roots, self.connect, &special)?;
        sockets.insert(path.to_owned(), client.clone());
        Ok(client)
    }
}

/// A client with `special` settings. Without any system root the first form fails, and plain HTTP
/// must still work there.
fn build(
    roots: &[Certificate],
    connect: Duration,
    special: &dyn Fn(ClientBuilder) -> ClientBuilder,
) -> Result<Client, NetError> {
    // Compressed answers are read where they come all the same.
    let headers = [(ACCEPT_ENCODING, HeaderValue::from_static("identity"))];
    let builder = || {
        Client::builder()
            .user_agent(concat!("namesys/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(connect)
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .default_headers(HeaderMap::from_iter(headers.clone()))
    };
    special(builder().tls_certs_merge(roots.to_vec()))
        .build()
        .or_else(|_| special(builder().tls_certs_only(roots.to_vec())).build())
        .map_err(|error| {
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            NetError::Client { reason: cause.unwrap_or_else(|| error.to_string()) }
        })
}
