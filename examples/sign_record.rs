//! Signs one record, writes it as its file, reads it back and verifies it.
//!
//! `cargo run --example sign_record`

#![allow(clippy::print_stdout)]

use namesys::ens::Name;
use namesys::keys::SignerKey;
use namesys::record::{RecordFile, RecordKey, Value, record_path};
use namesys::request::{Request, SignedRecord, VerifyContext};
use namesys::secret::Secret;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let owner = SignerKey::from_scalar(&Secret::new([1; 32]))?;
    let signer = SignerKey::from_scalar(&Secret::new([2; 32]))?;
    let name = Name::parse("nick.eth")?;
    let key = RecordKey::parse("text/avatar")?;
    let value = Value::parse(&key, "https://example.com/avatar.png")?;

    // SIGN 3: the owner approves the signer. SIGN 4: the signer signs the record.
    let approval = owner.sign(&Request::ApproveSigner {
        name: &name,
        chain_id: 1,
        signer: signer.address(),
        owner: owner.address(),
    });
    let record = signer.sign_record(&name, &key, &value, 1, Some(&approval));
    let file = RecordFile::new(&record.encode()).to_json();
    println!("{}\n{}", record_path(&name, &key), String::from_utf8_lossy(&file));

    let context =
        VerifyContext { name: &name, owner: owner.address(), chain_id: 1, approved_signers: &[] };
    let read = SignedRecord::decode(&RecordFile::payload(&file)?)?;
    let verified = read.verify(&key, &context)?;
    println!("{} says {}, {:?}", verified.signer(), verified.value(), verified.basis());
    Ok(())
}
