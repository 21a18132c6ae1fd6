//! Pinata: a CAR file to `POST /v3/files`
//! (<https://docs.pinata.cloud/api-reference/endpoint/upload-a-file>).

use std::path::Path;

use async_trait::async_trait;
use cid::Cid;
use serde::Deserialize;
use url::Url;

use super::{QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, confirm, same_cid};
use crate::json;
use crate::net::{Body, FormPart, Http, NetError, Progress, Request, endpoint, shown};
use crate::secret::SecretString;

/// Larger files it takes only in pieces (TUS).
const MAX_BYTES: u64 = 100_000_000;

/// Pinata, with an API key's JWT.
pub struct Pinata {
    http: Http,
    url: Url,
    token: SecretString,
    name: String,
}

#[derive(Deserialize)]
struct Answer<T> {
    data: T,
}

#[derive(Deserialize)]
struct File {
    cid: String,
}

#[derive(Deserialize)]
struct Files {
    // An empty list may be null.
    files: Option<Vec<File>>,
}

/// Where the files of the service at `url` are listed: of Pinata itself at another host of its own,
/// of any other service where it is, for the token is bound to that.
fn listing(url: &Url) -> Url {
    let own: Url = Pinata::UPLOADS.parse().expect("the constant is a URL");
    match url.origin() == own.origin() {
        true => Pinata::LISTING.parse().expect("the constant is a URL"),
        false => url.clone(),
    }
}

impl Pinata {
    /// Where Pinata lists files.
    const LISTING: &str = "https://api.pinata.cloud";
    /// Where Pinata takes uploads.
    pub const UPLOADS: &str = "https://uploads.pinata.cloud";

    /// Pinata at `url`, [`UPLOADS`](Self::UPLOADS) for instance, with a JWT that may write
    /// files; `name` is what the file is called there.
    pub fn new(http: Http, url: Url, token: SecretString, name: &str) -> Self {
        Self { http, url, token, name: name.to_owned() }
    }

    async fn send(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let length = tokio::fs::metadata(car)
            .await
            .map_err(|error| NetError::File { path: car.to_owned(), reason: error.to_string() })?;
        if length.len() > MAX_BYTES {
            let message = format!(
                "the CAR file has {} bytes, and in one request it takes at most {MAX_BYTES}; give \
                 the tree to another service and add this one as kind pinning-service",
                length.len()
            );
            return Err(UploadError::Rejected { to: self.describe(), message });
        }
        let texts = vec![
            ("network", "public".to_owned()),
            ("name", self.name.clone()),
            ("car", "true".to_owned()),
        ];
        let part = FormPart::File(car_body(car, progress));
        let request = Request::post(
            endpoint(&self.url, ["v3", "files"]),
            Body::Form { texts, field: "file", part },
        )
        .bearer(Some(self.token.clone()))
        .timeouts(UPLOAD_TIMEOUTS);
        let answer = self.http.send(&request).await?;
        // It takes nothing twice, and says so as an error.
        if matches!(answer.status, 400 | 409 | 422) && self.lists(root).await.unwrap_or(false) {
            return Ok(());
        }
        let answer = answer.success()?;
        let file: Answer<File> = json::from_slice(&answer).map_err(|error| {
            let reason = format!("its answer names no CID ({error})");
            UploadError::NotConfirmed { to: self.describe(), reason }
        })?;
        confirm(self, root, &file.data.cid)
    }

    async fn lists(&self, root: &Cid) -> Result<bool, NetError> {
        let mut url = endpoint(&listing(&self.url), ["v3", "files", "public"]);
        url.query_pairs_mut().append_pair("cid", &root.to_string()).append_pair("limit", "1");
        let request = Request::get(url)
            .bearer(Some(self.token.clone()))
            .timeouts(QUESTION_TIMEOUTS)
            .attempts(1);
        let answer = self.http.send(&request).await?;
        let from = shown(&answer.url);
        let files = json::from_slice::<Answer<Files>>(&answer.success()?);
        let files = files.map_err(|error| {
            let reason = format!("it is not a list of files ({error})");
            NetError::BadResponse { url: from, reason }
        })?;
        Ok(files.data.files.iter().flatten().any(|file| same_cid(&file.cid, root)))
    }
}

#[async_trait]
impl Upload for Pinata {
    fn describe(&self) -> String {
        format!("pinata at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    async fn probe(&self) -> Result<String, UploadError> {
        Ok(super::it_answers(self.lists(&super::nothing()).await?))
    }

    async fn has(&self, root: &Cid) -> bool {
        self.lists(root).await.unwrap_or(false)
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.send(car, root, progress).await
    }
}

#[cfg(test)]
#[path = "pinata_tests.rs"]
mod tests;
