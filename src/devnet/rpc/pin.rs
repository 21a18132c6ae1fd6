//! `pin/ls`: which roots are kept.

use axum::extract::{RawQuery, State};
use axum::response::Response;
use cid::Cid;
use serde_json::{Map, json};

use super::error;
use crate::devnet::gateway::query;
use crate::devnet::network::Shared;
use crate::devnet::reply::{Refusal, json_line};

/// `?arg=<CID>` (all pins without it), `?type=recursive`. Every pin here is recursive, and what
/// is below a pinned root is not looked for.
pub(super) async fn list(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let query = query(text.as_deref());
    let kind = query.get("type").map_or("all", String::as_str);
    let shown = match kind {
        "all" | "recursive" => true,
        "direct" | "indirect" => false,
        other => {
            return Err(error(format!(
                "invalid type '{other}', must be one of {{direct, indirect, recursive, all}}"
            )));
        }
    };
    let pins = &network.store.pins;
    let roots = match query.get("arg") {
        None if shown => pins.all(),
        None => Vec::new(),
        Some(arg) => {
            let text = arg.strip_prefix("/ipfs/").unwrap_or(arg);
            let root = Cid::try_from(text)
                .map_err(|reason| error(format!("invalid path {arg:?}: {reason}")))?;
            if !shown || !pins.has(&root) {
                return Err(error(format!("path '{arg}' is not pinned")));
            }
            vec![root]
        }
    };
    let entry = |root: &Cid| (root.to_string(), json!({ "Type": "recursive", "Name": "" }));
    let keys: Map<_, _> = roots.iter().map(entry).collect();
    Ok(json_line(&json!({ "Keys": keys })))
}
