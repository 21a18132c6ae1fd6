//! The report of `write`, and its text.

use std::io::{self, Write};

use alloy_primitives::hex;
use namesys::report::{
    MessageReport, TextReport, TextSigner, WriteNamesReport, WriteReport, WriteState,
    WriteTargetReport, WrittenReport,
};
use namesys::write::{Decoded, Metadata, Target};

use super::subjects::Subject;
use crate::cli::context::Context;
use crate::cli::error::CliError;
use crate::cli::output::{Human, shown};

/// What the writing of one name ends with.
pub type Ended = (WriteReport, Option<CliError>);

/// The records, before anybody was asked.
pub fn begun(subject: &Subject) -> WriteReport {
    let records = subject.records.iter().map(|(key, _)| WrittenReport {
        record: key.to_string(),
        state: WriteState::NotSent,
        ok: None,
        error: None,
    });
    let (name, records) = (Some(subject.name.to_string()), records.collect());
    WriteReport { name, records, ..WriteReport::default() }
}

fn target(target: Target) -> WriteTargetReport {
    match target {
        Target::Url(url) => WriteTargetReport::Url { url },
        Target::Contract { contract, chain_id } => {
            WriteTargetReport::Contract { contract: contract.to_string(), chain_id }
        }
    }
}

/// What a deferral says.
pub fn report(found: &Decoded) -> WriteReport {
    let deferral = &found.deferral;
    let profile = deferral.profile().map(|profile| profile.to_string());
    WriteReport {
        handler: Some(found.handler().to_owned()),
        selector: Some(hex::encode_prefixed(found.selector)),
        signature: Some(found.signature.to_owned()),
        profile: Some(profile.unwrap_or_else(|| deferral.source().to_owned())),
        wrapped: found.wrapped,
        target: deferral.target().map(target),
        course: Some(deferral.course()),
        checks: deferral.checks(),
        unverifiable: deferral.unverifiable().into_iter().map(str::to_owned).collect(),
        ..WriteReport::default()
    }
}

/// Metadata that was read.
pub fn learn(report: &mut WriteReport, metadata: &Metadata) {
    report.target = metadata.target().map(target);
    report.checks.retain(|check| !check.starts_with("the metadata"));
    report.checks.extend(metadata.checks());
}

/// Shows where it goes, before anything is signed.
pub fn describe(report: &WriteReport, context: &Context) {
    let mut text = Vec::new();
    // It is text that is written into memory.
    let _ = head(report, &mut text);
    let text = String::from_utf8_lossy(&text);
    text.lines().for_each(|line| context.output.note(line));
}

fn head(report: &WriteReport, out: &mut dyn Write) -> io::Result<()> {
    if let (Some(signature), Some(selector)) = (&report.signature, &report.selector) {
        writeln!(out, "handler  {signature} ({selector})")?;
    }
    report.profile.iter().try_for_each(|profile| writeln!(out, "profile  {profile}"))?;
    if report.wrapped > 0 {
        writeln!(out, "wrapped  {} times in ResolverError", report.wrapped)?;
    }
    match &report.target {
        Some(WriteTargetReport::Url { url }) => writeln!(out, "target   {}", shown(url))?,
        Some(WriteTargetReport::Contract { contract, chain_id: Some(chain_id) }) => {
            writeln!(out, "target   {contract} on chain {chain_id}")?;
        }
        Some(WriteTargetReport::Contract { contract, chain_id: None }) => {
            writeln!(out, "target   {contract} on a chain that the error does not name")?;
        }
        None => {}
    }
    report.course.iter().try_for_each(|course| writeln!(out, "course   {course}"))?;
    report.checks.iter().try_for_each(|check| writeln!(out, "check    {}", shown(check)))?;
    let mut not = report.unverifiable.iter();
    not.try_for_each(|what| writeln!(out, "no chain verifies: {what}"))?;
    report.messages.iter().try_for_each(|message| write_message(message, out))
}

/// What is signed, all of it.
fn write_message(message: &MessageReport, out: &mut dyn Write) -> io::Result<()> {
    match message {
        MessageReport::Text(text) => write_text(text, out),
        MessageReport::Typed(message) => write_typed(message, out),
    }
}

fn write_text(message: &TextReport, out: &mut dyn Write) -> io::Result<()> {
    let by = match message.by {
        TextSigner::Wallet => "the wallet",
        TextSigner::Signer => "the records signer",
    };
    match &message.record {
        Some(record) => writeln!(out, "signs    {} by {by} (EIP-191)", shown(record))?,
        None => writeln!(out, "signs    a text by {by} (EIP-191)")?,
    }
    message.text.split('\n').try_for_each(|line| writeln!(out, "         {}", shown(line)))
}

/// A message of EIP-712, every field of it.
fn write_typed(message: &serde_json::Value, out: &mut dyn Write) -> io::Result<()> {
    let primary = message["primaryType"].as_str().unwrap_or_default();
    writeln!(out, "signs    {} (EIP-712)", shown(primary))?;
    for part in ["domain", "message"] {
        for (field, value) in message[part].as_object().into_iter().flatten() {
            let value = match value {
                serde_json::Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            writeln!(out, "         {part} {}: {}", shown(field), shown(&value))?;
        }
    }
    Ok(())
}

/// What came of a record, in a word or two.
fn fate(record: &WrittenReport) -> &'static str {
    match (record.ok, record.state) {
        (Some(true), _) => "written",
        (_, WriteState::NotSent) => "not sent",
        (_, WriteState::Refused) => "refused",
        (Some(false), WriteState::Taken) => "taken, not read back",
        (None, WriteState::Taken) => "taken",
        (Some(false), WriteState::Unknown) => "sent, not read back",
        (None, WriteState::Unknown) => "sent, nothing is known",
    }
}

impl Human for WriteReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(revert) = &self.revert {
            return writeln!(out, "an ordinary revert: {}", shown(revert));
        }
        self.name.iter().try_for_each(|name| writeln!(out, "{name}"))?;
        self.failed.iter().try_for_each(|why| writeln!(out, "failed   {}", shown(why)))?;
        head(self, out)?;
        for record in &self.records {
            let word = fate(record);
            write!(out, "{word:8} {}", shown(&record.record))?;
            match &record.error {
                Some(error) => writeln!(out, ": {}", shown(error))?,
                None => writeln!(out)?,
            }
        }
        for transaction in &self.transactions {
            match &transaction.hash {
                Some(hash) => writeln!(out, "sent     {hash}")?,
                None => {
                    writeln!(out, "to       {}", transaction.to)?;
                    writeln!(out, "data     {}", transaction.data)?;
                }
            }
        }
        self.safe.iter().try_for_each(|file| writeln!(out, "wrote    {}", shown(file)))
    }
}

impl Human for WriteNamesReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for (number, report) in self.names.iter().enumerate() {
            if number > 0 {
                writeln!(out)?;
            }
            report.human(out)?;
        }
        Ok(())
    }
}
