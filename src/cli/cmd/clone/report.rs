//! What a clone has, for a person and a script.

use std::io::{self, Write};

use namesys::keys::Storage;
use namesys::pull::{CloneError, CloneRequest, Cloned};
use namesys::report::{CloneReport, ClonedReport, ErrorKind, LeftOutReport};

use super::facts::Place;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, shown};
use crate::cli::owner_args::CLIENT_CANNOT_GO_ON;

/// What a person should know beside the result.
pub fn remarks(context: &Context, request: &CloneRequest<'_>, place: &Place, cloned: &Cloned) {
    let output = context.output;
    let (storage, is_said) = super::facts::storage(place.word.as_ref(), request.names);
    if !is_said {
        let why = match storage {
            Storage::Wallet => "several names have records that verify",
            Storage::Domain => "one name has records that verify",
        };
        output.note(format_args!(
            "the chain was not asked, or does not say whose keys these are: {storage} storage, for \
             {why}"
        ));
    }
    if place.word.is_none() {
        output.note("the owner is the one given; the chain was not asked");
    }
    if request.by_client {
        output.note(CLIENT_CANNOT_GO_ON);
    }
    for (path, key) in &cloned.keys {
        output.warn(format_args!(
            "{path} holds {key}, and was published: whoever read it has the key. It is not written, \
             and not published again; replace the key"
        ));
    }
}

/// The report; `published` is the root and its sequence.
pub fn report(
    dir: String,
    request: &CloneRequest<'_>,
    (root, sequence): (cid::Cid, Option<u64>),
    cloned: &Cloned,
) -> CloneReport {
    let mut records: Vec<ClonedReport> = Vec::new();
    let is_shown = |path: &String| !cloned.keys.contains_key(path);
    for (path, record) in request.read.records.iter().filter(|(path, _)| is_shown(path)) {
        let reason = cloned.unwanted.get(path).cloned();
        records.push(ClonedReport {
            name: Some(record.id.0.to_string()),
            record: Some(record.id.1.to_string()),
            path: path.clone(),
            value: Some(record.value.to_string()),
            ok: reason.is_none(),
            reason,
        });
    }
    let mut left_out = Vec::new();
    for (path, (id, reason)) in &request.read.unverified {
        let (name, record) = id.as_ref().map(|(n, k)| (n.to_string(), k.to_string())).unzip();
        let (path, reason) = (path.clone(), reason.clone());
        if request.drop_invalid {
            left_out.push(LeftOutReport { path: path.clone(), reason: reason.clone() });
        }
        let (value, ok, reason) = (None, false, Some(reason));
        records.push(ClonedReport { name, record, path, value, ok, reason });
    }
    records.sort_by(|one, other| one.path.cmp(&other.path));
    for (path, key) in &cloned.keys {
        left_out.push(LeftOutReport { path: path.clone(), reason: format!("it holds {key}") });
    }
    let foreign = request.read.foreign.iter();
    CloneReport {
        dir,
        names: request.names.iter().map(ToString::to_string).collect(),
        storage: request.storage.to_string(),
        root: root.to_string(),
        sequence,
        packed: cloned.root.filter(|packed| *packed != root).map(|packed| packed.to_string()),
        records,
        files: foreign.filter(|path| is_shown(path)).count() as u64,
        left_out,
    }
}

/// Exit 3 where something does not verify: the workspace is made all the same.
pub fn unverified(report: &CloneReport) -> Option<CliError> {
    let bad = || report.records.iter().filter(|record| !record.ok);
    let first = bad().next()?;
    let reason = first.reason.as_deref().unwrap_or_default();
    let message = format!(
        "{} of the record files do not verify, {} among them: {reason}",
        bad().count(),
        first.path
    );
    let hint = match report.left_out.is_empty() {
        true => {
            "the workspace is made: they stay as they are and are published again, and are not \
             wanted; --drop-invalid leaves them out"
        }
        false => "the workspace is made, without them",
    };
    Some(CliError::new(Exit::Unverified, ErrorKind::Unverified, message).hint(hint))
}

impl From<CloneError> for CliError {
    fn from(error: CloneError) -> Self {
        match error {
            CloneError::Names(error) => Self::usage(error.to_string()),
            CloneError::Write(error) => error.into(),
            CloneError::Pack(error) => error.into(),
        }
    }
}

impl Human for CloneReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        let names = self.names.join(", ");
        writeln!(out, "Made a workspace for {names} in {} ({} storage)", self.dir, self.storage)?;
        let sequence = match self.sequence {
            Some(sequence) => format!(", sequence {sequence}"),
            None => String::new(),
        };
        writeln!(out, "root       {}{sequence}", self.root)?;
        if let Some(packed) = &self.packed {
            writeln!(
                out,
                "packed     {packed}: what publish would send, cut otherwise or not all"
            )?;
        }
        for ClonedReport { name, record, path, value, ok, reason } in &self.records {
            let reason = reason.as_deref().unwrap_or_default();
            match (ok, name, record) {
                (true, Some(name), Some(record)) => {
                    let value = value.as_deref().unwrap_or_default();
                    writeln!(out, "ok         {}", shown(&format!("{name} {record} = {value}")))?;
                }
                _ => writeln!(out, "invalid    {}: {}", shown(path), shown(reason))?,
            }
        }
        for LeftOutReport { path, reason } in &self.left_out {
            writeln!(out, "left out   {}: {}", shown(path), shown(reason))?;
        }
        match self.files {
            0 => Ok(()),
            1 => writeln!(out, "1 other file"),
            files => writeln!(out, "{files} other files"),
        }
    }
}
