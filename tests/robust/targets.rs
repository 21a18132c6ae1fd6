//! What must hold for any bytes: nothing panics or runs on, and what is accepted comes back the
//! same from its other form.

use std::collections::HashSet;

use alloy::sol_types::SolError;
use alloy_primitives::Address;
use cid::Cid;
use jiff::Timestamp;
use namesys::chain::OffchainLookup;
use namesys::ens::{Name, dns_decode};
use namesys::ipfs::{BlockSink, CarReader, DAG_PB, MemoryBlocks, RAW, sha256_cid};
use namesys::ipfs::{TreeBudget, TreeLimits, Walk, list, read_file, resolve};
use namesys::ipns::{Revision, UnverifiedRecord};
use namesys::keys::file::parse_signer_key;
use namesys::keys::sealed::{self, Identities};
use namesys::keys::{IpnsKey, IpnsName, OwnKeys, private_key_in};
use namesys::plan::PlanFile;
use namesys::published::BaseFile;
use namesys::record::{Contenthash, RecordFile, RecordKey, Value};
use namesys::recordhash::Recordhash;
use namesys::request::{BroughtSignature, SignedRecord, SignedRedirect, VerifyContext};
use namesys::resolve::Gateway;
use namesys::secret::SecretBytes;
use namesys::secret::redaction::{redacted, redacted_digits};
use namesys::wallet::{check_keystore, open_keystore};
use namesys::workspace::{Config, Phases, Records, config_faults, read_rows, records_faults};
use namesys::write::{Deferral, Metadata, StorageKind, version_told as read_version};

pub use crate::browser::browser_page;
pub use crate::devices::device_answers;
pub use crate::gateway::{backup_line, database_url, graphql, posted_body, resolver_call};
pub use crate::index::{blocks, index};
pub use crate::invoice::invoice;
pub use crate::stealth::{announcement, meta_address, stealth_state};

/// Takes any bytes, and panics where something does not hold.
type Target = fn(&[u8]);

/// Every target by its name.
pub const ALL: [(&str, Target); 39] = [
    ("names", names),
    ("record_texts", record_texts),
    ("contenthash", contenthash),
    ("config_toml", config_toml),
    ("records_toml", records_toml),
    ("published_toml", published_toml),
    ("plan_file", plan_file),
    ("csv", csv),
    ("tables", tables),
    ("car", car),
    ("dag_pb", dag_pb),
    ("ipns_record", ipns_record),
    ("revision", revision),
    ("abi_payload", abi_payload),
    ("keystore", keystore),
    ("key_files", key_files),
    ("sealed_files", sealed_files),
    ("agent_line", agent_line),
    ("redaction", redaction),
    ("gateway_template", gateway_template),
    ("ccip_answer", ccip_answer),
    ("recordhash", recordhash),
    ("private_keys", private_keys),
    ("index", index),
    ("invoice", invoice),
    ("signature_files", signature_files),
    ("device_answers", device_answers),
    ("browser_page", browser_page),
    ("blocks", blocks),
    ("deferral", deferral),
    ("version_told", version_told),
    ("posted_body", posted_body),
    ("backup_line", backup_line),
    ("database_url", database_url),
    ("graphql", graphql),
    ("resolver_call", resolver_call),
    ("meta_address", meta_address),
    ("announcement", announcement),
    ("stealth_state", stealth_state),
];

fn text(input: &[u8]) -> &str {
    let end = std::str::from_utf8(input).map_or_else(|error| error.valid_up_to(), str::len);
    std::str::from_utf8(&input[..end]).expect("it was looked at")
}

/// ENSIP-15 as text, and the DNS form.
pub fn names(input: &[u8]) {
    if let Ok(name) = Name::parse(text(input)) {
        assert_eq!(Name::parse(name.as_str()).as_ref(), Ok(&name), "the normal form is normal");
        assert_eq!(Name::from_normalized(name.as_str()).as_ref(), Ok(&name));
        // Labels that are too long for it are there by their hash.
        let read = dns_decode(&name.dns()).expect("what was written");
        assert_eq!(read.node(), name.node());
        assert!(name.well_known().split('/').all(|part| !matches!(part, "" | "." | "..")));
    }
    if let Ok(name) = dns_decode(input) {
        assert_eq!(name.dns(), input);
    }
}

/// Signatures as other programs write them down: what is read is one that the resolver takes.
pub fn signature_files(input: &[u8]) {
    if let Ok(read) = BroughtSignature::parse(text(input)) {
        let signature = read.signature.expose();
        let again = BroughtSignature::parse(&format!("{signature:x}")).expect("the bare form");
        assert!(again.signature.expose() == signature);
    }
}

/// A record type in the first line, its value as text in the rest.
pub fn record_texts(input: &[u8]) {
    let (key, value) = text(input).split_once('\n').unwrap_or((text(input), ""));
    let Ok(key) = RecordKey::parse(key) else { return };
    assert_eq!(RecordKey::parse_canonical(&key.to_string()).as_ref(), Ok(&key));
    let file = key.file_name();
    assert!(file.split('/').all(|part| !matches!(part, "" | "." | "..")), "{file}");
    let Ok(value) = Value::parse(&key, value) else { return };
    assert_eq!(Value::parse(&key, &value.to_string()).as_ref(), Ok(&value), "{value}");
    let abi = value.abi_encode();
    assert_eq!(Value::abi_decode(&key, &abi).expect("what was encoded"), value);
}

/// The bytes, and the text.
pub fn contenthash(input: &[u8]) {
    if let Ok(hash) = Contenthash::from_bytes(input) {
        assert_eq!(hash.as_bytes(), input);
        // Of what others set some is read that is not taken.
        match Contenthash::parse(&hash.to_string()) {
            Ok(again) => assert_eq!(again, hash),
            Err(_) => assert!(hash.cid().is_some(), "{hash}"),
        }
    }
    if let Ok(hash) = Contenthash::parse(text(input)) {
        assert_eq!(Contenthash::from_bytes(hash.as_bytes()).as_ref(), Ok(&hash));
    }
    if let Ok(name) = IpnsName::from_contenthash(input) {
        assert_eq!(name.to_string().parse(), Ok(name));
    }
}

/// `namesys.toml`
pub fn config_toml(input: &[u8]) {
    let (_, faults) = config_faults(text(input));
    assert_eq!(faults.is_empty(), Config::parse(text(input)).is_ok(), "{faults:?}");
    if let Ok(config) = Config::parse(text(input)) {
        let again = Config::parse(&config.to_string()).expect("what was written");
        assert_eq!(again.to_string(), config.to_string());
    }
}

/// `records.toml`
pub fn records_toml(input: &[u8]) {
    let roots = [Name::parse("nick.eth").expect("a name")];
    let faults = records_faults(text(input), &roots);
    assert_eq!(faults.is_empty(), Records::parse(text(input), &roots).is_ok(), "{faults:?}");
    if let Ok(records) = Records::parse(text(input), &roots) {
        let again = Records::parse(&records.to_string(), &roots).expect("what was written");
        assert!(again.all().eq(records.all()));
        // What is set anew is written in another form, and is the same.
        let mut written = Records::parse("", &roots).expect("nothing");
        for (name, key, phases) in records.all() {
            if written.set_phases(name, key, phases.clone()).is_err() {
                return;
            }
        }
        let again = Records::parse(&written.to_string(), &roots).expect("what was set");
        assert!(again.all().eq(records.all()));
    }
}

/// `published.toml`: what counts of it is proven, and is what is written again.
pub fn published_toml(input: &[u8]) {
    let file = BaseFile::parse(text(input));
    let again = BaseFile::parse(&file.to_string());
    assert_eq!(again.to_string(), file.to_string());
}

/// A plan: what is accepted is written again as it was meant.
pub fn plan_file(input: &[u8]) {
    if let Ok(plan) = PlanFile::parse(input) {
        let again = PlanFile::parse(plan.to_json().as_bytes()).expect("what was written");
        assert_eq!(again, plan);
        assert!(plan.planned_validity().is_ok());
    }
}

/// CSV or JSON Lines: read whole or refused, and no record counted twice.
pub fn csv(input: &[u8]) {
    let mut rows = 0;
    read_rows(input, |row| {
        rows += 1;
        if let Ok(row) = row {
            for wanted in row.wanted.values() {
                let value = Value::parse(&row.key, &wanted.to_string());
                assert_eq!(value.as_ref(), Ok(wanted));
            }
            assert_eq!(Phases::new(row.wanted.to_vec()), Ok(row.wanted));
        }
    })
    .expect("memory can be read");
    assert!(rows <= input.len() + 1, "no more rows than bytes");
}

/// As [`csv`]: in one of the forms that begin otherwise.
pub fn tables(input: &[u8]) {
    let heads: [&[u8]; 5] = [
        b"name;text/a;address/60\n",
        b"record\tname\tvalue\n",
        b"[{",
        b"{\"domain\":",
        b"\xff\xfe",
    ];
    let Some((first, rest)) = input.split_first() else { return };
    csv(&[heads[usize::from(*first) % heads.len()], rest].concat());
}

/// Every block that is given out is its CID's.
pub fn car(input: &[u8]) {
    let Ok(reader) = CarReader::new(input) else { return };
    let mut blocks = MemoryBlocks::new();
    let roots: Vec<Cid> = reader.roots().to_vec();
    for (cid, data) in reader.map_while(Result::ok) {
        namesys::ipfs::verify_block(&cid, &data).expect("it was checked");
        blocks.insert(cid, data);
    }
    roots.iter().for_each(|root| read_all(&blocks, root));
}

/// Blocks that link to each other. The input is parts of a kind, a length and bytes: 0 is a raw
/// block; 1 a node whose links, each of a byte that counts back to its block and a byte of its
/// name's length, come before its UnixFS data; anything else dag-pb as it is. Later blocks link to
/// earlier ones, so that their CIDs are right whatever was changed.
pub fn dag_pb(input: &[u8]) {
    let mut blocks = MemoryBlocks::new();
    let mut cids: Vec<Cid> = Vec::new();
    let mut rest = input;
    while let [kind, length, after @ ..] = rest {
        let (part, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let (codec, block) = match kind {
            0 => (RAW, part.to_vec()),
            1 => (DAG_PB, linked(part, &cids)),
            _ => (DAG_PB, part.to_vec()),
        };
        let cid = sha256_cid(codec, &block);
        blocks.put(&cid, &block).expect("memory takes all");
        cids.push(cid);
    }
    cids.iter().rev().take(3).for_each(|root| read_all(&blocks, root));
}

fn linked(part: &[u8], cids: &[Cid]) -> Vec<u8> {
    let field = |tag: u8, bytes: &[u8]| {
        let mut length = unsigned_varint::encode::usize_buffer();
        let length = unsigned_varint::encode::usize(bytes.len(), &mut length);
        [&[tag], length, bytes].concat()
    };
    let Some((count, mut rest)) = part.split_first() else { return Vec::new() };
    let mut block = Vec::new();
    for _ in 0..*count {
        let [back, length, after @ ..] = rest else { break };
        let (name, next) = after.split_at(usize::from(*length).min(after.len()));
        rest = next;
        let Some(number) = cids.len().checked_sub(usize::from(*back) + 1) else { continue };
        let link = [field(0x0a, &cids[number].to_bytes()), field(0x12, name)].concat();
        block.extend(field(0x12, &link));
    }
    block.extend(field(0x0a, rest));
    block
}

/// Lists, reads and walks what `root` is.
fn read_all(blocks: &MemoryBlocks, root: &Cid) {
    if let Ok(entries) = list(blocks, root, &TreeBudget::new(TreeLimits::default())) {
        let names: HashSet<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names.len(), entries.len(), "each name once");
        for entry in entries.iter().take(8) {
            // In a HAMT a name may lie where nobody looks for it; then it is not found.
            if let Ok(found) = resolve(blocks, root, &[&entry.name]) {
                assert_eq!(Ok(found.cid), entry.cid);
            }
        }
    }
    if let Ok(bytes) = read_file(blocks, root, 1 << 16) {
        assert!(bytes.len() <= 1 << 16);
    }
    let mut met = HashSet::new();
    let mut walk = Walk::new(root, TreeBudget::new(TreeLimits::default()));
    while let Some(Ok((cid, _))) = walk.next(blocks) {
        assert!(met.insert(cid), "each block once");
    }
}

/// A record, unverified and under the name of the vectors.
pub fn ipns_record(input: &[u8]) {
    let Ok(record) = UnverifiedRecord::parse(input) else { return };
    let fields = record.fields().clone();
    let name: IpnsName = NAME.parse().expect("a name");
    let expired = fields.is_expired(Timestamp::now());
    record.check_signature_v1(&name);
    if let Ok(verified) = record.verify_signature(&name) {
        assert_eq!((verified.bytes(), verified.fields()), (input, &fields));
        assert_eq!(verified.is_expired(Timestamp::now()), expired);
    }
}

/// Of the first case in `tests/vectors/ipns.json`.
const NAME: &str = "k51qzi5uqu5dm8vj5be9rx33v7q8eoxlfqj1k7moz7zjk2x6ihnbjwwo9bo5k6";

/// w3name's CBOR.
pub fn revision(input: &[u8]) {
    if let Ok(revision) = Revision::decode(input) {
        assert_eq!(Revision::decode(&revision.encode()).as_ref(), Ok(&revision));
    }
}

/// What a record file's `data` holds.
pub fn abi_payload(input: &[u8]) {
    if let Ok(record) = SignedRecord::decode(input) {
        let again = SignedRecord::decode(&record.encode()).expect("what was encoded");
        assert_eq!(again.encode(), record.encode());
        judge(input);
    }
    if let Ok(redirect) = SignedRedirect::decode(input) {
        let again = SignedRedirect::decode(&redirect.encode()).expect("what was encoded");
        assert_eq!(again.encode(), redirect.encode());
        judge(input);
    }
    for key in ["text/avatar", "address/60", "contenthash", "pubkey", "abi/1", "dns/zonehash"] {
        let key = RecordKey::parse(key).expect("a record type");
        if let Ok(value) = Value::abi_decode(&key, input) {
            let again = Value::abi_decode(&key, &value.abi_encode());
            assert_eq!(again.expect("what was encoded"), value);
        }
    }
}

/// What a handler's endpoint says of a version: a sequence, nothing, or refused.
pub fn version_told(input: &[u8]) {
    let ipns = IpnsKey::from_seed(&[7; 32].into()).name();
    for path in ["data.domain.version", "data.domain.sequence", "data", ""] {
        if let Ok(Some(sequence)) = read_version(input, path, &ipns) {
            let again = format!("{{\"a\":{{\"b\":\"{sequence}\"}}}}");
            assert_eq!(read_version(again.as_bytes(), "a.b", &ipns), Ok(Some(sequence)));
        }
    }
}

/// A resolver's revert, and a handler's metadata: read whole, or refused; what is read has words.
pub fn deferral(input: &[u8]) {
    if let Ok(Some(found)) = Deferral::decode(input) {
        let longer = [input, &[0]].concat();
        assert!(!matches!(Deferral::decode(&longer), Ok(Some(_))), "nothing may follow");
        assert!(found.signature.starts_with(found.handler()));
        assert!(!found.deferral.course().is_empty());
        let _ = (found.deferral.checks(), found.deferral.target());
    }
    Deferral::unwrapped(input);
    let kinds = [StorageKind::Ipns, StorageKind::Database, StorageKind::L2, StorageKind::Solana];
    for kind in kinds {
        let _ = Metadata::decode(kind, input);
    }
}

/// Whatever the owner and the record: a verdict, and no other result than was signed.
fn judge(payload: &[u8]) {
    let (name, key) = (Name::parse("nick.eth").expect("a name"), RecordKey::parse("text/avatar"));
    let key = key.expect("a record type");
    let context = |owner| VerifyContext { name: &name, owner, chain_id: 1, approved_signers: &[] };
    if let Ok(record) = SignedRecord::decode(payload) {
        let owner = record.signer;
        if let Ok(verified) = record.verify(&key, &context(owner)) {
            assert_eq!(verified.signer(), owner);
        }
    }
    if let Ok(redirect) = SignedRedirect::decode(payload) {
        let _ = redirect.verify(&context(Address::ZERO));
    }
}

/// A keystore file: refused, or opened with as little work as it asks for.
pub fn keystore(input: &[u8]) {
    let file = tempfile::NamedTempFile::new().expect("a temporary file");
    std::fs::write(file.path(), input).expect("a temporary file");
    if check_keystore(file.path()).is_ok() && is_cheap(input) {
        let _ = open_keystore(file.path(), &"password".to_owned().into());
    }
}

fn is_cheap(input: &[u8]) -> bool {
    let parsed: Result<serde_json::Value, _> = serde_json::from_slice(input);
    // As it is read: fields in any case, and numbers also as texts.
    let field = |value: &serde_json::Value, name: &str| {
        let fields = value.as_object().into_iter().flatten();
        let mut same = fields.filter(|(field, _)| field.eq_ignore_ascii_case(name));
        same.next().map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let params = field(&field(&parsed.unwrap_or_default(), "crypto"), "kdfparams");
    let number = |name: &str| {
        let value = field(&params, name);
        value.as_u64().or_else(|| value.as_str()?.parse().ok()).unwrap_or(1)
    };
    number("n").saturating_mul(number("r")).saturating_mul(number("p")) <= 64 && number("c") <= 64
}

/// An IPNS key or a records signer, in any form.
pub fn key_files(input: &[u8]) {
    if let Ok(key) = IpnsKey::parse(input) {
        let same = |bytes: &[u8]| {
            assert_eq!(IpnsKey::parse(bytes).expect("our own form").name(), key.name());
        };
        same(key.to_libp2p().expose());
        same(key.to_pem().expose().as_bytes());
    }
    if let Ok(key) = parse_signer_key(&SecretBytes::new(input.to_vec())) {
        let hex = alloy_primitives::hex::encode(key.scalar().expose());
        let again = parse_signer_key(&SecretBytes::new(hex.into_bytes()));
        assert_eq!(again.expect("our own form").address(), key.address());
    }
}

/// The identity that the seeds are encrypted to.
pub const IDENTITY: &str =
    "AGE-SECRET-KEY-1GFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPYYSJZGFPQ4EGAEX";

/// A file that is encrypted: what opens holds what was closed in it.
pub fn sealed_files(input: &[u8]) {
    let identities = Identities::parse(&IDENTITY.to_owned().into()).expect("it is one");
    let _ = sealed::needs(input);
    if let Ok(opened) = sealed::open_with_identities(input, &identities) {
        assert!(sealed::is_sealed(input));
        assert_eq!(opened.expose(), b"the key", "no byte is changed unseen");
    }
}

/// A request to the process that remembers keys.
pub fn agent_line(input: &[u8]) {
    if namesys::agent::is_request(input) {
        assert!(input.ends_with(b"\n") && !input[..input.len() - 1].contains(&b'\n'));
    }
}

/// What hides secrets: it ends, and hides them also from itself.
pub fn redaction(input: &[u8]) {
    let hidden = redacted_digits(text(input));
    assert_eq!(redacted(&hidden), hidden, "nothing is left to hide");
}

/// A gateway's address or template.
pub fn gateway_template(input: &[u8]) {
    if let Ok(gateway) = Gateway::parse(text(input)) {
        let shown = gateway.to_string();
        let again = Gateway::parse(&shown).expect("what is shown is a gateway");
        assert_eq!(again.to_string(), shown);
        let _ = gateway.trusted_url();
    }
}

/// A gateway's JSON, and what a contract says when it sends there.
pub fn ccip_answer(input: &[u8]) {
    if let Ok(payload) = RecordFile::payload(input) {
        let file = RecordFile::new(&payload).to_json();
        assert_eq!(RecordFile::payload(&file).expect("our own form"), payload);
        judge(&payload);
    }
    if let Ok(lookup) = OffchainLookup::abi_decode_validate(input) {
        assert_eq!(OffchainLookup::abi_decode(&lookup.abi_encode()).as_ref(), Ok(&lookup));
    }
}

/// A recordhash, as text and as the contract keeps it.
pub fn recordhash(input: &[u8]) {
    if let Ok(hash) = Recordhash::parse(input) {
        assert_eq!(hash.stored(), input);
        let shown: Recordhash = hash.to_string().parse().expect("what is shown");
        assert_eq!(shown.target(), hash.target(), "{hash}");
        let again = Recordhash::parse(&hash.contract_bytes()).expect("what is set on chain");
        assert_eq!(again.contract_bytes(), hash.contract_bytes());
    }
    if let Ok(hash) = text(input).parse::<Recordhash>() {
        let shown: Recordhash = hash.to_string().parse().expect("what is shown");
        assert_eq!(shown.target(), hash.target(), "{hash}");
        assert_eq!(shown.contract_bytes(), hash.contract_bytes(), "{hash}");
    }
}

/// Whatever is read as a key is found as one's own, a word also amid other text.
pub fn private_keys(input: &[u8]) {
    let mut own = OwnKeys::default();
    if let Ok(key) = IpnsKey::parse(input) {
        own.add_ipns(&key);
        assert!(private_key_in(input, &own).is_some(), "the file itself");
    }
    if let Ok(key) = parse_signer_key(&SecretBytes::new(input.to_vec())) {
        own.add_signer(&key);
        assert!(private_key_in(input, &own).is_some(), "the signer's file");
        let word = input.trim_ascii();
        let amid = [b"{\"key\":\"", word, b"\"}"].concat();
        let is_word = !word.iter().any(u8::is_ascii_whitespace);
        assert!(!is_word || private_key_in(&amid, &own).is_some(), "in JSON");
    }
    private_key_in(input, &own);
}
