//! Records, one thread: signing one end to end, verifying one, decoding a fetched one.
//!
//! `cargo bench --bench sign`; the goals are 35,000 signed and 20,000 verified records a
//! second: verified with one recovery each, for records of a name share their SIGN 3.

use alloy_primitives::Address;
use divan::counter::ItemsCount;
use divan::{Bencher, black_box};
use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::{RecordFile, RecordKey, Value, record_path};
use namesys::request::{ApprovalCache, Request, Signature, SignedRecord, VerifyContext};

const RECORDS: usize = 1000;
/// Where names have several.
const RECORDS_OF_A_NAME: usize = 8;

fn main() {
    divan::main();
}

/// One record as `sign` has it before it signs.
struct Wanted {
    name: Name,
    key: RecordKey,
    value: Value,
    approval: Option<Signature>,
}

fn signer_key(byte: u8) -> SignerKey {
    SignerKey::from_scalar(&[byte; 32].into()).expect("the scalar is below the group order")
}

/// Alternately addresses and texts, `of_a_name` of each subname, with its SIGN 3.
fn wanted(of_a_name: usize) -> Vec<Wanted> {
    let [owner, signer] = [OWNER, SIGNER].map(signer_key);
    let record = |i: usize| {
        let name = Name::parse(&format!("sub{:05}.domain.eth", i / of_a_name)).expect("a name");
        let (key, value) = match i % of_a_name.max(2) {
            0 => ("address/60".to_owned(), format!("0x{i:040x}")),
            nth => (format!("text/key-{nth}"), format!("https://example.com/avatars/{i:05}.png")),
        };
        let key = RecordKey::parse(&key).expect("a record type");
        let value = Value::parse(&key, &value).expect("a good value");
        let approval = approved(&name, &signer, &owner);
        Wanted { name, key, value, approval: Some(approval) }
    };
    (0..RECORDS).map(record).collect()
}

/// SIGN 3.
fn approved(name: &Name, signer: &SignerKey, owner: &SignerKey) -> Signature {
    let (signer, by) = (signer.address(), owner.address());
    owner.sign(&Request::ApproveSigner { name, chain_id: 1, signer, owner: by })
}

const OWNER: u8 = 1;
const SIGNER: u8 = 2;

/// From the wanted value to the path and the bytes of its file: ABI encoding, text, hash,
/// signature, payload, JSON.
fn signed(wanted: &Wanted, signer: &SignerKey) -> (String, Vec<u8>) {
    let Wanted { name, key, value, approval } = wanted;
    let record = signer.sign_record(name, key, value, 1, approval.as_ref());
    (record_path(name, key), RecordFile::new(&record.encode()).to_json())
}

/// A record signed end to end.
#[divan::bench]
fn sign_record(bencher: Bencher) {
    let (wanted, signer) = (wanted(1), signer_key(SIGNER));
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        for wanted in &wanted {
            black_box(signed(wanted, &signer));
        }
    });
}

/// As [`sign_record`], with the SIGN 3 of the record's name made too.
#[divan::bench]
fn sign_record_and_approval(bencher: Bencher) {
    let (mut wanted, signer, owner) = (wanted(1), signer_key(SIGNER), signer_key(OWNER));
    bencher.counter(ItemsCount::new(RECORDS)).bench_local(|| {
        for wanted in &mut wanted {
            wanted.approval = Some(approved(&wanted.name, &signer, &owner));
            black_box(signed(wanted, &signer));
        }
    });
}

/// From the bytes of a file to the verified value, each with a SIGN 3 of its own: the worst case,
/// two recoveries a record.
#[divan::bench]
fn verify_record(bencher: Bencher) {
    verify(bencher, &wanted(1), SIGNER, &[]);
}

/// As [`verify_record`], for names of [`RECORDS_OF_A_NAME`] records that share a SIGN 3.
#[divan::bench]
fn verify_record_shared_approval(bencher: Bencher) {
    verify(bencher, &wanted(RECORDS_OF_A_NAME), SIGNER, &[]);
}

/// As [`verify_record`], the owner having signed the records itself.
#[divan::bench]
fn verify_record_by_owner(bencher: Bencher) {
    verify(bencher, &unapproved(), OWNER, &[]);
}

/// As [`verify_record`], the signer being approved on chain.
#[divan::bench]
fn verify_record_approved_on_chain(bencher: Bencher) {
    verify(bencher, &unapproved(), SIGNER, &[signer_key(SIGNER).address()]);
}

/// As [`wanted`], without SIGN 3.
fn unapproved() -> Vec<Wanted> {
    wanted(1).into_iter().map(|wanted| Wanted { approval: None, ..wanted }).collect()
}

/// Verifies what `signer` signed as a batch, with an empty [`ApprovalCache`] for each pass.
fn verify(bencher: Bencher, wanted: &[Wanted], signer: u8, approved_signers: &[Address]) {
    let (signer, owner) = (signer_key(signer), signer_key(OWNER).address());
    let files: Vec<_> = wanted.iter().map(|wanted| signed(wanted, &signer).1).collect();
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        let approvals = ApprovalCache::new();
        for (Wanted { name, key, .. }, file) in wanted.iter().zip(&files) {
            let record = SignedRecord::decode(&RecordFile::payload(file).expect("a record file"));
            let context = VerifyContext { name, owner, chain_id: 1, approved_signers };
            let verified = record.expect("a payload").verify_with(key, &context, &approvals);
            black_box(verified.expect("it was signed rightly"));
        }
    });
}

/// From the bytes of a file to the value, no signature looked at: what decoding alone costs.
#[divan::bench]
fn decode_record(bencher: Bencher) {
    let (wanted, signer) = (wanted(1), signer_key(SIGNER));
    let files: Vec<_> = wanted.iter().map(|wanted| signed(wanted, &signer).1).collect();
    bencher.counter(ItemsCount::new(RECORDS)).bench(|| {
        for (wanted, file) in wanted.iter().zip(&files) {
            let payload = RecordFile::payload(file).expect("a record file");
            let record = SignedRecord::decode(&payload).expect("a payload");
            black_box(Value::abi_decode(&wanted.key, &record.result).expect("a value"));
        }
    });
}
