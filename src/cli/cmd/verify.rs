//! `verify [PATH]`: what the resolver would check, offline.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use alloy_primitives::Address;
use namesys::ens::Name;
use namesys::report::{CheckedReport, ErrorKind, VerifyReport};
use namesys::request::ApprovalBasis;
use namesys::workspace::{CheckedFile, Facts, Verdict, Workspace, check_tree, check_workspace};

use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::output::{Human, Outcome, shown};
use crate::cli::progress::Unit;
use crate::cli::session::Session;
use crate::cli::wallet_args::address;
use crate::cli::words::{Tone, state};

/// What the numbers in reasons are.
const SIGNATURES: &str = "SIGN 3 is the owner's approval of a records signer for one name, SIGN 4 \
     the signer's signature of one record; namesys sign makes those of this workspace anew";

/// `verify …`
#[derive(Debug, clap::Args)]
pub struct Args {
    /// A folder that holds .well-known; default: the workspace
    path: Option<PathBuf>,
    /// The owner of the names; default: the workspace's wallet
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    owner: Option<Address>,
    /// A signer, or a manager, that the owner approved on chain; may be given more than once
    #[arg(long, value_name = "ADDRESS", value_parser = address)]
    approved_signer: Vec<Address>,
    /// The chain whose id stands in the texts; default: the workspace's, or 1
    #[arg(long, value_name = "N")]
    chain_id: Option<u64>,
}

/// Checks the tree in `dir` against `facts`. Ctrl-C ends it at once.
pub fn check(facts: &Facts, context: &Context, dir: &Path) -> Result<Vec<CheckedFile>, CliError> {
    let bar = context.output.progress("verifying", Unit::Things("files"));
    let (shown, facts, dir) = (bar.clone(), facts.clone(), dir.to_owned());
    let checked = context.blocking(move || {
        let owner_of = |name: &Name| facts.owner_of(name);
        let progress = || shown.one_more();
        check_tree(&dir, facts.chain_id, &owner_of, &facts.approved, &progress)
    });
    bar.finish();
    Ok(checked??)
}

/// As [`check`], by what is known of the workspace.
pub fn check_known(
    facts: &Facts,
    context: &Context,
    workspace: &Workspace,
) -> Result<Vec<CheckedFile>, CliError> {
    let bar = context.output.progress("verifying", Unit::Things("files"));
    let (shown, facts, workspace) = (bar.clone(), facts.clone(), workspace.clone());
    let checked =
        context.blocking(move || check_workspace(&workspace, &facts, &|| shown.one_more()));
    bar.finish();
    Ok(checked??)
}

/// Checks every file.
pub fn run(args: Args, context: &Context) -> Result<Outcome, CliError> {
    let session = match &args.path {
        Some(_) => Session::open_if_any(context)?,
        None => Some(Session::open(context)?),
    };
    let mut facts = match &session {
        Some(session) => Facts::of(&session.config),
        None => Facts::default(),
    };
    if let Some(owner) = args.owner {
        facts.set_owner(owner);
    }
    facts.chain_id = args.chain_id.unwrap_or(facts.chain_id);
    for signer in &facts.approved {
        context.output.note(format_args!("taking {signer} as approved on chain by the owner"));
    }
    facts.approved.extend(&args.approved_signer);
    if !facts.have_owner() {
        return Err(CliError::usage("who owns the names? No wallet is recorded")
            .hint("namesys sign records the wallet; or give the owner: --owner ADDRESS"));
    }
    let dir = match (&args.path, &session) {
        (Some(path), _) => path.clone(),
        (None, Some(session)) => session.workspace.dir().to_owned(),
        (None, None) => return Err(CliError::usage("which folder?").hint("give its PATH")),
    };
    if !dir.is_dir() {
        return Err(CliError::new(
            Exit::Usage,
            ErrorKind::NoFolder,
            format!("{} is not a folder", dir.display()),
        )
        .hint("give a folder that holds .well-known"));
    }
    let checked = match (&args.path, &session) {
        (None, Some(session)) => check_known(&facts, context, &session.workspace)?,
        _ => check(&facts, context, &dir)?,
    };
    let report = report(checked);
    let error =
        match report.invalid {
            0 if report.valid == 0 => {
                let message = format!("there is no record file in {}", dir.display());
                Some(CliError::new(Exit::NotFound, ErrorKind::NothingSigned, message).hint(
                    "namesys set …, then namesys sign; or name a folder that holds .well-known",
                ))
            }
            0 => None,
            count => Some(invalid(count)),
        };
    Ok(Outcome::partial(report, error))
}

/// Exit 3 for `count` files that do not verify.
pub fn invalid(count: u64) -> CliError {
    let files = if count == 1 { "1 file does" } else { &format!("{count} files do") };
    CliError::new(Exit::Unverified, ErrorKind::Invalid, format!("{files} not verify"))
        .hint(SIGNATURES)
}

/// Sorts what was found.
pub fn report(checked: Vec<CheckedFile>) -> VerifyReport {
    let mut report =
        VerifyReport { valid: 0, invalid: 0, records: Vec::new(), foreign: Vec::new() };
    for file in checked {
        let said = file
            .verdict
            .record()
            .map(|(value, signer, why)| (value.to_string(), basis(why, signer)));
        let (ok, reason, value) = match (said, file.verdict) {
            (Some((value, reason)), _) => (true, Some(reason), Some(value)),
            (None, Verdict::Invalid(reason)) => (false, Some(reason), None),
            (None, _) => {
                report.foreign.push(file.path);
                continue;
            }
        };
        *(if ok { &mut report.valid } else { &mut report.invalid }) += 1;
        report.records.push(CheckedReport {
            name: file.name.map(|name| name.to_string()),
            record: file.key.map(|key| key.to_string()),
            path: file.path,
            ok,
            reason,
            value,
        });
    }
    report
}

/// Why the signer may sign, in words.
pub fn basis(basis: ApprovalBasis, signer: Address) -> String {
    match basis {
        ApprovalBasis::Owner => "signed by the owner".to_owned(),
        ApprovalBasis::OnChain => format!("signed by {signer}, approved on chain"),
        ApprovalBasis::SignedByOwner => format!("signed by {signer}, approved by the owner"),
        ApprovalBasis::SignedByManager(manager) => {
            format!("signed by {signer}, approved by the manager {manager}")
        }
    }
}

impl Human for VerifyReport {
    fn human(&self, out: &mut dyn Write) -> io::Result<()> {
        for record in self.records.iter().filter(|record| !record.ok) {
            let reason = record.reason.as_deref().unwrap_or_default();
            let word = state(Tone::Bad, "invalid");
            writeln!(out, "{word}  {}: {}", shown(&record.path), shown(reason))?;
        }
        for path in &self.foreign {
            writeln!(out, "foreign  {}: not a record; published as it is", shown(path))?;
        }
        writeln!(out, "{} valid, {} invalid", self.valid, self.invalid)
    }
}
