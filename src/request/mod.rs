//! [The texts that are signed](crate::spec::requests), how they are signed, and how what was
//! signed is verified.

mod approvals;
mod brought;
mod caip10;
mod context;
mod dev3;
mod diagnose;
mod eip191;
mod parts;
mod post;
mod redirect;
mod signed;
mod text;
mod verify;

pub use approvals::ApprovalCache;
pub use brought::{BroughtError, BroughtSignature};
pub use caip10::{AddressFormError, Caip10, Caip10Error, parse_address};
pub use context::VerifyContext;
pub use dev3::{Dev3Context, Dev3Request, dev3_record_type};
pub use diagnose::Cause;
pub use eip191::{Signature, SignatureError, digest as eip191_digest, recover};
pub use parts::{EncryptionKey, Extradata, Origin, Protocol, Step};
pub use post::{Freshness, PostError, PostForm, PostedRecord, RecordsPost};
pub use redirect::{SignedRedirect, VerifiedRedirect};
pub use signed::{PayloadError, SIGNED_RECORD_SELECTOR, SIGNED_REDIRECT_SELECTOR, SignedRecord};
pub use text::Request;
pub use verify::{ApprovalBasis, VerifiedRecord, VerifyError};
