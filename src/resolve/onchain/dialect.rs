//! The kinds of resolver whose records are signed, and what differs between them.

use std::fmt;

use alloy_primitives::Address;

use super::dev3::{Dev3Space, speaks_dev3};
use super::{NameResolver, Subject};
use crate::chain::{Answer, ChainError, Walk};
use crate::ens::Name;
use crate::record::{RecordKey, record_path};
use crate::request::{
    ApprovalCache, Dev3Context, SignedRecord, VerifiedRecord, VerifyContext, VerifyError,
    dev3_record_type,
};

/// A kind of resolver whose records are signed, and verified here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// The deployed records resolver, which `setup` gives to names ([the resolver](crate::spec::resolver)).
    Ccip2,
    /// Dev3: records on the web server of a name ([Dev3](crate::spec::deployed_client)).
    Dev3,
}

impl fmt::Display for Dialect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ccip2 => "records resolver (CCIP2)",
            Self::Dev3 => "records resolver (Dev3)",
        })
    }
}

impl Dialect {
    /// Whether an answer may be a signed redirect to another name.
    pub(super) fn has_redirects(self) -> bool {
        self == Self::Ccip2
    }

    /// Where the file of a record is, below the root of the files.
    pub(super) fn path(self, name: &Name, key: &RecordKey) -> String {
        match self {
            Self::Ccip2 => record_path(name, key),
            Self::Dev3 => format!("{}/{}.json", name.well_known(), dev3_record_type(name, key)),
        }
    }
}

/// What a resolver's contract says about a name, by its dialect.
pub(super) enum Said {
    Ccip2(Walk),
    /// `None` when neither the name nor one above it has a gateway.
    Dev3(Option<Dev3Space>),
}

impl Said {
    pub(super) fn dialect(&self) -> Dialect {
        match self {
            Self::Ccip2(_) => Dialect::Ccip2,
            Self::Dev3(_) => Dialect::Dev3,
        }
    }
}

/// By what a payload is judged, besides whom the chain has approved.
pub(super) enum Terms<'a> {
    Ccip2 { name: &'a Name, owner: Address, chain_id: u64 },
    Dev3(Dev3Context<'a>),
}

impl Terms<'_> {
    /// Whose approval on chain a payload may stand or fall with.
    pub(super) fn approver(
        &self,
        record: &SignedRecord,
        approvals: &ApprovalCache,
    ) -> Option<Address> {
        match self {
            Self::Ccip2 { name, owner, chain_id } => {
                record.needs_approval_of(name, *owner, *chain_id, approvals)
            }
            Self::Dev3(context) => record.dev3_approver(context).ok(),
        }
    }

    /// The record `key`, if `record` is that; `approved` are approved on chain.
    pub(super) fn verify(
        &self,
        record: SignedRecord,
        key: &RecordKey,
        approved: &[Address],
        approvals: &ApprovalCache,
    ) -> Result<VerifiedRecord, VerifyError> {
        match *self {
            Self::Ccip2 { name, owner, chain_id } => {
                let context = VerifyContext { name, owner, chain_id, approved_signers: approved };
                record.verify_with(key, &context, approvals)
            }
            Self::Dev3(context) => record.verify_dev3(key, &context, approved),
        }
    }
}

impl NameResolver {
    /// What dialect a contract speaks, by as many nodes as must agree; `None` for a resolver
    /// whose records are not signed.
    pub(super) async fn dialect(
        &self,
        subject: &Subject,
        contract: Address,
    ) -> Result<Option<Dialect>, ChainError> {
        let Subject { view, trace, .. } = subject;
        let clock = trace.clock();
        let Answer { value: is_ccip2, mut by } = view.is_records_resolver(contract).await?;
        let mut dialect = is_ccip2.then_some(Dialect::Ccip2);
        if dialect.is_none() {
            let answer = speaks_dev3(view, contract).await?;
            (dialect, by) = (answer.value.then_some(Dialect::Dev3), answer.by);
        }
        let said = dialect.map_or_else(|| "another resolver".to_owned(), |kind| kind.to_string());
        trace.step(clock, format!("kind of resolver {contract}"), by, said);
        Ok(dialect)
    }
}
