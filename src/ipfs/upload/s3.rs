//! A bucket that unpacks CAR files, as Filebase's: `PUT` with `x-amz-meta-import: car`, the root
//! read back from `x-amz-meta-cid`. Signed with AWS Signature Version 4 in the query.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use cid::Cid;
use url::Url;

use super::{
    Patience, QUESTION_TIMEOUTS, UPLOAD_TIMEOUTS, Upload, UploadError, car_body, confirm, same_cid,
};
use crate::net::{Body, Bucket, BucketConfig, Http, NetError, Progress, Response, shown};

/// What tells the service to unpack the file.
const IMPORT: (&str, &str) = ("x-amz-meta-import", "car");
/// Where it says the root.
const CID: &str = "x-amz-meta-cid";

/// The root comes with the first answer, or soon.
const PATIENCE: Patience = Patience {
    first: Duration::from_millis(500),
    longest: Duration::from_secs(5),
    total: Duration::from_secs(30),
};

/// A bucket. The file is called `<root>.car` there.
pub struct S3 {
    bucket: Bucket,
    patience: Patience,
}

impl S3 {
    /// The bucket of `config`.
    ///
    /// # Errors
    /// [`UploadError::Settings`] when its name or the address cannot be one.
    pub fn new(http: Http, config: BucketConfig) -> Result<Self, UploadError> {
        let to = format!("s3 at {}", shown(&config.endpoint));
        let bucket =
            Bucket::new(http, config).map_err(|reason| UploadError::Settings { to, reason })?;
        Ok(Self { bucket, patience: PATIENCE })
    }

    /// Asks this long for the root of what was sent.
    pub fn with_patience(self, patience: Patience) -> Self {
        Self { patience, ..self }
    }

    async fn put(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        let object = object(root);
        let body = Body::File(car_body(car, progress));
        let request = self.bucket.put(&object, body, &[IMPORT]).timeouts(UPLOAD_TIMEOUTS);
        let mut answer = self.bucket.http().send(&request).await?;
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
        let head = self.bucket.head(&object(root));
        let request = head.timeouts(QUESTION_TIMEOUTS).attempts(attempts);
        self.bucket.http().send(&request).await
    }
}

fn object(root: &Cid) -> String {
    format!("{root}.car")
}

#[async_trait]
impl Upload for S3 {
    fn describe(&self) -> String {
        format!("s3 at {}", shown(self.bucket.url()))
    }

    fn url(&self) -> &Url {
        self.bucket.url()
    }

    async fn probe(&self) -> Result<String, UploadError> {
        let request = self.bucket.head_bucket().timeouts(QUESTION_TIMEOUTS).attempts(1);
        Ok(super::it_answers(self.bucket.http().send(&request).await?.success()?))
    }

    async fn has(&self, root: &Cid) -> bool {
        let Ok(answer) = self.head(root, 1).await else { return false };
        answer.status == 200 && answer.header(CID).is_some_and(|cid| same_cid(cid, root))
    }

    async fn upload(
        &self,
        car: &Path,
        root: &Cid,
        progress: Option<Progress>,
    ) -> Result<(), UploadError> {
        self.put(car, root, progress).await
    }
}

#[cfg(test)]
#[path = "s3_tests.rs"]
mod tests;
