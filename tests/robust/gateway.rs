//! What a gateway on a database is sent and told: posted bodies, questions, backups, and where its
//! database is.

use alloy::sol_types::SolCall;
use alloy_primitives::B256;
use namesys::ens::{Name, dns_decode};
use namesys::gateway::{Backed, DatabaseUrl, question_of_call, questions_of_path, version_answer};
use namesys::record::RecordKey;
use namesys::request::{RecordsPost, SignedRecord};

/// A password that no seed has.
const SECRET: &str = "hunter2";

mod calls {
    #![allow(missing_docs)]
    alloy::sol! {
        function resolve(bytes name, bytes data) returns (bytes);
    }
}

fn text(input: &[u8]) -> &str {
    let end = std::str::from_utf8(input).map_or_else(|error| error.valid_up_to(), str::len);
    std::str::from_utf8(&input[..end]).expect("it was looked at")
}

/// What is posted to a database gateway: what is accepted is written again as it was meant.
pub fn posted_body(input: &[u8]) {
    if let Ok(post) = RecordsPost::parse(input) {
        let again = post.to_json().expect("text and numbers");
        assert_eq!(RecordsPost::parse(again.as_bytes()).expect("what was written"), post);
    }
}

/// A line of a backup: what is kept of it is what its payload says.
pub fn backup_line(input: &[u8]) {
    let Ok(backed) = Backed::parse(input) else { return };
    assert_eq!(Name::from_normalized(backed.name.as_str()).as_ref(), Ok(&backed.name));
    let key = &backed.record.key;
    assert_eq!(RecordKey::parse(&key.to_string()).as_ref(), Ok(key));
    let payload = SignedRecord::decode(&backed.record.data).expect("it was decoded");
    assert_eq!(payload, backed.payload);
    // The same in each form of the signature.
    assert_eq!(backed.record.signature[..32], payload.signature[..32]);
}

/// Where a database is, and a part of such a URL: a password is never shown.
pub fn database_url(input: &[u8]) {
    let given = text(input);
    let long = format!("postgres://nick:{SECRET}@{given}");
    for url in [given, &long] {
        let told = match url.parse::<DatabaseUrl>() {
            Ok(url) => format!("{url} {url:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        assert!(given.contains(SECRET) || !told.contains(SECRET), "{told}");
    }
}

/// The query for the version of a name: what is read is answered with its fields alone.
pub fn graphql(input: &[u8]) {
    match (version_answer(input, None), version_answer(input, Some(7))) {
        (Ok(none), Ok(some)) => {
            assert!(none["data"]["domain"].is_null());
            let fields = some["data"]["domain"].as_object().expect("its fields");
            assert!(fields.get("sequence").is_none_or(|changes| changes == "7"));
            assert!(fields.get("name").is_none_or(serde_json::Value::is_string));
        }
        (Err(why), Err(same)) => assert!(!why.is_empty() && why == same),
        (none, some) => panic!("{none:?} {some:?}"),
    }
}

/// A question of EIP-3668, by its calldata and by a path: whichever record is found is asked for by
/// its own call too, and of one name.
pub fn resolver_call(input: &[u8]) {
    if let Some((node, key)) = question_of_call(input) {
        let call = key.resolver_call(node);
        assert_eq!(RecordKey::from_resolver_call(&call), Some((node, key.clone())));
        assert_eq!(question_of_call(&call), Some((node, key)));
        if let Ok(outer) = calls::resolveCall::abi_decode(input) {
            let name = dns_decode(&outer.name).expect("it was decoded");
            assert_eq!(name.node(), node, "no other name's record");
        }
    }
    for (node, key) in questions_of_path(text(input)) {
        assert_ne!(node, B256::ZERO, "the root has no records");
        assert_eq!(RecordKey::parse(&key.to_string()), Ok(key));
    }
}

/// What is good of each.
pub mod seeds {
    use alloy::sol_types::SolCall;
    use alloy_primitives::hex;
    use namesys::ens::Name;
    use namesys::record::{RecordKey, record_path};
    use serde_json::{Value, json};

    use super::calls;

    fn vectors(file: &str) -> Value {
        let path = format!("{}/tests/vectors/write/{file}.json", env!("CARGO_MANIFEST_DIR"));
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    fn bodies() -> Vec<Value> {
        let body = |file: &str| vectors(file)["cases"][0]["post_body"].clone();
        ["ensip19-deployed-records", "erc7700"].map(body).to_vec()
    }

    /// Bodies of the write vectors.
    pub fn posted_body() -> Vec<Vec<u8>> {
        let mut all: Vec<Value> = bodies();
        all.push(vectors("refusals")["base"].clone());
        all.iter().map(|body| body.to_string().into_bytes()).collect()
    }

    /// Their records as a backup has them.
    pub fn backup_line() -> Vec<Vec<u8>> {
        let body = &bodies()[0];
        let record = &body["records"]["text"][0];
        let superseded = [hex::encode_prefixed([7; 64])];
        let key = format!("text/{}", record["key"].as_str().unwrap());
        let line = |superseded: &[String]| {
            json!({
                "name": body["ens"], "record": key, "data": record["data"],
                "timestamp": record["timestamp"], "superseded": superseded,
            })
        };
        [line(&[]), line(&superseded)].map(|line| line.to_string().into_bytes()).to_vec()
    }

    /// Files, servers and sockets.
    pub fn database_url() -> Vec<Vec<u8>> {
        let urls = [
            "sqlite:a b.db",
            "sqlite:///var/x.db?mode=ro",
            "postgres://nick:password@db.example:5433/ens?sslmode=require",
            "postgresql:///ens?host=/run/postgresql&user=ens",
            "[::1]:5432/ens",
        ];
        urls.map(|url| url.as_bytes().to_vec()).to_vec()
    }

    /// The request of the vectors, and others that are answered.
    pub fn graphql() -> Vec<Vec<u8>> {
        let inline = json!({ "query": "{domain(name:\"nick.eth\"){sequence name}}" });
        let of_vectors = vectors("version")["graphql"]["request_body"].clone();
        [inline, of_vectors].map(|body| body.to_string().into_bytes()).to_vec()
    }

    /// Calls and paths of records of each kind.
    pub fn resolver_call() -> Vec<Vec<u8>> {
        let name = Name::parse("pay.nick.eth").unwrap();
        let kinds = ["text/avatar", "address/60", "address/0", "contenthash", "dns/16", "abi/1"];
        let of = |kind: &str| {
            let key = RecordKey::parse(kind).unwrap();
            let call = key.resolver_call(name.node());
            let (wire, data) = (name.dns().into(), call.clone().into());
            let extended = calls::resolveCall { name: wire, data }.abi_encode();
            [call, extended, record_path(&name, &key).into_bytes()]
        };
        kinds.into_iter().flat_map(of).collect()
    }
}
