//! IPNS handlers: what is published under the key is pulled into the workspace of that key, the
//! records are signed there, and it goes out by `publish` and what that refuses
//! ([write](namesys::spec::write)).

use clap::Parser;
use namesys::ipns::W3name;
use namesys::keys::IpnsKey;
use namesys::net::Http;
use namesys::published::BaseFile;
use namesys::report::{
    ErrorKind, MessageReport, PublishReport, TextSigner, WriteReport, WriteState,
};
use namesys::workspace::{ApprovalMode, Removal};
use namesys::write::ask_version;
use url::Url;

use super::course::{Course, IpnsHandler, Place};
use super::ipns_keys::check_keys;
use super::show::Ended;
use super::subjects::Subject;
use super::texts::in_workspace;
use crate::cli::cmd::publish::publication::PublicationArgs;
use crate::cli::cmd::publish::report::with_ahead;
use crate::cli::cmd::publish::{check_tree, send_all};
use crate::cli::cmd::pull;
use crate::cli::cmd::sign::{Signing, sign};
use crate::cli::endpoints::UploadArgs;
use crate::cli::error::{CliError, Exit};
use crate::cli::keys_args::SignerKeyArgs;
use crate::cli::mass_removal::ask;
use crate::cli::session::Session;

/// `pull` and `publish` without any flags: wallet and password are those of this command.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Pulling {
    #[command(flatten)]
    args: pull::Args,
}

#[derive(Parser)]
#[command(no_binary_name = true)]
struct Publishing {
    #[command(flatten)]
    signer_key: SignerKeyArgs,
    #[command(flatten)]
    uploads: UploadArgs,
    #[command(flatten)]
    publication: PublicationArgs,
}

const NOTHING: [&str; 0] = [];

/// So far an endpoint's version may be ahead of what is published: whoever runs it must not be able to
/// use a name's sequences up.
const MAX_AHEAD: u64 = 1 << 20;

impl Course<'_> {
    /// Brings the records into the workspace of the key, and publishes it.
    pub fn publish_records(
        &self,
        subject: &Subject,
        place: &Place,
        handler: &IpnsHandler<'_>,
        mut report: WriteReport,
    ) -> Result<Ended, CliError> {
        let session = Session::open_if_any(self.context)?;
        let is_of = |session: &Session| {
            session.config.names().iter().any(|own| subject.name.is_or_is_under(own))
        };
        let session = session.filter(is_of);
        if let Some(session) = &session {
            check_keys(session, handler)?;
        }
        // Wrong addresses are refused before anything is signed.
        let (publisher, http) = self.gateway(handler.gateway)?;
        let version = match handler.graphql.filter(|url| !url.is_empty()) {
            Some(url) => Some(self.gateway(url)?),
            None => None,
        };
        report.messages = match &session {
            Some(session) => texts(session, subject),
            None => {
                let named = Some(handler.signer).filter(|signer| !signer.is_zero());
                in_workspace(subject, named, (place.chain_id, TextSigner::Signer))
            }
        };
        if self.args.dry_run {
            return Ok((report, None));
        }
        self.refuse_printing()?;
        let question = match &session {
            Some(_) => format!("Pull, sign and publish this under {}", handler.ipns),
            None => format!(
                "There is no workspace of {} here. Clone what is published there into a temporary \
                 one, sign and publish this",
                handler.ipns
            ),
        };
        self.agreed(subject, &report, &question)?;
        if self.args.password.is_given_by_flag() {
            self.args.password.get(self.context, false)?;
        }
        let mut session = match session {
            Some(_) => {
                self.pull()?;
                let mut session = Session::open(self.context)?;
                // What pull wrote down counts.
                drop(session.lock()?);
                session
            }
            None => self.workspace_of(subject, place, handler)?,
        };
        // Before anything is set or signed.
        let sequence = match &version {
            Some((url, http)) => self.next_sequence(subject, handler, &session, (url, http))?,
            None => None,
        };
        set(&session, subject)?;
        let args = parsed::<Publishing>()?;
        let derived = self.sign(subject, &mut session, &args)?;
        check_tree((false, false), self.context, &session)?;
        let config = Some(&session.config);
        let fan_out = args.publication.fan_out.open(self.context, config)?;
        let mut fan_out = fan_out.reading(&args.uploads, self.context, config)?;
        if fan_out.publishers.iter().all(|one| *one.url() != publisher) {
            fan_out.also(Box::new(W3name::new(http, publisher)));
        }
        let uploads = args.uploads.get(self.context, config)?;
        let key = match derived {
            Some(key) => key,
            None => args.publication.author.key(self.context, &mut session)?,
        };
        let publication = args.publication.open_with(self.context, session, fan_out, key)?;
        let (outcome, ahead) = match send_all(false, self.context, publication, &uploads, sequence)
        {
            Ok(sent) => sent,
            Err(error) => {
                // What was interrupted may be there.
                let cut = (error.kind == ErrorKind::Interrupted).then_some(WriteState::Unknown);
                all_are(&mut report, cut.unwrap_or_default());
                return Ok((report, Some(error)));
            }
        };
        let (published, failure) = with_ahead(outcome, ahead);
        let state = arrived(&published);
        all_are(&mut report, state);
        if state == WriteState::NotSent {
            return Ok((report, failure));
        }
        report.checks.push(format!(
            "published as sequence {} of {}",
            published.sequence, published.ipns_name
        ));
        let read = self.read_under(subject, place, handler, &mut report);
        Ok((report, failure.or(read)))
    }

    /// The sequence that follows from what the endpoint tells, where that is ahead of what is
    /// published.
    fn next_sequence(
        &self,
        subject: &Subject,
        handler: &IpnsHandler<'_>,
        session: &Session,
        (url, http): (&Url, &Http),
    ) -> Result<Option<u64>, CliError> {
        let (of, query) = ((&subject.name, &handler.ipns), self.args.version_query());
        let asking = ask_version(http, url, of, &query);
        let told = self.context.block_on(async { Ok(asking.await?) })?;
        let known = BaseFile::read(&session.workspace)?.of(&handler.ipns);
        let known = known.base.as_ref().map(|base| base.sequence());
        let Some(told) = told.filter(|told| known.is_none_or(|known| *told > known)) else {
            return Ok(None);
        };
        let published = known.unwrap_or_default();
        if told - published > MAX_AHEAD {
            let message = format!(
                "{url} tells version {told} of {}, and {published} is the last that is published: no \
                 name comes so far, and nothing could follow sequences at their end",
                handler.ipns
            );
            return Err(CliError::new(Exit::Failed, ErrorKind::Contract, message)
                .hint("nothing of this name was signed or sent; do not trust this resolver"));
        }
        Ok(Some(told + 1))
    }

    /// What is published now is in the workspace before anything is made of it.
    fn pull(&self) -> Result<(), CliError> {
        match pull::run(parsed::<Pulling>()?.args, self.context) {
            Ok(outcome) => outcome.into_error().map_or(Ok(()), Err),
            // The first publication.
            Err(error) if error.kind == ErrorKind::NotPublished => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Signs the records of the name alone; the IPNS key, where it was derived beside the signer.
    fn sign(
        &self,
        subject: &Subject,
        session: &mut Session,
        args: &Publishing,
    ) -> Result<Option<IpnsKey>, CliError> {
        let author = &args.publication.author;
        let signing = Signing {
            only: Some(&subject.name),
            force: false,
            approval: None,
            owner: None,
            flat: false,
            metadata: false,
            removal: Removal::Ask(&ask),
            agreed: None,
            signer_key: &args.signer_key,
            derive: &author.derive,
            with_ipns: !author.ipns_key.is_given()?,
        };
        let signed = sign(&signing, self.context, session)?;
        match signed.error {
            Some(error) => Err(error),
            None => {
                signed.ipns.iter().for_each(|key| self.context.keep_secret(key));
                Ok(signed.ipns)
            }
        }
    }
}

/// SIGN 4 of each record, by whoever signs in the workspace.
fn texts(session: &Session, subject: &Subject) -> Vec<MessageReport> {
    let keys = session.config.keys();
    let (signer, by) = match session.config.approval_mode().unwrap_or_default() {
        ApprovalMode::Owner => (keys.wallet, TextSigner::Wallet),
        ApprovalMode::Wallet | ApprovalMode::OnChain => (keys.signer, TextSigner::Signer),
    };
    in_workspace(subject, signer, (session.config.chain_id, by))
}

/// What came of all records, by what came of the publication.
fn arrived(published: &PublishReport) -> WriteState {
    match &published.publications[..] {
        [] => WriteState::NotSent,
        all if all.iter().any(|one| one.ok) => WriteState::Taken,
        _ => WriteState::Unknown,
    }
}

fn all_are(report: &mut WriteReport, state: WriteState) {
    report.records.iter_mut().for_each(|record| record.state = state);
    report.posted = state == WriteState::Taken;
}

fn parsed<T: Parser>() -> Result<T, CliError> {
    T::try_parse_from(NOTHING).map_err(|error| CliError::usage(error.to_string()))
}

/// The records are wanted from now on.
fn set(session: &Session, subject: &Subject) -> Result<(), CliError> {
    let _lock = session.workspace.lock()?;
    let mut records = session.workspace.records(&session.config)?;
    let mut is_new = false;
    for (key, value) in &subject.records {
        is_new |= records.set(&subject.name, key, value.clone())?;
    }
    if is_new {
        session.workspace.save_records(&records)?;
    }
    Ok(())
}
