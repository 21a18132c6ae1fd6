//! The transactions as a file of Safe's Transaction Builder, version 1.0.

use alloy_primitives::{Address, keccak256};
use serde_json::{Value, json};

use super::SetupTransaction;

/// The file: `created_at` is milliseconds since 1970, `safe` the multisig that will send. The
/// calls are given as data alone: the builder's `contractMethod` and `contractInputsValues`, from
/// which it would encode them itself, are optional, and not every reader takes null for them.
pub fn safe_batch(
    chain_id: u64,
    safe: Address,
    created_at: u64,
    description: &str,
    transactions: &[SetupTransaction],
) -> Value {
    let transactions: Vec<Value> = transactions
        .iter()
        .map(|transaction| {
            json!({
                "to": transaction.to.to_string(),
                "value": transaction.value.to_string(),
                "data": transaction.data.to_string(),
            })
        })
        .collect();
    let mut batch = json!({
        "version": "1.0",
        "chainId": chain_id.to_string(),
        "createdAt": created_at,
        "meta": {
            "name": "namesys setup",
            "description": description,
            "txBuilderVersion": "1.16.5",
            "createdFromSafeAddress": safe.to_string(),
            "createdFromOwnerAddress": "",
        },
        "transactions": transactions,
    });
    let checksum = checksum(&batch);
    batch["meta"]["checksum"] = checksum.into();
    batch
}

/// The builder's own checksum, without which it warns that the file was changed: keccak256 of
/// the values after their sorted keys, the name left out.
fn checksum(batch: &Value) -> String {
    let mut counted = batch.clone();
    counted["meta"]["name"] = Value::Null;
    let mut text = String::new();
    serialize(&counted, &mut text);
    keccak256(text).to_string()
}

fn serialize(value: &Value, out: &mut String) {
    match value {
        Value::Array(values) => {
            out.push('[');
            for (number, value) in values.iter().enumerate() {
                if number > 0 {
                    out.push(',');
                }
                serialize(value, out);
            }
            out.push(']');
        }
        Value::Object(fields) => {
            let mut keys: Vec<&String> = fields.keys().collect();
            keys.sort();
            out.push('{');
            out.push_str(&json!(keys).to_string());
            for key in keys {
                serialize(&fields[key], out);
                out.push(',');
            }
            out.push('}');
        }
        other => out.push_str(&other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_follow_their_sorted_keys() {
        let mut text = String::new();
        serialize(&json!({"b": [1, "x"], "a": {"c": null}}), &mut text);
        assert_eq!(text, r#"{["a","b"]{["c"]null,},[1,"x"],}"#);
    }

    #[test]
    fn the_checksum_covers_all_but_the_name() {
        let batch = safe_batch(1, Address::ZERO, 5, "of nick.eth", &[]);
        let mut renamed = batch.clone();
        renamed["meta"]["name"] = "mine".into();
        renamed["meta"].as_object_mut().unwrap().remove("checksum");
        assert_eq!(batch["meta"]["checksum"], checksum(&renamed));
        renamed["chainId"] = "2".into();
        assert_ne!(batch["meta"]["checksum"], checksum(&renamed));
    }
}
