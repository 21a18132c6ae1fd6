//! `block/get` and `dag/export`: what is here, for who may ask.

use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use cid::Cid;

use super::{bad_request, error};
use crate::devnet::gateway::{query, whole};
use crate::devnet::network::Shared;
use crate::devnet::reply::Refusal;

/// Kubo's words for a block that it does not have, and does not look for.
fn not_here(cid: &Cid) -> Refusal {
    error(format!("block was not found locally (offline): ipld: could not find {cid}"))
}

/// `?arg=<CID>`
fn asked(text: Option<&str>) -> Result<Cid, Refusal> {
    let query = query(text);
    let arg = query.get("arg").ok_or_else(|| bad_request("argument \"cid\" is required"))?;
    let text = arg.strip_prefix("/ipfs/").unwrap_or(arg);
    Cid::try_from(text).map_err(|reason| error(format!("invalid path {arg:?}: {reason}")))
}

/// `?arg=<CID>`: its block.
pub(super) async fn get(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let cid = asked(text.as_deref())?;
    let block = network.store.blocks.get_verified(&cid).map_err(error)?;
    let block = block.ok_or_else(|| not_here(&cid))?;
    Ok(([(header::CONTENT_TYPE, "text/plain")], block).into_response())
}

/// `?arg=<CID>`: a CAR of all at and below it; it breaks off where a block is missing.
pub(super) async fn export(
    State(network): State<Shared>,
    RawQuery(text): RawQuery,
) -> Result<Response, Refusal> {
    let cid = asked(text.as_deref())?;
    let blocks = &network.store.blocks;
    let is_here = blocks.get_verified(&cid).map_err(error)?.is_some();
    match is_here {
        true => Ok(whole(blocks, &cid).into_response()),
        false => Err(not_here(&cid)),
    }
}
