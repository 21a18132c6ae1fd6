//! An S3-compatible bucket and the key to it.

use namesys::net::BucketConfig;
use url::Url;

use super::{Endpoint, secret_of};
use crate::cli::context::Context;
use crate::cli::env::{self, Var};
use crate::cli::error::CliError;

/// The region most services that are not AWS take.
const USUAL_REGION: &str = "us-east-1";

/// What a table, a flag and the environment say of a bucket at `url`.
///
/// # Errors
/// Exit 2 when its name or the key to it is missing.
pub fn bucket<K>(
    endpoint: &Endpoint<K>,
    mut url: Url,
    context: &Context,
) -> Result<BucketConfig, CliError> {
    let more = &endpoint.more;
    let bucket = match &more.bucket {
        Some(bucket) => bucket.clone(),
        None => {
            let path = url.path().trim_matches('/').to_owned();
            let (above, bucket) = path.rsplit_once('/').unwrap_or(("", &path));
            if bucket.is_empty() {
                return Err(CliError::usage("s3 needs a bucket")
                    .hint("bucket = \"…\" in namesys.toml, or s3=URL/BUCKET in place of s3=URL"));
            }
            url.set_path(above);
            bucket.to_owned()
        }
    };
    let region = match &more.region {
        Some(region) => region.clone(),
        None => env::AWS_REGION.get()?.unwrap_or_else(|| USUAL_REGION.to_owned()),
    };
    let (key_id, secret) = if more.token_env.is_some() || more.token_file.is_some() {
        let pair = endpoint.needed_token(context, env::AWS_SECRET)?;
        let (key_id, secret) = pair.expose().split_once(':').ok_or_else(|| {
            CliError::usage("the token of s3 has the form KEY-ID:SECRET")
                .hint("or name two variables: key_env and secret_env")
        })?;
        (key_id.to_owned(), secret.to_owned().into())
    } else {
        let get = |name: &Option<String>, usual: Var| {
            let name = name.as_deref().unwrap_or(usual.0);
            secret_of(name)?.ok_or_else(|| {
                CliError::usage(format!("s3 needs an access key: the variable {name} is not set"))
                    .hint("key_env and secret_env in namesys.toml name other variables")
            })
        };
        let key_id = get(&more.key_env, env::AWS_KEY_ID)?;
        (key_id.expose().clone(), get(&more.secret_env, env::AWS_SECRET)?)
    };
    Ok(BucketConfig { endpoint: url, bucket, region, key_id, secret })
}
