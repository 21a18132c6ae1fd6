//! A plan that was written: what stood when it was made, and what it permits. It may come from
//! anybody, so it is read strictly; it permits what it lists to whoever names it, and only where
//! everything stands as it says.

use cid::Cid;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::course::Plan;
use super::draft::Draft;
use crate::ens::Name;
use crate::ipfs::ReadError;
use crate::ipns::Validity;
use crate::json;
use crate::keys::IpnsName;
use crate::multiformats::parse_cid;
use crate::publish::database::PlannedDatabase;
use crate::publish::{Planned, Stood};
use crate::published::Loss;
use crate::record::RecordKey;
use crate::workspace::{Config, MassRemoval};

/// The form of plan files that is written and read.
pub const PLAN_VERSION: u64 = 1;

/// A plan.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanFile {
    /// [`PLAN_VERSION`].
    pub namesys_plan: u64,
    /// The workspace's names.
    pub names: Vec<Name>,
    /// The chain they are on.
    pub chain_id: u64,
    /// Who owns the names; none where that was not known yet.
    pub owner: Option<String>,
    /// Whose wallet derives the keys; none where that was not known yet.
    pub wallet: Option<String>,
    /// Who signs; none where it was not derived yet.
    pub signer: Option<String>,
    /// Why the resolver accepts the signer.
    pub approval: String,
    /// Its IPNS name; none where it was not derived yet.
    pub ipns_name: Option<IpnsName>,
    /// What is to be signed, or removed.
    pub records: Vec<PlannedRecord>,
    /// Names that the wallet approves the signer for.
    pub unapproved: Vec<Name>,
    /// A fingerprint of all files that are not those of `records`, signed ones too.
    pub rest: Option<String>,
    /// What stood published, one for each value.
    pub published: Vec<Stood>,
    /// What is known to be lost.
    pub lost: Vec<Loss>,
    /// Files of what is published that go on purpose.
    pub removed: Vec<String>,
    /// More than half of more than ten files that go, signed or published.
    pub mass_removals: Vec<PlannedRemoval>,
    /// The root, where all was signed.
    pub root: Option<String>,
    /// The sequence of the record.
    pub sequence: Option<u64>,
    /// Until when a new record is valid.
    pub validity: String,
    /// Where the tree goes.
    pub uploads: Vec<String>,
    /// Where the record goes.
    pub publishers: Vec<String>,
    /// What each database is given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub databases: Vec<PlannedDatabase>,
    /// What is to be sent to the chain; none where the chain was not asked.
    pub transactions: Option<Vec<PlannedTransaction>>,
}

/// A record that is to be signed, or removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRecord {
    /// Whose.
    pub name: Name,
    /// Which.
    pub record: RecordKey,
    /// Of a phase that is to come: when it starts, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts: Option<String>,
    /// The SHA-256 of its file as it was; none where there was none.
    pub before: Option<String>,
    /// What it said.
    pub old: Option<String>,
    /// What it will say; none where it goes.
    pub new: Option<String>,
}

/// More than half of more than ten files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedRemoval {
    /// How many go.
    pub removed: u64,
    /// Of how many.
    pub of: u64,
}

/// A transaction that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlannedTransaction {
    /// Whose setup it is of.
    pub name: Name,
    /// The contract.
    pub to: String,
    /// The call.
    pub data: String,
    /// Wei, in decimal.
    pub value: String,
    /// What stood where it writes.
    pub before: String,
    /// In words.
    pub description: String,
}

impl PlannedTransaction {
    /// Whether `listed` has it, whatever name it is set up with, over what stands now.
    pub fn is_listed(&self, listed: &[Self]) -> bool {
        let said =
            |one: &Self| (one.to.clone(), one.data.clone(), one.value.clone(), one.before.clone());
        listed.iter().any(|one| said(one) == said(self))
    }
}

/// Why a text is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanFileError {
    /// No JSON of a plan.
    #[error("it is no plan: {0}")]
    Json(#[from] serde_json::Error),
    /// A later form, or none at all.
    #[error("it is a plan of version {0}, and this program reads {PLAN_VERSION}")]
    Version(u64),
    /// An entry that is not known, or is written otherwise than it would be.
    #[error("it is no plan: it has entries that no plan has, or writes them otherwise")]
    Unknown,
    /// A root that is none.
    #[error("it is no plan: {0:?} is no root")]
    Root(String),
    /// A time that is none.
    #[error("it is no plan: {0:?} is no time")]
    Time(String),
}

impl PlanFile {
    /// Of a plan of the workspace with `config`.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub fn of(plan: &Plan, config: &Config) -> Result<Self, ReadError> {
        let foresight = plan.foresight.as_ref();
        let judged = foresight.map(|foresight| &foresight.judged);
        let masses = [plan.draft.mass, judged.and_then(|judged| judged.mass)];
        let masses = masses.into_iter().flatten();
        let records = plan.draft.pending().map(|step| PlannedRecord {
            name: step.name.clone(),
            record: step.key.clone(),
            starts: step.starts.map(|starts| starts.to_string()),
            before: step.before.clone(),
            old: step.old.clone(),
            new: step.new.as_ref().map(ToString::to_string),
        });
        Ok(Self {
            namesys_plan: PLAN_VERSION,
            names: config.names().to_vec(),
            chain_id: config.chain_id,
            owner: config.owner().map(|address| address.to_string()),
            wallet: config.keys().wallet.map(|address| address.to_string()),
            signer: config.keys().signer.map(|address| address.to_string()),
            approval: config.approval_mode().unwrap_or_default().to_string(),
            ipns_name: config.keys().ipns_name,
            records: records.collect(),
            unapproved: plan.draft.unapproved.clone(),
            rest: plan.draft.rest(plan.draft.steps.iter().map(|step| (&step.name, &step.key)))?,
            published: foresight.map(|found| Stood::of(&found.standing)).unwrap_or_default(),
            lost: judged.map(|judged| judged.losses.clone()).unwrap_or_default(),
            removed: judged.map(|judged| judged.removed.clone()).unwrap_or_default(),
            mass_removals: masses
                .map(|MassRemoval { removed, of }| PlannedRemoval { removed, of })
                .collect(),
            root: plan.draft.root().map(|root| root.to_string()),
            sequence: foresight.map(|foresight| foresight.sequence),
            validity: plan.validity.to_string(),
            uploads: plan.uploads.iter().map(|target| target.to.clone()).collect(),
            publishers: plan.publishers.clone(),
            databases: plan.databases.iter().map(|one| one.planned.clone()).collect(),
            transactions: None,
        })
    }

    /// With the fingerprint of what `planned` leaves as it is, in place of what is left to be done.
    ///
    /// # Errors
    /// What was packed cannot be read back.
    pub fn beside(mut self, draft: &Draft, planned: &Self) -> Result<Self, ReadError> {
        // What is to come is in no tree yet.
        let of_now = planned.records.iter().filter(|step| step.starts.is_none());
        self.rest = draft.rest(of_now.map(|step| (&step.name, &step.record)))?;
        Ok(self)
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`PlanFileError`].
    pub fn parse(bytes: &[u8]) -> Result<Self, PlanFileError> {
        #[derive(Deserialize)]
        struct Version {
            namesys_plan: u64,
        }
        let Version { namesys_plan } = json::from_slice(bytes)?;
        if namesys_plan != PLAN_VERSION {
            return Err(PlanFileError::Version(namesys_plan));
        }
        let plan: Self = json::from_slice(bytes)?;
        // Whoever wrote another entry meant something by it.
        let written: Value = json::from_slice(bytes)?;
        if serde_json::to_value(&plan)? != written {
            return Err(PlanFileError::Unknown);
        }
        plan.planned_root()?;
        plan.planned_validity()?;
        Ok(plan)
    }

    /// Until when a new record is valid.
    ///
    /// # Errors
    /// [`PlanFileError::Time`].
    pub fn planned_validity(&self) -> Result<Validity, PlanFileError> {
        self.validity.parse().map_err(|_| PlanFileError::Time(self.validity.clone()))
    }

    fn planned_root(&self) -> Result<Option<Cid>, PlanFileError> {
        let root = |text: &String| parse_cid(text).map_err(|_| PlanFileError::Root(text.clone()));
        self.root.as_ref().map(root).transpose()
    }

    /// What a publication may lose, and over what. None where it was not known what is published.
    pub fn planned(&self) -> Option<Planned> {
        self.ipns_name?;
        Some(Planned { over: self.published.clone(), losses: self.lost.clone() })
    }

    /// Whether it lists so much that goes: what is left of it once some went, too.
    pub fn lists(&self, removal: &MassRemoval) -> bool {
        self.mass_removals.iter().any(|listed| removal.removed <= listed.removed)
    }

    /// As it is written.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self);
        text.expect("texts and numbers always serialize") + "\n"
    }
}
