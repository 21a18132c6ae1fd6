//! `ipns inspect FILE|- [--name N]`

use std::path::{Path, PathBuf};

use cid::Cid;
use jiff::Timestamp;
use multibase::Base;
use namesys::ipns::{MAX_RECORD_BYTES, OwnKey, RecordError, UnverifiedRecord};
use namesys::keys::IpnsName;
use namesys::multiformats::parse_key_cid;
use namesys::report::{IpnsFields, IpnsRecordReport};

use super::{fields, judged};
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::Outcome;

/// `ipns inspect`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The record, raw protobuf; - for stdin
    #[arg(value_name = "FILE|-")]
    file: PathBuf,
    /// Whose record it should be; default: the workspace's IPNS name
    #[arg(long, value_name = "IPNS NAME", value_parser = key_name)]
    name: Option<Cid>,
}

/// A name of any kind of key: some can be read that are not written here.
fn key_name(text: &str) -> Result<Cid, String> {
    parse_key_cid(text).map_err(|error| error.to_string())
}

/// Shows the record. Exit 3 when it is not good.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let record = read(&args.file, context)?;
    if !record.fields().has_ttl {
        context.output.note("it does not say how long it may be kept (TTL): readers decide");
    }
    let name = match args.name {
        Some(name) => Some(name),
        None => context.ipns_name(None)?.map(|name| name.cid()),
    };
    let (report, error) = match name.as_ref().map(|name| (name, IpnsName::from_cid(name))) {
        Some((_, Some(name))) => {
            let name = name.map_err(|error| CliError::usage(error.to_string()))?;
            judged(record, Some(&name))
        }
        Some((name, None)) => judged_by_own_key(record, Some(name)),
        None => judged_by_own_key(record, None),
    };
    Ok(Outcome::partial(report, error))
}

/// By the key that the name holds, or the record carries.
fn judged_by_own_key(
    record: UnverifiedRecord,
    name: Option<&Cid>,
) -> (IpnsRecordReport, Option<CliError>) {
    let key = match (name.and_then(OwnKey::of_name), record.own_key()) {
        (Some(key), _) => Some(Ok(key)),
        (None, carried) => carried,
    };
    let key = match key {
        None if name.is_none() => return judged(record, None),
        None => Err(None),
        Some(Ok(key)) if name.is_some_and(|name| key.cid() != *name) => Err(None),
        Some(key) => key.map_err(Some),
    };
    let name_text = name.map(base36_name);
    let key = match key {
        Ok(key) => key,
        Err(error) => {
            let error = error
                .unwrap_or_else(|| RecordError::OtherKey(name_text.clone().unwrap_or_default()));
            let fields = IpnsFields { name: name_text, ..fields(None, record.fields()) };
            let (signature_v1, signature_v2) = (None, None);
            let report =
                IpnsRecordReport { fields, signature_v1, signature_v2, valid: Some(false) };
            return (report, Some(error.into()));
        }
    };
    if let Some(name) = key.ed25519() {
        return judged(record, Some(&name));
    }
    let (v2, signature_v1) = record.signatures_of(&key);
    let verdict = record.verify_by(&key, Timestamp::now());
    let fields = IpnsFields { name: Some(key.name()), ..fields(None, record.fields()) };
    let (signature_v2, valid) = (Some(v2), Some(verdict.is_ok()));
    let report = IpnsRecordReport { fields, signature_v1, signature_v2, valid };
    (report, verdict.err().map(CliError::from))
}

fn base36_name(name: &Cid) -> String {
    name.to_string_of_base(Base::Base36Lower).unwrap_or_else(|_| name.to_string())
}

/// Reads a record from a file or stdin.
pub fn read(file: &Path, context: &Context) -> Result<UnverifiedRecord, CliError> {
    let bytes = context.stdin.read("FILE", file, MAX_RECORD_BYTES as u64)?;
    UnverifiedRecord::parse(bytes.expose()).map_err(|error| {
        let error = CliError::from(error);
        let from = if file == Path::new("-") { "stdin".into() } else { file.display().to_string() };
        CliError { message: format!("{from}: {}", error.message), ..error }
    })
}
