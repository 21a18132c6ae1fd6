//! What to do about a service that fails.

use namesys::ipfs::upload::UploadError;
use namesys::ipns::PublishError;
use namesys::net::NetError;
use namesys::workspace::UploadTarget;

use crate::cli::endpoints::ChosenUpload;

/// About an upload.
pub fn upload(chosen: &ChosenUpload, error: &UploadError) -> String {
    let ChosenUpload { target, credentials, .. } = chosen;
    let other = "or give another upload: --upload KIND=URL, [[uploads]]";
    match error {
        UploadError::Net(NetError::Status { status: 401 | 403, .. })
        | UploadError::Rejected { .. } => {
            format!("check its credentials: {credentials}, and what they allow")
        }
        UploadError::Net(NetError::Status { status: 404, .. }) => match target {
            UploadTarget::S3 { .. } => {
                "make the bucket, or correct its name: bucket in namesys.toml, or \
                               --upload s3=URL/BUCKET"
                    .to_owned()
            }
            _ => format!("is its address the one of its API? Correct it, {other}"),
        },
        UploadError::Net(error) => match waiting(error) {
            Some(wait) => wait.to_owned(),
            None if matches!(target, UploadTarget::Kubo { .. }) => {
                format!(
                    "start the node (ipfs daemon), or say where it is: NAMESYS_KUBO_URL; {other}"
                )
            }
            None => format!("correct its address, {other}"),
        },
        UploadError::File { .. } => {
            format!("give a folder that you may write to: --upload folder=DIR, {other}")
        }
        _ => format!("is it of this kind? Correct it, {other}"),
    }
}

/// About a publisher.
pub fn publisher(error: &PublishError) -> &'static str {
    let other = "correct its address, or give another: --publisher w3name=URL, [[publishers]]";
    match error {
        PublishError::Net(error) => waiting(error).unwrap_or(other),
        PublishError::Rejected { status: 401 | 403, .. } => {
            "it is there: check the credential that is bound to its host, and what that allows"
        }
        PublishError::File { .. } => "give another file: --publisher file=PATH, [[publishers]]",
        PublishError::BadRecord { .. } | PublishError::Contradiction { .. } => {
            "it serves what does not verify: publish anew (namesys renew), or leave it out"
        }
        _ => other,
    }
}

/// A gateway that is none.
pub const OTHER: &str = "give another: --gateway URL, NAMESYS_GATEWAY_URL, [gateways]";

/// About a gateway.
pub fn gateway(error: &NetError) -> &'static str {
    match error {
        NetError::Status { status: 429, .. } => {
            "public gateways limit programs: give one of your own, --gateway URL, [gateways]"
        }
        _ => OTHER,
    }
}

/// What passes by itself.
fn waiting(error: &NetError) -> Option<&'static str> {
    match error {
        NetError::Status { status: 429, .. } => {
            Some("it is asked too often: wait a minute, and run this again")
        }
        NetError::Status { status: 401 | 403, .. } => {
            Some("it is there, and refuses access: check the credential that is bound to its host")
        }
        NetError::Status { status: 500 | 502.., .. } => {
            Some("the service is ill: run this again later, or use another beside it")
        }
        _ => None,
    }
}
