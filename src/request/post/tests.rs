//! Bodies of the write vectors, and bodies that do not belong together.

use serde_json::{Value as Json, json};

use super::*;

fn vectors(text: &str) -> Vec<Json> {
    let file: Json = serde_json::from_str(text).unwrap();
    file["cases"].as_array().unwrap().clone()
}

fn good() -> Json {
    let file = include_str!("../../../tests/vectors/write/ensip19-deployed-records.json");
    vectors(file)[0]["post_body"].clone()
}

fn error(body: &Json) -> String {
    RecordsPost::parse(body.to_string().as_bytes()).unwrap_err().to_string()
}

#[test]
fn bodies_of_every_profile_come_back_the_same() {
    let files = [
        (include_str!("../../../tests/vectors/write/ensip-y.json"), "post_body_ensip19_shape"),
        (include_str!("../../../tests/vectors/write/eip5559-updated.json"), "post_body"),
        (include_str!("../../../tests/vectors/write/ensip19-deployed-records.json"), "post_body"),
        (include_str!("../../../tests/vectors/write/erc7700.json"), "post_body"),
    ];
    for (file, field) in files {
        for case in vectors(file) {
            let body = &case[field];
            let post = RecordsPost::parse(body.to_string().as_bytes()).unwrap();
            assert_eq!(post.records().len(), 5, "{field}");
            let written = post.to_json().unwrap();
            assert_eq!(serde_json::from_str::<Json>(&written).unwrap(), *body);
            assert_eq!(RecordsPost::parse(written.as_bytes()).unwrap(), post);
            let head = match post.form() {
                PostForm::Ensip19 => "{\"ens\":\"",
                PostForm::Erc7700 => "{\"node\":\"0x",
            };
            assert!(written.starts_with(head), "{written}");
        }
    }
}

#[test]
fn what_does_not_belong_together_is_refused() {
    let changed = |change: &dyn Fn(&mut Json)| {
        let mut body = good();
        change(&mut body);
        error(&body)
    };
    for (change, said) in [
        (
            &(|body: &mut Json| body["records"]["text"][0]["value"] = "x".into())
                as &dyn Fn(&mut Json),
            "value of text/avatar is not",
        ),
        (
            &|body| {
                body["records"]["text"][0]["signature"] =
                    body["records"]["text"][1]["signature"].clone()
            },
            "signature of text/avatar is not",
        ),
        (&|body| body["approval"] = "0x".into(), "approval of contenthash is not"),
        (&|body| body["records"]["text"][1]["key"] = "avatar".into(), "text/avatar twice"),
        (&|body| body["records"]["text"][0]["key"] = "../x".into(), "../x"),
        (&|body| body["records"]["text"][0]["timestamp"] = "1".into(), "invalid type"),
        (&|body| body["records"]["pubkey"] = json!({}), "unknown field `pubkey`"),
        (&|body| body["extra"] = json!(1), "unknown field `extra`"),
        (&|body| body["records"] = json!({}), "has no record"),
        (&|body| body["ens"] = "Nick.eth".into(), "Nick.eth"),
        (&|body| body["node"] = "0x".into(), "or some of both"),
        (&|body| body["records"]["text"][0]["data"] = "0x2b45eb2b00".into(), "data of text/avatar"),
        (&|body| body["records"]["text"][0]["data"] = "2b".into(), "not 0x and"),
    ] {
        let found = changed(change);
        assert!(found.contains(said), "{found:?} says {said:?}");
    }
    let mut body =
        vectors(include_str!("../../../tests/vectors/write/erc7700.json"))[0]["post_body"].clone();
    body["preimage"] = "other.eth".into();
    assert!(error(&body).contains("that of other.eth is"), "{}", error(&body));
}

#[test]
fn the_published_example_has_one_genuine_record() {
    let file = include_str!("../../../tests/vectors/write/published-erc7700-example.json");
    let file: Json = serde_json::from_str(file).unwrap();
    let mut body = file["post"].clone();
    // The placeholders hold no value of their type.
    assert!(error(&body).starts_with("data of address/0"), "{}", error(&body));
    for placeholder in ["address", "text"] {
        body["payload"].as_object_mut().unwrap().remove(placeholder);
    }
    let post = RecordsPost::parse(body.to_string().as_bytes()).unwrap();
    let context = crate::request::VerifyContext {
        name: post.name(),
        owner: file["owner"].as_str().unwrap().parse().unwrap(),
        chain_id: post.chain_id(),
        approved_signers: &[],
    };
    let PostedRecord { key, payload, .. } = post.records()[0].clone();
    payload.verify(&key, &context).unwrap();
}

#[test]
fn the_time_of_a_posting_is_signed_over_all_its_records() {
    let post = RecordsPost::parse(good().to_string().as_bytes()).unwrap();
    let key = crate::keys::SignerKey::from_scalar(&[7; 32].into()).unwrap();
    let request = post.freshness_request(1_708_322_900, key.address());
    let text = request.to_string();
    let begin = "Requesting Signature To Post ENS Records\n\nOrigin: nick.eth\nTimestamp: 1708322900\nExtradata: 0x";
    assert!(text.starts_with(begin), "{text}");
    let mut hashed = Vec::new();
    for key in ["address/0", "address/60", "contenthash", "text/avatar", "text/com.github"] {
        let of = |record: &&PostedRecord| record.key.to_string() == key;
        let record = post.records().iter().find(of).unwrap();
        hashed.extend(alloy_primitives::keccak256(key));
        hashed.extend(alloy_primitives::keccak256(record.payload.encode()));
    }
    assert!(text.contains(&alloy_primitives::keccak256(hashed).to_string()), "{text}");
    let signature = key.sign(&request);
    let post = post.clone().with_freshness(Freshness { timestamp: 1_708_322_900, signature });
    let again = RecordsPost::parse(post.to_json().unwrap().as_bytes()).unwrap();
    assert_eq!(again, post);
}
