//! Kubo's RPC, `POST /api/v0/…`: what uploads and publishers share of it.

use std::path::Path;

use serde::Deserialize;
use url::Url;

use super::{Authorization, Body, Http, NetError, Request, Response, endpoint, shown, socket_url};
use crate::json;
use crate::secret::SecretString;

/// The most that is quoted of what a node says, in characters.
const MAX_MESSAGE: usize = 500;

/// The RPC of a Kubo node, or of a service that speaks it.
pub struct KuboRpc {
    http: Http,
    url: Url,
    authorization: Option<Authorization>,
}

/// Kubo's way to say that a command failed, with status 500.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommandError {
    message: String,
    #[serde(rename = "Type")]
    kind: String,
}

/// A command that failed at the node, which is no failure of the network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CommandFailed {
    /// The HTTP status.
    pub status: u16,
    /// What the node says.
    pub message: String,
}

impl KuboRpc {
    /// The node at `url`, `http://127.0.0.1:5001` for instance; `token` as
    /// [`Authorization::from_token`] reads it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        let authorization = token.as_ref().map(Authorization::from_token);
        Self { http, url, authorization }
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.url
    }

    /// Kind and address, for a person.
    pub fn describe(&self) -> String {
        format!("kubo at {}", shown(&self.url))
    }

    /// A call of `command`, `["dag", "import"]` for instance. That the command failed is not
    /// asked again.
    pub fn request(&self, command: &[&str], query: &[(&str, &str)], body: Body) -> Request {
        let mut url = endpoint(&self.url, ["api", "v0"].iter().chain(command).copied());
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        Request::post(url, body)
            .authorization(self.authorization.clone())
            .settled_if(|answer| command_failed(answer).is_some())
    }

    /// Sends the call: the answer, of whatever status, or why the command failed.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn send(
        &self,
        request: &Request,
    ) -> Result<Result<Response, CommandFailed>, NetError> {
        let answer = self.http.send(request).await?;
        Ok(match command_failed(&answer) {
            Some(failed) => Err(failed),
            None => Ok(answer),
        })
    }

    /// As [`send`](Self::send), where a command that failed says no more than another status.
    ///
    /// # Errors
    /// As [`Http::send`].
    pub async fn ask(&self, request: &Request) -> Result<Response, NetError> {
        self.http.send(request).await
    }
}

fn command_failed(answer: &Response) -> Option<CommandFailed> {
    if answer.status == 200 {
        return None;
    }
    let error: CommandError = json::from_slice(&answer.body).ok()?;
    let message = error.message.chars().take(MAX_MESSAGE).collect();
    (error.kind == "error").then_some(CommandFailed { status: answer.status, message })
}

/// Why a text is not the address of an RPC.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is not the address of a Kubo RPC; write http://127.0.0.1:5001 or \
     /ip4/127.0.0.1/tcp/5001"
)]
pub struct ApiAddressError(String);

/// Reads `http://127.0.0.1:5001` or a multiaddr as in Kubo's `api` file,
/// `/ip4/127.0.0.1/tcp/5001`, `/dns4/example.org/tcp/443/https`.
///
/// # Errors
/// [`ApiAddressError`] quotes the text.
pub fn parse_api_address(text: &str) -> Result<Url, ApiAddressError> {
    let wrong = || ApiAddressError(text.chars().take(200).collect());
    let trimmed = text.trim();
    let url = match trimmed.strip_prefix('/') {
        None => trimmed.parse(),
        Some(multiaddr) => {
            let parts: Vec<&str> = multiaddr.trim_end_matches('/').split('/').collect();
            let [protocol, host, "tcp", port, rest @ ..] = &parts[..] else {
                return Err(wrong());
            };
            let host = match *protocol {
                "ip4" | "dns" | "dns4" | "dns6" => (*host).to_owned(),
                "ip6" => format!("[{host}]"),
                _ => return Err(wrong()),
            };
            let scheme = match rest {
                [] | ["http"] => "http",
                ["https"] | ["tls", "http"] => "https",
                _ => return Err(wrong()),
            };
            let port: u16 = port.parse().map_err(|_| wrong())?;
            format!("{scheme}://{host}:{port}").parse()
        }
    };
    let url: Url = url.map_err(|_| wrong())?;
    let usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    usable.then_some(url).ok_or_else(wrong)
}

/// As [`parse_api_address`], and the socket of a node on this machine, `/unix/run/ipfs.sock`:
/// for what the user says. A workspace may come from somebody else, and other things listen on
/// sockets.
///
/// # Errors
/// [`ApiAddressError`] quotes the text.
pub fn parse_own_api_address(text: &str) -> Result<Url, ApiAddressError> {
    match text.trim().strip_prefix("/unix/") {
        None => parse_api_address(text),
        Some(path) => socket_url(Path::new(&format!("/{}", path.trim_start_matches('/'))))
            .ok_or_else(|| ApiAddressError(text.chars().take(200).collect())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn api_addresses() {
        for (text, url) in [
            ("http://127.0.0.1:5001", "http://127.0.0.1:5001/"),
            ("/ip4/127.0.0.1/tcp/5001\n", "http://127.0.0.1:5001/"),
            ("/ip4/127.0.0.1/tcp/5001/http", "http://127.0.0.1:5001/"),
            ("/ip6/::1/tcp/5001", "http://[::1]:5001/"),
            ("/dns4/example.org/tcp/443/https", "https://example.org/"),
            ("/dns/example.org/tcp/443/tls/http", "https://example.org/"),
        ] {
            assert_eq!(parse_api_address(text).unwrap().as_str(), url, "{text}");
        }
        for text in [
            "",
            "/",
            "127.0.0.1:5001",
            "/ip4/127.0.0.1",
            "/ip4/127.0.0.1/udp/5001",
            "/ip4/127.0.0.1/tcp/99999",
            "/unix/run/x.sock",
            "ftp://127.0.0.1",
            "/ip4/a b/tcp/1",
            "/ip4/127.0.0.1/tcp/5001/quic",
        ] {
            assert!(parse_api_address(text).is_err(), "{text}");
        }
        let socket = parse_own_api_address("/unix/run/x.sock\n").unwrap();
        assert_eq!(shown(&socket), "unix:/run/x.sock");
        let url = parse_own_api_address("/ip4/127.0.0.1/tcp/5001").unwrap();
        assert_eq!(url.as_str(), "http://127.0.0.1:5001/");
        for text in ["/unix/", "/unix", "http+unix://%2Frun%2Fx/"] {
            assert!(parse_own_api_address(text).is_err(), "{text}");
        }
    }
}
