//! IPFS Cluster's REST API: `POST /add?format=car` and `GET /pins/<cid>`
//! (<https://ipfscluster.io/documentation/reference/api/>).

use std::collections::BTreeMap;
use std::path::Path;

use async_trait::async_trait;
use cid::Cid;
use serde::Deserialize;
use url::Url;

use super::{
    Patience, QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, confirm, same_cid,
};
use crate::json;
use crate::net::{
    Authorization, Body, FormPart, Http, NetError, Progress, Request, Response, endpoint, shown,
};
use crate::secret::SecretString;

/// An IPFS Cluster.
pub struct Cluster {
    http: Http,
    url: Url,
    authorization: Option<Authorization>,
    patience: Patience,
}

/// One thing that was added.
#[derive(Deserialize)]
struct Added {
    cid: CidText,
}

/// As text, or as versions before 1.0 write it.
#[derive(Deserialize)]
#[serde(untagged)]
enum CidText {
    Text(String),
    // No struct: an untagged one would be read from an array too.
    Link(BTreeMap<Slash, String>),
}

/// The only entry of a link.
#[derive(PartialEq, Eq, PartialOrd, Ord, Deserialize)]
enum Slash {
    #[serde(rename = "/")]
    Slash,
}

#[derive(Deserialize)]
struct Failure {
    message: String,
}

/// The answer of `GET /pins/<cid>`: a status for each peer of the cluster.
#[derive(Deserialize)]
struct PinInfo {
    cid: CidText,
    #[serde(default)]
    peer_map: BTreeMap<String, PeerPin>,
}

#[derive(Deserialize)]
struct PeerPin {
    status: String,
    #[serde(default)]
    error: String,
}

impl CidText {
    fn text(&self) -> &str {
        match self {
            Self::Text(cid) => cid,
            Self::Link(link) => link.get(&Slash::Slash).map_or("", String::as_str),
        }
    }
}

impl PinInfo {
    fn is_pinned(&self) -> bool {
        self.peer_map.values().any(|peer| peer.status == "pinned")
    }

    /// What the peers that should pin say instead, when none of them will.
    fn failure(&self) -> Option<String> {
        let mut meant = self.peer_map.values().filter(|peer| peer.status != "remote").peekable();
        meant.peek()?;
        let errors: Option<Vec<&str>> = meant
            .map(|peer| peer.status.ends_with("error").then_some(peer.error.as_str()))
            .collect();
        Some(errors?.first()?.chars().take(300).collect())
    }

    fn statuses(&self) -> String {
        let statuses = self.peer_map.values().map(|peer| peer.status.as_str());
        let mut statuses: Vec<&str> = statuses.collect();
        statuses.sort_unstable();
        statuses.dedup();
        statuses.join(", ").chars().take(200).collect()
    }
}

impl Cluster {
    /// The cluster whose REST API is at `url`, `http://127.0.0.1:9094` for instance; `token` as
    /// [`Authorization::from_token`] reads it.
    pub fn new(http: Http, url: Url, token: Option<SecretString>) -> Self {
        let authorization = token.as_ref().map(Authorization::from_token);
        Self { http, url, authorization, patience: Patience::default() }
    }

    /// Asks this long whether a peer has pinned.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    async fn add(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let mut url = endpoint(&self.url, ["add"]);
        // Otherwise an error is a trailer after status 200.
        url.set_query(Some("format=car&stream-channels=false"));
        let part = FormPart::File(car_body(car, progress));
        let request = Request::post(url, Body::Form { texts: Vec::new(), field: "file", part })
            .authorization(self.authorization.clone())
            .timeouts(UPLOAD_TIMEOUTS)
            .settled_if(|answer| failure(answer).is_some());
        let answer = self.http.send(&request).await?;
        if let Some(message) = failure(&answer) {
            return Err(UploadError::Rejected { to: self.describe(), message });
        }
        let added: Vec<Added> = json::from_slice(&answer.success()?).map_err(|error| {
            let reason = format!("its answer is not a list of what was added ({error})");
            UploadError::NotConfirmed { to: self.describe(), reason }
        })?;
        if !added.iter().any(|added| same_cid(added.cid.text(), root)) {
            let Some(last) = added.last() else {
                let reason = "its answer names no root".to_owned();
                return Err(UploadError::NotConfirmed { to: self.describe(), reason });
            };
            confirm(self, root, last.cid.text())?;
        }
        self.wait_for_pin(root).await
    }

    async fn wait_for_pin(&self, root: &Cid) -> Result<(), UploadError> {
        let mut waits = self.patience.waits();
        loop {
            let info = self.status(root, u32::MAX).await?;
            if info.is_pinned() {
                return Ok(());
            }
            if let Some(message) = info.failure() {
                let root = Box::new(*root);
                return Err(UploadError::NotPinned { to: self.describe(), root, message });
            }
            let Some(wait) = waits.next() else {
                return Err(UploadError::Pending {
                    to: self.describe(),
                    root: Box::new(*root),
                    status: info.statuses(),
                    after_s: self.patience.total.as_secs(),
                });
            };
            tokio::time::sleep(wait).await;
        }
    }

    async fn status(&self, root: &Cid, attempts: u32) -> Result<PinInfo, NetError> {
        let request = Request::get(endpoint(&self.url, ["pins", &root.to_string()]))
            .authorization(self.authorization.clone())
            .timeouts(QUESTION_TIMEOUTS)
            .attempts(attempts);
        let answer = self.http.send(&request).await?;
        let from = shown(&answer.url);
        let info = json::from_slice::<PinInfo>(&answer.success()?);
        let bad = |reason| NetError::BadResponse { url: from, reason };
        match info {
            Ok(info) if same_cid(info.cid.text(), root) => Ok(info),
            Ok(info) => Err(bad(format!("it tells of {:?}", info.cid.text()))),
            Err(error) => Err(bad(format!("it is not the status of a pin ({error})"))),
        }
    }
}

/// The cluster's own error: what it says of the file, not of the way there.
fn failure(answer: &Response) -> Option<String> {
    if !matches!(answer.status, 400 | 500) {
        return None;
    }
    let Failure { message } = json::from_slice(&answer.body).ok()?;
    Some(message.chars().take(500).collect())
}

#[async_trait]
impl Upload for Cluster {
    fn describe(&self) -> String {
        format!("IPFS Cluster at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        Ok(super::it_answers(self.status(&super::nothing(), 1).await?))
    }

    async fn has(&self, root: &Cid) -> bool {
        self.status(root, 1).await.is_ok_and(|info| info.is_pinned())
    }

    /// Its peers pin the root, all of which must be there then.
    fn takes_parts(&self) -> bool {
        true
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.add(car, root, progress).await
    }
}

#[cfg(test)]
#[path = "cluster_tests.rs"]
mod tests;
