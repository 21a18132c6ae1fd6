//! The IPFS Pinning Service API (<https://ipfs.github.io/pinning-services-api-spec/>): the service
//! is told a CID and fetches the blocks itself, from the origins it is told or from whomever it
//! finds.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use cid::Cid;
use futures_util::future::join_all;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::{Kubo, Patience, QUESTION_TIMEOUTS, Upload, UploadError, confirm};
use crate::json;
use crate::net::{Body, Http, NetError, Progress, Request, Response, endpoint, shown};
use crate::secret::SecretString;

/// The most origins of a pin (the specification's bound).
const MAX_ORIGINS: usize = 20;

/// A pinning service.
pub struct PinningService {
    http: Http,
    url: Url,
    token: SecretString,
    name: String,
    origins: Origins,
    patience: Patience,
}

/// Who has the blocks.
#[derive(Clone)]
pub enum Origins {
    /// These multiaddrs with peer ids; none: the service looks for a provider itself.
    Addresses(Vec<String>),
    /// This node, which gets the tree too: it is asked for its addresses, and to connect to the
    /// peers the service names.
    Node(Arc<Kubo>),
}

/// What is asked for.
#[derive(Serialize)]
struct Pin {
    cid: String,
    name: String,
    origins: Vec<String>,
}

/// How it stands with a request.
#[derive(Deserialize)]
struct PinStatus {
    /// Text, and a number at some.
    #[serde(default)]
    requestid: Value,
    status: String,
    pin: PinnedCid,
    delegates: Option<Vec<String>>,
    #[serde(default)]
    info: Value,
}

impl PinStatus {
    /// Some write it in capitals.
    fn status(&self) -> String {
        self.status.to_ascii_lowercase()
    }

    fn request_id(&self) -> String {
        self.requestid.as_str().map_or_else(|| self.requestid.to_string(), str::to_owned)
    }
}

#[derive(Deserialize)]
struct PinnedCid {
    cid: String,
}

#[derive(Deserialize)]
struct PinResults {
    // An empty list may be null, and is there.
    #[serde(deserialize_with = "Option::deserialize")]
    results: Option<Vec<PinStatus>>,
}

#[derive(Deserialize)]
struct Failure {
    error: FailureReason,
}

#[derive(Deserialize)]
struct FailureReason {
    reason: Option<String>,
    details: Option<String>,
}

impl PinningService {
    /// The service whose API is at `url` (`…/pins` is below it); `name` is what the pin is
    /// called there.
    pub fn new(
        http: Http,
        mut url: Url,
        token: SecretString,
        name: &str,
        origins: Origins,
    ) -> Self {
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(path.strip_suffix("/pins").unwrap_or(&path));
        let name = name.chars().take(255).collect();
        Self { http, url, token, name, origins, patience: Patience::default() }
    }

    /// Asks this long whether it has pinned.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    async fn pin(&self, root: &Cid) -> Result<(), UploadError> {
        let mut pin = match self.listed(root, "queued,pinning,pinned").await {
            Ok(Some(pin)) => pin,
            // Failed requests are made again; a service that cannot list can be asked all the same.
            Ok(None) | Err(_) => self.request(root).await?,
        };
        if pin.status() != "pinned" {
            self.connect(pin.delegates.as_deref().unwrap_or_default()).await;
        }
        let mut waits = self.patience.waits();
        loop {
            confirm(self, root, &pin.pin.cid)?;
            match pin.status().as_str() {
                "pinned" => return Ok(()),
                "failed" => {
                    let details = pin.info.get("status_details").and_then(|text| text.as_str());
                    let message = details.unwrap_or("its status is failed, without a reason");
                    return Err(UploadError::NotPinned {
                        to: self.describe(),
                        root: Box::new(*root),
                        message: message.chars().take(300).collect(),
                    });
                }
                _ => {}
            }
            let Some(wait) = waits.next() else {
                return Err(UploadError::Pending {
                    to: self.describe(),
                    root: Box::new(*root),
                    status: pin.status.chars().take(50).collect(),
                    after_s: self.patience.total.as_secs(),
                });
            };
            tokio::time::sleep(wait).await;
            let url = endpoint(&self.url, ["pins", &pin.request_id()]);
            pin = self.ask(Request::get(url)).await?;
        }
    }

    /// The request the service has for `root` already, in one of these states.
    async fn listed(&self, root: &Cid, states: &str) -> Result<Option<PinStatus>, UploadError> {
        let mut url = endpoint(&self.url, ["pins"]);
        url.query_pairs_mut()
            .append_pair("cid", &root.to_string())
            .append_pair("status", states)
            .append_pair("limit", "1");
        let request = Request::get(url).timeouts(QUESTION_TIMEOUTS).attempts(1);
        let pins: PinResults = self.ask(request).await?;
        Ok(pins.results.into_iter().flatten().find(|pin| super::same_cid(&pin.pin.cid, root)))
    }

    async fn request(&self, root: &Cid) -> Result<PinStatus, UploadError> {
        let origins = match &self.origins {
            Origins::Addresses(addresses) => addresses.clone(),
            // A node that does not answer fails its own upload; here the network may still do.
            Origins::Node(node) => node.addresses().await.unwrap_or_default(),
        };
        let origins = origins.into_iter().take(MAX_ORIGINS).collect();
        let pin = Pin { cid: root.to_string(), name: self.name.clone(), origins };
        let body = serde_json::to_vec(&pin).expect("texts always serialize");
        let request = Request::post(endpoint(&self.url, ["pins"]), Body::Bytes(body.into()));
        let refusal = match self.ask(request.content_type("application/json")).await {
            Err(error @ UploadError::Rejected { .. }) => error,
            outcome => return outcome,
        };
        // It may be that the service has it already, and takes nothing twice.
        let there = self.listed(root, "queued,pinning,pinned").await.ok().flatten();
        there.ok_or(refusal)
    }

    /// Connects our node to the peers that will fetch.
    async fn connect(&self, delegates: &[String]) {
        if let Origins::Node(node) = &self.origins {
            // A hint: without it they find each other more slowly.
            join_all(delegates.iter().take(MAX_ORIGINS).map(|peer| node.connect(peer))).await;
        }
    }

    async fn ask<T: serde::de::DeserializeOwned>(
        &self,
        request: Request,
    ) -> Result<T, UploadError> {
        let request = request.accept("application/json").bearer(Some(self.token.clone()));
        let answer = self.http.send(&request).await?;
        if let Some(message) = refusal(&answer) {
            return Err(UploadError::Rejected { to: self.describe(), message });
        }
        let url = shown(&answer.url);
        json::from_slice(&answer.success()?).map_err(|error| {
            let reason = format!("it is not an answer of the Pinning Service API ({error})");
            NetError::BadResponse { url, reason }.into()
        })
    }
}

/// What the service says when it refuses: 4xx with a reason.
fn refusal(answer: &Response) -> Option<String> {
    if !matches!(answer.status, 400..=428 | 430..=499) {
        return None;
    }
    let Failure { error } = json::from_slice(&answer.body).ok()?;
    let reason = error.reason.unwrap_or_default();
    let text = match error.details.filter(|details| !details.is_empty()) {
        None => format!("{reason} ({})", answer.status),
        Some(details) => format!("{reason}: {details} ({})", answer.status),
    };
    Some(text.chars().filter(|c| !c.is_control()).take(300).collect())
}

#[async_trait]
impl Upload for PinningService {
    fn describe(&self) -> String {
        format!("pinning service at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        Ok(super::it_answers(self.listed(&super::nothing(), "pinned").await?))
    }

    async fn has(&self, root: &Cid) -> bool {
        let pin = self.listed(root, "pinned").await;
        pin.is_ok_and(|pin| pin.is_some_and(|pin| pin.status() == "pinned"))
    }

    fn takes_blocks(&self) -> bool {
        false
    }

    /// The CAR file is not sent: the service fetches the blocks.
    async fn upload(
        &self,
        _car: &Path,
        root: &Cid,
        _progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.pin(root).await
    }
}

#[cfg(test)]
#[path = "pinning_tests.rs"]
mod tests;
