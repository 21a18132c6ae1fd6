//! An S3-compatible bucket and the key to it.

use namesys::net::BucketConfig;
use url::Url;

use super::credentials::Access;
use crate::cli::context::Context;
use crate::cli::env;
use crate::cli::error::CliError;

/// The region most services that are not AWS take.
const USUAL_REGION: &str = "us-east-1";

/// The bucket at `url`: the one that is named, else the last part of the path.
///
/// # Errors
/// Exit 2 when its name or the key to it is missing.
pub fn bucket(
    url: &Url,
    bucket: &Option<String>,
    region: &Option<String>,
    access: &Access<'_>,
    context: &Context,
) -> Result<BucketConfig, CliError> {
    let (endpoint, bucket) = match bucket {
        Some(bucket) => (url.clone(), bucket.clone()),
        None => last_part(url)?,
    };
    let region = match region {
        Some(region) => region.clone(),
        None => env::AWS_REGION.get()?.unwrap_or_else(|| USUAL_REGION.to_owned()),
    };
    let (key_id, secret) = access.key(context)?;
    Ok(BucketConfig { endpoint, bucket, region, key_id, secret })
}

fn last_part(url: &Url) -> Result<(Url, String), CliError> {
    let path = url.path().trim_matches('/');
    let (above, bucket) = path.rsplit_once('/').unwrap_or(("", path));
    if bucket.is_empty() {
        return Err(CliError::usage("s3 needs a bucket")
            .hint("bucket = \"…\" in namesys.toml, or s3=URL/BUCKET in place of s3=URL"));
    }
    let mut endpoint = url.clone();
    endpoint.set_path(above);
    Ok((endpoint, bucket.to_owned()))
}
