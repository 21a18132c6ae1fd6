//! Addresses of gateways, typed where what they serve belongs.

use super::ContenthashError;
use crate::multiformats::ContentId;

/// What the gateway address `text` serves, by `rest`, which is what follows its scheme:
/// `<gateway>/ipfs/<CID>/…` or `<CID>.ipfs.<gateway>/…`, and the same of names.
pub(super) fn served(text: &str, rest: &str) -> Option<ContenthashError> {
    let (host, path) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    let found = in_host(host).map(|id| (id, path)).or_else(|| in_path(path));
    let ((scheme, id), below) = found?;
    let uri = format!("{scheme}://{id}");
    uri.parse::<ContentId>().ok()?;
    let below = !below.trim_matches('/').is_empty();
    Some(ContenthashError::Gateway { text: text.to_owned(), uri, below })
}

fn in_host(host: &str) -> Option<(&str, &str)> {
    let (id, gateway) = host.split_once('.')?;
    let scheme = gateway.split('.').next().filter(|label| matches!(*label, "ipfs" | "ipns"))?;
    Some((scheme, id))
}

fn in_path(path: &str) -> Option<((&str, &str), &str)> {
    let (scheme, rest) = path.split_once('/')?;
    let scheme = Some(scheme).filter(|scheme| matches!(*scheme, "ipfs" | "ipns"))?;
    let (id, below) = rest.split_once(['/', '?', '#']).unwrap_or((rest, ""));
    Some(((scheme, id), below))
}
