//! Kubo's RPC: `POST /api/v0/dag/import`, and `/api/v0/pin/ls` to see what need not be sent.

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use cid::Cid;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::{QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, same_cid};
use crate::net::{
    Authorization, Body, FormPart, Http, NetError, Progress, Request, Response, endpoint, shown,
};
use crate::secret::SecretString;

/// The RPC of a Kubo node, or a service that speaks it.
pub struct Kubo {
    http: Http,
    url: Url,
    authorization: Option<Authorization>,
}

/// One line of the answer: a root, statistics (ignored), or an error.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImportLine {
    root: Option<ImportRoot>,
    message: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ImportRoot {
    cid: ImportCid,
    #[serde(default)]
    pin_error_msg: String,
}

#[derive(Deserialize)]
struct ImportCid {
    #[serde(rename = "/")]
    cid: String,
}

/// The answer of `version`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Version {
    version: String,
}

/// The answer of `id`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Node {
    addresses: Option<Vec<String>>,
}

/// The answer of `pin/ls`: the pinned CIDs.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Pins {
    keys: HashMap<String, IgnoredAny>,
}

/// Kubo's way to say that a command failed, with status 500.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CommandError {
    message: String,
    #[serde(rename = "Type")]
    kind: String,
}

impl Kubo {
    /// The node at `url`, `http://127.0.0.1:5001` for instance; `token` as [`Authorization::from_token`]
    /// reads it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        let authorization = token.as_ref().map(Authorization::from_token);
        Self { http, url, authorization }
    }

    async fn import(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let mut url = endpoint(&self.url, ["api", "v0", "dag", "import"]);
        url.set_query(Some("pin-roots=true&stats=true"));
        let body = Body::Form {
            texts: Vec::new(),
            field: "file",
            part: FormPart::File(car_body(car, progress)),
        };
        let request = Request::post(url, body)
            .authorization(self.authorization.clone())
            .timeouts(UPLOAD_TIMEOUTS)
            .settled_if(|answer| command_error(answer).is_some());
        let answer = self.http.send(&request).await?;
        if let Some(message) = command_error(&answer) {
            return Err(UploadError::Rejected { to: self.describe(), message });
        }
        self.confirm(&answer.success()?, root)
    }

    async fn version(&self) -> Result<String, NetError> {
        let url = endpoint(&self.url, ["api", "v0", "version"]);
        let request = Request::post(url, Body::Empty)
            .authorization(self.authorization.clone())
            .timeouts(QUESTION_TIMEOUTS)
            .attempts(1);
        let answer = self.http.send(&request).await?;
        let url = shown(&answer.url);
        let said: Option<Version> = serde_json::from_slice(&answer.success()?).ok();
        let reason = "it does not say its version as Kubo does".to_owned();
        let Version { version } = said.ok_or(NetError::BadResponse { url, reason })?;
        Ok(format!("version {version}"))
    }

    async fn is_pinned(&self, root: &Cid) -> bool {
        let mut url = endpoint(&self.url, ["api", "v0", "pin", "ls"]);
        url.query_pairs_mut()
            .append_pair("arg", &root.to_string())
            .append_pair("type", "recursive");
        // One attempt: the upload that follows otherwise has patience.
        let request = Request::post(url, Body::Empty)
            .authorization(self.authorization.clone())
            .timeouts(QUESTION_TIMEOUTS)
            .attempts(1);
        let Ok(answer) = self.http.send(&request).await else { return false };
        let pins = answer.success().ok().and_then(|body| serde_json::from_slice(&body).ok());
        pins.is_some_and(|Pins { keys }| keys.keys().any(|key| same_cid(key, root)))
    }

    /// The node's own addresses with its peer id, for others to fetch from.
    ///
    /// # Errors
    /// When the node does not answer as Kubo does.
    pub async fn addresses(&self) -> Result<Vec<String>, NetError> {
        let request = Request::post(endpoint(&self.url, ["api", "v0", "id"]), Body::Empty)
            .authorization(self.authorization.clone())
            .timeouts(QUESTION_TIMEOUTS);
        let answer = self.http.send(&request).await?;
        let url = shown(&answer.url);
        let node: Node = serde_json::from_slice(&answer.success()?).map_err(|error| {
            NetError::BadResponse { url, reason: format!("it is not Kubo's answer ({error})") }
        })?;
        Ok(node.addresses.unwrap_or_default())
    }

    /// Asks the node to connect to a peer. That it could not is no error: others may.
    pub async fn connect(&self, peer: &str) {
        let mut url = endpoint(&self.url, ["api", "v0", "swarm", "connect"]);
        url.query_pairs_mut().append_pair("arg", peer);
        let request = Request::post(url, Body::Empty)
            .authorization(self.authorization.clone())
            .timeouts(QUESTION_TIMEOUTS)
            .attempts(1);
        if let Err(error) = self.http.send(&request).await {
            tracing::info!("{} did not connect to {peer}: {error}", self.describe());
        }
    }

    /// Looks for `root`, pinned, in the answer's lines.
    fn confirm(&self, body: &[u8], root: &Cid) -> Result<(), UploadError> {
        let unconfirmed = |reason| UploadError::NotConfirmed { to: self.describe(), reason };
        let mut other = None;
        for line in serde_json::Deserializer::from_slice(body).into_iter::<ImportLine>() {
            let line = line.map_err(|error| {
                unconfirmed(format!("its answer is not lines of JSON ({error})"))
            })?;
            if let Some(message) = line.message {
                return Err(UploadError::Rejected { to: self.describe(), message });
            }
            let Some(got) = line.root else { continue };
            if !same_cid(&got.cid.cid, root) {
                other = Some(got.cid.cid);
                continue;
            }
            return match got.pin_error_msg {
                message if message.is_empty() => Ok(()),
                message => Err(UploadError::NotPinned {
                    to: self.describe(),
                    root: Box::new(*root),
                    message,
                }),
            };
        }
        Err(match other {
            Some(got) => {
                UploadError::OtherRoot { to: self.describe(), expected: Box::new(*root), got }
            }
            None => unconfirmed("its answer names no root".to_owned()),
        })
    }
}

fn command_error(answer: &Response) -> Option<String> {
    if answer.status == 200 {
        return None;
    }
    let error: CommandError = serde_json::from_slice(&answer.body).ok()?;
    (error.kind == "error").then(|| error.message.chars().take(500).collect())
}

#[async_trait]
impl Upload for Kubo {
    fn describe(&self) -> String {
        format!("kubo at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        Ok(self.version().await?)
    }

    async fn has(&self, root: &Cid) -> bool {
        self.is_pinned(root).await
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.import(car, root, progress).await
    }
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

#[cfg(test)]
#[path = "kubo_tests.rs"]
mod tests;
