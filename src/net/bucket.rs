//! Objects of an S3-compatible bucket: requests signed with AWS Signature Version 4 in the query.

use std::time::Duration;

use rusty_s3::actions::{
    DeleteObject, GetObject, HeadBucket, HeadObject, ListObjectsV2, PutObject, S3Action,
};
use rusty_s3::{Bucket as Place, Credentials, UrlStyle};
use url::Url;

use super::{Body, Http, NetError, Request, shown, takes_credentials};
use crate::secret::SecretString;

/// How long a signature may be used, which has to outlast the repetitions.
const SIGNATURE_LIFE: Duration = Duration::from_secs(3600);
/// A page of a listing has at most 1,000 objects, whose keys have at most 1,024 bytes.
const MAX_LIST_BYTES: usize = 8 << 20;
/// Objects of a listing: ten times what the largest tree has.
const MAX_OBJECTS: usize = 1_000_000;
/// What a page counts at least, in bytes.
const MIN_PAGE_BYTES: usize = 512 << 10;
/// Bytes of all pages of a listing.
const MAX_LISTING_BYTES: usize = 512 << 20;

/// What a [`Bucket`] is made of.
pub struct BucketConfig {
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

/// A bucket and the key to it.
pub struct Bucket {
    http: Http,
    place: Place,
    key_id: String,
    secret: SecretString,
}

/// An object, as a listing shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: String,
    /// Its entity tag, without quotes; empty when the service does not say.
    pub etag: String,
}

impl Bucket {
    /// The bucket of `config`.
    ///
    /// # Errors
    /// In words, when its name or the address cannot be one.
    pub fn new(http: Http, config: BucketConfig) -> Result<Self, String> {
        let BucketConfig { endpoint, bucket, region, key_id, secret } = config;
        if !takes_credentials(&endpoint) {
            return Err(NetError::Plain { url: shown(&endpoint) }.to_string());
        }
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | '_');
        if !(3..=63).contains(&bucket.len())
            || !bucket.starts_with(|c: char| c.is_ascii_alphanumeric())
            || !bucket.chars().all(allowed)
        {
            return Err(format!(
                "{bucket:?} is not the name of a bucket (3 to 63 letters, digits, dots, hyphens)"
            ));
        }
        let place = Place::new(endpoint, UrlStyle::Path, bucket, region);
        let place = place.map_err(|error| error.to_string())?;
        Ok(Self { http, place, key_id, secret })
    }

    /// The bucket's address.
    pub fn url(&self) -> &Url {
        self.place.base_url()
    }

    /// The client it is asked with.
    pub fn http(&self) -> &Http {
        &self.http
    }

    fn sign<'a>(&'a self, action: impl FnOnce(&'a Place, &Credentials) -> Url) -> Url {
        let secret = self.secret.expose().as_str();
        action(&self.place, &Credentials::new(self.key_id.as_str(), secret))
    }

    /// A PUT of an object. Headers that start with `x-amz-` are part of what is signed.
    pub fn put(&self, key: &str, body: Body, amz: &[(&'static str, &'static str)]) -> Request {
        let url = self.sign(|place, credentials| {
            let mut put = PutObject::new(place, Some(credentials), key);
            for (name, value) in amz {
                put.headers_mut().insert(*name, *value);
            }
            put.sign(SIGNATURE_LIFE)
        });
        let request = Request::put(url, body);
        amz.iter().fold(request, |request, (name, value)| request.header(name, *value))
    }

    /// A HEAD of the bucket itself. Of one that is not there an object is not found either.
    pub fn head_bucket(&self) -> Request {
        Request::head(self.sign(|place, credentials| {
            HeadBucket::new(place, Some(credentials)).sign(SIGNATURE_LIFE)
        }))
    }

    /// A HEAD of an object.
    pub fn head(&self, key: &str) -> Request {
        Request::head(self.sign(|place, credentials| {
            HeadObject::new(place, Some(credentials), key).sign(SIGNATURE_LIFE)
        }))
    }

    /// A GET of an object.
    pub fn get(&self, key: &str) -> Request {
        Request::get(self.sign(|place, credentials| {
            GetObject::new(place, Some(credentials), key).sign(SIGNATURE_LIFE)
        }))
    }

    /// A DELETE of an object. One that is not there is a success too.
    pub fn delete(&self, key: &str) -> Request {
        Request::delete(self.sign(|place, credentials| {
            DeleteObject::new(place, Some(credentials), key).sign(SIGNATURE_LIFE)
        }))
    }

    /// Every object whose key begins with `prefix`.
    ///
    /// # Errors
    /// The network's; [`NetError::BadResponse`] for what is no listing.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, NetError> {
        let (mut objects, mut received) = (Vec::new(), 0);
        let mut next: Option<String> = None;
        while objects.len() < MAX_OBJECTS && received < MAX_LISTING_BYTES {
            let url = self.sign(|place, credentials| {
                let mut list = ListObjectsV2::new(place, Some(credentials));
                list.with_prefix(prefix.to_owned());
                if let Some(token) = next.take() {
                    list.with_continuation_token(token);
                }
                list.sign(SIGNATURE_LIFE)
            });
            let answer = self.http.send(&Request::get(url).max_body(MAX_LIST_BYTES)).await?;
            let url = shown(&answer.url);
            let wrong = |reason| NetError::BadResponse { url, reason };
            let body = answer.success()?;
            // A page without objects costs something too: so this ends.
            received += body.len() + MIN_PAGE_BYTES;
            let page = ListObjectsV2::parse_response(&String::from_utf8_lossy(&body));
            let page = match page {
                Ok(page) => page,
                Err(error) => return Err(wrong(format!("it is no listing of objects ({error})"))),
            };
            objects.extend(page.contents.into_iter().map(|object| Listed {
                etag: tag(object.etag.as_deref().unwrap_or_default()),
                key: object.key,
            }));
            next = page.next_continuation_token;
            if next.is_none() {
                return Ok(objects);
            }
        }
        let mib = MAX_LISTING_BYTES >> 20;
        let reason = format!("a listing of more than {MAX_OBJECTS} objects, or {mib} MiB");
        Err(NetError::BadResponse { url: shown(self.url()), reason })
    }
}

/// An entity tag without its quotes.
pub fn tag(etag: &str) -> String {
    etag.trim().trim_matches('"').to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::test_server::{Answer, TestServer, quick_http};
    use super::*;

    fn bucket(server: &TestServer) -> Bucket {
        let config = BucketConfig {
            endpoint: server.url.as_str().parse().unwrap(),
            bucket: "bucket".to_owned(),
            region: "us-east-1".to_owned(),
            key_id: "id".to_owned(),
            secret: SecretString::new("secret".to_owned()),
        };
        Bucket::new(quick_http(), config).unwrap()
    }

    #[tokio::test]
    async fn a_listing_without_end_is_not_read_to_its_end() {
        let page = "<?xml version=\"1.0\"?><ListBucketResult \
                    xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><IsTruncated>true</IsTruncated><KeyCount>0</KeyCount>\
                    <MaxKeys>1000</MaxKeys><NextContinuationToken>again</NextContinuationToken>\
                    </ListBucketResult>";
        let server = TestServer::start(move |_, _| Answer::new(200, page)).await;
        let error = bucket(&server).list("").await.unwrap_err();
        assert!(error.to_string().contains("512 MiB"), "{error}");
        assert_eq!(server.seen().len(), MAX_LISTING_BYTES / (MIN_PAGE_BYTES + page.len()) + 1);
    }
}
