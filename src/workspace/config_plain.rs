//! The approvals of `namesys.toml` as `sign` writes them, one a line: of a hundred thousand names
//! they are all but a few lines of the file. Read by all cores; whatever else stands in their
//! tables is for the whole parser, which also says what is wrong.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use rayon::prelude::*;

use super::approvals::{Approval, Approvals};
use crate::ens::Name;
use crate::request::{Signature, parse_address};
use crate::toml::{PlainLine, plain_lines};

/// A line of the table of a signer.
type Line<'a> = (&'a str, &'a str);

/// The file without the lines of approvals, their tables left empty, and these lines by signer.
pub(super) struct Apart<'a> {
    pub(super) rest: String,
    tables: Vec<(Address, Vec<Line<'a>>)>,
}

/// Takes the lines of approvals out of `text`; none where there are none, or where it is not plain
/// which they are.
pub(super) fn apart(text: &str) -> Option<Apart<'_>> {
    let (mut rest, mut tables) = (String::new(), Vec::new());
    let mut current: Option<(Address, Vec<Line<'_>>)> = None;
    for (line, plain) in plain_lines(text)? {
        match (plain, &mut current) {
            (Some(PlainLine::Entry(name, signature)), Some((_, lines))) => {
                lines.push((name, signature));
                continue;
            }
            (Some(PlainLine::Nothing), _) => {}
            (Some(PlainLine::Table(table)), _) => {
                tables.extend(current.take());
                if let Some(signer) = table.strip_prefix("approvals.") {
                    current = Some((parse_address(signer).ok()?, Vec::new()));
                }
            }
            // In their table only lines as they are written.
            (_, Some(_)) => return None,
            (_, None) => {}
        }
        rest.push_str(line);
        rest.push('\n');
    }
    tables.extend(current);
    tables.iter().any(|(_, lines)| !lines.is_empty()).then_some(Apart { rest, tables })
}

/// The approvals, by the owner who is the wallet. None where one is none, or stands twice.
pub(super) fn read(apart: &Apart<'_>, wallet: Address) -> Option<Approvals> {
    let mut all = Approvals::new();
    for (signer, lines) in &apart.tables {
        let one = |(name, signature): &Line<'_>| {
            let name = Name::from_normalized(name).ok()?;
            let signature: Signature = signature.parse().ok()?;
            Some((name, Approval { owner: wallet, signature }))
        };
        let read: Vec<(Name, Approval)> = lines.par_iter().map(one).collect::<Option<_>>()?;
        let count = read.len();
        let read: BTreeMap<Name, Approval> = read.into_iter().collect();
        if read.len() != count || all.insert(*signer, read).is_some() {
            return None;
        }
    }
    Some(all)
}

#[cfg(test)]
mod tests {
    use super::super::Config;

    const SIGNER: &str = "0x0bBEf9E0C010cCF451692ef01008aEe42860bE5f";
    const SIGNATURE: &str = "0x09860b14badd4adbb6b078da56dabd49b3eedc8487d4c244b663f0c6356bc81e5b2e27895dfeffdb481d436a49778510c0de2751484d135b9c312dfa32bf1f031b";

    fn text(approvals: &str) -> String {
        format!(
            "# Ours\nname = \"nick.eth\" # a comment\n\
             wallet = \"0xd41c057fd1c78805AAC12B0A94a405c0461A6FBb\"\n\n\
             {approvals}\n[gateways]\nipfs = [\n  \"https://ipfs.io\",\n]\n"
        )
    }

    #[test]
    fn what_is_read_line_by_line_is_what_the_whole_parser_reads() {
        let line = |name: &str| format!("\"{name}\" = \"{SIGNATURE}\"\n");
        let two = [line("nick.eth"), "\n# c\n".into(), line("a.nick.eth")].concat();
        for approvals in [
            format!("[approvals.{SIGNER}]\n{}", line("nick.eth")),
            format!("[approvals.{SIGNER}]\n{two}"),
            format!(
                "[approvals.{SIGNER}]\n\n[approvals.0xd41c057fd1c78805AAC12B0A94a405c0461A6FBb]\n{two}"
            ),
        ] {
            let text = text(&approvals);
            let mut plain = Config::parse_apart(&text).unwrap();
            let mut whole = Config::parse_whole(&text).unwrap();
            assert_eq!((plain.to_string(), &plain.gateways), (text.clone(), &whole.gateways));
            let (name, signer) = (plain.name().clone(), SIGNER.parse().unwrap());
            assert_eq!(plain.approval(&name, signer), whole.approval(&name, signer));
            assert!(plain.is_of(&text));
            for config in [&mut plain, &mut whole] {
                config.record_owner(signer);
            }
            assert_eq!(plain.to_string(), whole.to_string(), "edited");
            assert_ne!(plain.to_string(), text);
            assert!(!plain.is_of(&text));
        }
    }

    #[test]
    fn whatever_else_there_is_is_for_the_whole_parser() {
        let head = format!("[approvals.{SIGNER}]\n");
        let line = format!("\"nick.eth\" = \"{SIGNATURE}\"\n");
        for approvals in [
            String::new(),
            head.clone(),
            format!("{head}{line}{line}"),
            format!("{head}{line}{head}"),
            format!(
                "{head}\"nick.eth\" = {{ owner = \"{SIGNER}\", signature = \"{SIGNATURE}\" }}\n{line}"
            ),
            format!("{head}\"Nick.eth\" = \"{SIGNATURE}\"\n"),
            format!("{head}\"nick.eth\" = \"0x00\"\n"),
            format!("{head}{line}\"a.nick.eth\" = '{SIGNATURE}'\n"),
            format!("{head}{}", line.replace('\n', " # c\n")),
            format!("[approvals.0x00]\n{line}"),
            format!("{head}{line}[other]\nx = 1\n"),
        ] {
            assert!(Config::parse_apart(&text(&approvals)).is_none(), "{approvals}");
        }
        let without_wallet = text(&format!("{head}{line}")).replace("wallet", "#");
        assert!(Config::parse_apart(&without_wallet).is_none());
        // Of what is wrong the place in the file is told.
        let error = Config::parse(&text(&format!("{head}{line}[other]\nx = 1\n"))).unwrap_err();
        assert!(error.to_string().contains('7'), "{error}");
    }
}
