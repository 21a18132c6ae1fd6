//! What the errors of nodes mean, in the codes and words of clients and providers; and where they
//! put the data of a revert.

use std::borrow::Cow;

use alloy::rpc::json_rpc::{ErrorPayload, ResponsePacket, ResponsePayload};
use alloy_primitives::{Bytes, hex};
use serde_json::Value;
use serde_json::value::RawValue;

/// What geth calls a revert with data; every execution failure has this code here.
const EXECUTION: i64 = 3;
/// EIP-1474: the block does not exist here.
const RESOURCE_NOT_FOUND: i64 = -32001;
/// The request is not understood: parse error, invalid request, method not found, invalid
/// parameters (JSON-RPC), method or version not supported (EIP-1474).
const NOT_UNDERSTOOD: [i64; 6] = [-32700, -32600, -32601, -32602, -32004, -32006];
/// How results begin that are none: OffchainLookup, Error(string), Panic(uint256).
const REVERTS: [&str; 3] = ["\"0x556f1830", "\"0x08c379a0", "\"0x4e487b71"];
/// Code that ends so has no data to tell (old contracts end unknown functions with an invalid
/// opcode).
const HALTS: [&str; 8] = [
    "opcode",
    "out of gas",
    "outofgas",
    "bad instruction",
    "stack underflow",
    "stack overflow",
    "invalid jump",
    "invalidjump",
];
/// The node is over its limits, or the time it allows itself.
const BUSY: [&str; 8] = [
    "rate limit",
    "too many requests",
    "request limit",
    "limit exceeded",
    "capacity",
    "throttl",
    "overload",
    "timeout",
];
/// Its own trouble, where it tells no data of a revert.
const TROUBLE: [&str; 3] = ["timed out", "deadline exceeded", "upstream"];
/// Words that tell nothing: of its own trouble, or of a revert whose data it drops (Besu before
/// 2024 says "Internal error" of each).
const WORDLESS: [&str; 7] = [
    "internal error",
    "server error",
    "unexpected error",
    "unknown error",
    "something went wrong",
    "cannot fulfill",
    "unavailable",
];
/// It does not let us in.
const CLOSED: [&str; 9] = [
    "unauthorized",
    "authenticat",
    "forbidden",
    "access denied",
    "api key",
    "api-key",
    "signed in",
    "quota",
    "subscription",
];
/// It has the block, but not what stood in it.
const STATELESS: [&str; 10] = [
    "missing trie node",
    "state not available",
    "state is not available",
    "state unavailable",
    "no state available",
    "historical state",
    "pruned",
    "pruning",
    "archive",
    "proof window",
];

/// What an error is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The call: it reverts, with this data where it is told, or is code that cannot run.
    Execution(Option<Bytes>),
    /// The call or the node, which it does not tell.
    Wordless,
    /// The node, for the moment: it is over its limits, or has not seen the block yet.
    Passing,
    /// The node: it does not let us in, does not understand, or does not keep such state.
    Refusal,
    /// The request: another node would say the same.
    Request,
}

/// What `error` means, of an `eth_call` or of another method.
pub(super) fn meaning(error: &ErrorPayload, is_call: bool) -> Meaning {
    if is_surely_execution(error) {
        let halts = says(error, &HALTS).then(Bytes::new);
        return Meaning::Execution(told(error).or(halts));
    }
    if error.is_retry_err() || is_unseen(error) || says(error, &BUSY) {
        return Meaning::Passing;
    }
    if NOT_UNDERSTOOD.contains(&error.code) || says(error, &CLOSED) || says(error, &STATELESS) {
        return Meaning::Refusal;
    }
    match (is_call, told(error)) {
        (true, None) if says(error, &TROUBLE) => Meaning::Passing,
        (true, None) if error.message.trim().is_empty() || says(error, &WORDLESS) => {
            Meaning::Wordless
        }
        (true, data) => Meaning::Execution(data),
        (false, _) => Meaning::Request,
    }
}

/// Whether it says so itself that the call failed, and not the node.
pub(super) fn is_surely_execution(error: &ErrorPayload) -> bool {
    error.code == EXECUTION || says(error, &HALTS) || says(error, &["revert", "vm execution error"])
}

/// Whether an answer shows that a node tells what contracts revert with: the error of a call that
/// surely reverts with data. `None` where it is about something else, such as gas, or the request.
pub(super) fn tells_data(error: &ErrorPayload) -> Option<bool> {
    if told(error).is_some() {
        return Some(true);
    }
    let is_about_it = matches!(meaning(error, true), Meaning::Execution(_) | Meaning::Wordless);
    (is_about_it && !says(error, &HALTS)).then_some(false)
}

/// Whether a node does not have the block that was asked about: not yet, or no longer, after a
/// fork. What geth and its like say, or the code of EIP-1474 for what does not exist.
pub(super) fn is_unseen(error: &ErrorPayload) -> bool {
    let texts = ["header not found", "unknown block", "block not found", "could not find block"];
    !is_surely_execution(error) && (error.code == RESOURCE_NOT_FOUND || says(error, &texts))
}

/// Whether an error, as [`as_revert`] writes it, is about the call.
pub(crate) fn is_execution_failure(error: &ErrorPayload) -> bool {
    error.code == EXECUTION
}

/// `answer` as geth would say that a call reverts with `data`.
pub(super) fn as_revert(answer: ResponsePacket, data: &[u8]) -> ResponsePacket {
    let said = answer.as_error().map(|error| format!("execution reverted: {}", error.message));
    let message = said.map_or(Cow::Borrowed("execution reverted"), Cow::Owned);
    let ResponsePacket::Single(mut response) = answer else { return answer };
    let data = RawValue::from_string(format!("\"{}\"", hex::encode_prefixed(data))).ok();
    response.payload = ResponsePayload::Failure(ErrorPayload { code: EXECUTION, message, data });
    ResponsePacket::Single(response)
}

/// The revert that a node gives as the result of a call: no value of the ABI has such a length.
pub(super) fn reverted_result(answer: &ResponsePacket) -> Option<Bytes> {
    let ResponsePacket::Single(response) = answer else { return None };
    let text = response.payload.as_success()?.get();
    let begins = |prefix: &&str| {
        text.get(..prefix.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(prefix))
    };
    REVERTS.iter().any(begins).then(|| in_text(text.trim_matches('"')))?.filter(has_words)
}

/// The data of a revert. `0x` tells none: it is what a node also says that drops it.
fn told(error: &ErrorPayload) -> Option<Bytes> {
    revert_data(error).filter(|data| !data.is_empty())
}

/// The data of a revert: as `data`, somewhere in it, after words (`Reverted 0x…`), or in the
/// message.
fn revert_data(error: &ErrorPayload) -> Option<Bytes> {
    let data = error.data.as_ref().and_then(|raw| serde_json::from_str(raw.get()).ok());
    match data {
        Some(Value::String(text)) => in_text(&text),
        Some(value) => nested(&value),
        None => None,
    }
    .or_else(|| in_text(&error.message).filter(has_words))
}

fn nested(value: &Value) -> Option<Bytes> {
    match value {
        // Beside it there may be hashes.
        Value::String(text) => in_text(text).filter(has_words),
        Value::Object(values) => values.values().find_map(nested),
        Value::Array(values) => values.iter().find_map(nested),
        _ => None,
    }
}

/// Whether it is a selector and whole words.
fn has_words(data: &Bytes) -> bool {
    data.len() % 32 == 4
}

/// The bytes in hexadecimal with which a text ends.
fn in_text(text: &str) -> Option<Bytes> {
    let text = text.trim();
    let start = text.find("0x").or_else(|| text.find("0X"))?;
    hex::decode(&text[start + 2..]).ok().map(Bytes::from)
}

fn says(error: &ErrorPayload, texts: &[&str]) -> bool {
    let message = error.message.to_ascii_lowercase();
    texts.iter().any(|text| message.contains(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Error(string) of "no".
    const REVERT: &str = "08c379a0\
        0000000000000000000000000000000000000000000000000000000000000020\
        0000000000000000000000000000000000000000000000000000000000000002\
        6e6f000000000000000000000000000000000000000000000000000000000000";

    fn error(code: i64, message: &str, data: Option<&str>) -> ErrorPayload {
        let data = data.map(|data| RawValue::from_string(data.to_owned()).unwrap());
        ErrorPayload { code, message: message.to_owned().into(), data }
    }

    #[test]
    fn the_data_of_a_revert_in_every_dialect() {
        let upper = REVERT.to_uppercase();
        let hash = "ab".repeat(32);
        for (code, message, data) in [
            // geth, reth, anvil; Besu; Nethermind; OpenEthereum; Hardhat; Ganache.
            (3, "execution reverted: no", format!("\"0x{REVERT}\"")),
            (-32000, "Execution reverted", format!("\"0x{REVERT}\"")),
            (-32015, "VM execution error.", format!("\"0x{REVERT}\"")),
            (-32015, "VM execution error.", format!("\"Reverted 0x{REVERT}\"")),
            (-32015, "Transaction execution fails", format!("\"Reverted 0x{upper}\"")),
            (-32603, "Internal error", format!(r#"{{"hash":"0x{hash}","data":"0x{REVERT}"}}"#)),
            (
                -32000,
                "VM Exception while processing transaction",
                format!(r#"{{"0x{hash}":{{"error":"revert","return":"0x{REVERT}"}},"n":1}}"#),
            ),
        ] {
            let expected = Bytes::from(hex::decode(REVERT).unwrap());
            let found = meaning(&error(code, message, Some(&data)), true);
            assert_eq!(found, Meaning::Execution(Some(expected)), "{message} {data}");
        }
        let in_message = error(-32000, &format!("execution reverted: 0x{REVERT}"), None);
        assert!(
            matches!(meaning(&in_message, true), Meaning::Execution(Some(data)) if data.len() == 100)
        );
        for message in ["context deadline exceeded", "all upstreams failed"] {
            assert_eq!(meaning(&error(-32603, message, None), true), Meaning::Passing, "{message}");
        }
        for message in ["Internal error", "Server error", "", "Service unavailable"] {
            let bare = error(-32603, message, None);
            assert_eq!(meaning(&bare, true), Meaning::Wordless, "{message}");
            assert_eq!(meaning(&bare, false), Meaning::Request, "{message}");
            assert_eq!(tells_data(&bare), Some(false), "{message}");
        }
        for (message, expected) in [
            ("execution reverted", None),
            ("no such words", None),
            ("invalid opcode: opcode 0xfe not defined", Some(Bytes::new())),
            ("EVM error InvalidFEOpcode", Some(Bytes::new())),
            ("out of gas", Some(Bytes::new())),
        ] {
            let found = meaning(&error(-32000, message, None), true);
            assert_eq!(found, Meaning::Execution(expected), "{message}");
        }
        // Of a contract that gives no reason, or of a node that drops it.
        let bare = error(-32000, "execution reverted", Some("\"0x\""));
        assert_eq!(meaning(&bare, true), Meaning::Execution(None));
        assert_eq!(tells_data(&bare), Some(false));
        let out_of_gas = error(-32000, "out of gas", None);
        assert_eq!(tells_data(&out_of_gas), None, "it says nothing about reverts");
    }

    #[test]
    fn what_is_of_the_node() {
        for (code, message) in [
            (-32005, "limit exceeded"),
            (-32000, "header not found"),
            (-32001, "resource"),
            (429, "slow"),
            (-32000, "execution aborted (timeout = 5s)"),
        ] {
            assert_eq!(meaning(&error(code, message, None), true), Meaning::Passing, "{message}");
        }
        for (code, message) in [
            (-32601, "the method does not exist"),
            (-32602, "invalid argument 1: json: cannot unmarshal object into Go value"),
            (-32000, "missing trie node 0badc0de (path ) state 0x0badc0de is not available"),
            (-32000, "distance to target block exceeds maximum proof window"),
            (-32000, "Unauthorized: no such project"),
        ] {
            assert_eq!(meaning(&error(code, message, None), true), Meaning::Refusal, "{message}");
        }
        let poor = error(-32000, "insufficient funds for transfer", None);
        assert_eq!(meaning(&poor, false), Meaning::Request);
    }
}
