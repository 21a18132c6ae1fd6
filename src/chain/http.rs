//! One request to one node over HTTP, as alloy's own transport does it, with a bound.

use std::time::Duration;

use alloy::rpc::json_rpc::{ErrorPayload, RequestPacket, ResponsePacket, RpcError};
use alloy::transports::{TransportError, TransportErrorKind};
use reqwest::Client;
use reqwest::header::RETRY_AFTER;
use url::Url;

use super::dialect::{is_surely_execution, is_unseen};
use crate::json::without_bom;
use crate::net::unread_coding;

/// Most bytes of an answer: that of the largest call has some hundred thousand.
const MAX_ANSWER: usize = 16 << 20;

/// Sends the request. A status other than success is a failure of the node, unless the answer
/// says how the call itself failed.
pub(super) async fn post(
    client: &Client,
    url: &Url,
    request: RequestPacket,
) -> Result<ResponsePacket, TransportError> {
    let since = std::time::Instant::now();
    let sent = client.post(url.clone()).json(&request).headers(request.headers()).send();
    let mut answer = sent.await.map_err(TransportErrorKind::custom)?;
    let status = answer.status();
    let wait = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let wait = wait.and_then(|seconds| seconds.trim().parse().ok()).map(Duration::from_secs);
    if let Some(coding) = unread_coding(&answer) {
        let reason = format!("its answer is coded with {coding}, which namesys does not read");
        return Err(TransportErrorKind::custom_str(&reason));
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(TransportErrorKind::custom)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            let reason = format!("it answers with more than {MAX_ANSWER} bytes");
            return Err(TransportErrorKind::custom_str(&reason));
        }
        body.extend_from_slice(&chunk);
    }
    // The host alone: keys of nodes stand in paths.
    tracing::info!(
        "POST to the node at {}: {} and {} bytes in {} ms",
        url.host_str().unwrap_or_default(),
        status.as_u16(),
        body.len(),
        since.elapsed().as_millis()
    );
    let packet = serde_json::from_slice::<ResponsePacket>(without_bom(&body));
    if status.is_success() {
        let text = || String::from_utf8_lossy(&body).into_owned();
        return packet.map_err(|error| RpcError::deser_err(error, text()));
    }
    match packet {
        Ok(packet) if packet.as_error().is_some_and(is_of_call) => Ok(packet),
        packet => {
            let said = packet.ok().and_then(|packet| Some(packet.as_error()?.message.to_string()));
            let said = said.unwrap_or_else(|| String::from_utf8_lossy(&body).into_owned());
            let status = status.as_u16();
            Err(TransportErrorKind::http_error_with_retry_after(status, said, wait))
        }
    }
}

/// Whether an error is about the call, or the block it is of, and not about the node.
fn is_of_call(error: &ErrorPayload) -> bool {
    is_surely_execution(error) || is_unseen(error)
}
