//! Which redirects are followed.

use reqwest::Method;
use reqwest::header::LOCATION;
use url::Url;

use super::error::{NetError, shown};

/// Where the answer redirects to, if it does and may be followed.
pub(super) fn redirect_target(
    method: &Method,
    from: &Url,
    head: &reqwest::Response,
) -> Result<Option<Url>, NetError> {
    let status = head.status().as_u16();
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let refused = |reason: String| NetError::Redirect { url: shown(from), reason };
    let location = head.headers().get(LOCATION).and_then(|value| value.to_str().ok());
    let Some(location) = location else {
        return Err(refused("it has no Location".to_owned()));
    };
    let target = from.join(location).map_err(|_| refused("its Location is no URL".to_owned()))?;
    if from.scheme() == "https" && target.scheme() != "https" {
        return Err(refused(format!("it leads from https to {}", shown(&target))));
    }
    if !matches!(target.scheme(), "http" | "https") {
        let reason = format!("its scheme is {:?}", target.scheme());
        return Err(NetError::Address { url: shown(&target), reason });
    }
    if method != Method::GET && status < 307 {
        let target = shown(&target);
        return Err(refused(format!("{status} to {target} would turn a {method} into a GET")));
    }
    Ok(Some(target))
}
