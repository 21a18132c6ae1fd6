//! Typed data (EIP-712), in the forms that wallets take it: a digest to sign, two hashes for a
//! device that shows no more, and the JSON of `eth_signTypedData_v4` for one that shows it all.

use alloy::sol_types::{Eip712Domain, SolStruct};
use alloy_primitives::{B256, Keccak256};
use serde::Serialize;
use serde_json::{Value, json};

/// A message under a domain. Nothing is said of whether either is one to sign.
#[derive(Clone, Debug, PartialEq)]
pub struct TypedData {
    domain: B256,
    message: B256,
    json: Value,
}

impl TypedData {
    /// `message`, a struct of `sol!` that is `Serialize` too, under `domain`.
    ///
    /// # Errors
    /// When the message cannot be written as JSON.
    pub fn new<T: SolStruct + Serialize>(
        domain: &Eip712Domain,
        message: &T,
    ) -> Result<Self, serde_json::Error> {
        // `Mail(Person from,…)Person(string name,…)`, and the domain's own.
        let definitions = [T::eip712_encode_type(), domain.encode_type().into()].concat();
        let types: serde_json::Map<_, _> = definitions.split_terminator(')').map(fields).collect();
        let message_json = serde_json::to_value(message)?;
        let json = json!({
            "types": types,
            "primaryType": T::NAME,
            "domain": domain_json(domain),
            "message": message_json,
        });
        Ok(Self { domain: domain.separator(), message: message.eip712_hash_struct(), json })
    }

    /// What is signed: `keccak256(19 01 ‖ domain separator ‖ hash of the message)`.
    pub fn digest(&self) -> B256 {
        let mut hasher = Keccak256::new();
        hasher.update([0x19, 0x01]);
        hasher.update(self.domain);
        hasher.update(self.message);
        hasher.finalize()
    }

    /// The domain separator, and the hash of the message.
    pub fn hashes(&self) -> (B256, B256) {
        (self.domain, self.message)
    }

    /// The document that `eth_signTypedData_v4` takes.
    pub fn json(&self) -> &Value {
        &self.json
    }
}

/// `Person(string name,address wallet` as its name and `[{name, type}, …]`.
fn fields(definition: &str) -> (String, Value) {
    let (name, rest) = definition.split_once('(').unwrap_or((definition, ""));
    let fields = rest.split(',').filter_map(|field| field.split_once(' '));
    let fields = fields.map(|(kind, name)| json!({ "name": name, "type": kind }));
    (name.to_owned(), fields.collect())
}

fn domain_json(domain: &Eip712Domain) -> Value {
    let Eip712Domain { name, version, chain_id, verifying_contract, salt } = domain;
    let fields = [
        ("name", name.as_ref().map(|name| json!(name))),
        ("version", version.as_ref().map(|version| json!(version))),
        (
            "chainId",
            chain_id.map(|id| u64::try_from(id).map_or(json!(id.to_string()), Value::from)),
        ),
        ("verifyingContract", verifying_contract.map(|contract| json!(contract.to_string()))),
        ("salt", salt.map(|salt| json!(salt.to_string()))),
    ];
    let fields = fields.into_iter().filter_map(|(key, value)| Some((key.to_owned(), value?)));
    Value::Object(fields.collect())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use alloy::sol_types::eip712_domain;
    use alloy_primitives::{address, b256};

    alloy::sol! {
        #[derive(Serialize)]
        struct Person { string name; address wallet; }
        #[derive(Serialize)]
        struct Mail { Person from; Person to; string contents; }
    }

    /// The example of EIP-712, and the digest that it prints.
    pub(crate) fn example() -> (TypedData, B256) {
        let domain = eip712_domain! {
            name: "Ether Mail",
            version: "1",
            chain_id: 1,
            verifying_contract: address!("0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC"),
        };
        let from = Person {
            name: "Cow".into(),
            wallet: address!("0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"),
        };
        let to = Person {
            name: "Bob".into(),
            wallet: address!("0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"),
        };
        let mail = Mail { from, to, contents: "Hello, Bob!".into() };
        let digest = b256!("0xbe609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
        (TypedData::new(&domain, &mail).unwrap(), digest)
    }

    #[test]
    fn the_example_of_the_standard() {
        let (data, digest) = example();
        assert_eq!(data.digest(), digest);
        let (domain, message) = data.hashes();
        assert_eq!(
            (domain, message),
            (
                b256!("0xf2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"),
                b256!("0xc52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"),
            )
        );
        let person =
            json!([{ "name": "name", "type": "string" }, { "name": "wallet", "type": "address" }]);
        let expected = json!({
            "types": {
                "EIP712Domain": [
                    { "name": "name", "type": "string" }, { "name": "version", "type": "string" },
                    { "name": "chainId", "type": "uint256" },
                    { "name": "verifyingContract", "type": "address" },
                ],
                "Person": person,
                "Mail": [
                    { "name": "from", "type": "Person" }, { "name": "to", "type": "Person" },
                    { "name": "contents", "type": "string" },
                ],
            },
            "primaryType": "Mail",
            "domain": {
                "name": "Ether Mail", "version": "1", "chainId": 1,
                "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
            },
            "message": {
                "from": { "name": "Cow", "wallet": "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826" },
                "to": { "name": "Bob", "wallet": "0xbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb" },
                "contents": "Hello, Bob!",
            },
        });
        assert_eq!(*data.json(), expected);
    }
}
