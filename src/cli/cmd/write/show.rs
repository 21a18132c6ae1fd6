//! The report of `write`, and its text.

use std::io::{self, Write};

use alloy_primitives::hex;
use namesys::report::{WriteReport, WriteTargetReport};
use namesys::write::{Decoded, Target};

use crate::cli::output::{Human, shown};

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
        target: deferral.target().map(|target| match target {
            Target::Url(url) => WriteTargetReport::Url { url },
            Target::Contract { contract, chain_id } => {
                WriteTargetReport::Contract { contract: contract.to_string(), chain_id }
            }
        }),
        course: Some(deferral.course()),
        revert: None,
        checks: deferral.checks(),
        unverifiable: deferral.unverifiable().into_iter().map(str::to_owned).collect(),
    }
}

impl Human for WriteReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        if let Some(revert) = &self.revert {
            return writeln!(out, "an ordinary revert: {}", shown(revert));
        }
        if let (Some(signature), Some(selector)) = (&self.signature, &self.selector) {
            writeln!(out, "handler  {signature} ({selector})")?;
        }
        self.profile.iter().try_for_each(|profile| writeln!(out, "profile  {profile}"))?;
        if self.wrapped > 0 {
            writeln!(out, "wrapped  {} times in ResolverError", self.wrapped)?;
        }
        match &self.target {
            Some(WriteTargetReport::Url { url }) => writeln!(out, "target   {}", shown(url))?,
            Some(WriteTargetReport::Contract { contract, chain_id }) => {
                writeln!(out, "target   {contract} on chain {chain_id}")?;
            }
            None => {}
        }
        self.course.iter().try_for_each(|course| writeln!(out, "course   {course}"))?;
        self.checks.iter().try_for_each(|check| writeln!(out, "check    {}", shown(check)))?;
        let mut not = self.unverifiable.iter();
        not.try_for_each(|what| writeln!(out, "no chain verifies: {what}"))
    }
}
