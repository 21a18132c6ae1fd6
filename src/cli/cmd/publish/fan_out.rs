//! What `publish`, `renew` and `rollback` share: a record to every publisher, read back from
//! each and from the gateways.

use std::sync::Arc;
use std::time::Duration;

use cid::Cid;
use jiff::Timestamp;
use namesys::ens::Name;
use namesys::ipfs::BlockSource;
use namesys::ipns::{Publisher, Validity};
use namesys::keys::IpnsName;
use namesys::net::{Http, beside};
use namesys::publish::backend::NamesysBackend;
use namesys::publish::{
    Author, Enough, Foresight, Look, Permission, PublishNotice, PublishOutcome, PublishRequest,
    PublishTreeError, Sight, Subject, Trees, Witnesses, foresee, look, publish, rehearse, required,
};
use namesys::published::{Judge, PublishedTree};
use namesys::resolve::{BlockNode, BlockServers, FetchLimits, Gateway};
use namesys::workspace::{Config, Lock, Removal, Workspace};

use crate::cli::context::Context;
use crate::cli::endpoints::{GatewayArgs, PublisherArgs, UploadArgs, record_sources};
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::cli::values::duration;

/// Where a record goes, and when that is enough.
#[derive(Debug, clap::Args)]
pub struct FanOutArgs {
    /// How many publishers, or web hosts, must serve what is published [default: all]
    #[arg(long, value_name = "N")]
    pub require: Option<usize>,
    /// Wait until publishers and gateways serve the record (web hosts the files), at most so long
    /// (10m when no duration is given); a gateway or cache may keep an older one until its TTL has
    /// passed
    #[arg(long, value_name = "DURATION", value_parser = duration, num_args = 0..=1,
          require_equals = true, default_missing_value = "10m")]
    pub wait: Option<Duration>,
    #[command(flatten)]
    publishers: PublisherArgs,
    #[command(flatten)]
    gateways: GatewayArgs,
}

/// The services of [`FanOutArgs`].
pub struct FanOut {
    /// Every one gets the record.
    pub publishers: Vec<Box<dyn Publisher>>,
    /// Asked for blocks that are not on this disk.
    nodes: Vec<Arc<BlockNode>>,
    gateways: Vec<Gateway>,
    enough: Enough,
    http: Http,
}

impl FanOutArgs {
    /// The backends that are told of a publication.
    ///
    /// # Errors
    /// Exit 2 for one that is not to be told.
    pub fn backends(
        &self,
        context: &Context,
        config: Option<&Config>,
        allow_loopback: bool,
    ) -> Result<Vec<NamesysBackend>, CliError> {
        self.publishers.backends(context, config, allow_loopback)
    }

    /// Whether a flag names a publisher.
    pub fn names_publishers(&self) -> bool {
        self.publishers.are_given()
    }

    /// Opens the services.
    ///
    /// # Errors
    /// Exit 2 when one is no endpoint, or more are required than there are.
    pub fn open(&self, context: &Context, config: Option<&Config>) -> Result<FanOut, CliError> {
        let publishers = self.publishers.get(context, config)?;
        let require = required(self.require, "publishers", publishers.len())?;
        let gateways = self.gateways.get(context, config)?;
        let enough = Enough { require, wait: self.wait };
        context.grant(self.wait);
        let nodes = UploadArgs::default().readable(context, config)?;
        Ok(FanOut { publishers, nodes, gateways, enough, http: context.http()? })
    }
}

/// What is sent, for whom, and what may go for it.
pub struct Sending<'a> {
    /// Where records made here are kept, and its lock.
    pub locked: Option<(&'a Workspace, Lock)>,
    /// The ENS name, where one is known, and the IPNS name.
    pub names: (Option<&'a Name>, IpnsName),
    /// What the record points to.
    pub subject: Subject<'a>,
    /// Where the record comes from.
    pub author: Author<'a>,
    /// Decides what is lost; none where a signed record says what it was made over.
    pub judge: Option<Judge>,
    /// What may go.
    pub permission: Permission,
    /// Whether most of it may.
    pub removal: Removal<'a>,
}

/// What is foreseen, of which workspace.
pub struct Foreseeing<'a> {
    /// The workspace.
    pub session: &'a Session,
    /// Its IPNS name.
    pub name: IpnsName,
    /// What would be published, and its blocks.
    pub tree: (Cid, Arc<dyn BlockSource>),
    /// Decides what is lost.
    pub judge: Judge,
    /// What may go.
    pub permission: &'a Permission,
    /// Until when a new record would be valid.
    pub validity: Validity,
}

impl FanOut {
    /// Those who are asked, where nothing is sent.
    ///
    /// # Errors
    /// Exit 2 when one is no endpoint.
    pub fn to_ask(
        context: &Context,
        config: &Config,
        publishers: &PublisherArgs,
        gateways: &GatewayArgs,
    ) -> Result<Self, CliError> {
        let publishers = publishers.get(context, Some(config))?;
        let gateways = gateways.get(context, Some(config))?;
        Self::to_all(context, publishers, gateways)
    }

    /// To every one of `publishers`, which all must serve it.
    ///
    /// # Errors
    /// As [`Context::http`].
    pub fn to_all(
        context: &Context,
        publishers: Vec<Box<dyn Publisher>>,
        gateways: Vec<Gateway>,
    ) -> Result<Self, CliError> {
        let enough = Enough { require: publishers.len(), wait: None };
        Ok(Self { publishers, nodes: Vec::new(), gateways, enough, http: context.http()? })
    }

    /// Gives the record to one more, which has to serve it where all have to.
    pub fn also(&mut self, publisher: Box<dyn Publisher>) {
        if self.enough.require == self.publishers.len() {
            self.enough.require += 1;
        }
        self.publishers.push(publisher);
    }

    /// Reads blocks from the nodes among `uploads` too.
    ///
    /// # Errors
    /// Exit 2 when one is no endpoint.
    pub fn reading(
        mut self,
        uploads: &UploadArgs,
        context: &Context,
        config: Option<&Config>,
    ) -> Result<Self, CliError> {
        self.nodes = uploads.readable(context, config)?;
        Ok(self)
    }

    /// What publishing would do; nothing is sent.
    ///
    /// # Errors
    /// Those that stop everything.
    pub fn foresee(&self, context: &Context, of: Foreseeing<'_>) -> Result<Foresight, CliError> {
        let Foreseeing { session, name, tree: (root, here), judge, permission, validity } = of;
        let ens_name = session.config.name();
        let gateways = record_sources(&self.http, &self.gateways, ens_name);
        let mut trees = self.trees(ens_name, Some(session.workspace.clone()), judge);
        trees.here = Some(here);
        // The workspace stays as it is.
        trees.servers.scratch = Some(std::env::temp_dir());
        let request = PublishRequest {
            workspace: Some(&session.workspace),
            name,
            subject: Subject::Root(root),
            author: Author::Later { validity },
            publishers: &self.publishers,
            gateways: &gateways,
            trees: Some(&trees),
            permission,
            removal: Removal::Any,
            enough: self.enough,
            now: Timestamp::now(),
            notice: &|_| (),
            waiting: &|_| (),
        };
        context.block_on(async { Ok(foresee(&request).await?) })
    }

    fn trees(&self, name: &Name, workspace: Option<Workspace>, judge: Judge) -> Trees {
        let scratch = workspace.as_ref().and_then(|workspace| workspace.temporary_dir().ok());
        let (nodes, gateways) = (self.nodes.clone(), self.gateways.clone());
        let limits = FetchLimits::WHOLE;
        Trees {
            http: self.http.clone(),
            servers: BlockServers { nodes, gateways, scratch, limits },
            name: name.clone(),
            workspace,
            judge: Arc::new(judge),
            here: None,
        }
    }

    /// Publishes and looks whether it is seen. The workspace's lock is given back once the record
    /// is out: others need not wait for gateways.
    ///
    /// # Errors
    /// Those that stop everything.
    pub fn send(
        &self,
        context: &Context,
        mut sending: Sending<'_>,
    ) -> Result<PublishOutcome, CliError> {
        let (workspace, lock) = sending.locked.take().unzip();
        self.with(context, workspace, sending, async |request| publish(request, lock).await)
    }

    /// As [`send`](Self::send), in `workspace`, whose lock stays with the caller.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn keeping_lock(
        &self,
        context: &Context,
        workspace: &Workspace,
        sending: Sending<'_>,
    ) -> Result<PublishOutcome, CliError> {
        self.with(context, Some(workspace), sending, async |request| publish(request, None).await)
    }

    /// What [`send`](Self::send) would do: nothing is sent, and nothing written.
    ///
    /// # Errors
    /// As [`send`](Self::send).
    pub fn rehearse(
        &self,
        context: &Context,
        workspace: &Workspace,
        sending: Sending<'_>,
    ) -> Result<PublishOutcome, CliError> {
        self.with(context, Some(workspace), sending, async |request| rehearse(request).await)
    }

    /// What stands under an IPNS name; `base` is what was last seen.
    ///
    /// # Errors
    /// Ctrl-C.
    pub fn look(
        &self,
        context: &Context,
        (ens_name, name): (&Name, &IpnsName),
        base: Option<&PublishedTree>,
    ) -> Result<Look, CliError> {
        let gateways = record_sources(&self.http, &self.gateways, ens_name);
        let witnesses = Witnesses { name, publishers: &self.publishers, gateways: &gateways };
        context.block_on(async { Ok(look(witnesses, base).await) })
    }

    fn with(
        &self,
        context: &Context,
        workspace: Option<&Workspace>,
        sending: Sending<'_>,
        act: impl AsyncFnOnce(&PublishRequest<'_>) -> Result<PublishOutcome, PublishTreeError>,
    ) -> Result<PublishOutcome, CliError> {
        let Sending { names: (ens_name, name), subject, author, judge, .. } = sending;
        let (permission, removal) = (sending.permission, sending.removal);
        let output = context.output;
        let notice = move |notice: &PublishNotice| output.warn(notice);
        let waiting = move |Sight { from, error, .. }: &Sight| {
            let reason = beside(from, error.as_deref().unwrap_or_default());
            output.note(format_args!("waiting for {from}: {reason}"));
        };
        let gateways = ens_name.map(|name| record_sources(&self.http, &self.gateways, name));
        let gateways = gateways.unwrap_or_default();
        let trees = judge
            .zip(ens_name)
            .map(|(judge, ens_name)| self.trees(ens_name, workspace.cloned(), judge));
        let request = PublishRequest {
            workspace,
            name,
            subject,
            author,
            publishers: &self.publishers,
            gateways: &gateways,
            trees: trees.as_ref(),
            permission: &permission,
            removal,
            enough: self.enough,
            now: Timestamp::now(),
            notice: &notice,
            waiting: &waiting,
        };
        context.block_on(async { Ok(act(&request).await?) })
    }
}
