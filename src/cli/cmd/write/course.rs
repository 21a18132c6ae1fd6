//! One name: its resolver is asked, and what it says is followed.

use std::cell::OnceCell;

use alloy_primitives::Address;
use namesys::chain::{ChainView, Revert};
use namesys::ens::Name;
use namesys::keys::IpnsName;
use namesys::record::{multicall, setter_call};
use namesys::report::{ErrorKind, WriteReport, WriteTargetReport};
use namesys::write::{Asked, Decoded, Deferral, Metadata, Profile, Target, ask, metadata};

use super::Args;
use super::chains::Chains;
use super::own::OwnWorkspace;
use super::show::{Ended, begun, describe, learn, report};
use super::subjects::Subject;
use crate::cli::context::Context;
use crate::cli::error::{CliError, Exit};
use crate::cli::open_wallet::OpenWallet;
use crate::cli::prompt;

/// Deferrals in a row that are followed.
const MAX_CHAINED: usize = 4;
/// What answers without a terminal.
const INSTEAD: &str = "--yes to go on without asking";

/// What a name is written with.
pub struct Course<'a> {
    pub args: &'a Args,
    pub context: &'a Context,
    pub chains: &'a Chains,
    pub wallet: &'a OpenWallet,
    /// The workspace that was made for it, where there is none here.
    pub own: OnceCell<OwnWorkspace>,
}

/// The contract that was asked, and what was.
pub struct Place {
    pub view: ChainView,
    pub chain_id: u64,
    pub contract: Address,
    pub owner: Address,
    /// Each setter by itself.
    pub setters: Vec<Vec<u8>>,
}

/// What a resolver says of the IPNS name that a record is published under.
pub struct IpnsHandler<'a> {
    pub gateway: &'a str,
    /// Who signs; zero where an approval travels along.
    pub signer: Address,
    pub ipns: IpnsName,
    pub graphql: Option<&'a str>,
}

/// One call, and what the contract does with it.
pub struct Answer {
    pub calldata: Vec<u8>,
    pub asked: Asked,
}

impl Course<'_> {
    pub fn address(&self) -> Address {
        self.wallet.as_wallet().address()
    }

    /// Writes the records of a name.
    pub fn write(&self, subject: &Subject) -> Result<Ended, CliError> {
        let place = self.place(subject)?;
        let answers = self.ask(&subject.name, &place)?;
        self.follow(subject, &place, answers, begun(subject), 1)
    }

    fn place(&self, subject: &Subject) -> Result<Place, CliError> {
        let name = &subject.name;
        let setter = |(key, value): &_| setter_call(name.node(), key, value);
        let setters: Option<Vec<_>> = subject.records.iter().map(setter).collect();
        let setters = setters.ok_or_else(|| CliError::usage("a value of another record"))?;
        let rpc = &self.chains.main;
        let (view, facts) = self.context.block_on(async {
            let view = rpc.at(rpc.latest().await?.value);
            let mut facts = view.name_facts(name).await?.value;
            if facts.resolver.is_none() {
                facts.resolver = view.find_universally(name).await?.value;
            }
            Ok((view, facts))
        })?;
        let resolver = facts.resolver.as_ref().ok_or_else(|| {
            let message = format!("{name} has no resolver, so there is nobody to ask");
            CliError::new(Exit::NotFound, ErrorKind::NoResolver, message)
                .hint("namesys setup gives it one; or is it on another chain?")
        })?;
        let (chain_id, contract, owner) = (self.chains.main_id, resolver.address, facts.owner());
        Ok(Place { view, chain_id, contract, owner, setters })
    }

    /// Several setters are asked in one call; where that says nothing of all of them, each by
    /// itself.
    fn ask(&self, name: &Name, place: &Place) -> Result<Vec<Answer>, CliError> {
        let one = |calldata: Vec<u8>| {
            let (view, whom, from) = (&place.view, (name, place.contract), self.address());
            let asked =
                self.context.block_on(async { Ok(ask(view, from, whom, &calldata).await?) })?;
            Ok::<_, CliError>(Answer { calldata, asked })
        };
        if let [setter] = &place.setters[..] {
            return Ok(vec![one(setter.clone())?]);
        }
        let all = one(multicall(&place.setters))?;
        let is_of_all = match &all.asked {
            Asked::Accepted => true,
            Asked::Refused(_) => false,
            Asked::Deferred { found, .. } => match &found.deferral {
                Deferral::Offchain(write) | Deferral::LegacyDatabase(write) => {
                    write.carries(&all.calldata)
                }
                deferral => {
                    matches!(deferral.target(), Some(Target::Contract { .. }))
                        && deferral.call_data().is_none()
                }
            },
        };
        match is_of_all {
            true => Ok(vec![all]),
            false => place.setters.iter().cloned().map(one).collect(),
        }
    }

    /// Does what the contract says.
    fn follow(
        &self,
        subject: &Subject,
        place: &Place,
        answers: Vec<Answer>,
        begun: WriteReport,
        depth: usize,
    ) -> Result<Ended, CliError> {
        if let Some(Asked::Refused(revert)) = answers
            .iter()
            .map(|answer| &answer.asked)
            .find(|asked| matches!(asked, Asked::Refused(_)))
        {
            return Err(self.refused(place, revert));
        }
        let found: Vec<&Decoded> = answers.iter().filter_map(Answer::deferred).collect();
        let Some(first) = found.first() else {
            let report = WriteReport { target: Some(place.target()), ..begun };
            return self.transact(subject, place, answers, report);
        };
        let goes_one_way = found.len() == answers.len()
            && found.iter().all(|other| other.deferral.goes_where(&first.deferral));
        if !goes_one_way {
            let message = "the resolver has these records written in different places";
            return Err(CliError::new(Exit::Failed, ErrorKind::Unsupported, message)
                .hint("write them one at a time"));
        }
        let report = WriteReport { name: begun.name, records: begun.records, ..report(first) };
        self.deferred(subject, place, first, &answers, report, depth)
    }

    fn deferred(
        &self,
        subject: &Subject,
        place: &Place,
        first: &Decoded,
        answers: &[Answer],
        mut report: WriteReport,
        depth: usize,
    ) -> Result<Ended, CliError> {
        self.check_call(place, answers)?;
        let inline = match &first.deferral {
            Deferral::BySelector { storage, metadata: selector, .. } => {
                let who = (self.address(), place.contract);
                let (view, name) = (&place.view, &subject.name);
                let found = self.context.block_on(async {
                    Ok(metadata(view, who, *selector, *storage, name).await?)
                })?;
                learn(&mut report, &found);
                Some(found)
            }
            Deferral::Inline { metadata, .. } => Some(metadata.clone()),
            _ => None,
        };
        if depth > MAX_CHAINED {
            let message = format!("more than {MAX_CHAINED} contracts hand it on to each other");
            return Err(CliError::new(Exit::Failed, ErrorKind::Contract, message));
        }
        let profile = match &inline {
            Some(Metadata::Ipns { .. }) => Some(self.profile_of_workspaces()?),
            _ => self.args.profile.or(first.deferral.profile()),
        };
        if let Some(profile) = profile {
            report.profile = Some(self.fitting(profile, place)?.to_string());
        }
        if let Deferral::Routed { contract, chain_id: None, .. } = &first.deferral {
            // It names no chain: the one that was asked is meant.
            let (contract, chain_id) = (contract.to_string(), Some(place.chain_id));
            report.target = Some(WriteTargetReport::Contract { contract, chain_id });
        }
        describe(&report, self.context);
        match (&first.deferral, inline) {
            (_, Some(Metadata::Database { gateway, signer, .. })) => {
                let named = Some(signer).filter(|signer| !signer.is_zero());
                let profile = self.fitting(profile.unwrap_or(Profile::EnsipY), place)?;
                self.post_records(subject, place, (&gateway, named, profile), report)
            }
            (_, Some(Metadata::L2 { contract, chain_id })) => {
                self.elsewhere(subject, place, (contract, chain_id), answers, report, depth)
            }
            (Deferral::RoutedToDatabase { url }, _) => {
                let profile = profile.unwrap_or(Profile::Erc7700);
                self.post_records(subject, place, (url, None, profile), report)
            }
            (Deferral::Offchain(_) | Deferral::LegacyDatabase(_), _) => {
                self.post_messages(subject, place, answers, report)
            }
            (Deferral::LegacyL2 { contract, chain_id }, _) => {
                self.refuse_same_chain(place, *chain_id)?;
                self.elsewhere(subject, place, (*contract, *chain_id), answers, report, depth)
            }
            (Deferral::Onchain { contract, chain_id }, _) => {
                let target = (*contract, *chain_id);
                self.elsewhere(subject, place, target, answers, report, depth)
            }
            (Deferral::Routed { contract, chain_id, .. }, _) => {
                let target = (*contract, chain_id.unwrap_or(place.chain_id));
                self.elsewhere(subject, place, target, answers, report, depth)
            }
            (_, Some(Metadata::Ipns { gateway, signer, ipns, graphql })) => {
                let (gateway, graphql) = (&*gateway, graphql.as_deref());
                let handler = IpnsHandler { gateway, signer, ipns, graphql };
                self.publish_records(subject, place, &handler, report)
            }
            (deferral, _) => {
                let message = format!("{}: {}", first.handler(), deferral.course());
                Ok((report, Some(CliError::new(Exit::Failed, ErrorKind::Unsupported, message))))
            }
        }
    }

    /// What the error repeats of the call must be the call.
    fn check_call(&self, place: &Place, answers: &[Answer]) -> Result<(), CliError> {
        let wallet = self.address();
        for answer in answers {
            let Some(found) = answer.deferred() else { continue };
            let Some((sender, call_data)) = found.deferral.call_data() else { continue };
            let is_own = answer.is_through_resolve() && sender == place.contract;
            let message = if sender != wallet && !is_own {
                format!("the resolver {} speaks to {sender}, and you are {wallet}", place.contract)
            } else if answer.calldata.get(4..) != Some(call_data) {
                format!("the resolver {} repeats other arguments than were given", place.contract)
            } else {
                continue;
            };
            return Err(CliError::new(Exit::Unverified, ErrorKind::Contract, message)
                .hint("nothing of this name was signed or sent; do not trust this resolver"));
        }
        Ok(())
    }

    /// Whoever's error it was, a workspace has the keys of SIGN 1 and SIGN 2, and signs SIGN 4.
    fn profile_of_workspaces(&self) -> Result<Profile, CliError> {
        match self.args.profile {
            None | Some(Profile::EnsipY) => Ok(Profile::EnsipY),
            Some(other) => {
                let message = format!(
                    "--profile {other}: these records are published under an IPNS key, and a \
                     workspace has the keys and texts of ensip-y (SIGN 1 to 4) alone"
                );
                Err(CliError::usage(message).hint("leave --profile out, or give --profile ensip-y"))
            }
        }
    }

    /// ENSIP-19 where the contract rebuilds SIGN 3 and 4; the draft's own texts elsewhere.
    fn fitting(&self, profile: Profile, place: &Place) -> Result<Profile, CliError> {
        if self.args.profile.is_some() || profile != Profile::Eip5559 {
            return Ok(profile);
        }
        let (view, contract) = (&place.view, place.contract);
        let deployed =
            self.context.block_on(async { Ok(view.is_records_resolver(contract).await?.value) })?;
        Ok(if deployed { Profile::Ensip19 } else { Profile::Eip5559 })
    }

    /// The first EIP-5559 hands a write to another chain, never back.
    fn refuse_same_chain(&self, place: &Place, chain_id: u64) -> Result<(), CliError> {
        if chain_id != place.chain_id && chain_id != 1 {
            return Ok(());
        }
        let message = format!(
            "the resolver {} sends the call to chain {chain_id}, where it was asked or names are \
             registered: such an error leads to another chain alone",
            place.contract
        );
        Err(CliError::new(Exit::Failed, ErrorKind::Contract, message).hint("nothing was sent"))
    }

    /// The same calls at another contract, which may hand them on.
    fn elsewhere(
        &self,
        subject: &Subject,
        place: &Place,
        (contract, chain_id): (Address, u64),
        answers: &[Answer],
        report: WriteReport,
        depth: usize,
    ) -> Result<Ended, CliError> {
        let Some(rpc) = self.chains.of(chain_id) else {
            return self.no_node(subject, (contract, chain_id), answers, report);
        };
        let view = self.context.block_on(async { Ok(rpc.at(rpc.latest().await?.value)) })?;
        let setters = place.setters.clone();
        let next = Place { view, chain_id, contract, owner: place.owner, setters };
        let answers = self.ask(&subject.name, &next)?;
        let deferred = answers.iter().any(|answer| answer.deferred().is_some());
        let refused = answers.iter().any(|answer| matches!(answer.asked, Asked::Refused(_)));
        if deferred || refused {
            return self.follow(subject, &next, answers, report, depth + 1);
        }
        self.transact(subject, &next, answers, report)
    }

    /// What is signed and posted cannot be printed for a wallet elsewhere.
    pub fn refuse_printing(&self) -> Result<(), CliError> {
        if self.args.sending.sends() {
            return Ok(());
        }
        let message = "the resolver wants what is signed posted: there is no call to print";
        Err(CliError::new(Exit::Failed, ErrorKind::Unsupported, message)
            .hint("leave --calldata and --safe out"))
    }

    fn refused(&self, place: &Place, revert: &Revert) -> CliError {
        let (contract, wallet) = (place.contract, self.address());
        let message = format!("the resolver {contract} refuses the call of {wallet}: {revert}");
        let error = CliError::new(Exit::Failed, ErrorKind::Refused, message);
        if wallet == place.owner {
            return error;
        }
        error.hint(format!("{wallet} does not own the name; its owner is {}", place.owner))
    }

    /// Shows what is signed, and asks for a yes.
    ///
    /// # Errors
    /// Without one.
    pub fn agreed(
        &self,
        subject: &Subject,
        report: &WriteReport,
        question: &str,
    ) -> Result<(), CliError> {
        let messages = report.messages.clone();
        describe(&WriteReport { messages, ..WriteReport::default() }, self.context);
        if self.args.sending.yes || prompt::confirm(question, INSTEAD)? {
            return Ok(());
        }
        let message = format!("no record of {} was signed, and nothing was sent", subject.name);
        Err(CliError::new(Exit::Failed, ErrorKind::NotConfirmed, message)
            .hint("the same command asks again; --dry-run only shows it"))
    }

    /// Somebody is there to say yes, or said it before: keys are not derived for nothing.
    pub fn needs_somebody(&self) -> Result<(), CliError> {
        match self.args.sending.yes {
            true => Ok(()),
            false => prompt::terminal("Sign and post this", INSTEAD),
        }
    }
}

impl Answer {
    pub fn deferred(&self) -> Option<&Decoded> {
        match &self.asked {
            Asked::Deferred { found, .. } => Some(found),
            Asked::Accepted | Asked::Refused(_) => None,
        }
    }

    /// Whether the resolver says so to `resolve()` alone.
    pub fn is_through_resolve(&self) -> bool {
        matches!(self.asked, Asked::Deferred { through_resolve: true, .. })
    }
}
