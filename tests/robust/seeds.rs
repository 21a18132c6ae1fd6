//! What the inputs are made from: the vectors, and a good example of each form.

use std::io::Cursor;

use alloy::sol_types::SolError;
use alloy_primitives::{Address, hex};
use namesys::chain::OffchainLookup;
use namesys::ipfs::{BlockSource, CarWriter, MemoryBlocks, pack_files};
use namesys::keys::IpnsKey;
use namesys::keys::sealed::{self, SealTo};
use namesys::record::RecordFile;
use serde_json::Value;

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/tests/vectors/{file}.json", env!("CARGO_MANIFEST_DIR"));
    let vectors: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    vectors["cases"].as_array().unwrap().clone()
}

/// The texts of these fields in every case.
fn texts(file: &str, fields: &[&str]) -> Vec<Vec<u8>> {
    let cases = cases(file);
    let all = fields.iter().flat_map(|field| cases.iter().map(move |case| &case[*field]));
    all.filter_map(Value::as_str).map(|text| text.as_bytes().to_vec()).collect()
}

/// The bytes of these fields, which have them in hex.
fn bytes(file: &str, fields: &[&str]) -> Vec<Vec<u8>> {
    texts(file, fields).iter().map(|text| hex::decode(text).unwrap()).collect()
}

fn of(texts: &[&str]) -> Vec<Vec<u8>> {
    texts.iter().map(|text| text.as_bytes().to_vec()).collect()
}

pub fn names() -> Vec<Vec<u8>> {
    [texts("names", &["input", "normalized"]), bytes("names", &["dns"])].concat()
}

pub fn record_texts() -> Vec<Vec<u8>> {
    let address = |case: &Value| {
        let line = format!("address/{}\n{}", case["coin_type"], case["text"].as_str()?);
        Some(line.into_bytes())
    };
    let addresses = cases("addresses").into_iter().chain(cases("addresses_more"));
    let mut seeds: Vec<Vec<u8>> = addresses.filter_map(|case| address(&case)).collect();
    seeds.extend(of(&[
        "text/avatar\nhttps://example.com/avatar.png",
        "contenthash\nipfs://bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        "interface/0x01ffc9a7\n0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4",
        "abi/1\n0x7b7d",
        "dns/zonehash\n0x1234",
        "dns/16\n0x0461",
        "name\nnick.eth",
    ]));
    seeds.push(format!("pubkey\n0x{}", "01".repeat(64)).into_bytes());
    seeds
}

pub fn contenthash() -> Vec<Vec<u8>> {
    let mut seeds = bytes("contenthash", &["contenthash"]);
    for case in cases("contenthash") {
        let [codec, value] = ["codec", "value"].map(|field| case[field].as_str().unwrap());
        seeds.push(format!("{codec}://{value}").into_bytes());
    }
    seeds
}

pub fn config_toml() -> Vec<Vec<u8>> {
    of(&[
        "name = \"nick.eth\"\nstorage = \"domain\"\nchain_id = 1\n",
        concat!(
            "# ours\nname = \"nick.eth\"\nstorage = \"wallet\"\nsigner_storage = \"domain\"\n",
            "chain_id = 31337\nwallet = \"0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4\"\n",
            "[[uploads]]\nkind = \"kubo\"\nurl = \"http://127.0.0.1:5001\"\ntoken_env = \"T\"\n",
            "[[uploads]]\nkind = \"folder\"\ndir = \"pages\"\n",
            "[[publishers]]\nkind = \"w3name\"\nurl = \"https://name.web3.storage\"\n",
            "[[sites]]\nkind = \"folder\"\ndir = \"/srv/www\"\nurl = \"https://nick.example\"\n",
            "[gateways]\nipfs = [\"https://ipfs.io\"]\n",
        ),
    ])
}

pub fn records_toml() -> Vec<Vec<u8>> {
    of(&[
        "",
        concat!(
            "# ours\n[\"nick.eth\"]\n\"text/avatar\" = \"https://example.com\" # seen\n",
            "\"address/60\" = \"0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4\"\n\n",
            "[\"sub.nick.eth\"]\ncontenthash = \"0x\"\n\"text/url\" = '''\na\nb'''\n",
        ),
        concat!(
            "[\"nick.eth\"]\n\"text/a\" = [\n    { value = \"x\", ends = 2027-01-01T00:00:00Z },\n",
            "    { raw = \"0x\", starts = \"2027-01-01T00:00:00+01:00\", ends = 2028-01-01T00:00:00Z },\n]\n",
        ),
    ])
}

pub fn plan_file() -> Vec<Vec<u8>> {
    let plan = |inside: &str| {
        format!(
            "{{\"namesys_plan\":1,\"names\":[\"nick.eth\"],\"ipns_name\":null,\"records\":[{inside}],\
             \"unapproved\":[],\"rest\":null,\"published\":[{{\"sequence\":3,\"value\":\"/ipfs/bafkqaaa\"}}],\
             \"lost\":[],\"removed\":[\"a\"],\"mass_removals\":[{{\"removed\":9,\"of\":12}}],\
             \"root\":\"bafkqaaa\",\"sequence\":4,\"validity\":\"2100-01-01T00:00:00.000000000Z\",\
             \"uploads\":[\"kubo at http://127.0.0.1:5001/\"],\"publishers\":[],\"transactions\":null}}"
        )
        .into_bytes()
    };
    let record = "{\"name\":\"a.nick.eth\",\"record\":\"text/a\",\"before\":null,\"old\":null,\"new\":\"b\"}";
    vec![plan(""), plan(record)]
}

pub fn csv() -> Vec<Vec<u8>> {
    of(&[
        "name,record,value\nnick.eth,text/avatar,\"a,b\"\na.nick.eth,address/60,0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4\n",
        "name,record,value,starts,ends\nnick.eth,text/a,x,,2027-01-01T00:00:00Z\nnick.eth,text/a,y,2027-01-01T00:00:00Z,\n",
        "{\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":[{\"value\":\"x\",\"ends\":\"2027-01-01T00:00:00Z\"},{\"value\":\"y\",\"starts\":\"2027-01-01T00:00:00Z\"}]}\n",
        "nick.eth,text/a,\"two\nlines\"\r\nnick.eth,text/b,5\" disk\n",
        "{\"name\":\"nick.eth\",\"record\":\"text/avatar\",\"value\":\"\\u00e9\"}\n\n{\"name\":\"a.nick.eth\",\"record\":\"text/url\",\"value\":\"\"}\n",
    ])
}

/// A character that chooses the head, and what follows it.
pub fn tables() -> Vec<Vec<u8>> {
    of(&[
        "\u{5}nick.eth;one;0x9d316bEB8acc0bC46162aFE863bbC8432DECf8c4\na.nick.eth;\"\";\n",
        "\u{6}text/a\tnick.eth\tone\n",
        "\u{7}\"name\":\"nick.eth\",\"record\":\"text/a\",\"value\":\"1\"}]",
        "\u{8}\"nick.eth\",\"name\":\"a\",\"text_records\":{\"url\":\"u\"}}",
        "\u{9}n\u{0}i\u{0}",
    ])
}

fn packed(files: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut blocks = MemoryBlocks::new();
    let packed = pack_files(files.iter().map(|(path, data)| (path, data)), &mut blocks).unwrap();
    let mut car = CarWriter::new(Cursor::new(Vec::new())).unwrap();
    for (cid, data) in blocks.iter() {
        namesys::ipfs::BlockSink::put(&mut car, cid, data).unwrap();
    }
    assert!(blocks.get(&packed.root).unwrap().is_some());
    car.finish(&packed.root).unwrap().into_inner()
}

pub fn car() -> Vec<Vec<u8>> {
    vec![
        packed(&[("a.json", b"{\"data\":\"0x\"}".to_vec()), ("b/c", b"c".to_vec())]),
        packed(&[("empty", Vec::new())]),
    ]
}

/// The UnixFS data of a directory, of a HAMT's part, and of a file of two times four bytes.
const DIRECTORY: &[u8] = b"\x08\x01";
const SHARD: &[u8] = b"\x08\x05\x28\x22\x30\x80\x02";
const FILE: &[u8] = b"\x08\x02\x18\x08\x20\x04\x20\x04";

fn part(kind: u8, links: &[(u8, &str)], data: &[u8]) -> Vec<u8> {
    let mut inside = if kind == 1 { vec![u8::try_from(links.len()).unwrap()] } else { Vec::new() };
    for (back, name) in links {
        inside.extend([*back, u8::try_from(name.len()).unwrap()]);
        inside.extend(name.as_bytes());
    }
    inside.extend(data);
    [&[kind, u8::try_from(inside.len()).unwrap()], &inside[..]].concat()
}

pub fn dag_pb() -> Vec<Vec<u8>> {
    let leaf = part(0, &[], b"leaf");
    let shard = part(1, &[(0, "00leaf")], SHARD);
    let mut deep = leaf.clone();
    for _ in 0..30 {
        // Every level twice the one below: what is walked again and again would not end.
        deep.extend(part(1, &[(0, "a"), (0, "b")], DIRECTORY));
    }
    vec![
        [leaf.clone(), part(1, &[(0, "a"), (0, "b")], DIRECTORY)].concat(),
        [leaf.clone(), part(1, &[(0, ""), (0, "")], FILE)].concat(),
        [leaf.clone(), shard.clone(), part(1, &[(0, "01"), (1, "02leaf")], SHARD)].concat(),
        [leaf, part(2, &[], b"\x0a\x04\x08\x04\x12\x00")].concat(),
        deep,
    ]
}

/// The bare form, and the JSON of others.
pub fn signature_files() -> Vec<Vec<u8>> {
    let sig = format!("0x{}1b", "11".repeat(64));
    let address = "0xdA87a099a80fcE4778310474AaeB64b820c871a0";
    let mew = format!(
        r#"{{"address":"{address}","msg":"Origin: nick.eth","sig":"{sig}","version":"3","signer":"MEW"}}"#
    );
    vec![sig.into_bytes(), mew.into_bytes()]
}

/// Requests of the page of `--browser`.
pub fn browser_page() -> Vec<Vec<u8>> {
    crate::browser::seeds()
}

pub fn index() -> Vec<Vec<u8>> {
    crate::index::seeds()
}

pub fn blocks() -> Vec<Vec<u8>> {
    crate::index::block_seeds()
}

pub fn published_toml() -> Vec<Vec<u8>> {
    let key = IpnsKey::from_seed(&[7; 32].into());
    let root = "bafkreiem4twkqzsq2aj4shbycd4yvoj2cx72vezicletlhi7dijjciqpui";
    let validity = "2100-01-01T00:00:00Z".parse().unwrap();
    let ttl = std::time::Duration::from_secs(60);
    let table = |head: &str, sequence| {
        let value = format!("/ipfs/{root}");
        let record = namesys::ipns::create(&key, &value, sequence, validity, ttl).unwrap();
        let record = data_encoding::BASE64.encode(&record);
        format!("{head}\nroot = \"{root}\"\nsequence = {sequence}\nrecord = \"{record}\"\n")
    };
    let name = key.name();
    let base = table(&format!("[ipns.{name}.base]"), 5);
    let signed = table(&format!("[[ipns.{name}.signed]]"), 6);
    of(&[&base, &format!("{base}\n{signed}ahead = true\n"), "[ipns]\n"])
}

pub fn ipns_record() -> Vec<Vec<u8>> {
    bytes("ipns", &["record_v1_v2", "record_v2"])
}

pub fn revision() -> Vec<Vec<u8>> {
    bytes("ipns", &["revision_cbor", "revision_cbor_without_ttl"])
}

/// Reverts and metadata of the write vectors.
pub fn deferral() -> Vec<Vec<u8>> {
    let files = ["write/erc7700", "write/nested-reverts", "write/eip5559-legacy", "write/ensip-y"];
    files.iter().flat_map(|file| within(file, &["revert_data", "returns_ipns"])).collect()
}

/// Answers of the version vectors.
pub fn version_told() -> Vec<Vec<u8>> {
    let file = include_str!("../vectors/write/version.json");
    let file: Value = serde_json::from_str(file).unwrap();
    let answers = file["graphql"]["answers"].as_array().unwrap().iter();
    answers.map(|answer| answer.to_string().into_bytes()).collect()
}

/// The bytes of these fields, wherever they stand in a case.
fn within(file: &str, fields: &[&str]) -> Vec<Vec<u8>> {
    let (mut open, mut found) = (cases(file), Vec::new());
    while let Some(value) = open.pop() {
        match value {
            Value::Array(values) => open.extend(values),
            Value::Object(values) => {
                for (field, value) in values {
                    match value.as_str() {
                        Some(text) if fields.contains(&field.as_str()) => {
                            found.push(hex::decode(text).unwrap());
                        }
                        _ => open.push(value),
                    }
                }
            }
            _ => {}
        }
    }
    found
}

pub fn abi_payload() -> Vec<Vec<u8>> {
    bytes("records", &["data", "result"])
}

pub use crate::devices::seeds as device_answers;
pub use crate::gateway::seeds::{backup_line, database_url, graphql, posted_body, resolver_call};

/// With as little work as a keystore can ask for.
pub fn keystore() -> Vec<Vec<u8>> {
    let keystore = |kdf: &str, params: &str| {
        format!(
            "{{\"version\":3,\"crypto\":{{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{{\"iv\":\
             \"6087dab2f9fdbbfaddc31a909735c1e6\"}},\"ciphertext\":\"{}\",\"kdf\":\"{kdf}\",\
             \"kdfparams\":{{\"dklen\":32,{params},\"salt\":\"ae3c\"}},\"mac\":\"{}\"}}}}",
            "51".repeat(32),
            "17".repeat(32),
        )
        .into_bytes()
    };
    vec![
        keystore("scrypt", "\"n\":2,\"r\":1,\"p\":1"),
        keystore("pbkdf2", "\"c\":1,\"prf\":\"hmac-sha256\""),
    ]
}

pub fn key_files() -> Vec<Vec<u8>> {
    let key = IpnsKey::from_seed(&[7; 32].into());
    vec![
        key.to_libp2p().expose().clone(),
        key.to_pem().expose().clone().into_bytes(),
        hex::encode(key.to_libp2p().expose()).into_bytes(),
        data_encoding::BASE64.encode(key.to_libp2p().expose()).into_bytes(),
        format!("# a signer\n0x{}\n", "07".repeat(32)).into_bytes(),
        key.to_pem().expose().replace('\n', "\\n").into_bytes(),
        data_encoding::BASE64.encode(key.to_pem().expose().as_bytes()).into_bytes(),
        br#"{"kty":"OKP","crv":"Ed25519","d":"BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc"}"#
            .to_vec(),
    ]
}

pub fn redaction() -> Vec<Vec<u8>> {
    let key = IpnsKey::from_seed(&[7; 32].into());
    let mut seeds = key_files();
    seeds.push(format!("a\n{}\nb", key.to_pem().expose()).into_bytes());
    seeds.extend(of(&[
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "key=nsec1vl029mgpspedva04g90vltkh6fvh240zqtv9k0t9af8935ke9laqsnlfe5",
        "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX",
        "https://me:pw@host/eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl",
        "sn259rEFXrQrWyx3Q7XneWcwV6dfL, SBU2RRGLXH3E5CQHTD3ODLDF2BWDCYUSSBLLZ5GNW7JXHDIYKXZWHOKR",
    ]));
    seeds
}

pub fn sealed_files() -> Vec<Vec<u8>> {
    let to = "age1zvkyg2lqzraa2lnjvqej32nkuu0ues2s82hzrye869xeexvn73equnujwj".parse().unwrap();
    let sealed = sealed::seal(&b"the key".to_vec().into(), &SealTo::Recipients(vec![to])).unwrap();
    let base64: String = sealed.lines().filter(|line| !line.starts_with('-')).collect();
    vec![
        data_encoding::BASE64.decode(base64.as_bytes()).unwrap(),
        sealed.into_bytes(),
        b"age-encryption.org/v1\n-> scrypt bBjlhJVYZeE4aqUdmtRHfw 10\n".to_vec(),
    ]
}

pub fn agent_line() -> Vec<Vec<u8>> {
    let name = IpnsKey::from_seed(&[7; 32].into()).name();
    of(&[
        &format!("get ipns {name} {}\n", "01".repeat(16)),
        &format!("get signer 0x1a642f0E3c3aF545E7AcBD38b07251B3990914F1 {}\n", "01".repeat(16)),
        &format!("put ipns {name} {} 900 {}\n", "01".repeat(16), "07".repeat(32)),
        "lock\n",
    ])
}

pub fn invoice() -> Vec<Vec<u8>> {
    let mut seeds = texts("stealth", &["invoice", "text_rsa", "text_stealth_example"]);
    let hash = format!("0x{}", "07".repeat(32));
    let payment = format!(r#"{{"chain_id":1,"invoice":"{hash}","transaction":null}}"#);
    seeds.push(format!(r#"{{"version":1,"payments":[{payment}]}}"#).into_bytes());
    seeds
}

pub fn gateway_template() -> Vec<Vec<u8>> {
    of(&[
        "https://ipfs.io",
        "http://127.0.0.1:8080/base/",
        "https://user:pass@ipfs.example",
        "https://{ipns}.ipns.dweb.link",
        "https://<base36-CID-v1>.ipns.dweb.link",
        "https://domain-eth.example",
        "https://{name}.limo",
    ])
}

pub fn ccip_answer() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> =
        abi_payload().iter().map(|payload| RecordFile::new(payload).to_json()).collect();
    let lookup = OffchainLookup {
        sender: Address::repeat_byte(1),
        urls: vec!["https://nick.example/{sender}/{data}.json".to_owned()],
        callData: vec![1, 2, 3].into(),
        callbackFunction: [1, 2, 3, 4].into(),
        extraData: vec![5; 40].into(),
    };
    seeds.push(lookup.abi_encode());
    seeds
}

pub fn recordhash() -> Vec<Vec<u8>> {
    let mut seeds = contenthash();
    seeds.extend(of(&[
        "https://nick.example/base",
        "ipns://k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu",
        "k51qzi5uqu5dk0hpo9y416u27goyk4jvnsk8comhw5rlkbo3eeoqjvr7rnqzsu",
        "bafybeibj6lixxzqtsb45ysdjnupvqkufgdvzqbnvmhw2kf7cfkesy7r7d4",
        "/ipfs/QmRAQB6YaCyidP37UdDnjFY5vQuiBrcqdyoW1CuDgwxkD4",
    ]));
    seeds.push(vec![7; 32]);
    seeds
}

pub fn private_keys() -> Vec<Vec<u8>> {
    let mut seeds = key_files();
    seeds.extend(of(&[
        "{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}",
        "AGE-SECRET-KEY-1QQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LQPZRY9X8GF2TVDW0S3JN54KHCE",
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEI",
        "{\"data\":\"0x00000000000000000000000000000000000000000000000000000000000000ff\"}",
        "z23jhTaAeXYt9Ma9WvRjm8bTxjdDDLSsPaNCy2cRJp9Wy4LL8oYmaTfMpzPRnXTZTpBnLbGGDN5ASvTQAfvBGgkGCB9qk",
    ]));
    seeds
}

pub use crate::stealth::{
    announcements as announcement, meta_addresses as meta_address, stealth_states as stealth_state,
};
