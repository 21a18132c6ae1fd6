//! A bucket that unpacks CAR files, as Filebase's: `PUT` with `x-amz-meta-import: car`, the root
//! read back from `x-amz-meta-cid`. Signed with AWS Signature Version 4 in the query.

use std::path::Path;
use std::time::Duration;

use cid::Cid;
use futures_util::future::BoxFuture;
use rusty_s3::actions::{HeadBucket, HeadObject, PutObject, S3Action};
use rusty_s3::{Bucket, Credentials, UrlStyle};
use url::Url;

use super::{
    Patience, QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, confirm, same_cid,
};
use crate::net::{Body, Http, NetError, Progress, Request, Response, shown};
use crate::secret::SecretString;

/// What tells the service to unpack the file.
const IMPORT: (&str, &str) = ("x-amz-meta-import", "car");
/// Where it says the root.
const CID: &str = "x-amz-meta-cid";
/// How long a signature may be used, which has to outlast the repetitions.
const SIGNATURE_LIFE: Duration = Duration::from_secs(3600);

/// The root comes with the first answer, or soon.
const PATIENCE: Patience = Patience {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(5),
    total: Duration::from_secs(30),
};

/// What an [`S3`] is made of.
pub struct S3Config {
    /// The service, `https://s3.filebase.com` for instance.
    pub endpoint: Url,
    /// The bucket, which stands first in the path.
    pub bucket: String,
    /// The region of the signature, `us-east-1` for instance.
    pub region: String,
    /// The access key's id.
    pub key_id: String,
    /// The access key's secret.
    pub secret: SecretString,
}

/// A bucket. The file is called `<root>.car` there.
pub struct S3 {
    http: Http,
    url: Url,
    bucket: Bucket,
    key_id: String,
    secret: SecretString,
    patience: Patience,
}

impl S3 {
    /// The bucket of `config`.
    ///
    /// # Errors
    /// [`UploadError::Settings`] when its name or the address cannot be one.
    pub fn new(http: Http, config: S3Config) -> Result<Self, UploadError> {
        let S3Config { endpoint, bucket, region, key_id, secret } = config;
        let wrong = |reason: String| UploadError::Settings {
            to: format!("s3 at {}", shown(&endpoint)),
            reason,
        };
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if !(3..=63).contains(&bucket.len())
            || !bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !bucket.chars().all(allowed)
        {
            return Err(wrong(format!(
                "{bucket:?} is not the name of a bucket (3 to 63 letters, digits, dots, hyphens)"
            )));
        }
        let bucket = Bucket::new(endpoint.clone(), UrlStyle::Path, bucket, region)
            .map_err(|error| wrong(error.to_string()))?;
        let url = bucket.base_url().clone();
        Ok(Self { http, url, bucket, key_id, secret, patience: PATIENCE })
    }

    /// Asks this long for the root of what was sent.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    fn sign<'a>(&'a self, action: impl FnOnce(&'a Bucket, &Credentials) -> Url) -> Url {
        let secret = self.secret.expose().as_str();
        action(&self.bucket, &Credentials::new(self.key_id.as_str(), secret))
    }

    async fn put(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let object = object(root);
        let url = self.sign(|bucket, credentials| {
            let mut put = PutObject::new(bucket, Some(credentials), &object);
            put.headers_mut().insert(IMPORT.0, IMPORT.1);
            put.sign(SIGNATURE_LIFE)
        });
        let request = Request::put(url, Body::File(car_body(car, progress)))
            .header(IMPORT.0, IMPORT.1)
            .timeouts(UPLOAD_TIMEOUTS);
        let mut answer = self.http.send(&request).await?;
        let mut waits = self.patience.waits();
        loop {
            if !(200..300).contains(&answer.status) {
                return Err(answer.to_error().into());
            }
            if let Some(got) = answer.header(CID) {
                return confirm(self, root, got);
            }
            // Some unpack after they have answered.
            let Some(wait) = waits.next() else { break };
            tokio::time::sleep(wait).await;
            answer = self.head(root, u32::MAX).await?;
        }
        let reason = format!(
            "the file is in the bucket, but the service names no root ({CID}): it does not unpack \
             CAR files"
        );
        Err(UploadError::NotConfirmed { to: self.describe(), reason })
    }

    async fn head(&self, root: &Cid, attempts: u32) -> Result<Response, NetError> {
        let object = object(root);
        let url = self.sign(|bucket, credentials| {
            HeadObject::new(bucket, Some(credentials), &object).sign(SIGNATURE_LIFE)
        });
        let request = Request::head(url).timeouts(QUESTION_TIMEOUTS).attempts(attempts);
        self.http.send(&request).await
    }
}

fn object(root: &Cid) -> String {
    format!("{root}.car")
}

impl Upload for S3 {
    fn describe(&self) -> String {
        format!("s3 at {}", shown(&self.url))
    }

    fn url(&self) -> &Url {
        &self.url
    }

    fn probe(&self) -> BoxFuture<'_, Result<String, UploadError>> {
        Box::pin(async {
            // Of a bucket that is not there an object is not found either.
            let url = self.sign(|bucket, credentials| {
                HeadBucket::new(bucket, Some(credentials)).sign(SIGNATURE_LIFE)
            });
            let request = Request::head(url).timeouts(QUESTION_TIMEOUTS).attempts(1);
            Ok(super::it_answers(self.http.send(&request).await?.success()?))
        })
    }

    fn has<'a>(&'a self, root: &'a Cid) -> BoxFuture<'a, bool> {
        Box::pin(async {
            let Ok(answer) = self.head(root, 1).await else { return false };
            answer.status == 200 && answer.header(CID).is_some_and(|cid| same_cid(cid, root))
        })
    }

    fn upload<'a>(
        &'a self,
        car: &'a Path,
        root: &'a Cid,
        progress: Option<Progress>,
    ) -> BoxFuture<'a, Result<(), UploadError>> {
        Box::pin(self.put(car, root, progress))
    }
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
