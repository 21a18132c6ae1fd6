//! Kubo's RPC: `POST /api/v0/dag/import`, and `/api/v0/pin/ls` to see what need not be sent.

use std::collections::HashMap;
use std::path::Path;

use async_trait::async_trait;
use cid::Cid;
use serde::Deserialize;
use serde::de::IgnoredAny;
use url::Url;

use super::{QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, same_cid};
use crate::json;
use crate::net::{Body, FormPart, Http, KuboRpc, NetError, Progress, Request, shown};
use crate::secret::SecretString;

/// A header without roots, and no block.
const EMPTY_CAR: &[u8] = b"\x11\xa2\x65roots\x80\x67version\x01";

/// The RPC of a Kubo node, or a service that speaks it.
pub struct Kubo(KuboRpc);

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

impl Kubo {
    /// The node at `url`, with a token as [`KuboRpc::new`] takes it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        Self(KuboRpc::new(http, url, token))
    }

    async fn import(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let part = FormPart::File(car_body(car, progress));
        let body = Body::Form { texts: Vec::new(), field: "file", part };
        let query = [("pin-roots", "true"), ("stats", "true")];
        let request = self.0.request(&["dag", "import"], &query, body).timeouts(UPLOAD_TIMEOUTS);
        match self.0.send(&request).await? {
            Ok(answer) => self.confirm(&answer.success()?, root),
            Err(failed) => {
                Err(UploadError::Rejected { to: self.describe(), message: failed.message })
            }
        }
    }

    fn question(&self, command: &[&str], query: &[(&str, &str)]) -> Request {
        self.0.request(command, query, Body::Empty).timeouts(QUESTION_TIMEOUTS)
    }

    async fn version(&self) -> Result<String, NetError> {
        let answer = self.0.ask(&self.question(&["version"], &[]).attempts(1)).await?;
        let url = shown(&answer.url);
        let said: Option<Version> = json::from_slice(&answer.success()?).ok();
        let reason = "it does not say its version as Kubo does".to_owned();
        let Version { version } = said.ok_or(NetError::BadResponse { url, reason })?;
        Ok(format!("version {version}"))
    }

    /// Whether the token, where there is one, may do what an upload does: no block is sent.
    async fn may_import(&self) -> Result<(), UploadError> {
        let nothing = Body::Form {
            texts: Vec::new(),
            field: "file",
            part: FormPart::Bytes(EMPTY_CAR.to_vec().into()),
        };
        let query = [("pin-roots", "false")];
        let request = self.0.request(&["dag", "import"], &query, nothing).attempts(1);
        match self.0.send(&request.timeouts(QUESTION_TIMEOUTS)).await? {
            // It imports, or says what is wrong with nothing.
            Err(_) => Ok(()),
            Ok(answer) => match answer.status {
                401 | 403 => {
                    let message = "it may be asked, but the credential does not allow dag/import";
                    let (to, message) = (self.describe(), message.to_owned());
                    Err(UploadError::Rejected { to, message })
                }
                _ => Ok(answer.success().map(drop)?),
            },
        }
    }

    async fn is_pinned(&self, root: &Cid) -> bool {
        let query = [("arg", &*root.to_string()), ("type", "recursive")];
        // One attempt: the upload that follows otherwise has patience.
        let request = self.question(&["pin", "ls"], &query).attempts(1);
        let Ok(answer) = self.0.ask(&request).await else { return false };
        let pins = answer.success().ok().and_then(|body| json::from_slice(&body).ok());
        pins.is_some_and(|Pins { keys }| keys.keys().any(|key| same_cid(key, root)))
    }

    /// The node's own addresses with its peer id, for others to fetch from.
    ///
    /// # Errors
    /// When the node does not answer as Kubo does.
    pub async fn addresses(&self) -> Result<Vec<String>, NetError> {
        let answer = self.0.ask(&self.question(&["id"], &[])).await?;
        let url = shown(&answer.url);
        let node: Node = json::from_slice(&answer.success()?).map_err(|error| {
            NetError::BadResponse { url, reason: format!("it is not Kubo's answer ({error})") }
        })?;
        Ok(node.addresses.unwrap_or_default())
    }

    /// Asks the node to connect to a peer. That it could not is no error: others may.
    pub async fn connect(&self, peer: &str) {
        let request = self.question(&["swarm", "connect"], &[("arg", peer)]).attempts(1);
        if let Err(error) = self.0.ask(&request).await {
            tracing::info!("{} did not connect to {peer}: {error}", self.describe());
        }
    }

    /// Looks for `root`, pinned, in the answer's lines.
    fn confirm(&self, body: &[u8], root: &Cid) -> Result<(), UploadError> {
        let unconfirmed = |reason| UploadError::NotConfirmed { to: self.describe(), reason };
        let mut other = None;
        for line in json::stream::<ImportLine>(body) {
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

#[async_trait]
impl Upload for Kubo {
    fn describe(&self) -> String {
        self.0.describe()
    }

    fn url(&self) -> &Url {
        self.0.url()
    }

    async fn probe(&self) -> Result<String, UploadError> {
        let version = self.version().await?;
        self.may_import().await?;
        Ok(format!("{version}, takes CAR files"))
    }

    async fn has(&self, root: &Cid) -> bool {
        self.is_pinned(root).await
    }

    /// It pins the root, all of which must be there: offline, so that nothing is waited for.
    fn takes_parts(&self) -> bool {
        true
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

#[cfg(test)]
#[path = "kubo_tests.rs"]
mod tests;
