//! Uploads, publishers, gateways, web hosts, databases, and the clock.

use jiff::Timestamp;
use namesys::ens::Name;
use namesys::ipns::{Publisher, PublisherProbe, probe_publisher};
use namesys::keys::IpnsName;
use namesys::net::{Http, Request};
use namesys::publish::site::Site;
use namesys::report::CheckReport;
use namesys::resolve::{Gateway, GatewayProbe, probe_gateway};
use namesys::workspace::{Config, Target};

use super::databases::Databases;
use super::{Args, advice, bad, good, sites};
use crate::cli::context::Context;
use crate::cli::endpoints::ChosenUpload;
use crate::cli::error::CliError;
use crate::cli::session::Session;

/// A clock that is further off makes records that are not valid yet, or expired, in seconds.
const MAX_SKEW: i64 = 60;

/// The services that are probed.
pub struct Services {
    uploads: Vec<ChosenUpload>,
    publishers: Vec<Box<dyn Publisher>>,
    gateways: Vec<Gateway>,
    sites: Vec<Site>,
    databases: Databases,
    name: Option<Name>,
    ipns: Option<IpnsName>,
    http: Http,
}

impl Services {
    /// Prepares; nothing is sent.
    pub fn open(
        args: &Args,
        name: Option<&Name>,
        session: Option<&Session>,
        context: &Context,
    ) -> Result<Self, CliError> {
        let config = session.map(|session| &session.config);
        let ipns = config.and_then(|config| config.keys().ipns_name);
        let sites = match config {
            Some(config) => args.sites.get(context, config)?,
            None => Vec::new(),
        };
        let databases = match session {
            Some(session) => Databases::open(&args.databases, session, context)?,
            None => Databases::default(),
        };
        // A name that only web hosts have uses nothing of IPFS, unless somebody says so.
        let only_sites = config.is_some_and(Config::has_only_sites);
        let uploads = match only_sites && !args.uploads.are_given() {
            true => Vec::new(),
            false => args.uploads.each(context, config)?,
        };
        let publishers = match only_sites && !args.publishers.are_given() {
            true => Vec::new(),
            false => args.publishers.get(context, config)?,
        };
        let gateways = match only_sites {
            true => args.gateways.chosen(context, config)?,
            false => args.gateways.get(context, config)?,
        };
        Ok(Self {
            uploads,
            publishers,
            gateways,
            sites,
            databases,
            name: name.cloned(),
            ipns,
            http: context.gateway_http(None)?,
        })
    }

    /// Probes each.
    pub async fn probe(&self) -> Vec<CheckReport> {
        let mut checks = Vec::new();
        for chosen in &self.uploads {
            checks.push(upload(chosen).await);
        }
        for publisher in &self.publishers {
            checks.push(self.publisher(publisher.as_ref()).await);
        }
        for gateway in &self.gateways {
            checks.push(self.gateway(gateway).await);
        }
        for site in &self.sites {
            checks.extend(sites::probe(site, &self.http).await);
        }
        checks.extend(self.databases.probe(self.name.as_ref()).await);
        checks.push(self.clock().await);
        checks
    }

    async fn publisher(&self, publisher: &dyn Publisher) -> CheckReport {
        let what = format!("publisher {}", publisher.describe());
        match probe_publisher(publisher, self.ipns.as_ref()).await {
            Ok(PublisherProbe::Serves(record)) if self.ipns.is_some() => {
                let fields = record.fields();
                let (sequence, validity) = (fields.sequence, fields.until());
                good(what, format!("sequence {sequence}, valid until {validity}"))
            }
            Ok(PublisherProbe::Serves(_)) => good(what, "it answers"),
            Ok(PublisherProbe::Nothing) => good(what, "it answers, and has no record of this name"),
            Err(error) => bad(what, error.to_string(), advice::publisher(&error)),
        }
    }

    async fn gateway(&self, gateway: &Gateway) -> CheckReport {
        let what = format!("gateway {gateway}");
        let (name, ipns) = (self.name.as_ref(), self.ipns.as_ref());
        match probe_gateway(&self.http, gateway, name, ipns).await {
            Ok(GatewayProbe::Serves) => good(what, "it answers"),
            Ok(GatewayProbe::Nothing) => good(what, "it answers, and has nothing there yet"),
            Ok(GatewayProbe::Unasked) => {
                good(what, "not asked: its addresses need the name of a workspace")
            }
            Ok(GatewayProbe::Else) => {
                bad(what, "it answers with something else than the file asked for", advice::OTHER)
            }
            Err(error) => bad(what, error.to_string(), advice::gateway(&error)),
        }
    }

    /// The local clock against that of the first server which tells its own.
    async fn clock(&self) -> CheckReport {
        let what = "local clock";
        let publishers = self.publishers.iter().map(|publisher| publisher.url().clone());
        let gateways = self.gateways.iter().filter_map(Gateway::trusted_url);
        let uploads = self.uploads.iter().filter_map(|chosen| chosen.upload.as_ref().ok());
        let uploads = uploads.map(|upload| upload.url().clone());
        let sites = self.sites.iter().filter_map(|site| Some(site.url.as_ref()?.url().clone()));
        for url in publishers.chain(gateways).chain(uploads).chain(sites) {
            let host = url.host_str().unwrap_or_default().to_owned();
            let request = Request::get(url).attempts(1);
            let Ok(answer) = self.http.send(&request).await else { continue };
            let Some(date) = answer.date else { continue };
            let skew = Timestamp::now().as_second() - date.as_second();
            let detail = format!("{skew} s ahead of {host}");
            return match skew.abs() <= MAX_SKEW {
                true => good(what, detail),
                false => bad(
                    what,
                    detail,
                    "set the clock (NTP): records would be expired, or not valid yet",
                ),
            };
        }
        let hint = "no server answered that tells its time: see the failures above";
        bad(what, "not compared with any server", hint)
    }
}

/// One cheap question, which changes nothing there.
async fn upload(chosen: &ChosenUpload) -> CheckReport {
    let what = format!("upload {} {}", chosen.target.kind(), chosen.target.place());
    let upload = match &chosen.upload {
        Ok(upload) => upload,
        Err(error) => {
            let hint = error.hint.clone().unwrap_or_else(|| "correct its settings".to_owned());
            return bad(what, error.message.clone(), hint);
        }
    };
    let what = format!("upload {}", upload.describe());
    match upload.probe().await {
        Ok(said) => good(what, said),
        Err(error) => bad(what, error.to_string(), advice::upload(chosen, &error)),
    }
}
